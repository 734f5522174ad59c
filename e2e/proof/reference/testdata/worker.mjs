// Runs the shipped worker and module in Node, and records every random byte that they draw.
//
//   node worker.mjs <worker.js> <module> < runs.json > transcripts.json
//
// A run has "messages" for a worker of its own, posted one after the other. A message waits until
// the worker has posted as many messages as its "after" says; "data" is what is posted. In it
// {"$file": base64} stands for a Blob, {"$bytes": base64} for a Uint8Array, {"$module": true} for
// the address of the module, and {"$integrity": true} for what its bytes must be. Where a run has a
// "seed", the random bytes are made of it: the same ones each time.
//
// A transcript has "posts", everything that the worker posted but how far it is, "draws", the
// answers of crypto.getRandomValues in their order, "printed", and "others", the names of other
// sources of chance that were asked.

import { createHash } from "node:crypto"
import { createServer } from "node:http"
import { readFileSync } from "node:fs"
import { fileURLToPath, pathToFileURL } from "node:url"
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads"

await (isMainThread ? all() : one(workerData))

/** Run all, one after the other. */
async function all() {
    const [script, modulePath] = process.argv.slice(2)
    const module = readFileSync(modulePath)
    const server = createServer((request, response) => {
        response.writeHead(200, { "Content-Type": "application/wasm" })
        response.end(module)
    })
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve))
    const address = `http://127.0.0.1:${server.address().port}/module.wasm`
    const integrity = `sha256-${createHash("sha256").update(module).digest("base64")}`
    const transcripts = []
    for (const run of JSON.parse(readFileSync(0, "utf8"))) {
        const worker = new Worker(fileURLToPath(import.meta.url), { workerData: { run, script, address, integrity } })
        transcripts.push(await new Promise((resolve, reject) => {
            worker.on("message", resolve)
            worker.on("error", reject)
            worker.on("exit", () => reject(new Error("the worker ended without a transcript")))
        }))
        await worker.terminate()
    }
    process.stdout.write(JSON.stringify(transcripts), () => process.exit(0))
}

/** Run one, in a thread that has nothing else. */
async function one({ run, script, address, integrity }) {
    const draws = []
    const others = []
    const real = crypto.getRandomValues.bind(crypto)
    let block = 0
    crypto.getRandomValues = (into) => {
        const bytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength)
        if (run.seed === undefined) {
            real(bytes)
        } else {
            for (let at = 0; at < bytes.length; at += 32) {
                bytes.set(createHash("sha256").update(`${run.seed} ${block++}`).digest().subarray(0, bytes.length - at), at)
            }
        }
        draws.push(Buffer.from(bytes).toString("base64"))
        return into
    }
    for (const [owner, name] of [[Math, "random"], [crypto, "randomUUID"], [crypto.subtle, "generateKey"]]) {
        const original = owner[name].bind(owner)
        owner[name] = (...values) => {
            others.push(name)
            return original(...values)
        }
    }

    const printed = []
    for (const level of ["log", "info", "warn", "error", "debug"]) {
        console[level] = (...values) => printed.push(values.map(String).join(" "))
    }

    const listeners = { message: [], error: [], unhandledrejection: [] }
    const posts = []
    const waiting = [...run.messages]

    function deliver() {
        while (waiting.length > 0 && (waiting[0].after ?? 0) <= posts.length) {
            const { data } = waiting.shift()
            for (const listener of listeners.message) listener({ type: "message", preventDefault() {}, data: revive(data) })
        }
    }

    function revive(value) {
        if (typeof value !== "object" || value === null) return value
        if ("$file" in value) return new Blob([Buffer.from(value.$file, "base64")])
        if ("$bytes" in value) return new Uint8Array(Buffer.from(value.$bytes, "base64"))
        if ("$module" in value) return address
        if ("$integrity" in value) return integrity
        return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, revive(inner)]))
    }

    /** JSON has no bytes: they become {"$bytes"}. */
    function flatten(value) {
        if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString("base64") }
        if (typeof value !== "object" || value === null) return value
        return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, flatten(inner)]))
    }

    globalThis.self = {
        addEventListener: (type, listener) => listeners[type].push(listener),
        postMessage(data) {
            if (data.type !== "progress") posts.push(flatten(structuredClone(data)))
            setImmediate(deliver)
        },
        close() {
            parentPort.postMessage({ posts, draws, printed, others })
            throw new Error("closed") // nothing runs after this
        },
    }
    const emit = (type) => { for (const listener of listeners[type]) listener({ type, preventDefault() {} }) }
    process.on("uncaughtException", (error) => error.message === "closed" || emit("error"))
    process.on("unhandledRejection", (error) => error?.message === "closed" || emit("unhandledrejection"))

    await import(pathToFileURL(script).href)
    deliver()
}
