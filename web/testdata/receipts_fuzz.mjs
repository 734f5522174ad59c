// Gives the page's reader of receipts random bytes and changed receipts, and says what is wrong.
//
//   node receipts_fuzz.mjs <receipt_file.js> <seed> <how many>
//
// Whatever the input: the reader throws one of its codes and nothing else, or returns a receipt,
// which can then be written and read again and is the same. It changes no input.

import { readFileSync } from "node:fs"
import { isDeepStrictEqual } from "node:util"
import { pathToFileURL } from "node:url"

const [script, seed, count] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])]
const { formatReceipt, parseReceipt } = await import(pathToFileURL(script).href)
const vectors = JSON.parse(readFileSync(new URL("receipts.json", import.meta.url), "utf8"))
const files = vectors.written.map(({ file }) => new TextEncoder().encode(file))
const codes = ["receipt_not_json", "receipt_not_ours", "receipt_version", "receipt_malformed"]

// What breaks readers: structure, escapes, numbers, names of Object.prototype, broken UTF-8.
const pieces = [
    "{", "}", "[", "]", ",", ":", `"`, "\\", "\\u", "\\u0000", "\\ud800", "\\udc00", "\u0000", "\u2028", "\ufeff", "\ufffd",
    "-", "0", "-0", "00", "1e400", "1.0", "9007199254740993", "null", "true", "NaN", " ", "\r\n", "\t",
    `"__proto__":{},`, `"__proto__":"x",`, `"constructor":"x",`, `"toString":1,`, `"Version":1,`, `"Version":2,`, `"Format":"x",`,
    `"Format"`, `"Alias":"",`, `"BackupFile":"\\ud83d",`, "2026-02-30T00:00:00Z", "/*", "//", "🔑",
].map((piece) => new TextEncoder().encode(piece)).concat([0x80, 0xc0, 0xff, 0xed].map((byte) => Uint8Array.of(byte, 0xa0, 0x80)))

let state = seed
/** A whole number below a limit (mulberry32). */
function below(limit) {
    state = (state + 0x6d2b79f5) | 0
    let x = Math.imul(state ^ (state >>> 15), 1 | state)
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x
    return ((x ^ (x >>> 14)) >>> 0) % limit
}

const one = (list) => list[below(list.length)]
const joined = (...parts) => new Uint8Array(Buffer.concat(parts))

/** One change of a file. */
function change(file) {
    const at = below(file.length + 1)
    const to = Math.min(file.length, at + below(40))
    const [before, after] = [file.subarray(0, at), file.subarray(at)]
    switch (below(8)) {
    case 0: return joined(before, one(pieces), after)
    case 1: return joined(before, one(pieces), file.subarray(to))
    case 2: return joined(before, file.subarray(to))
    case 3: return joined(before, file.subarray(at, to), after)
    case 4: return joined(before, Uint8Array.of(below(256)), file.subarray(at + 1))
    case 5: return joined(before, one(files).subarray(below(400)), after)
    case 6: return new Uint8Array(Buffer.from(Buffer.from(file).toString("latin1").replace(/: 1,/, () => `: ${below(4)},`), "latin1"))
    default: return swapLines(file)
    }
}

/** A file with two lines in each other's place. */
function swapLines(file) {
    const lines = Buffer.from(file).toString("latin1").split("\n")
    const [one, other] = [below(lines.length), below(lines.length)]
    ;[lines[one], lines[other]] = [lines[other], lines[one]]
    return new Uint8Array(Buffer.from(lines.join("\n"), "latin1"))
}

function input() {
    if (below(20) === 0) return Uint8Array.from({ length: below(200) }, () => below(256))
    let file = one(files)
    for (let changes = below(4); changes >= 0; changes--) file = change(file)
    return file
}

const came = new Map()
for (let i = 0; i < count; i++) {
    const file = input()
    const kept = file.slice()
    let code = "read"
    try {
        const receipt = parseReceipt(file)
        const again = parseReceipt(formatReceipt(receipt))
        if (!isDeepStrictEqual(again, receipt)) console.log(`input ${i} is not the same when it is read again:\n${JSON.stringify(Buffer.from(kept).toString())}`)
    } catch (thrown) {
        code = thrown instanceof Error ? String(thrown) : thrown?.code
        if (!codes.includes(code) || Object.keys(thrown).length !== 1) console.log(`input ${i} ends in ${code}:\n${JSON.stringify(Buffer.from(kept).toString())}`)
    }
    if (Buffer.compare(file, kept) !== 0) console.log(`input ${i} was changed`)
    came.set(code, (came.get(code) ?? 0) + 1)
}
// Inputs that all end in the same way would try little.
for (const code of ["read", ...codes]) if (!came.has(code)) console.log(`no input ended in ${code}`)
