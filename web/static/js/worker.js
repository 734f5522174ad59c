// @ts-check

/**
 * The worker that runs one job of a module and then ends.
 *
 * It takes one message, a Request. It posts {type: "ready"} once the module runs, {type:
 * "progress", done, total} while it examines, {type: "told", value} when the module has something
 * for the page before it is done, and then exactly one Answer. Where the Request says "pieces", the
 * job is fed piece by piece (components of a key, or the steps that an archive takes) before it
 * starts: the worker then takes Pieces, and answers each with {type: "piece"} and a result or an error,
 * and Steps, with {type: "piece"} and results, each a result or an error, until the message {finish}
 * with the rest of the options.
 *
 * Before the answer leaves, the module's memory, the only place where key material has been in the
 * clear, is filled with zeros. Every way in which the module can die is an answer too: the page
 * never waits for ever. A failure is a code; the page has the words.
 */

import "../wasm/wasm_exec.js"

/**
 * @typedef {object} Request
 * @property {string | Blob} module The URL of the module, or the module itself, compressed by gzip.
 * @property {string} integrity What the module's bytes must be, as "sha256-…".
 * @property {string} job A function of the module's global.
 * @property {Record<string, unknown>} [options] What the job takes. Files are in it unread.
 * @property {boolean} [pieces] Whether pieces come before the job itself.
 */

/**
 * One component of a key, as it was typed.
 * @typedef {{ component: Uint8Array, kcv: Uint8Array }} Piece
 */

/**
 * Steps of a job with many keys, one after the other: other functions of the module's.
 * @typedef {{ steps: { step: string, options: Record<string, unknown> }[] }} Steps
 */

/** @typedef {{ code: string }} Failure */

/** @typedef {{ type: "done", result: object } | { type: "failed", error: Failure }} Answer */

/**
 * The class Go of wasm_exec.js, as far as it is used here.
 * @typedef {object} GoRuntime
 * @property {WebAssembly.Imports} importObject
 * @property {(code: number) => void} exit
 * @property {(instance: WebAssembly.Instance) => Promise<void>} run
 */

/**
 * The module's global: each job takes one object.
 * @typedef {Record<string, (options: object) => unknown>} Keyferry
 */

/**
 * What wasm_exec.js and the module define.
 * @typedef {object} Globals
 * @property {new () => GoRuntime} Go
 * @property {{ writeSync: (descriptor: number, bytes: Uint8Array) => number }} fs
 * @property {Keyferry} [keyferry]
 */

const globals = /** @type {Globals} */ (/** @type {unknown} */ (globalThis))

let begun = false

/** @type {Keyferry | undefined} The module, while it is being fed. */
let fed

/** @type {WebAssembly.Instance | undefined} */
let instance

/** @type {(failure: Failure) => void} Ends the job from outside it. */
let breakOff

/** @type {Promise<never>} */
const brokenOff = new Promise((_, reject) => {
    breakOff = reject
})

self.addEventListener("message", (event) => {
    if (fed !== undefined) {
        feed(fed, event.data)
        return
    }
    if (begun) {
        breakOff(failure("bad_request"))
        return
    }
    begun = true
    serve(event.data)
})

// A trap in the module surfaces here when nobody was waiting for the call.
self.addEventListener("error", (event) => {
    event.preventDefault()
    breakOff(failure("module_crashed"))
})
self.addEventListener("unhandledrejection", (event) => {
    event.preventDefault()
    breakOff(failure("module_crashed"))
})

/**
 * Do the job, erase, answer, end.
 * @param {unknown} message
 */
async function serve(message) {
    /** @type {Answer} */
    let answer = { type: "failed", error: failure("module_crashed") }
    try {
        answer = { type: "done", result: await Promise.race([perform(message), brokenOff]) }
    } catch (error) {
        answer = { type: "failed", error: isFailure(error) ? error : failure("internal") }
    } finally {
        erase()
        self.postMessage(answer)
        self.close()
    }
}

/**
 * @param {unknown} message
 * @returns {Promise<object>}
 */
