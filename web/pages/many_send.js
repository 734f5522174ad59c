// @ts-check
// Parameters, wrap, import for many CMKs, several at once. What may go better later is tried again,
// each time after a longer wait; what cannot is put aside with its reason, and the rest goes on.

import { now } from "./clock.js"
import { isProblem, problem } from "./words.js"

/** @typedef {import("./words.js").Problem} Problem */
/** @typedef {import("./many_manifest.js").Entry} Entry */

/** @typedef {"waiting" | "parameters" | "sending" | "again" | "imported" | "submitted" | "made" | "skipped" | "failed" | "stopped"} State */

/**
 * One CMK and how far it is.
 * @typedef {object} Item
 * @property {Entry} entry
 * @property {number} expireUnix
 * @property {Way} way
 * @property {State} state
 * @property {Problem} [fault] the last one
 * @property {number} tries after faults that may pass
 * @property {number} renewed how often new parameters were needed
 * @property {number} notBefore when it may be tried again, in milliseconds
 * @property {import("./kms.js").ImportParameters} [parameters]
 * @property {Wrapped} [wrapped]
 * @property {Date} [preparedAt]
 * @property {{requestId: string, time: number}} [answer]
 */

/** @typedef {{encryptedKeyMaterial: string, sha256: string, fingerprint: string}} Wrapped */

/** How many CMKs are in work at once, at most: as many as several requests are about. */
const lanes = 64

/** How often a fault is met with another try that may pass, and how often with new parameters. */
const mostTries = 8
const mostRenewals = 5

/** The first wait after a fault, and the longest, in milliseconds. */
const shortest = 500
const longest = 30_000

const throttled = /^(Throttling(\.\w+)?|Rejected\.Throttling|Requests\.Busy)$/
const token = /^(ExpiredImportToken|InvalidImportToken|Console\.ImportToken|token_expired)$/
/** Nobody answers: the wait has no end but the person's. */
const unreached = /^(console_unreachable|import_outcome_unknown|submit_outcome_unknown|Console\.(KMSUnreachable|KMSTimeout))$/
const unknown = /^Console\.KMSOutcomeUnknown$/
/** Nobody can go on before the person has done something. */
const person = /^(Console\.(SignIn|StepUp|NoCredentials)|Requests\.SignIn|SignIn\.Needed|InvalidAccessKeyId\.\w+|SignatureDoesNotMatch|InvalidSecurityToken\.Expired)$/

/**
 * How the two calls for a CMK are made, and its state when nothing was imported by the second. Both
 * are made by the console, through a request, or by somebody else with files. Without the first, the
 * key material was wrapped elsewhere.
 * @typedef {(algorithm: string, signal: AbortSignal) => {
 *   parameters?: () => Promise<import("./kms.js").ImportParameters>,
 *   send: (item: Item) => Promise<Item["answer"]>,
 *   after?: "submitted" | "made",
 * }} Way
 */

/** @param {Entry} entry @param {number} expireUnix @param {Way} way @returns {Item} */
export function item(entry, expireUnix, way) {
    return { entry, expireUnix, way, state: "waiting", tries: 0, renewed: 0, notBefore: 0 }
}

/** Whether all is done for it here. @param {Item} one */
export const isDone = ({ state }) => ["imported", "submitted", "made", "skipped"].includes(state)

/** Whether nothing more will be done for it unless somebody asks. @param {Item} one */
const isOver = (one) => isDone(one) || ["failed", "stopped"].includes(one.state)

/**
 * @typedef {object} Page
 * @property {(one: Item) => void} changed
 * @property {(fault: Problem) => void} held nobody can go on: the person has to do something first
 */

/** Whether it was wrapped elsewhere, for a token that cannot be had anew here. @param {Item} one */
const isWrapped = ({ way }) => !way("", new AbortController().signal).parameters

/**
 * Import every item that is not over.
 * @param {Item[]} items
 * @param {import("./many_archive.js").Vault | null} vault null where all were wrapped elsewhere
 * @param {string} algorithm
 * @param {Page} page
 */
