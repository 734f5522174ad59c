// Drives the built module in Node, without the worker around it.
//
//   node bridge.mjs <folder> < calls.json > outcomes.json
//
// The folder holds keyferry.wasm and wasm_exec.js. A call is {"function", "arguments", "before",
// "memory"}; each runs in an instance of its own, after the calls of "before". An outcome is
// {"resolved"}, {"rejected"} or, where the program ended before the promise was settled, {"exited":
// true}; beside it "globals" lists the functions of the global object and "output" holds what the
// program printed. Where "memory" names a file, the instance's linear memory goes there as it was
// when the promise settled. A Uint8Array is {"base64"} in an argument, and base64 in an outcome.

import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"

const folder = process.argv[2]
const module = await WebAssembly.compile(readFileSync(join(folder, "keyferry.wasm")))
await import(pathToFileURL(join(folder, "wasm_exec.js")).href)

const revive = (name, value) => (typeof value?.base64 === "string" ? new Uint8Array(Buffer.from(value.base64, "base64")) : value)
const replace = (name, value) => (value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value)

async function run(call) {
    let output = ""
    globalThis.fs.writeSync = (fd, data) => {
        output += Buffer.from(data).toString("latin1")
        return data.length
    }
    delete globalThis.keyferry
    const go = new globalThis.Go()
    go.exit = () => {}
    const instance = await WebAssembly.instantiate(module, go.importObject)
    const exited = go.run(instance).then(() => ({ exited: true }), () => ({ exited: true }))
    const globals = Object.keys(globalThis.keyferry).sort()
    for (const { function: name, arguments: values } of call.before ?? []) await globalThis.keyferry[name](...values)
    let promise
    try {
        promise = globalThis.keyferry[call.function](...call.arguments)
    } catch {
        return { globals, output, exited: true } // it ended inside the call
    }
    const settled = Promise.resolve(promise).then(
        (value) => ({ resolved: value === undefined ? null : value }),
        (reason) => ({ rejected: reason, rejectedPrototype: Object.getPrototypeOf(reason) === Object.prototype }),
    )
    const outcome = await Promise.race(promise instanceof Promise ? [settled, exited] : [exited])
    if (call.memory) {
        writeFileSync(call.memory, new Uint8Array(instance.exports.mem.buffer))
    }
    return { globals, output, ...outcome }
}

const outcomes = []
for (const call of JSON.parse(readFileSync(0, "utf8"), revive)) {
    outcomes.push(await run(call))
}
process.stdout.write(JSON.stringify(outcomes, replace))
process.exit(0)
