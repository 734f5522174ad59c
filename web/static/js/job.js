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
 * @typedef {object} Module
 * @property {string} worker address of the worker's script
 * @property {string | Blob} module address of the module, or the module itself, compressed by gzip
 * @property {string} integrity of the module
 * @property {string} [host] where the console believes to be reached; none in the desk's file
 */

/**
 * What is wrong when a worker or its module does not load. The worker may load from the host alone that the console was
 * asked for, so a proxy that changes the Host header, or leaves the port out, keeps the module away.
 * @param {Module} from
 */
function unavailable({ host }) {
    const port = location.protocol === "https:" ? ":443" : ":80"
    const same = !host || host === location.host || host === location.host + port
    return problem(same ? "module_unavailable" : "module_host")
}

/**
 * @param {Module} from
 * @param {string} code that the worker gave
 */
function failed(from, code) {
    return code === "module_unavailable" ? unavailable(from) : problem(code)
}

/**
 * @typedef {object} Watch
 * @property {AbortSignal} signal ends the worker at once
 * @property {() => void} [onReady] called when the module runs
 * @property {(done: number, total: number) => void} [onProgress] called while the module examines
 */

/** @typedef {{result: any, seconds: string}} Done seconds: how long the worker lived */

/**
 * Run one job in a worker of its own.
 * @param {Module} from
 * @param {{job: string} & Record<string, unknown>} request
 * @param {Watch} watch
 * @returns {Promise<Done>}
 */
export async function run(from, request, watch) {
    const job = begin(from, request)
    try {
        return await job.end(watch)
    } finally {
        job.stop()
    }
}

/**
 * Begin a job that is fed piece by piece before it is finished. Whoever begins it must stop it.
 * @param {Module} from
 * @param {{job: string} & Record<string, unknown>} request
 */
export function begin(from, request) {
    const began = performance.now()
    // A page from a disk has no origin, and browsers start no module there; its worker is joined into one script.
    const type = from.worker.startsWith("blob:") ? "classic" : "module"
    const worker = new Worker(/** @type {string} */ (scriptURL(from.worker)), { type, name: request.job })
    /** @type {Promise<void>} Fulfilled once the module runs. */
    const ready = new Promise((resolve) => {
        worker.addEventListener("message", ({ data }) => { if (data.type === "ready") resolve() })
    })
    worker.postMessage({ ...request, module: from.module, integrity: from.integrity })
    return {
        /**
         * Wait for the end of the job.
         * @param {Watch} watch
         * @returns {Promise<Done>}
         */
        async end(watch) {
            const result = await settle(worker, from, watch)
            return { result, seconds: ((performance.now() - began) / 1000).toFixed(2) }
        },
        /**
         * Hand over one piece.
         * @param {{component: Uint8Array, kcv: Uint8Array}} piece
         * @returns {Promise<any>}
         */
        async feed(piece) {
            const answer = new Promise((resolve, reject) => {
                const listen = (/** @type {MessageEvent} */ { data }) => {
                    if (data.type === "ready") return
                    worker.removeEventListener("message", listen)
                    if (data.error) reject(failed(from, data.error.code))
                    else resolve(data.result)
                }
                worker.addEventListener("message", listen)
                worker.addEventListener("error", (event) => {
                    event.preventDefault()
                    reject(unavailable(from))
                })
            })
            await Promise.race([ready, answer])
            worker.postMessage(piece)
            return await answer
        },
        /** @param {Record<string, unknown>} rest of the request */
        finish(rest) {
            worker.postMessage({ finish: rest })
        },
        stop() {
            worker.terminate()
        },
    }
}

/**
 * @param {Worker} worker
 * @param {Module} from
 * @param {Watch} watch
 * @returns {Promise<any>}
 */
function settle(worker, from, { signal, onReady, onProgress }) {
    return new Promise((resolve, reject) => {
        /** @type {ReturnType<typeof setTimeout>} */
        let silent
        const stillThere = () => {
            clearTimeout(silent)
            silent = setTimeout(() => reject(problem("module_silent")), patience)
        }
        const done = (/** @type {() => void} */ act) => { clearTimeout(silent); act() }
        stillThere()
        signal.addEventListener("abort", () => done(() => reject(problem("cancelled"))))
        worker.addEventListener("error", (event) => {
            event.preventDefault()
            done(() => reject(unavailable(from)))
        })
        worker.addEventListener("messageerror", () => done(() => reject(problem("module_crashed"))))
        worker.addEventListener("message", ({ data }) => {
            stillThere()
            if (data.type === "ready") onReady?.()
            if (data.type === "progress") onProgress?.(data.done, data.total)
            if (data.type === "done") done(() => resolve(data.result))
            if (data.type === "failed") done(() => reject(failed(from, data.error.code)))
        })
    })
}
