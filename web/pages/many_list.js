// @ts-check
// A list of CMKs as a person brings it: pasted ids or ARNs, the JSON of ListKeys or of several
// CreateKey answers, or CSV. Every line is judged by itself. Nothing here needs a page.

import { isImportFile } from "./desk_import_file.js"
import { isLong, parseCSV } from "./key_lines.js"
import { parseKeyReference } from "./key_reference.js"
import { lastSecond, readTime } from "./moment.js"

/**
 * One line of the list.
 * @typedef {object} Line
 * @property {number} number where it was written, from 1
 * @property {string} key what was written as the CMK: an ID, an ARN or the JSON of an answer
 * @property {string} label
 * @property {string} expiry as it was written; empty where the line says nothing of it
 * @property {string} keyId empty where the line names no CMK
 * @property {number | null} expireUnix 0 means never, null that the line does not say
 * @property {string} fault a code, or empty
 * @property {import("./link.js").ImportFile} [file] the import file that the line is
 */

/** @param {string} code */
const refusal = (code) => ({ code })

/** How many CMKs are taken at once. */
const most = 5000

/** How large a list may be, in characters: above that of the most CMKs in import files. */
export const longest = 16 << 20

/**
 * @param {string} text what was pasted, or the content of a file
 * @param {{region: string, now: number}} at
 * @returns {Line[]}
 */
