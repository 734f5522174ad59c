// @ts-check
// Import parameters as a person brings them to the offline page: the output of
// GetParametersForImport, pasted or in a file, or the two files from the Alibaba Cloud console. All
// of it is public, and nothing is sent.

import { decodeText, readFile, toBase64 } from "./bytes.js"
import { file, value } from "./choices.js"
import { run } from "./job.js"
import { isProblem, problem } from "./words.js"

/**
 * @typedef {object} DeskParameters
 * @property {string} algorithm
 * @property {string} publicKey base64 of DER, or PEM
 * @property {string} fingerprint
 * @property {string} token
 * @property {string} tokenExpireTime as the KMS wrote it; empty where nobody knows
 * @property {number | null} expires when the token ends, in milliseconds; null where nobody knows
 * @property {string} requestId of GetParametersForImport; empty where nobody knows
 * @property {string[]} warnings what is odd, without being wrong for sure
 */

/** @typedef {{publicKey: string, token: string, tokenExpireTime: string, requestId: string, warnings: string[]}} Brought */

/** How long a token is valid, in milliseconds. */
const life = 24 * 3600 * 1000

/** Files of one answer are saved within this time of each other, in milliseconds. */
const together = 10 * 60 * 1000

/**
 * @param {HTMLFormElement} form
 * @param {{keyId: string, algorithm: string}} wanted
 * @param {import("./job.js").Module} module reads the wrapping key
 * @param {AbortSignal} signal
 * @returns {Promise<DeskParameters>}
 */
export async function readParameters(form, wanted, module, signal) {
    const brought = value(form, "brought") === "answer" ? await fromAnswer(form, wanted) : await fromFiles(form, wanted)
    if (!/^[A-Za-z0-9+/]{16,}={0,2}$/.test(brought.token) || brought.token.length % 4 !== 0) {
        throw problem(looksLikeKey(brought.token) ? "files_swapped" : "token_unreadable")
    }
    const expires = brought.tokenExpireTime === "" ? null : Date.parse(brought.tokenExpireTime)
    if (expires !== null && Number.isNaN(expires)) throw problem("parameters_incomplete")
    if (expires !== null && expires <= Date.now()) throw problem("token_expired")
    const fingerprint = await fingerprintOf(brought, module, signal)
    const own = file(form, "own-key")
    if (own) {
        const obtained = await fingerprintOf({ ...brought, publicKey: keyText(await readFile(own)) }, module, signal)
        if (obtained !== fingerprint) throw problem("wrapping_key_not_own")
    }
    return { ...brought, algorithm: wanted.algorithm, expires, fingerprint }
}

/**
 * @param {Brought} brought
 * @param {import("./job.js").Module} module
 * @param {AbortSignal} signal
 * @returns {Promise<string>}
 */
async function fingerprintOf(brought, module, signal) {
    const read = async (/** @type {string} */ publicKey) =>
        (await run(module, { job: "inspect", options: { publicKey } }, { signal })).result.fingerprint
    try {
        return await read(brought.publicKey)
    } catch (thrown) {
        const swapped = isProblem(thrown) && thrown.code.startsWith("wrapping_key_") && looksLikeKey(brought.token)
        throw swapped ? problem("files_swapped") : thrown
    }
}

/** Whether a text is a public key: PEM, or base64 of the DER of one. @param {string} text */
function looksLikeKey(text) {
    return text.includes("-----BEGIN") || text.startsWith("MIIBIjAN")
}

/**
 * The whole answer of GetParametersForImport.
 * @param {HTMLFormElement} form
 * @param {{keyId: string, algorithm: string}} wanted
 * @returns {Promise<Brought>}
 */
async function fromAnswer(form, { keyId, algorithm }) {
    const pasted = value(form, "answer").trim()
    const saved = file(form, "answer-file")
    if (pasted !== "" && saved) throw problem("parameters_twice")
    if (saved) refuseOtherName(saved.name, algorithm)
    const text = pasted !== "" ? pasted : saved ? decodeText(await readFile(saved)).trim() : ""
    if (text === "") throw problem("parameters_missing")
    /** @type {any} */
    let answer
    try {
        answer = JSON.parse(text)
    } catch {
        throw problem("parameters_unreadable")
    }
    if (typeof answer?.Code === "string" && typeof answer?.Message === "string") {
        throw { ...problem("parameters_refused"), detail: `${answer.Code}: ${answer.Message}`, requestId: answer.RequestId && String(answer.RequestId) }
    }
    const { PublicKey, ImportToken, TokenExpireTime, RequestId = "" } = answer ?? {}
    const complete = [PublicKey, ImportToken, TokenExpireTime].every((field) => typeof field === "string" && field !== "")
    if (!complete) throw problem("parameters_incomplete")
    if (answer.KeyId !== keyId) throw problem("parameters_other_cmk")
    if (typeof answer.WrappingAlgorithm === "string" && answer.WrappingAlgorithm !== algorithm) throw problem("parameters_other_algorithm")
    return { publicKey: PublicKey, token: ImportToken, tokenExpireTime: TokenExpireTime, requestId: String(RequestId), warnings: [] }
}

/**
 * The two files of the vendor's console.
 * @param {HTMLFormElement} form
 * @param {{algorithm: string}} wanted
 * @returns {Promise<Brought>}
 */
async function fromFiles(form, { algorithm }) {
    const keyFile = file(form, "public-key")
    const tokenFile = file(form, "token")
    if (!keyFile) throw problem("public_key_missing")
    if (!tokenFile) throw problem("token_missing")
    for (const { name } of [keyFile, tokenFile]) refuseOtherName(name, algorithm)
    const warnings = []
    if (tokenFile.lastModified + life <= Date.now()) warnings.push("token-old")
    if (Math.abs(keyFile.lastModified - tokenFile.lastModified) > together) warnings.push("files-apart")
    return {
        publicKey: keyText(await readFile(keyFile)),
        token: decodeText(await readFile(tokenFile)).trim(),
        tokenExpireTime: "", requestId: "", warnings,
    }
}

/**
 * A public key as text: what is DER becomes base64, PEM and base64 stay as they are.
 * @param {Uint8Array} bytes
 */
function keyText(bytes) {
    const isDER = bytes[0] === 0x30 && decodeText(bytes.subarray(0, 4)) !== "0000"
    return isDER ? toBase64(bytes) : decodeText(bytes).trim()
}

/**
 * Files that were saved by the command of this page carry the algorithm in their names.
 * @param {string} name
 * @param {string} algorithm
 */
function refuseOtherName(name, algorithm) {
    const named = /RSAES_(?:OAEP_SHA_256|OAEP_SHA_1|PKCS1_V1_5)/.exec(name)?.[0]
    if (named && named !== algorithm) throw problem("parameters_other_algorithm")
}
