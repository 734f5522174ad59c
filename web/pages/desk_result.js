// @ts-check
// The result of the offline page: two files for the KMS, the command that imports them, and the
// receipt.

import { one } from "./elements.js"
import { inWords } from "./expiry.js"
import { sha256, toUTF8 } from "./bytes.js"
import { importFile } from "./desk_import_file.js"
import { offerDownload } from "./download.js"
import { fill, fillCommands, fillDigest, toTop } from "./page.js"
import { offerPrint, offerReceipt, printRecord, receiptUnsaved } from "./receipt_offer.js"

/** @typedef {import("./desk_import_file.js").Ready} Ready */

/**
 * @param {HTMLElement} task
 * @param {import("./desk_task.js").ByLink} [byLink] absent where nothing is sent
 */
export function deskResult(task, byLink) {
    const part = one(task, `[data-part="result"]`)
    const second = byLink?.result(part)
    offerPrint(part)
    return {
        /** @param {Ready} ready */
        async show(ready) {
            const { keyId, region, expireUnix } = ready
            await offerText(part, "wrapped", ready.wrapped, "EncryptedKeyMaterial_base64.txt")
            await offerText(part, "import-token", ready.parameters.token, "ImportToken.txt")
            offerDownload(part, "import-file", { ...importFile(ready), type: "application/json" })
            fillCommands(part, { cmk: keyId, region, expiry: expireUnix })
            fill(task, "expiry", inWords(expireUnix))
            part.hidden = false
            const receipt = (/** @type {Partial<import("./receipt.js").Imported>} */ outcome) =>
                showReceipt(part, task.dataset.version ?? "", ready, outcome)
            second?.show(ready, receipt)
            await receipt({})
        },
        /** Whether leaving would lose something that the person did not save, or did not finish. */
        holds: () => receiptUnsaved() || (second?.waits() ?? false),
        focus() {
            toTop(one(part, "h2"))
        },
    }
}

/**
 * Put a text behind a link as a file, and the digest of the file beside it.
 * @param {HTMLElement} part
 * @param {string} name of the link; the place for the digest is called after it
 * @param {string} text
 * @param {string} fileName
 */
async function offerText(part, name, text, fileName) {
    const bytes = toUTF8(text)
    offerDownload(part, name, { bytes, name: fileName, type: "text/plain" })
    fillDigest(part, `${name}-digest`, await sha256(bytes))
}

/**
 * Offer the receipt, or say that there is none: nobody here knows the key that another tool
 * wrapped.
 * @param {HTMLElement} part
 * @param {string} version of the program
 * @param {Ready} ready
 * @param {Partial<import("./receipt.js").Imported>} outcome of the import, where this page made it
 */
async function showReceipt(part, version, { keyId, region, parameters, expireUnix, made }, outcome) {
    one(part, `[data-part="no-receipt"]`).hidden = made !== null
    one(part, `[data-part="receipt"]`).hidden = made === null
    if (!made) return printRecord()
    await offerReceipt(part, { version, module: made.module }, {
        keyId, region, expireUnix, source: made.source, prepared: made.prepared, preparedAt: made.at,
        algorithm: parameters.algorithm, token: parameters.token, tokenExpireTime: parameters.tokenExpireTime,
        fingerprint: parameters.fingerprint, parametersRequestId: parameters.requestId,
        parametersObtained: parameters.obtained, ...outcome,
    })
}
