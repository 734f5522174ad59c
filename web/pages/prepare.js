// @ts-check
// The job of step 3: a worker makes or reads the key, checks it, backs it up and wraps it. What
// comes back is encrypted, or a check value.

import { run } from "./job.js"
import { local } from "./moment.js"
import { phrase, timeLeft } from "./words.js"

/** @typedef {import("./job.js").Module} Module */
/** @typedef {import("./page.js").Say} Say */

/**
 * What came of step 3.
 * @typedef {object} Prepared
 * @property {string} encryptedKeyMaterial base64
 * @property {string} sha256 of the ciphertext
 * @property {string} fingerprint of the wrapping key that was used
 * @property {string} kcv
 * @property {string} commitment
 * @property {string} salt
 * @property {Uint8Array<ArrayBuffer>} [backup]
 * @property {string} [backupFile] its name
 * @property {string} [backupSHA256]
 */

/**
 * @typedef {object} Made
 * @property {Prepared} prepared
 * @property {string} source of the key
 * @property {string} seconds how long the worker lived
 * @property {Module} module the one that held the key
 * @property {Date} at
 */

/**
 * Do the job in a worker of its own, or finish it in the one that was given components.
 * @param {Module} module
 * @param {ReturnType<typeof import("./job.js").begin> | null} given the worker with components
 * @param {{source: string, protection: string} & Record<string, unknown>} chosen
 * @param {AbortSignal} signal
 * @param {Say} say
 * @returns {Promise<Made>}
 */
export async function prepare(module, given, chosen, signal, say) {
    const options = { ...chosen, date: local(new Date()).slice(0, 10) }
    const watch = { signal, onReady: () => say(() => phrase("alive")), onProgress: progressOf(say) }
    const { source } = chosen
    if (given) {
        const ending = given.end(watch)
        given.finish(options)
        const { result, seconds } = await ending
        return { prepared: result, source, seconds, module, at: new Date() }
    }
    const { result, seconds } = await run(module, { job: "prepare", options }, watch)
    return { prepared: result, source, seconds, module, at: new Date() }
}

/**
 * Say how far an examination is and how long it will take, judged by how long it took so far.
 * @param {Say} say
 * @returns {(done: number, total: number) => void}
 */
function progressOf(say) {
    const began = performance.now()
    return (done, total) => {
        const part = done / total
        const left = (performance.now() - began) / 1000 * (1 - part) / Math.max(part, 1e-9)
        const time = timeLeft(left)
        say(() => phrase("examining", { percent: Math.floor(part * 100), left: time }), part)
    }
}
