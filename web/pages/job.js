// @ts-check
// A worker per job. The worker ends with the job, whatever happens to it.

import { problem } from "./words.js"

/** How long a job may be silent before it is ended, in milliseconds. */
const patience = 60_000

/** @type {string | undefined} */
let allowedURL

/**
 * The only address that a worker of this page may be started from. Trusted Types hold every other
 * string back.
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
 */

/**
 * What is wrong when a worker or its module does not load. The worker may load from the host alone
 * that the console was asked for, so a proxy that changes the Host header, or leaves the port out,
 * keeps the module away.
 * @param {Module} from
 */
function unavailable({ worker }) {
    const host = servedTo(worker)
    const port = location.protocol === "https:" ? ":443" : ":80"
    const same = !host || host === location.host || host === location.host + port
    return problem(same ? "module_unavailable" : "module_host")
}

/**
 * The host that the console was asked for when the browser loaded the worker's script. Empty in the
 * desk's file.
 * @param {string} worker address of the script
 */
function servedTo(worker) {
    const timing = performance.getEntriesByName(new URL(worker, location.href).href).at(-1)
    if (!(timing instanceof PerformanceResourceTiming)) return ""
    return timing.serverTiming.find(({ name }) => name === "host")?.description ?? ""
}

/**
 * @param {Module} from
 * @param {string} code that the worker gave
 */
function failed(from, code) {
    return code === "module_unavailable" ? unavailable(from) : problem(code)
}

/**
 * What a worker is asked to do. Files are in the options unread.
 * @typedef {{job: string, options?: Record<string, unknown>, pieces?: boolean}} Request
 */

/**
 * @typedef {object} Watch
 * @property {AbortSignal} signal ends the worker at once
 * @property {() => void} [onReady] called when the module runs
 * @property {(done: number, total: number) => void} [onProgress] called while the module examines
 * @property {(value: any) => void} [onTold] called with what the module has for the page before the
 *   end
 */

/** A step of a job with many keys. @typedef {{step: string, options: Record<string, unknown>}} Step */

/**
 * A component of a key, or steps, which are answered each, with a result or a problem.
 * @typedef {{component: Uint8Array, kcv: Uint8Array} | {steps: Step[]}} Piece
 */

/** @typedef {{result: any, seconds: string}} Done seconds: how long the worker lived */

/**
 * Run one job in a worker of its own.
 * @param {Module} from
 * @param {Request} request
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
 * Who starts workers here: the page, or in a connected desk the frame that adds a policy of its own,
 * so that a worker may connect to nothing. A worker has the policies of the document that starts it.
 */
function confined() {
    const frame = document.querySelector(`iframe[data-part="confined"]`)
    if (!(frame instanceof HTMLIFrameElement)) return Worker
    const home = frame.contentDocument?.querySelector("meta[http-equiv]") ? /** @type {any} */ (frame.contentWindow)?.Worker : undefined
    if (!home) throw problem("module_unavailable")
    return /** @type {typeof Worker} */ (home)
}

/**
 * Begin a job. One that takes pieces is fed before it is finished. Whoever begins it must stop it.
 * @param {Module} from
 * @param {Request} request
 * @param {Partial<Watch>} [watching] until end has a watch of its own
 */
export function begin(from, request, watching) {
    const began = performance.now()
    // A page from a disk has no origin, and browsers start no module there; its worker is joined
    // into one script.
    const type = from.worker.startsWith("blob:") ? "classic" : "module"
    const worker = new (confined())(/** @type {string} */ (scriptURL(from.worker)), { type, name: request.job })
    const ready = settled()
    const answer = settled()
    /** The answer to the piece that was handed over last. */
    let taken = settled()
    let turn = Promise.resolve()
    let watched = watching
    const silence = patiently(() => end(() => answer.reject(problem("module_silent"))))

    /** Whether the worker has ended, or was told to. */
    let over = false
    const end = (/** @type {() => void} */ settle) => {
        over = true
        settle()
        worker.terminate()
    }
    worker.addEventListener("message", ({ data }) => {
        const { onReady, onProgress, onTold } = watched ?? {}
        silence.heard()
        if (data.type === "ready") ready.resolve(undefined)
        if (data.type === "ready") onReady?.()
        if (data.type === "progress") onProgress?.(data.done, data.total)
        if (data.type === "told") onTold?.(data.value)
        if (data.type === "piece" && data.error) taken.reject(failed(from, data.error.code))
        if (data.type === "piece" && data.results) taken.resolve(data.results.map((/** @type {any} */ { result, error }) => error ? failed(from, error.code) : result))
        else if (data.type === "piece" && !data.error) taken.resolve(data.result)
        if (data.type === "done") end(() => answer.resolve(data.result))
        if (data.type === "failed") end(() => answer.reject(failed(from, data.error.code)))
    })
    worker.addEventListener("error", (event) => {
        event.preventDefault()
        end(() => answer.reject(unavailable(from)))
    })
    worker.addEventListener("messageerror", () => end(() => answer.reject(problem("module_crashed"))))
    worker.postMessage({ ...request, module: from.module, integrity: from.integrity })

    /**
     * Wait for something of the worker's, as long as it lives and is not silent for too long.
     * @param {Promise<any>} wanted
     */
    const wait = async (wanted) => {
        silence.waits(1)
        try {
            return await Promise.race([wanted, answer.promise])
        } finally {
            silence.waits(-1)
        }
    }

    /** @param {Piece} piece */
    const hand = async (piece) => {
        await wait(ready.promise)
        taken = settled()
        worker.postMessage(piece)
        return await wait(taken.promise)
    }

    return {
        /**
         * Wait for the end of the job.
         * @param {Watch} watch
         * @returns {Promise<Done>}
         */
        async end(watch) {
            watched = watch
            const cancel = () => end(() => answer.reject(problem("cancelled")))
            if (watch.signal.aborted) cancel()
            watch.signal.addEventListener("abort", cancel, { once: true })
            try {
                const result = await wait(answer.promise)
                return { result, seconds: ((performance.now() - began) / 1000).toFixed(2) }
            } finally {
                watch.signal.removeEventListener("abort", cancel)
            }
        },
        /**
         * Hand over one piece, after the ones before it.
         * @param {Piece} piece
         * @returns {Promise<any>}
         */
        feed(piece) {
            const answered = turn.then(() => hand(piece))
            turn = answered.catch(() => {})
            return answered
        },
        /** @param {Record<string, unknown>} options the rest of them */
        finish(options) {
            worker.postMessage({ finish: options })
        },
        /** Whether the worker has ended, so that nothing can be fed any more. */
        ended: () => over,
        stop() {
            end(() => answer.reject(problem("cancelled")))
        },
    }
}

/** A promise that others settle. Nobody needs to wait for it. */
function settled() {
    /** @type {(value: any) => void} */
    let resolve = () => {}
    /** @type {(reason: unknown) => void} */
    let reject = () => {}
    const promise = new Promise((yes, no) => { [resolve, reject] = [yes, no] })
    promise.catch(() => {})
    return { promise, resolve, reject }
}

/**
 * A clock that calls when somebody waits and nothing was heard for too long.
 * @param {() => void} call
 */
function patiently(call) {
    let waiting = 0
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let running
    const heard = () => {
        clearTimeout(running)
        running = waiting > 0 ? setTimeout(call, patience) : undefined
    }
    return {
        heard,
        /**
         * One more waits, or one less. The clock runs as long as anybody does.
         * @param {1 | -1} change
         */
        waits(change) {
            waiting += change
            heard()
        },
    }
}
