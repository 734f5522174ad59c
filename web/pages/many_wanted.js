// @ts-check
// Which keys an archive shall have, by what the person chose.

import { value } from "./choices.js"
import { input, one } from "./elements.js"
import { calls } from "./many_calls.js"
import { phrase, problem } from "./words.js"

/** @typedef {import("./many_list.js").Line} Line */

/**
 * The keys that the archive shall have. Files are found by their names: the CMK's ID, or its label.
 * @param {HTMLFormElement} form
 * @param {Line[]} lines
 * @param {number} expireUnix of those whose line says nothing else
 * @param {Map<string, import("./request_words.js").Request> | null} requests
 * @returns {import("./many_archive.js").Wanted[]}
 */
export function wantedKeys(form, lines, expireUnix, requests) {
    if (lines.length === 0) throw problem("many_missing")
    const byName = value(form, "source") === "files" ? filesByName(form) : null
    const missing = byName ? lines.filter((line) => !byName.get(line.keyId) && !byName.get(line.label)) : []
    if (missing.length > 0) throw { ...problem("many_file_missing"), detail: someOf(missing) }
    const wanted = lines.map((line) => ({
        keyId: line.keyId, label: line.label, expireUnix: line.expireUnix ?? expireUnix, file: byName?.get(line.keyId) ?? byName?.get(line.label),
    }))
    if (requests) calls?.checkAgainst(requests, wanted)
    return wanted
}

/** @param {HTMLFormElement} form */
function filesByName(form) {
    const files = Array.from(input(form, "#key-files").files ?? [])
    if (files.length === 0) throw problem("file_missing")
    return new Map(files.map((one) => [one.name.replace(/\.[A-Za-z0-9]{1,5}$/, ""), one]))
}

/** Some of many CMKs, to be read. @param {{keyId: string}[]} all */
export const someOf = (all) =>
    all.slice(0, 5).map(({ keyId }) => keyId).join(", ") + (all.length > 5 ? phrase("many-more", { count: all.length - 5 }) : "")

/** Say how many files were chosen. @param {HTMLFormElement} form */
export function countFiles(form) {
    const folder = input(form, "#key-files")
    folder.addEventListener("change", () => {
        const count = folder.files?.length ?? 0
        if (count > 0) one(form, "#key-files-chosen").textContent = phrase("many-files", { count })
    })
}
