// @ts-check
// The only code in this page that sends. sent.js lists each request before it is sent.

import { record } from "./sent.js"
import { problem } from "./words.js"

/** @typedef {import("./words.js").Problem} Problem */
/** @typedef {{KeyId: string, PublicKey: string, ImportToken: string, TokenExpireTime: string, RequestId: string}} ImportParameters */

/**
 * Ask the KMS, through the console, for a wrapping key and an import token.
 * @param {string} keyId
 * @param {string} algorithm
 * @param {AbortSignal} signal
 * @returns {Promise<ImportParameters & {serverTime: number}>} serverTime: the console's clock, in milliseconds
 */
export async function getParametersForImport(keyId, algorithm, signal) {
    const answer = await call("GetParametersForImport", {
        KeyId: keyId,
        WrappingAlgorithm: algorithm,
        WrappingKeySpec: "RSA_2048",
    }, signal)
    const { KeyId, PublicKey, ImportToken, TokenExpireTime, RequestId } = answer.body
    const complete = [PublicKey, ImportToken, TokenExpireTime, RequestId].every((field) => typeof field === "string" && field)
    if (!complete || KeyId !== keyId || Number.isNaN(Date.parse(TokenExpireTime))) throw problem("console_bad_answer")
    return { KeyId, PublicKey, ImportToken, TokenExpireTime, RequestId, serverTime: answer.time }
}

/**
 * Send wrapped key material to the KMS, through the console.
 * @param {{keyId: string, ciphertext: string, token: string, expireUnix: number}} material expireUnix 0: never
 * @param {AbortSignal} signal
 * @returns {Promise<{requestId: string, time: number}>} the KMS's RequestId, and the console's clock in milliseconds
 */
export async function importKeyMaterial(material, signal) {
    const answer = await call("ImportKeyMaterial", {
        KeyId: material.keyId,
        EncryptedKeyMaterial: material.ciphertext,
        ImportToken: material.token,
        KeyMaterialExpireUnix: material.expireUnix,
    }, signal)
    if (typeof answer.body.RequestId !== "string") throw problem("import_outcome_unknown")
    return { requestId: answer.body.RequestId, time: answer.time }
}

/**
 * @param {"GetParametersForImport" | "ImportKeyMaterial"} action
 * @param {Record<string, string | number>} fields
 * @param {AbortSignal} signal
 * @returns {Promise<{body: any, time: number}>}
 */
async function call(action, fields, signal) {
    const entry = await record(action, fields)
    const lost = action === "ImportKeyMaterial" ? "import_outcome_unknown" : "console_unreachable"
    let response, body
    try {
        response = await fetch(`/kms/${action}`, {
            method: "POST",
            headers: { "Content-Type": "application/json", "Accept-Language": document.documentElement.lang },
            body: JSON.stringify(fields),
            credentials: "same-origin",
            redirect: "error",
            signal,
        })
        body = await response.json()
    } catch {
        const code = signal.aborted && action !== "ImportKeyMaterial" ? "cancelled" : response ? garbled(action) : lost
        entry.ended(code)
        throw problem(code)
    }
    if (!response.ok) {
        const failure = toProblem(body)
        entry.ended(failure.code)
        throw failure
    }
    entry.ended("")
    return { body, time: Date.parse(response.headers.get("Date") ?? "") || Date.now() }
}

/** @param {string} action */
function garbled(action) {
    return action === "ImportKeyMaterial" ? "import_outcome_unknown" : "console_bad_answer"
}

/**
 * @param {any} body
 * @returns {Problem}
 */
function toProblem(body) {
    if (typeof body?.Code !== "string" || typeof body?.Message !== "string") return problem("console_bad_answer")
    return {
        code: body.Code,
        what: body.Message,
        do: String(body.Advice ?? ""),
        detail: body.Detail && String(body.Detail),
        requestId: body.RequestId && String(body.RequestId),
        consoleId: body.ConsoleRequestId && String(body.ConsoleRequestId),
    }
}
