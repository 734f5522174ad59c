// Makes an archive of many keys in one instance of the module, and opens it and wraps every key in
// another, as the page does.
//
//   node archive.mjs <folder> < request.json > outcome.json
//
// The folder holds keyferry.wasm and wasm_exec.js. The request is {"count", "recipient", "identity",
// "publicKey", "wrapped"}: "wrapped" is how many ciphertexts the outcome has, and below 0 it has no
// archive either. The outcome is {"archive" (base64), "sha256", "size", "made", "opened", "found",
// "same", "wrapped", "memory": {"making", "opening"}} with the memory in bytes, and the codes of what
// must be refused.

import { readFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"

const folder = process.argv[2]
const bytes = readFileSync(join(folder, "keyferry.wasm"))
await import(pathToFileURL(join(folder, "wasm_exec.js")).href)
const request = JSON.parse(readFileSync(0, "utf8"))

async function start() {
    delete globalThis.keyferry
    const go = new globalThis.Go()
    const { instance } = await WebAssembly.instantiate(bytes, go.importObject)
    go.run(instance)
    return { module: globalThis.keyferry, memory: () => instance.exports.mem.buffer.byteLength }
}

const ids = Array.from({ length: request.count }, (_, i) => `key-hzz${String(i).padStart(8, "0")}`)

const maker = await start()
const pieces = []
const tell = ({ written }) => pieces.push(Buffer.from(written))
await maker.module.createArchive({ protection: "recipients", recipients: request.recipient, tell })
const made = []
for (const keyId of ids) made.push({ keyId, ...await maker.module.addToArchive({ keyId, source: "generate", file: null, encoded: null, tell }) })
const manifest = new TextEncoder().encode(JSON.stringify(made))
for (let at = 0; at < manifest.length; at += 60000) {
    await maker.module.addManifest({ size: at === 0 ? manifest.length : null, piece: manifest.slice(at, at + 60000), tell })
}
const { sha256, size } = await maker.module.closeArchive({ tell })
const archive = Buffer.concat(pieces)

const opener = await start()
const found = []
let said = ""
const opened = await opener.module.openArchive({
    archive: async (offset, length) => new Uint8Array(archive.subarray(offset, offset + length)),
    secret: request.identity,
    tell: (told) => {
        if (told.keyId) found.push(told.keyId)
        if (told.manifest) said += Buffer.from(told.manifest).toString("utf8")
    },
})
const refused = async (promise) => promise.then(() => "taken", ({ code }) => code)
const twice = await refused(opener.module.openArchive({ archive: async () => new Uint8Array(0), secret: "x", tell }))
for (const { keyId, kcv, commitment, salt } of made) await opener.module.judgeKey({ keyId, kcv, commitment, salt })
const swapped = made.length > 1 ? await refused(opener.module.judgeKey({ ...made[0], keyId: made[1].keyId })) : ""
const wrapped = []
for (const keyId of ids) {
    const one = await opener.module.wrapKey({ keyId, publicKey: request.publicKey, algorithm: "RSAES_OAEP_SHA_256" })
    if (wrapped.length < request.wrapped) wrapped.push(one.encryptedKeyMaterial)
    await opener.module.forgetKey({ keyId })
}
const gone = await refused(opener.module.wrapKey({ keyId: ids[0], publicKey: request.publicKey, algorithm: "RSAES_OAEP_SHA_256" }))
await opener.module.forgetKeys({})

const outcome = JSON.stringify({
    archive: request.wrapped < 0 ? "" : archive.toString("base64"), sha256, size, made: request.wrapped < 0 ? [] : made, opened, found, same: said === JSON.stringify(made),
    wrapped, twice, swapped, gone, memory: { making: maker.memory(), opening: opener.memory() },
})
process.stdout.write(outcome, () => process.exit(0))
