// @ts-check
// The console's own data: requests, the ledger, and who is signed in. Besides kms.js this is the
// only code that sends; where the page lists what it sent, it lists this too.

import { setClock } from "./clock.js"
import { failureOf } from "./kms.js"
import { record } from "./sent.js"
import { problem } from "./words.js"

/**
 * @typedef {object} Call
 * @property {Record<string, unknown>} [body] of a POST; without it the call is a GET
 * @property {AbortSignal} [signal]
 * @property {string} [lost] code of the problem where an answer was lost
 */

/**
 * Ask the console for something, and return what it answers.
 * @param {string} path
 * @param {Call} [call]
 * @returns {Promise<any>}
 */
export async function ask(path, { body, signal, lost = "console_unreachable" } = {}) {
    const entry = await listed(path, body)
    const headers = { "Accept": "application/json", "Accept-Language": document.documentElement.lang, "Keyferry-Request": "1" }
    let response, answer
    try {
        response = await fetch(path, {
            method: body ? "POST" : "GET",
            headers: body ? { ...headers, "Content-Type": "application/json" } : headers,
            body: body && JSON.stringify(body),
            credentials: "same-origin",
            redirect: "error",
            signal,
        })
        const text = await response.text() // also where it is empty: a page that goes on would abort it
        answer = text === "" ? null : JSON.parse(text)
    } catch {
        const code = signal?.aborted && lost === "console_unreachable" ? "cancelled" : response && lost === "console_unreachable" ? "console_bad_answer" : lost
        entry.ended(code)
        throw problem(code)
    }
    const date = Date.parse(response.headers.get("Date") ?? "")
    if (!Number.isNaN(date)) setClock(date)
    if (!response.ok) {
        const failure = failureOf(answer, response.status)
        entry.ended(failure.code)
        throw failure
    }
    entry.ended("")
    return answer
}

/**
 * List a call in the panel of the page, if it has one.
 * @param {string} path
 * @param {Record<string, unknown>} [body]
 */
function listed(path, body = {}) {
    if (!document.querySelector(`[data-part="sent"]`)) return { ended() {} }
    const fields = Object.entries(body).map(([name, value]) => [name, typeof value === "number" ? value : typeof value === "string" ? value : JSON.stringify(value)])
    return record(path, Object.fromEntries(fields))
}
