// @ts-check
// The two calls of the KMS, through the console. sent.js lists each request before it is sent.

import { judgeByNewToken, now, setClock } from "./clock.js"
import { judgeToken, normalise, requestId } from "./import_parameters.js"
import { record } from "./sent.js"
import { problem } from "./words.js"

/** @typedef {import("./words.js").Problem} Problem */
/**
 * @typedef {object} ImportParameters
 * @property {string} PublicKey
 * @property {string} ImportToken
 * @property {string} TokenExpireTime in UTC, to the second
 * @property {number} expires the same in milliseconds
 * @property {string} RequestId
 */

/**
 * Ask the KMS, through the console, for a wrapping key and an import token. The answer tells what
 * time it is.
 * @param {string} keyId
 * @param {string} algorithm
 * @param {AbortSignal} signal
 * @returns {Promise<ImportParameters>}
 */
export async function getParametersForImport(keyId, algorithm, signal) {
    const answer = await call("GetParametersForImport", {
        KeyId: keyId,
        WrappingAlgorithm: algorithm,
        WrappingKeySpec: "RSA_2048",
    }, signal)
    return readParameters(keyId, answer.body)
}

/**
 * Import parameters as the console answers them.
 * @param {string} keyId of the CMK that they must be for
 * @param {any} body
 * @returns {ImportParameters}
 */
export function readParameters(keyId, body) {
    const { KeyId, PublicKey, ImportToken, TokenExpireTime, RequestId } = body
    const complete = [PublicKey, ImportToken, TokenExpireTime].every((field) => typeof field === "string" && field)
    if (!complete || KeyId !== keyId) throw problem("console_bad_answer")
    const { token, tokenExpireTime, expires, requestId } = normalise({ ImportToken, TokenExpireTime, RequestId })
    if (Number.isNaN(expires) || requestId === "" || judgeToken(token) !== "token") throw problem("console_bad_answer")
    judgeByNewToken(expires)
    return { PublicKey, ImportToken: token, TokenExpireTime: tokenExpireTime, expires, RequestId: requestId }
}

/**
 * Send wrapped key material to the KMS, through the console.
 * @param {{keyId: string, ciphertext: string, token: string, expireUnix: number, shows?: {kcv: string, commitment: string}}} material
 *   expireUnix 0: never; shows: for the record of a console that keeps one
 * @param {AbortSignal} signal
 * @returns {Promise<{requestId: string, time: number}>} the KMS's RequestId, and the console's clock
 *   in milliseconds
 */
export async function importKeyMaterial(material, signal) {
    const answer = await call("ImportKeyMaterial", {
        KeyId: material.keyId,
        EncryptedKeyMaterial: material.ciphertext,
        ImportToken: material.token,
        KeyMaterialExpireUnix: material.expireUnix,
        ...material.shows ? { KeyCheckValue: material.shows.kcv, Commitment: material.shows.commitment } : {},
    }, signal)
    const id = requestId(answer.body.RequestId)
    if (id === "") throw problem("import_outcome_unknown")
    return { requestId: id, time: answer.time }
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
    const date = Date.parse(response.headers.get("Date") ?? "")
    if (!Number.isNaN(date)) setClock(date)
    if (!response.ok) {
        const failure = toProblem(body)
        failure.again = response.status >= 500 || response.status === 429
        entry.ended(failure.code)
        throw failure
    }
    entry.ended("")
    return { body, time: now() }
}

/** @param {string} action */
function garbled(action) {
    return action === "ImportKeyMaterial" ? "import_outcome_unknown" : "console_bad_answer"
}

/**
 * The problem that the console answers with.
 * @param {any} body
 * @returns {Problem}
 */
export function toProblem(body) {
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