async function perform(message) {
    const request = checked(message)
    const { module, integrity } = request
    const keyferry = await start(await (module instanceof Blob ? unpackModule(module, integrity) : fetchModule(module, integrity)))
    self.postMessage({ type: "ready" })
    if (!request.pieces) {
        return await call(keyferry, request.job, request.options)
    }
    /** @type {Promise<object>} */
    const finished = new Promise((resolve) => { finishFeeding = resolve })
    fed = keyferry
    return await call(keyferry, request.job, await finished)
}

/** @type {(rest: object) => void} Gives what the person chose after the last piece. */
let finishFeeding

/**
 * Take one piece, or the end of them. A piece that is refused changes nothing.
 * @param {Keyferry} keyferry
 * @param {unknown} message
 */
async function feed(keyferry, message) {
    const piece = /** @type {Partial<Piece & Steps & { finish: object }> | null} */ (message)
    if (piece?.finish) {
        fed = undefined
        finishFeeding(piece.finish)
        return
    }
    if (piece?.steps) {
        self.postMessage({ type: "piece", results: await each(keyferry, piece.steps) })
        return
    }
    try {
        const result = await ask(keyferry, "addComponent", piece)
        self.postMessage({ type: "piece", result })
    } catch (error) {
        self.postMessage({ type: "piece", error: isFailure(error) ? error : failure("internal") })
    } finally {
        if (piece?.component instanceof Uint8Array) piece.component.fill(0)
    }
}

/**
 * Do several steps.
 * @param {Keyferry} keyferry
 * @param {Steps["steps"]} steps
 */
async function each(keyferry, steps) {
    const results = []
    for (const { step, options } of steps) {
        try {
            results.push({ result: await call(keyferry, step, options) })
        } catch (error) {
            results.push({ error: isFailure(error) ? error : failure("internal") })
        } finally {
            forget()
        }
    }
    return results
}

/**
 * Check the outside of a request. The module checks the options themselves.
 * @param {unknown} message
 * @returns {Request}
 */
function checked(message) {
    const request = /** @type {Partial<Request> | null} */ (message)
    const { module, integrity, job } = request ?? {}
    if (!(module instanceof Blob) && (typeof module !== "string" || module === "")) throw failure("bad_request")
    // An integrity that the browser cannot read would count as none at all.
    if (typeof integrity !== "string" || !/^sha256-[A-Za-z0-9+/]{43}=$/.test(integrity)) throw failure("bad_request")
    if (typeof job !== "string") throw failure("bad_request")
    return /** @type {Request} */ (request)
}

/**
 * Fetch the module; the browser compares its bytes with the integrity.
 * @param {string} url
 * @param {string} integrity
 * @returns {Promise<Response>}
 */
async function fetchModule(url, integrity) {
    /** @type {Response} */
    let response
    try {
        response = await fetch(url, { integrity })
    } catch {
        // The browser does not say which of the two it was.
        throw (await isServed(url)) ? failure("module_integrity") : failure("module_unavailable")
    }
    if (!response.ok) {
        throw failure("module_unavailable")
    }
    return response
}

/**
 * Unpack a module that came with the page, and compare its bytes with the integrity, as the browser
 * does for one that is fetched.
 * @param {Blob} packed
 * @param {string} integrity
 * @returns {Promise<Response>}
 */
async function unpackModule(packed, integrity) {
    /** @type {ArrayBuffer} */
    let bytes
    try {
        bytes = await new Response(packed.stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer()
    } catch {
        throw failure("module_integrity")
    }
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))
    if (integrity !== `sha256-${btoa(String.fromCharCode(...digest))}`) {
        throw failure("module_integrity")
    }
    return new Response(bytes, { headers: { "Content-Type": "application/wasm" } })
}

/**
 * Whether the server answers at all. The body is not read.
 * @param {string} url
 * @returns {Promise<boolean>}
 */
async function isServed(url) {
    try {
        const response = await fetch(url)
        await response.body?.cancel()
        return response.ok
    } catch {
        return false
    }
}

/**
 * Start the module and return its global.
 * @param {Response} response
 * @returns {Promise<Keyferry>}
 */
