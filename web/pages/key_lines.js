// @ts-check
// Several CMKs at once, as lines that a person pastes or as a CSV file. Nothing here needs a page.

/** @typedef {{number: number, keyId: string, label: string, fault: string}} Line fault: a code, or empty */

/** @param {string} code */
const refusal = (code) => ({ code })

/** How many lines are taken at once. */
const most = 1000

/** How many bytes a label may have. */
const longestLabel = 128

/** Whether a label is too long. @param {string} label */
export const isLong = (label) => new TextEncoder().encode(label).length > longestLabel

/**
 * The fields of CSV (RFC 4180), line by line. A field may be quoted, with "" for a quotation mark.
 * @param {string} text
 * @returns {string[][]}
 */
export function parseCSV(text) {
    const rows = [[""]]
    let quoted = false
    const content = text.replace(/^\ufeff/, "").replace(/\r\n?/g, "\n")
    for (let i = 0; i < content.length; i++) {
        const row = rows[rows.length - 1]
        const letter = content[i]
        if (letter === `"` && quoted && content[i + 1] === `"`) row[row.length - 1] += content[++i]
        else if (letter === `"` && (quoted || row[row.length - 1] === "")) quoted = !quoted
        else if (quoted) row[row.length - 1] += letter
        else if (letter === "," || letter === ";" || letter === "\t") row.push("")
        else if (letter === "\n") rows.push([""])
        else row[row.length - 1] += letter
    }
    if (quoted) throw refusal("csv_unreadable")
    return rows.map((row) => row.map((field) => field.trim()))
}

/**
 * The lines of a CSV file, whose first line names its columns.
 * @param {string} text
 * @param {(written: string) => string} keyIdOf reads a CMK's id, and throws a {code}
 */
export function linesOfFile(text, keyIdOf) {
    const [head, ...rows] = parseCSV(text)
    const names = head.map((name) => name.toLowerCase().replace(/[\s_-]/g, ""))
    const key = names.indexOf("keyid")
    const label = names.indexOf("label")
    if (key < 0) throw refusal("csv_columns")
    return judged(rows.map((row, i) => ({ number: i + 2, key: row[key] ?? "", label: label < 0 ? "" : row[label] ?? "" })), keyIdOf)
}

/**
 * The lines that somebody pasted: a CMK's id, and perhaps a label after a comma or a blank.
 * @param {string} text
 * @param {(written: string) => string} keyIdOf reads a CMK's id, and throws a {code}
 */
export function linesOfText(text, keyIdOf) {
    const rows = text.split(/\r?\n/).map((line, i) => {
        const [, key = "", label = ""] = /^\s*([^,;\t ]*)[,;\t ]*(.*?)\s*$/.exec(line) ?? []
        return { number: i + 1, key, label }
    })
    return judged(rows, keyIdOf)
}

/**
 * @param {{number: number, key: string, label: string}[]} rows
 * @param {(written: string) => string} keyIdOf
 * @returns {Line[]}
 */
function judged(rows, keyIdOf) {
    const filled = rows.filter(({ key, label }) => key !== "" || label !== "")
    if (filled.length === 0) throw refusal("keys_missing")
    if (filled.length > most) throw refusal("keys_too_many")
    const seen = new Set()
    return filled.map(({ number, key, label }) => {
        const line = { number, keyId: key, label, fault: "" }
        try {
            line.keyId = keyIdOf(key)
        } catch (thrown) {
            // What is no CMK's id may be anything, a key even: it is not shown.
            return { ...line, keyId: "", fault: /** @type {{code: string}} */ (thrown).code }
        }
        if (isLong(label)) line.fault = refusal("label_long").code
        if (seen.has(line.keyId)) line.fault = refusal("key_twice").code
        seen.add(line.keyId)
        return line
    })
}
