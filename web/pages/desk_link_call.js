// @ts-check
// The one place from which a connected desk sends: it makes the call of a link that was checked.
// The panel lists each call before it is sent.

import { record } from "./sent.js"
import { isProblem, problem, template } from "./words.js"

/** @typedef {import("./desk_link_check.js").Link} Link */
/** @typedef {{text: string, body: any}} Answer body: the text read as JSON */

/** How long an answer may take, in milliseconds. */
const patience = 30_000

/** The largest answer that is read, in characters. */
const largest = 64 << 10

/** What the panel does not show, because it lets others make the call. */
const withheld = ["Signature", "SecurityToken", "AccessKeyId", "SignatureNonce", "SignatureType", "SignatureMethod", "SignatureVersion"]

/** What every request of this page has: nothing but the call itself travels, and only to there. */
const alone = /** @type {RequestInit} */ ({
    mode: "cors", credentials: "omit", cache: "no-store", redirect: "error", referrerPolicy: "no-referrer",
})

/**
 * Ask for import parameters. A GET without any header of its own needs no leave from the server to
 * be sent, only to be read.
 * @param {Link} link
 * @param {AbortSignal} signal
 */
export function askParameters(link, signal) {
    return call(link, signal, `/?${link.parameters}`, { method: "GET" })
}

/**
 * Send wrapped key material. The parameters travel as a form, so that none is in an address.
 * @param {Link} link
 * @param {AbortSignal} signal
 */
export function sendMaterial(link, signal) {
    return call(link, signal, "/", { method: "POST", body: link.parameters })
}

/**
 * @param {Link} link
 * @param {AbortSignal} signal
 * @param {string} path
 * @param {RequestInit} how
 * @returns {Promise<Answer>}
 */
async function call({ action, reached, parameters }, signal, path, how) {
    if (!navigator.onLine) throw problem("link_no_network")
    const shown = Object.fromEntries([...parameters].filter(([name]) => !withheld.includes(name) && name !== "Action"))
    const entry = await record(action, { Host: reached.origin, ...shown })
    const limit = AbortSignal.any([signal, AbortSignal.timeout(patience)])
    try {
        const response = await fetch(reached.origin + path, { ...alone, ...how, signal: limit })
        const answer = read(await response.text())
        if (!response.ok || answer.body.Code) throw refused(answer.body)
        entry.ended("")
        return answer
    } catch (thrown) {
        const failure = isProblem(thrown) ? thrown : await lost(reached.origin, action, signal)
        entry.ended(failure.code)
        throw failure
    }
}

/** @param {string} text @returns {Answer} */
function read(text) {
    let body
    try {
        body = text.length <= largest ? JSON.parse(text) : null
    } catch {
        body = null
    }
    if (typeof body !== "object" || body === null || Array.isArray(body)) throw problem("link_bad_answer")
    return { text, body }
}

/**
 * The KMS's refusal in words. Its code and RequestId are shown with them.
 * @param {any} body
 */
function refused({ Code, Message, RequestId }) {
    if (typeof Code !== "string") return problem("link_bad_answer")
    const words = template("kms-faults").querySelector(`[data-code="${CSS.escape(Code)}"]`)
    const text = (/** @type {string} */ name) => words?.querySelector(`[data-fill="${name}"]`)?.textContent
    const found = problem(codes[Code] ?? "link_refused")
    return {
        ...found,
        what: text("what") ?? found.what,
        do: [text("do"), found.do].filter(Boolean).join(" "),
        detail: `${Code}: ${typeof Message === "string" ? Message : ""}`,
        requestId: typeof RequestId === "string" ? RequestId : undefined,
    }
}

/** What the KMS's codes mean for a link. @type {Record<string, string>} */
const codes = {
    "InvalidTimeStamp.Expired": "link_too_old",
    "IllegalTimestamp": "link_too_old",
    "SignatureNonceUsed": "link_used",
    "InvalidKeyMaterial": "link_other_key",
}

/** The same call without a signature, which the KMS refuses. */
const unsigned = "/?Action=GetParametersForImport&Version=2016-01-20&Format=JSON"

/**
 * Why there is no answer. A browser does not tell a page, so the page asks the same host once more,
 * for nothing and without being let read the answer: if that is answered, the host is there and has
 * a certificate that the browser accepts.
 * @param {string} origin
 * @param {string} action
 * @param {AbortSignal} signal
 */
async function lost(origin, action, signal) {
    const sent = action === "ImportKeyMaterial"
    if (signal.aborted) return problem(sent ? "link_import_unknown" : "cancelled")
    if (!navigator.onLine) return problem(sent ? "link_import_unknown" : "link_no_network")
    const entry = await record("GetParametersForImport", { Host: origin })
    try {
        await fetch(origin + unsigned, { ...alone, mode: "no-cors", redirect: "follow", signal: AbortSignal.timeout(patience) })
        entry.ended("")
    } catch {
        const failure = problem(sent ? "link_import_unknown" : "link_unreachable")
        entry.ended(failure.code)
        return failure
    }
    return problem(sent ? "link_import_withheld" : "link_answer_withheld")
}