async function start(response) {
    const go = new globals.Go()
    go.exit = () => {} // the default one writes to the console
    // What the module prints as it dies, a panic's text or the words of a stack,
    // would go to the console. Nobody has checked what is in it.
    globals.fs.writeSync = (_, bytes) => bytes.length
    try {
        const source = await WebAssembly.instantiateStreaming(response, go.importObject)
        instance = source.instance
    } catch {
        throw failure("module_unavailable")
    }
    // The program runs until it waits for calls, and never ends of itself.
    const end = () => breakOff(failure("module_crashed"))
    go.run(instance).then(end, end)
    if (globals.keyferry === undefined) {
        throw failure("module_crashed")
    }
    return globals.keyferry
}

/**
 * Do a job with what is in the files that its options name.
 * @param {Keyferry} keyferry
 * @param {string} job
 * @param {object} [options]
 * @returns {Promise<object>}
 */
async function call(keyferry, job, options = {}) {
    if (typeof options !== "object" || options === null) throw failure("bad_request")
    return await ask(keyferry, job, { ...await readFiles(options), progress, tell })
}

/**
 * Call a function of the module.
 * @param {Keyferry} keyferry
 * @param {string} job
 * @param {unknown} options
 * @returns {Promise<object>}
 */
async function ask(keyferry, job, options) {
    const act = Object.hasOwn(keyferry, job) ? keyferry[job] : undefined
    if (act === undefined || typeof options !== "object" || options === null) throw failure("bad_request")
    /** @type {unknown} */
    let promise
    try {
        promise = act(options)
    } catch {
        throw failure("module_crashed") // the module never throws: it trapped
    }
    if (!(promise instanceof Promise)) throw failure("module_crashed") // it ended inside the call
    return await promise
}

/** @type {Uint8Array[]} What was read from files of the person's. */
const contents = []

/**
 * Replace files by their bytes. The page hands over files unread, so that their bytes exist in this
 * worker alone. An archive, which is encrypted and may be large, becomes a function that reads a
 * part of it.
 * @param {object} options
 * @returns {Promise<Record<string, unknown>>}
 */
async function readFiles(options) {
    /** @type {Record<string, unknown>} */
    const read = {}
    for (const [name, value] of Object.entries(options)) {
        if (value instanceof Blob && name === "archive") {
            read[name] = (/** @type {number} */ offset, /** @type {number} */ length) => readFile(value.slice(offset, offset + length))
        } else if (value instanceof Blob) {
            if (value.size > largestFile) throw failure("source_too_long")
            const bytes = await readFile(value)
            contents.push(bytes)
            read[name] = bytes
        } else {
            read[name] = value
        }
    }
    return read
}

/**
 * @param {Blob} file
 * @returns {Promise<Uint8Array>}
 */
async function readFile(file) {
    try {
        return new Uint8Array(await file.arrayBuffer())
    } catch {
        throw failure("file_unreadable")
    }
}

/** Far above any file that the module takes, in bytes. */
const largestFile = 1 << 20

/** Overwrite what was read from files. */
function forget() {
    for (const bytes of contents.splice(0)) bytes.fill(0)
}

/**
 * @param {number} done
 * @param {number} total
 */
function progress(done, total) {
    self.postMessage({ type: "progress", done, total })
}

/** @param {object} value for the page, without any secret */
function tell(value) {
    self.postMessage({ type: "told", value })
}

/** Overwrite what was read from files, and fill the module's memory with zeros. */
function erase() {
    forget()
    const memory = instance?.exports.mem
    if (memory instanceof WebAssembly.Memory) {
        new Uint8Array(memory.buffer).fill(0)
    }
}

/**
 * @param {string} code
 * @returns {Failure}
 */
function failure(code) {
    return { code }
}

/**
 * Whether a thrown value is one of ours or of the module's. Anything else is not
 * quoted: nobody knows what its text holds.
 * @param {unknown} value
 * @returns {value is Failure}
 */
function isFailure(value) {
    const candidate = /** @type {Partial<Failure> | null} */ (value)
    return typeof candidate === "object" && candidate !== null && !(candidate instanceof Error) && typeof candidate.code === "string"
}
