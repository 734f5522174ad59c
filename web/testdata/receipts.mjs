// Reads and writes the receipts of receipts.json with the page's own script, and says what differs.
//
//   node receipts.mjs <receipt_file.js>
//
// receipts.json was made by keyferry 0.4.0, whose module wrote and read receipts in Go. "written"
// are files as it wrote them. "read" are files, or changes to the first of those, with what came of
// reading them: "ok" is the receipt "from" which the file was made. "refused" are changes to the
// first receipt with which it was not written.

import { readFileSync } from "node:fs"
import { isDeepStrictEqual } from "node:util"
import { pathToFileURL } from "node:url"

const { formatReceipt, largestReceipt, parseReceipt } = await import(pathToFileURL(process.argv[2]).href)
const vectors = JSON.parse(readFileSync(new URL("receipts.json", import.meta.url), "utf8"))
const bytes = (text) => new TextEncoder().encode(text)
const text = (content) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(content)
const files = new Map(vectors.written.map(({ name, file }) => [name, file]))
const full = files.get("full")
let checked = 0

function expect(name, want, act) {
    checked++
    let got = "ok"
    try {
        act()
    } catch (thrown) {
        got = thrown instanceof Error ? String(thrown) : thrown.code
    }
    if (got !== want) console.log(`${name}: ${got}, want ${want}`)
}

function same(got, want) {
    if (!isDeepStrictEqual(got, want)) throw new Error(`${JSON.stringify(got)}\nwant ${JSON.stringify(want)}`)
}

for (const [name, file] of files) {
    const receipt = JSON.parse(file)
    expect(`${name}, read`, "ok", () => same(parseReceipt(bytes(file)), receipt))
    const reversed = Object.fromEntries(Object.entries(receipt).reverse())
    expect(`${name}, written`, "ok", () => same(text(formatReceipt(reversed)), file))
}
for (const { name, from, file, base64, old, new: by, expect: want } of vectors.read) {
    if (old !== undefined && full.split(old).length !== 2) throw new Error(`${name}: ${old} is not in the receipt once`)
    const content = base64 !== undefined ? Buffer.from(base64, "base64") : bytes(file ?? full.replace(old, () => by))
    expect(name, want, () => {
        const receipt = parseReceipt(new Uint8Array(content))
        same(receipt, JSON.parse(files.get(from)))
    })
}
for (const { name, change } of vectors.refused) {
    expect(`${name}, written`, "receipt_malformed", () => formatReceipt({ ...JSON.parse(full), ...change }))
}
expect("far too long", "receipt_not_json", () => parseReceipt(bytes(full + " ".repeat(largestReceipt))))
for (let size = 0; size < full.length - 2; size++) {
    const cut = bytes(full).slice(0, size)
    expect(`the first ${size} bytes`, "receipt_not_json", () => parseReceipt(cut))
}
const optional = ["Alias", "TokenExpireTime", "ParametersRequestId"]
for (const line of full.split("\n").filter((line) => line.includes(":"))) {
    const name = JSON.parse(line.split(":")[0])
    const want = name === "Format" ? "receipt_not_ours" : optional.includes(name) ? "ok" : "receipt_malformed"
    const without = full.replace(`${line}\n`, "").replace(/,\n}/, "\n}")
    expect(`without ${name}`, want, () => parseReceipt(bytes(without)))
}

// Fields that came later: how the parameters were obtained and who made the import.
const importless = Object.fromEntries(Object.entries(JSON.parse(full)).filter(([name]) => name !== "ImportedAt" && name !== "ImportRequestId"))
for (const [name, receipt, want] of [
    ["by link", { ...JSON.parse(full), ParametersObtained: "link", ImportedBy: "link" }, "ok"],
    ["by relay", { ...JSON.parse(full), ParametersObtained: "relay", ImportedBy: "relay" }, "ok"],
    ["from a file", { ...importless, ParametersObtained: "file" }, "ok"],
    ["by link, imported elsewhere", { ...importless, ParametersObtained: "link" }, "ok"],
    ["imported by a file", { ...JSON.parse(full), ImportedBy: "file" }, "receipt_malformed"],
    ["obtained by mail", { ...JSON.parse(full), ParametersObtained: "mail" }, "receipt_malformed"],
    ["a number", { ...JSON.parse(full), ParametersObtained: 1 }, "receipt_malformed"],
    ["imported by link, never", { ...importless, ImportedBy: "link" }, "receipt_malformed"],
]) {
    const file = bytes(JSON.stringify(receipt))
    expect(`${name}, read`, want, () => same(parseReceipt(file), receipt))
    expect(`${name}, written`, want, () => same(parseReceipt(formatReceipt(receipt)), receipt))
}
console.log(`checked ${checked}`)
