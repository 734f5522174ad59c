// @ts-check
// Many CMKs from import files: what a desk, or this page without a KMS, wrapped already. The console
// makes one call for each. Nothing is wrapped here, so a token that has ended cannot be renewed.

import { ask } from "./api.js"
import { now } from "./clock.js"
import { all } from "./elements.js"
import { checkAgainst } from "./many_requests.js"
import { item } from "./many_send.js"
import { problem } from "./words.js"

/** @typedef {import("./many_list.js").Line} Line */
/** @typedef {import("./request_words.js").Request} Request */

/**
 * Whether a list is of import files. One where some lines are and others are not is refused: the
 * others would need keys.
 * @param {Line[]} lines
 */
export function areImports(lines) {
    const files = lines.filter(({ file }) => file)
    if (files.length > 0 && files.length < lines.length) throw problem("many_mixed")
    return files.length > 0
}

/**
 * The one call for an import file, made by the console: the import itself, or the submission to a
 * request.
 * @param {Line} line
 * @param {Request} [request]
 * @returns {import("./many_send.js").Way}
 */
const callFor = ({ file }, request) => (_, signal) => ({
    after: request ? "submitted" : undefined,
    async send() {
        const body = /** @type {any} */ (file)
        if (!request) {
            const { RequestId } = await ask("/kms/ImportFile", { body, signal, lost: "import_outcome_unknown" })
            return { requestId: String(RequestId), time: now() }
        }
        const { State, Outcome } = await ask(`/api/requests/${request.Id}/submit-file`, { body, signal, lost: "submit_outcome_unknown" })
        return State === "imported" && Outcome ? { requestId: Outcome.RequestId, time: Date.parse(Outcome.At) } : undefined
    },
})

/**
 * What is to be imported: each line, of which the requests must allow the expiry.
 * @param {Line[]} lines
 * @param {Map<string, Request> | null} requests by CMK, where the page imports for requests
 */
export function itemsOf(lines, requests) {
    const wanted = lines.map((line) => ({ line, keyId: line.keyId, expireUnix: line.expireUnix ?? 0 }))
    if (requests) checkAgainst(requests, wanted)
    return wanted.map(({ line, keyId, expireUnix }) => item(entryOf(line), expireUnix, callFor(line, requests?.get(keyId))))
}

/**
 * What the table shows of an import file.
 * @param {Line} line
 * @returns {import("./many_manifest.js").Entry}
 */
function entryOf({ keyId, label, file }) {
    if (!file) throw problem("unexpected")
    return {
        keyId, label, expireUnix: file.KeyMaterialExpireUnix, origin: "file",
        kcv: file.KeyCheckValue ?? "", commitment: file.Commitment ?? "", salt: "",
    }
}

/**
 * Let the page speak of import files, or of an archive.
 * @param {HTMLElement} task
 * @param {boolean} imports
 */
export function showImports(task, imports) {
    for (const part of all(task, "[data-of]")) part.hidden = (part.dataset.of === "imports") !== imports
}
