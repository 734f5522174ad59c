// @ts-check
// A worker per job. The worker ends with the job, whatever happens to it.

import { problem } from "./words.js"

/** How long a job may be silent before it is ended, in milliseconds. */
const patience = 60_000

/** @type {string | undefined} */
let allowedURL

/**
 * The only address that a worker of this page may be started from. Trusted Types hold every other string back.
 * @param {string} url
 */
function scriptURL(url) {
    allowedURL ??= url
    return policy ? policy.createScriptURL(url) : url
}

const policy = window.trustedTypes?.createPolicy("keyferry", {
    createScriptURL(/** @type {string} */ url) {
        if (url !== allowedURL) throw new TypeError("a worker may only be started from the console's own script")
        return url
    },
})

/**
 * @typedef {object} Request
 * @property {string} worker address of the worker's script
 * @property {string} module address of keyferry.wasm
 * @property {string} integrity of the module
 * @property {string} job
 * @property {string} publicKey
 * @property {string} [algorithm]
 */

/**
 * Run one job in a worker of its own.
 * @param {Request} request
 * @param {AbortSignal} signal ends the worker at once
 * @param {() => void} [onReady] called when the module runs
 * @returns {Promise<{result: any, seconds: string}>} seconds: how long the worker lived
 */
export async function run(request, signal, onReady) {
    const { worker: url, ...message } = request
    const began = performance.now()
    const worker = new Worker(/** @type {string} */ (scriptURL(url)), { type: "module", name: message.job })
    try {
        const result = await settle(worker, message, signal, onReady)
        return { result, seconds: ((performance.now() - began) / 1000).toFixed(2) }
    } finally {
        worker.terminate()
    }
}

/**
 * @param {Worker} worker
 * @param {object} message
 * @param {AbortSignal} signal
 * @param {() => void} [onReady]
 * @returns {Promise<any>}
 */
function settle(worker, message, signal, onReady) {
    return new Promise((resolve, reject) => {
        const silent = setTimeout(() => reject(problem("module_silent")), patience)
        const done = (/** @type {() => void} */ act) => { clearTimeout(silent); act() }
        signal.addEventListener("abort", () => done(() => reject(problem("cancelled"))))
        worker.addEventListener("error", (event) => {
            event.preventDefault()
            done(() => reject(problem("module_unavailable")))
        })
        worker.addEventListener("messageerror", () => done(() => reject(problem("module_crashed"))))
        worker.addEventListener("message", ({ data }) => {
            if (data.type === "ready") onReady?.()
            if (data.type === "done") done(() => resolve(data.result))
            if (data.type === "failed") done(() => reject(problem(data.error.code)))
        })
        worker.postMessage(message)
    })
}
