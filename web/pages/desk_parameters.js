// @ts-check
// Import parameters as a person brings them to the offline page: the output of
// GetParametersForImport, pasted or in a file, or the two files from the Alibaba Cloud console. All
// of it is public, and nothing is sent.

import { decodeText, readFile, toBase64 } from "./bytes.js"
import { file, value } from "./choices.js"
import { notBefore, now, tokenLife } from "./clock.js"
import { checkToken, readAnswer } from "./desk_answer.js"
import { plain } from "./import_parameters.js"
import { run } from "./job.js"
import { local } from "./moment.js"
import { phrase, problem } from "./words.js"

/**
 * @typedef {object} DeskParameters
 * @property {string} algorithm
 * @property {string} publicKey base64 of DER
 * @property {string} fingerprint
 * @property {string} token
 * @property {string} tokenExpireTime in UTC, to the second; empty where nobody knows
 * @property {number | null} expires the same in milliseconds; null where nobody knows
 * @property {string} requestId of GetParametersForImport; empty where nobody knows
 * @property {string[]} warnings what is odd, without being wrong for sure
 * @property {"link" | "file"} obtained link: the page got them from the KMS
 * @property {string} [from] the KMS's address, where they came by link
 */

/** What the person entered. @typedef {{keyId: string, region: string, algorithm: string}} Wanted */

/** @typedef {import("./desk_answer.js").Brought} Brought */

/** Files of one answer are saved within this time of each other, in milliseconds. */
const together = 10 * 60 * 1000

/** A file with fewer bytes is neither a public key nor a token, and may be key material. */
const smallest = 100

/**
 * @param {HTMLFormElement} form
 * @param {Wanted} wanted
 * @param {import("./job.js").Module} module reads the wrapping key
 * @param {AbortSignal} signal
 * @param {(form: HTMLFormElement, wanted: Wanted, signal: AbortSignal) => Promise<Brought>} [fromLink]
 *   absent where the page may reach no KMS
 * @returns {Promise<DeskParameters>}
 */
export async function readParameters(form, wanted, module, signal, fromLink) {
    const way = { answer: fromAnswer, files: fromFiles, link: fromLink }[value(form, "brought")]
    if (!way) throw problem("unexpected")
    const { since, ...brought } = await way(form, wanted, signal)
    if (brought.obtained === "file") notBefore(since) // what came by link has told the time already
    if (brought.expires !== null && brought.expires <= now()) throw expired(brought.expires)
    const read = async (/** @type {string} */ publicKey) =>
        (await run(module, { job: "inspect", options: { publicKey } }, { signal })).result
    const { publicKey, fingerprint } = await read(brought.publicKey)
    const own = file(form, "own-key")
    if (own) {
        const obtained = await read(keyText(await readPublic(own)))
        if (obtained.fingerprint !== fingerprint) throw problem("wrapping_key_not_own")
    }
    return { ...brought, publicKey, algorithm: wanted.algorithm, fingerprint }
}

/**
 * A token that has expired by this computer's clock: the clock may be ahead, and nothing here
 * tells.
 * @param {number} expires
 */
function expired(expires) {
    const words = problem("token_expired")
    const times = { clock: local(new Date()), time: local(new Date(expires)) }
    return { ...words, do: phrase("token-expired-or-clock", { ...times, do: words.do }) }
}

/**
 * The whole answer of GetParametersForImport.
 * @param {HTMLFormElement} form
 * @param {Wanted} wanted
 * @returns {Promise<Brought>}
 */
async function fromAnswer(form, { keyId, algorithm }) {
    const pasted = value(form, "answer").trim()
    const saved = file(form, "answer-file")
    if (pasted !== "" && saved) throw problem("parameters_twice")
    if (saved) refuseOtherName(saved.name, algorithm)
    const text = pasted !== "" ? pasted : saved ? decodeText(await readFile(saved)).trim() : ""
    if (text === "") throw problem("parameters_missing")
    return readAnswer(text, { keyId, algorithm })
}

/**
 * The two files of the vendor's console. Memory sticks keep times without a time zone, so that the
 * date of a file may be up to a day late.
 * @param {HTMLFormElement} form
 * @param {Wanted} wanted
 * @returns {Promise<Brought>}
 */
async function fromFiles(form, { algorithm }) {
    const keyFile = file(form, "public-key")
    const tokenFile = file(form, "token")
    if (!keyFile) throw problem("public_key_missing")
    if (!tokenFile) throw problem("token_missing")
    for (const { name } of [keyFile, tokenFile]) refuseOtherName(name, algorithm)
    const since = tokenFile.lastModified - tokenLife
    notBefore(since)
    const warnings = []
    if (tokenFile.lastModified + tokenLife <= now()) warnings.push("token-old")
    if (Math.abs(keyFile.lastModified - tokenFile.lastModified) > together) warnings.push("files-apart")
    const token = plain(decodeText(await readPublic(tokenFile)))
    checkToken(token)
    return { publicKey: keyText(await readPublic(keyFile)), token, tokenExpireTime: "", expires: null, requestId: "", warnings, since, obtained: "file" }
}

/**
 * Read a file that holds a public key or a token. One that is too short for that stays unread: it
 * may be a key that was chosen in the wrong field.
 * @param {File} chosen
 */
async function readPublic(chosen) {
    if (chosen.size > 0 && chosen.size < smallest) throw problem("file_like_key")
    return await readFile(chosen)
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