export function readList(text, at) {
    const lines = /^\s*[{[]/.test(text) ? linesOfJSON(text) : linesOfRows(text)
    if (lines.length === 0) throw refusal("many_missing")
    if (lines.length > most) throw refusal("many_too_many")
    return judge(lines, at)
}

/** @param {number} number @param {string} key @param {string} [label] @param {string} [expiry] @returns {Line} */
const line = (number, key, label = "", expiry = "") => ({ number, key, label, expiry, keyId: "", expireUnix: null, fault: "" })

// JSON.

/** @param {string} text */
function linesOfJSON(text) {
    return valuesIn(text).flatMap(linesOfValue).map((one, i) => ({ ...one, number: i + 1 }))
}

/** @param {any} value @returns {Line[]} without their numbers */
function linesOfValue(value) {
    if (Array.isArray(value)) return value.flatMap((one) => typeof one === "string" ? [line(0, one)] : linesOfValue(one))
    if (value?.Keyferry === "import") return [{ ...line(0, String(value.KeyId)), file: value }]
    return keysOf(value).map((key) => line(0, key))
}

/**
 * The values of a text that has one JSON value after another, as a loop of commands prints them.
 * @param {string} text
 * @returns {any[]}
 */
export function valuesIn(text) {
    const values = []
    let depth = 0
    let begin = 0
    let quoted = false
    for (let i = 0; i < text.length; i++) {
        const letter = text[i]
        if (quoted) {
            if (letter === "\\") i++
            else if (letter === `"`) quoted = false
        } else if (letter === `"`) quoted = true
        else if (letter === "{" || letter === "[") {
            if (depth++ === 0) begin = i
        } else if ((letter === "}" || letter === "]") && --depth === 0) values.push(read(text.slice(begin, i + 1)))
    }
    if (depth !== 0) throw refusal("many_json")
    return values
}

/** @param {string} written */
function read(written) {
    try {
        return JSON.parse(written)
    } catch {
        throw refusal("many_json")
    }
}

/**
 * What names the CMKs in an answer: of ListKeys, whose list tells no more than ids, or of CreateKey
 * and DescribeKey, which tell whether the CMK takes key material.
 * @param {any} answer
 * @returns {string[]}
 */
function keysOf(answer) {
    const list = answer?.Keys?.Key ?? answer?.Keys
    if (Array.isArray(list)) return list.map((key) => String(key?.KeyArn ?? key?.KeyId ?? ""))
    if (answer?.KeyMetadata) return [JSON.stringify(answer)]
    if (typeof answer?.KeyId === "string") return [String(answer.KeyArn ?? answer.KeyId)]
    throw refusal("many_json")
}

// CSV and plain lines.

/** What a column can be called, in its letters alone. @type {Record<"key" | "label" | "expiry", string[]>} */
const columns = {
    key: ["keyid", "id", "cmk", "cmkid", "arn", "keyarn", "key", "密钥id", "主密钥id", "主密钥"],
    label: ["label", "name", "description", "alias", "标签", "名称", "说明"],
    expiry: ["expiry", "expires", "expire", "expiration", "expiretime", "keymaterialexpireunix", "过期时间"],
}

/** @param {string} text */
function linesOfRows(text) {
    const rows = rowsOf(text).map((row, i) => ({ row, number: i + 1 })).filter(({ row }) => row.some((field) => field !== ""))
    const head = (rows[0]?.row ?? []).map((name) => name.toLowerCase().replace(/[\s_-]/g, ""))
    const place = (/** @type {"key" | "label" | "expiry"} */ of) => head.findIndex((name) => columns[of].includes(name))
    const named = place("key") >= 0
    const [key, label, expiry] = named ? [place("key"), place("label"), place("expiry")] : [0, 1, 2]
    return rows.slice(named ? 1 : 0).map(({ row, number }) => {
        const fields = row.length === 1 ? splitAtBlank(row[0]) : row
        return line(number, fields[key] ?? "", fields[label] ?? "", fields[expiry] ?? "")
    })
}

/** @param {string} text */
function rowsOf(text) {
    try {
        return parseCSV(text)
    } catch {
        throw refusal("many_csv")
    }
}

/** @param {string} written an id, and perhaps a label after a blank */
function splitAtBlank(written) {
    const [, key = "", label = ""] = /^(\S*)\s*(.*)$/.exec(written) ?? []
    return [key, label]
}

// Judging.

/**
 * Judge every line, also against the others: no CMK twice, and all of one account.
 * @param {Line[]} lines
 * @param {{region: string, now: number}} at
 * @returns {Line[]}
 */
export function judge(lines, { region, now }) {
    const seen = new Set()
    const accounts = lines.map(({ key }) => accountOf(key))
    const account = mostCommon(accounts.filter((one) => one !== ""))
    return lines.map((one, i) => {
        const judged = judgeAlone(one, region, now)
        // Either case names the same CMK, as in the KMS's UUIDs.
        const known = judged.keyId.toLowerCase()
        if (known !== "" && seen.has(known)) judged.fault = refusal("many_twice").code
        else if (judged.fault === "" && accounts[i] !== "" && accounts[i] !== account) judged.fault = refusal("many_other_account").code
        seen.add(known)
        return judged
    })
}

/** @param {Line} one @param {string} region @param {number} now @returns {Line} */
function judgeAlone(one, region, now) {
    const judged = { ...one, keyId: "", fault: "", expireUnix: one.file ? one.file.KeyMaterialExpireUnix : readExpiry(one.expiry) }
    try {
        judged.keyId = parseKeyReference(one.key, region).keyId
    } catch (thrown) {
        judged.fault = /** @type {{code: string}} */ (thrown).code
        return judged
    }
    if (one.file) judged.fault = faultOfImport(one.file, region, now)
    if (isLong(one.label)) judged.fault = refusal("many_label").code
    if (Number.isNaN(judged.expireUnix)) judged.fault = refusal("many_expiry").code
    else if (judged.expireUnix && judged.expireUnix > lastSecond) judged.fault = refusal("expiry_far").code
    else if (judged.expireUnix && judged.expireUnix * 1000 <= now) judged.fault = refusal("expiry_past").code
    return judged
}

/**
 * What is wrong with an import file, apart from its CMK: a code, or empty.
 * @param {any} file
 * @param {string} region
 * @param {number} now
 */
function faultOfImport(file, region, now) {
    if (!isImportFile(file)) return refusal("import_file_unreadable").code
    if (file.Region !== region) return refusal("import_file_region").code
    return file.TokenExpireTime !== "" && Date.parse(file.TokenExpireTime) <= now ? refusal("token_expired").code : ""
}

/** The account that an ARN names, also within an answer. @param {string} key */
const accountOf = (key) => /acs:kms:[a-z0-9-]+:(\d+):key\//.exec(key)?.[1] ?? ""

/** @param {string[]} all */
function mostCommon(all) {
    /** @type {Map<string, number>} */
    const counts = new Map()
    for (const one of all) counts.set(one, (counts.get(one) ?? 0) + 1)
    return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? ""
}

/**
 * An expiry as people write one: a day, which means its beginning in UTC, a time, seconds since
 * 1970, or never.
 * @param {string} written
 * @returns {number | null} in seconds; 0 means never, null that nothing is written, NaN that it is no
 *   expiry
 */
export function readExpiry(written) {
    const text = written.trim().toLowerCase()
    if (text === "") return null
    if (["0", "never", "永不过期", "永不"].includes(text)) return 0
    if (/^\d{9,12}$/.test(text)) return Number(text)
    const day = /^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})$/.exec(text)
    if (!day) return readTime(text) / 1000
    return readTime(`${day[1]}-${day[2].padStart(2, "0")}-${day[3].padStart(2, "0")}T00:00:00Z`) / 1000
}
