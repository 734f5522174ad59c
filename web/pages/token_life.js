// @ts-check
// How long the import token is still valid, in words, wherever a page shows it.

import { sha256, toUTF8 } from "./bytes.js"
import { isWrong, now } from "./clock.js"
import { all } from "./elements.js"
import { local, utc } from "./moment.js"
import { fill, fillDigest, fillTemplate } from "./page.js"
import { setSummary } from "./steps.js"
import { phrase, problem } from "./words.js"

/**
 * Import parameters and when their token expires, in milliseconds since 1970; null where that is
 * unknown.
 * @typedef {{algorithm: string, expires: number | null}} Ending
 */

/**
 * Count down from now on.
 * @param {HTMLElement} task
 * @param {() => Ending | null} current null as long as there is nothing to count, or once it does
 *   not matter any more
 * @returns {() => void} shows the time that is left at once
 */
export function countDown(task, current) {
    const show = () => {
        const parameters = current()
        if (parameters) showLife(task, parameters)
    }
    setInterval(show, 1000)
    return show
}

/**
 * Refuse parameters whose token has expired.
 * @template {Ending} T
 * @param {T | null} parameters
 * @returns {T}
 */
export function mustBeValid(parameters) {
    if (!parameters) throw problem("unexpected")
    if (parameters.expires !== null && parameters.expires <= now()) throw problem("token_expired")
    return parameters
}

/**
 * Show the time that is left, beside the algorithm in the summary of the step.
 * @param {HTMLElement} task
 * @param {Ending} parameters
 */
function showLife(task, { algorithm, expires }) {
    const left = expires === null ? phrase("life-unknown") : lifeLeft(expires)
    fill(task, "token-left", left)
    setSummary("params", `${algorithm} · ${left}`)
}

/**
 * Show the moment at which the token ends.
 * @param {HTMLElement} task
 * @param {number} expires
 */
export function showEnd(task, expires) {
    const until = new Date(expires)
    fill(task, "token-until", phrase("local-time", { time: local(until) }))
    fill(task, "token-until-utc", `${utc(until)} UTC`)
}

/**
 * Say that this computer's clock is wrong, if it is, and which time counts.
 * @param {ParentNode} root
 */
export function showClock(root) {
    for (const notice of all(root, "[data-notice=clock]")) notice.hidden = !isWrong()
    fillTemplate(root, "clock", { clock: local(new Date()), time: local(new Date(now())) })
}

/**
 * Show the size and the digest of the token. Both are those of its base64 text, as it is saved and
 * as receipts have it.
 * @param {HTMLElement} task
 * @param {string} token
 */
export async function showToken(task, token) {
    fill(task, "token", phrase("characters", { count: token.length }))
    fillDigest(task, "token-digest", await sha256(toUTF8(token)))
}

/** @param {number} expires */
function lifeLeft(expires) {
    const seconds = Math.floor((expires - now()) / 1000)
    if (seconds <= 0) return phrase("token-expired")
    const hours = Math.floor(seconds / 3600)
    const minutes = Math.floor(seconds / 60) % 60
    if (seconds > 3600) return phrase("valid-for", { hours, minutes })
    return phrase("valid-minutes", { minutes, seconds: seconds % 60 })
}
