// @ts-check
// The two calls of the KMS, through the console. sent.js lists each request before it is sent.

import { judgeByNewToken, now, setClock } from "./clock.js"
import { judgeToken, normalise, requestId } from "./import_parameters.js"
import { record } from "./sent.js"
import { isProblem, problem } from "./words.js"

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
        WrappingKeySpec: wrappingKeySpec,
    }, signal)
    return readParameters(keyId, answer.body)
}

const wrappingKeySpec = "RSA_2048"

/** How many CMKs one request may be about. */
export const mostTogether = 16

/**
 * Ask for the import parameters of several CMKs by one request.
 * @param {string[]} keyIds at most mostTogether
 * @param {string} algorithm
 * @param {AbortSignal} signal
 * @returns {Promise<(ImportParameters | Problem)[]>} for each CMK
 */
export async function getParametersOfMany(keyIds, algorithm, signal) {
    const fields = { KeyIds: keyIds, WrappingAlgorithm: algorithm, WrappingKeySpec: wrappingKeySpec }
    const { body } = await call("GetParametersForImport", fields, signal, [
        ...keyIds.map((keyId) => sent("KeyId", keyId)), sent("WrappingAlgorithm", algorithm), sent("WrappingKeySpec", wrappingKeySpec),
    ])
    return each(body, keyIds, "console_bad_answer", (answer, keyId) => readParameters(keyId, answer))
}

/** @param {string} name @param {string} value @returns {import("./sent.js").Field} */
const sent = (name, value) => [name, value]

/**
 * What a request about several CMKs was answered for each: what read returns, or the problem.
 * @template Asked, Read
 * @param {any} body
 * @param {Asked[]} asked
 * @param {string} garbled code of the problem where there is not an answer for each
 * @param {(answer: any, asked: Asked) => Read} read
 * @returns {(Read | Problem)[]}
 */
function each({ Answers }, asked, garbled, read) {
    if (!Array.isArray(Answers) || Answers.length !== asked.length) throw problem(garbled)
    return Answers.map((answer, i) => {
        if (answer?.Status !== undefined) return failureOf(answer, answer.Status)
        try {
            return read(answer ?? {}, asked[i])
        } catch (thrown) {
            return isProblem(thrown) ? thrown : problem(garbled)
        }
    })
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
 * Wrapped key material. expireUnix 0: never; shows: for the record of a console that keeps one.
 * @typedef {{keyId: string, ciphertext: string, token: string, expireUnix: number, shows?: {kcv: string, commitment: string}}} Material
 */

/**
 * Send wrapped key material to the KMS, through the console.
 * @param {Material} material
 * @param {AbortSignal} signal
 * @returns {Promise<{requestId: string, time: number}>} the KMS's RequestId, and the console's clock
 *   in milliseconds
 */
export async function importKeyMaterial(material, signal) {
    const { body, time } = await call("ImportKeyMaterial", importFields(material), signal)
    return readImported(body, time)
}

/**
 * Send wrapped key material for several CMKs by one request.
 * @param {Material[]} materials at most mostTogether
 * @param {AbortSignal} signal
 * @returns {Promise<({requestId: string, time: number} | Problem)[]>} for each
 */
export async function importMany(materials, signal) {
    const imports = materials.map(importFields)
    const { body, time } = await call("ImportKeyMaterial", { Imports: imports }, signal, imports.flatMap(Object.entries))
    return each(body, materials, "import_outcome_unknown", (answer) => readImported(answer, time))
}

/** @param {Material} material */
function importFields(material) {
    return {
        KeyId: material.keyId,
        EncryptedKeyMaterial: material.ciphertext,
        ImportToken: material.token,
        KeyMaterialExpireUnix: material.expireUnix,
        ...material.shows ? { KeyCheckValue: material.shows.kcv, Commitment: material.shows.commitment } : {},
    }
}

/** @param {any} body @param {number} time */
function readImported(body, time) {
    const id = requestId(body.RequestId)
    if (id === "") throw problem("import_outcome_unknown")
    return { requestId: id, time }
}

/**
 * @param {"GetParametersForImport" | "ImportKeyMaterial"} action
 * @param {Record<string, any>} fields
 * @param {AbortSignal} signal
 * @param {import("./sent.js").Field[]} [each] the fields as they are listed, of a call about several CMKs
 * @returns {Promise<{body: any, time: number}>}
 */
async function call(action, fields, signal, each) {
    const entry = await record(action, each ?? fields)
    const lost = action === "ImportKeyMaterial" ? "import_outcome_unknown" : "console_unreachable"
    let response, body
    try {
        response = await fetch(`/kms/${action}${each ? "/many" : ""}`, {
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
        const failure = failureOf(body, response.status)
        entry.ended(failure.code)
        throw failure
    }
    entry.ended("")
    return { body, time: now() }
}

/** @param {any} body @param {number} status @returns {Problem} */
export function failureOf(body, status) {
    return { ...toProblem(body), again: status >= 500 || status === 429 }
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
