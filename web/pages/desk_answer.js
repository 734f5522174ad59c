// @ts-check
// The answer of GetParametersForImport as text, and what a token must look like on the offline
// page. What is taken here is what the receipt can hold.

import { tokenLife } from "./clock.js"
import { judgeToken, normalise, readJSON } from "./import_parameters.js"
import { problem } from "./words.js"

/**
 * What a person brought: the parameters, of which the public key is not read yet.
 * @typedef {object} Brought
 * @property {string} publicKey base64 of DER, or PEM
 * @property {string} token
 * @property {string} tokenExpireTime in UTC, to the second; empty where nobody knows
 * @property {number | null} expires the same in milliseconds; null where nobody knows
 * @property {string} requestId of GetParametersForImport; empty where nobody knows
 * @property {string[]} warnings
 * @property {number} since a time that has passed, in milliseconds
 * @property {"link" | "file"} obtained link: the page got them from the KMS
 * @property {string} [from] the KMS's address, where they came by link
 */

/**
 * Read the whole answer: the JSON that the aliyun command line prints.
 * @param {string} text
 * @param {{keyId: string, algorithm: string}} wanted
 * @returns {Brought}
 */
export function readAnswer(text, { keyId, algorithm }) {
    const answer = parse(text)
    if (typeof answer?.Code === "string" && typeof answer?.Message === "string") {
        throw { ...problem("parameters_refused"), detail: `${answer.Code}: ${answer.Message}`, requestId: answer.RequestId && String(answer.RequestId) }
    }
    const { KeyId, PublicKey, ImportToken, TokenExpireTime, RequestId } = answer ?? {}
    const complete = [KeyId, PublicKey, ImportToken, TokenExpireTime].every((field) => typeof field === "string" && field !== "")
    if (!complete) throw problem("parameters_incomplete")
    if (KeyId !== keyId) throw problem("parameters_other_cmk")
    if (typeof answer.WrappingAlgorithm === "string" && answer.WrappingAlgorithm !== algorithm) throw problem("parameters_other_algorithm")
    const normalised = normalise({ ImportToken, TokenExpireTime, RequestId })
    if (Number.isNaN(normalised.expires)) throw problem("parameters_incomplete")
    checkToken(normalised.token)
    return { ...normalised, publicKey: PublicKey, warnings: [], since: normalised.expires - tokenLife, obtained: "file" }
}

/** @param {string} text @returns {any} */
function parse(text) {
    try {
        return readJSON(text)
    } catch {
        throw problem("parameters_unreadable")
    }
}

/**
 * Refuse what cannot be a token.
 * @param {string} token
 */
export function checkToken(token) {
    if (looksLikePublicKey(token)) throw problem("files_swapped")
    const found = judgeToken(token)
    if (found === "key") throw problem("token_like_key")
    if (found !== "token") throw problem("token_unreadable")
}

/** Whether a text is a public key: PEM, or base64 of the DER of one. @param {string} text */
function looksLikePublicKey(text) {
    return text.includes("-----BEGIN") || text.startsWith("MIIBIjAN")
}
