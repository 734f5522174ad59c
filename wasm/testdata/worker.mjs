// Runs web/static/js/worker.js in Node as a browser would run it in a worker.
//
//   node worker.mjs <worker.js> < messages.json > transcript.json
//
// The messages are posted one after the other. The transcript lists what the
// worker posted, each with "memory": how many bytes of the module's memory were not
// zero at that moment, or null while there is no module. The worker's close ends
// the program, as it ends a worker: no later event is handled.

import { readFileSync } from "node:fs"
import { pathToFileURL } from "node:url"

let instance
const instantiateStreaming = WebAssembly.instantiateStreaming
WebAssembly.instantiateStreaming = async (...values) => {
    const source = await instantiateStreaming(...values)
    instance = source.instance
    return source
}

const printed = []
for (const level of ["log", "info", "warn", "error", "debug"]) {
    console[level] = (...values) => printed.push(values.map(String).join(" "))
}

const listeners = { message: [], error: [], unhandledrejection: [] }
const posts = []

function countMemory() {
    const memory = instance?.exports.mem
    return memory ? new Uint8Array(memory.buffer).reduce((count, byte) => count + (byte === 0 ? 0 : 1), 0) : null
}

function emit(type, properties) {
    for (const listener of listeners[type]) {
        listener({ type, preventDefault() {}, ...properties })
    }
}

globalThis.self = {
    addEventListener: (type, listener) => listeners[type].push(listener),
    postMessage: (data) => posts.push({ data: structuredClone(data), memory: countMemory() }),
    close() {
        process.stdout.write(JSON.stringify({ posts, printed }, (_, value) => (value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value)), () => process.exit(0))
        throw new Error("closed") // nothing runs after this
    },
}
process.on("uncaughtException", (error) => error.message === "closed" || emit("error", {}))
process.on("unhandledRejection", (error) => error?.message === "closed" || emit("unhandledrejection", {}))

await import(pathToFileURL(process.argv[2]).href)
for (const data of JSON.parse(readFileSync(0, "utf8"))) {
    emit("message", { data })
}
