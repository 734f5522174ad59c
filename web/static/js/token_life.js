// @ts-check
// How long the import token still lives, in words, wherever a page shows it.

import { local, utc } from "./moment.js"
import { fill } from "./page.js"
import { setSummary } from "./steps.js"
import { phrase } from "./words.js"

/**
 * Show the time that is left, beside the algorithm in the summary of the step.
 * @param {HTMLElement} task
 * @param {{algorithm: string, expires: number | null}} parameters expires in milliseconds by this computer's clock; null
 *     where nobody knows
 */
export function showLife(task, { algorithm, expires }) {
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

/** @param {number} expires */
function lifeLeft(expires) {
    const seconds = Math.floor((expires - Date.now()) / 1000)
    if (seconds <= 0) return phrase("token-expired")
    const hours = Math.floor(seconds / 3600)
    const minutes = Math.floor(seconds / 60) % 60
    if (seconds > 3600) return phrase("valid-for", { hours, minutes })
    return phrase("valid-minutes", { minutes, seconds: seconds % 60 })
}