export function sender(items, vault, algorithm, { changed, held }) {
    let width = lanes
    let since = 0
    let running = 0
    let paused = false
    let stopped = false
    /** When anything may be sent again after the KMS throttled or nobody answered, in milliseconds. */
    let quietUntil = 0
    /** How often nobody answered after such a wait. */
    let unanswered = 0
    /** @type {Set<() => void>} */
    const sleepers = new Set()
    const wake = () => { for (const awake of sleepers) awake() }

    /** Sleep for so long, or until something has changed. @param {number} time in milliseconds */
    const sleep = (time) => new Promise((/** @type {(_: void) => void} */ resolve) => {
        const awake = () => {
            clearTimeout(timer)
            sleepers.delete(awake)
            resolve()
        }
        const timer = setTimeout(awake, Math.min(time, longest))
        sleepers.add(awake)
    })

    /** The next item whose turn it is, or when there will be one; undefined when all are over. */
    const next = () => {
        let soonest = Infinity
        for (const one of items) {
            if (one.state !== "waiting" && one.state !== "again") continue
            const wait = Math.max(one.notBefore, quietUntil) - Date.now()
            if (wait <= 0) return { one, wait: 0 }
            soonest = Math.min(soonest, wait)
        }
        return soonest === Infinity ? undefined : { wait: soonest }
    }

    const lane = async () => {
        while (!stopped) {
            const found = paused ? { wait: longest } : running >= width ? { wait: longest } : next()
            if (!found && items.every(isOver)) return
            if (!found?.one) {
                await sleep(found?.wait ?? longest)
                continue
            }
            running++
            try {
                await attempt(found.one)
            } finally {
                running--
                wake()
            }
        }
    }

    /** @param {Item} one */
    const attempt = async (one) => {
        try {
            await send(one, vault, algorithm, changed)
            if (unanswered > 0) width = lanes
            unanswered = 0
            if (++since > 4 * width && width < lanes) {
                width++
                since = 0
            }
        } catch (thrown) {
            if (!isProblem(thrown)) console.error(thrown)
            judge(one, isProblem(thrown) ? thrown : problem("unexpected"))
        }
        changed(one)
    }

    /** @param {Item} one @param {Problem} fault */
    const judge = (one, fault) => {
        one.fault = fault
        const wait = backoff(one.tries)
        if (person.test(fault.code)) {
            one.state = "again"
            if (!paused) held(fault)
            paused = true
            return
        }
        if (token.test(fault.code) && one.renewed < mostRenewals && !isWrapped(one)) {
            one.renewed++
            one.parameters = one.wrapped = undefined
            one.state = "again"
            return
        }
        if (throttled.test(fault.code)) {
            if (Date.now() >= quietUntil) width = Math.max(1, Math.floor(width / 2)) // once for all that were sent together
            since = 0
            quietUntil = Math.max(quietUntil, Date.now() + wait / 2)
        }
        if (unreached.test(fault.code)) {
            // One asks until there is an answer, so that an outage does not meet a crowd.
            width = 1
            if (Date.now() >= quietUntil) quietUntil = Date.now() + backoff(unanswered++)
            one.state = "again"
            one.notBefore = Date.now() + backoff(one.tries++)
            return
        }
        const temporary = fault.again || throttled.test(fault.code) || unknown.test(fault.code)
        one.tries++
        if (temporary && (one.tries < mostTries || throttled.test(fault.code))) {
            one.state = "again"
            one.notBefore = Date.now() + wait
            return
        }
        one.state = "failed"
    }

    return {
        /** Runs until every item is over, or it is stopped. */
        async run() {
            stopped = paused = false
            await Promise.all(Array.from({ length: lanes }, lane))
            for (const one of items) if (!isOver(one)) one.state = "stopped"
        },
        pause() {
            paused = true
        },
        go() {
            paused = false
            quietUntil = 0
            for (const one of items) one.notBefore = 0
            wake()
        },
        isPaused: () => paused,
        /** What was sent is waited for, and nothing else is begun. */
        stop() {
            stopped = true
            wake()
        },
    }
}

/** How long to wait after so many tries: ever longer, and never in step. @param {number} tries */
function backoff(tries) {
    const wait = Math.min(longest, shortest * 2 ** tries)
    return wait / 2 + Math.random() * wait / 2
}

/**
 * Get parameters, wrap and import. What an earlier attempt has got is used again: after an answer
 * that was lost, the same bytes are sent.
 * @param {Item} one
 * @param {import("./many_archive.js").Vault | null} vault
 * @param {string} algorithm
 * @param {(one: Item) => void} changed
 */
async function send(one, vault, algorithm, changed) {
    const { keyId } = one.entry
    const never = new AbortController().signal
    const { parameters, send, after } = one.way(algorithm, never)
    if (one.parameters && one.parameters.expires <= now()) one.parameters = one.wrapped = undefined
    if (!one.parameters && parameters) {
        one.state = "parameters"
        changed(one)
        one.parameters = await parameters()
    }
    if (!one.wrapped && one.parameters && vault) {
        one.wrapped = await vault.wrap(keyId, one.parameters.PublicKey, algorithm)
        one.preparedAt = new Date()
    }
    one.state = "sending"
    changed(one)
    one.answer = await send(one)
    one.state = one.answer || !after ? "imported" : after
    one.fault = undefined
    await vault?.forget(keyId).catch(() => {}) // the worker's end clears it at the latest
}
