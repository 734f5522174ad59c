// @ts-check
// The receipt of an import: what was imported, where and when, without any secret. The module writes it, so that the same
// code writes and reads it.

import { run } from "./job.js"
import { fromBase64, hex, sha256 } from "./bytes.js"

/**
 * @typedef {object} Imported
 * @property {string} keyId
 * @property {string} region
 * @property {string} algorithm
 * @property {string} token
 * @property {string} tokenExpireTime empty where nobody knows
 * @property {string} fingerprint of the wrapping key
 * @property {number} expireUnix
 * @property {string} source
 * @property {Date} preparedAt
 * @property {string} parametersRequestId empty where nobody knows
 * @property {Date} [importedAt] absent where the import is made elsewhere
 * @property {string} [importRequestId] likewise
 * @property {import("./prepare.js").Prepared} prepared
 */

/**
 * @param {import("./job.js").Module} from
 * @param {{version: string, module: import("./job.js").Module}} program module: the one that held the key
 * @param {Imported} made
 * @returns {Promise<{bytes: Uint8Array<ArrayBuffer>, name: string}>}
 */
export async function writeReceipt(from, program, made) {
    const { prepared } = made
    const fields = {
        program: `keyferry ${program.version}`, moduleSHA256: hex(fromBase64(program.module.integrity.slice("sha256-".length))),
        keyId: made.keyId, region: made.region, alias: "",
        algorithm: made.algorithm, wrappingKeySHA256: made.fingerprint,
        tokenSHA256: await sha256(new TextEncoder().encode(made.token)), tokenExpireTime: made.tokenExpireTime,
        ciphertextSHA256: prepared.sha256,
        kcv: prepared.kcv, commitment: prepared.commitment, salt: prepared.salt,
        expireUnix: made.expireUnix,
        origin: made.source === "generate" ? "generated" : made.source,
        preparedAt: seconds(made.preparedAt), importedAt: made.importedAt ? seconds(made.importedAt) : "",
        parametersRequestId: made.parametersRequestId, importRequestId: made.importRequestId ?? "",
        backupFile: prepared.backupFile ?? "", backupSHA256: prepared.backupSHA256 ?? "",
    }
    const { result } = await run(from, { job: "writeReceipt", fields }, { signal: new AbortController().signal })
    return { bytes: result.receipt, name: `keyferry-${made.keyId}-${seconds(made.importedAt ?? made.preparedAt).slice(0, 10)}-receipt.json` }
}

/** @param {Date} moment */
const seconds = (moment) => `${moment.toISOString().slice(0, 19)}Z`
