// @ts-check
// The receipt of an import: what was imported, where and when, without any secret.

import { fromBase64, hex, sha256, toUTF8 } from "./bytes.js"
import { corrected } from "./clock.js"
import { stamp } from "./moment.js"
import { formatReceipt, largestReceipt, parseReceipt } from "./receipt_file.js"
import { problem } from "./words.js"

/** @typedef {import("./receipt_file.js").Receipt} Receipt */

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
 * @property {Date} preparedAt by this computer's clock
 * @property {string} parametersRequestId empty where nobody knows
 * @property {"link" | "relay" | "file"} parametersObtained
 * @property {"link" | "relay"} [importedBy] absent where the import is made elsewhere
 * @property {Date} [importedAt] absent where the import is made elsewhere
 * @property {string} [importRequestId] likewise
 * @property {import("./prepare.js").Prepared} prepared
 */

/**
 * @param {{version: string, module: import("./job.js").Module}} program
 *   module: the one that held the key
 * @param {Imported} made
 * @returns {Promise<{bytes: Uint8Array<ArrayBuffer>, name: string}>}
 */
export async function writeReceipt(program, made) {
    const { prepared } = made
    const preparedAt = corrected(made.preparedAt)
    /** @type {Receipt} */
    const receipt = {
        Program: `keyferry ${program.version}`,
        ModuleSHA256: hex(fromBase64(program.module.integrity.slice("sha256-".length))),
        KeyId: made.keyId,
        Region: made.region,
        WrappingAlgorithm: made.algorithm,
        WrappingKeySHA256: made.fingerprint,
        ImportTokenSHA256: await sha256(toUTF8(made.token)),
        TokenExpireTime: made.tokenExpireTime,
        EncryptedKeyMaterialSHA256: prepared.sha256,
        KeyCheckValue: prepared.kcv,
        Commitment: prepared.commitment,
        CommitmentSalt: prepared.salt,
        KeyMaterialExpireUnix: made.expireUnix,
        Origin: made.source === "generate" ? "generated" : made.source,
        PreparedAt: stamp(preparedAt),
        ImportedAt: made.importedAt && stamp(made.importedAt),
        ParametersObtained: made.parametersObtained,
        ParametersRequestId: made.parametersRequestId,
        ImportedBy: made.importedBy,
        ImportRequestId: made.importRequestId,
        BackupFile: prepared.backupFile,
        BackupSHA256: prepared.backupSHA256,
    }
    const day = stamp(made.importedAt ?? preparedAt).slice(0, 10)
    return { bytes: refusing(() => formatReceipt(receipt)), name: `keyferry-${made.keyId}-${day}-receipt.json` }
}

/**
 * Read a receipt that the person chose. What does not begin as JSON is not read: it may be a key
 * that was chosen in the wrong field, and key material has no place in the page.
 * @param {File} file
 * @returns {Promise<Receipt>}
 */
export async function readReceipt(file) {
    /** @type {Uint8Array<ArrayBuffer>} */
    let content
    try {
        const beginning = await file.slice(0, 4).text()
        if (file.size > largestReceipt || !/^[\ufeff \t\r\n]*(\{|$)/.test(beginning)) throw problem("receipt_not_json")
        content = new Uint8Array(await file.arrayBuffer())
    } catch (thrown) {
        throw thrown instanceof DOMException ? problem("file_unreadable") : thrown
    }
    return refusing(() => parseReceipt(content))
}

/**
 * What identifies the key material of a receipt, as the module compares it.
 * @param {Receipt} receipt
 */
export function identityOf({ KeyCheckValue, Commitment, CommitmentSalt }) {
    return { kcv: KeyCheckValue, commitment: Commitment, salt: CommitmentSalt }
}

/**
 * Put words to a refusal.
 * @template T
 * @param {() => T} act
 */
function refusing(act) {
    try {
        return act()
    } catch (thrown) {
        throw thrown instanceof Error ? thrown : problem(/** @type {{code: string}} */ (thrown).code)
    }
}
