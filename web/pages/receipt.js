// @ts-check
// The receipt of an import: what was imported, where and when, without any secret.

import { fromBase64, hex, sha256, toUTF8 } from "./bytes.js"
import { corrected } from "./clock.js"
import { stamp } from "./moment.js"
import { formatReceipt, largestReceipt, parseReceipt, receiptLine } from "./receipt_file.js"
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
    const receipt = await receiptOf(program, made)
    const preparedAt = corrected(made.preparedAt)
    const day = stamp(made.importedAt ?? preparedAt).slice(0, 10)
    return { bytes: refusing(() => formatReceipt(receipt)), name: `keyferry-${made.keyId}-${day}-receipt.json` }
}

/**
 * @param {{version: string, module: import("./job.js").Module}} program
 * @param {Imported} made
 * @returns {Promise<string>} the receipt on one line
 */
export async function writeReceiptLine(program, made) {
    const receipt = await receiptOf(program, made)
    return refusing(() => receiptLine(receipt))
}

/**
 * @param {{version: string, module: import("./job.js").Module}} program
 * @param {Imported} made
 * @returns {Promise<Receipt>}
 */
async function receiptOf(program, made) {
    const { prepared } = made
    return {
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
        Origin: { generate: "generated", archive: "backup" }[made.source] ?? made.source,
        PreparedAt: stamp(corrected(made.preparedAt)),
        ImportedAt: made.importedAt && stamp(made.importedAt),
        ParametersObtained: made.parametersObtained,
        ParametersRequestId: made.parametersRequestId,
        ImportedBy: made.importedBy,
        ImportRequestId: made.importRequestId,
        BackupFile: prepared.backupFile,
        BackupSHA256: prepared.backupSHA256,
    }
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

/** How large a file of receipts may be, in bytes: above that of the most CMKs at once. */
const largestReceipts = 16 << 20

/**
 * Read a file of one receipt, or of several with each on a line.
 * @param {File} file
 * @returns {Promise<Receipt[]>}
 */
export async function readReceipts(file) {
    if (file.size > largestReceipts || !/^[\ufeff \t\r\n]*\{/.test(await file.slice(0, 64).text().catch(() => ""))) return [await readReceipt(file)]
    const text = await file.text().catch(() => { throw problem("file_unreadable") })
    const lines = text.replace(/^\ufeff/, "").split(/\r?\n/).filter((line) => line.trim() !== "")
    if (!lines.every((line) => /^\s*\{.*\}\s*$/.test(line))) return [await readReceipt(file)]
    return lines.map((line) => refusing(() => parseReceipt(toUTF8(line))))
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
