// @ts-check
// The result of the offline page: two files for the KMS, the command that imports them, and the
// receipt.

import { inWords } from "./expiry.js"
import { sha256, toUTF8 } from "./bytes.js"
import { offerDownload } from "./download.js"
import { fill, fillCommands, fillDigest, one, toTop } from "./page.js"
import { offerPrint, offerReceipt, printRecord } from "./receipt_offer.js"

/**
 * @typedef {object} Ready
 * @property {string} keyId
 * @property {string} region
 * @property {import("./desk_parameters.js").DeskParameters} parameters
 * @property {string} wrapped base64, one line
 * @property {number} expireUnix
 * @property {import("./prepare.js").Made | null} made null where another tool wrapped
 */

/** @param {HTMLElement} task */
export function deskResult(task) {
    const part = one(task, `[data-part="result"]`)
    offerPrint(part)
    return {
        /** @param {Ready} ready */
        async show(ready) {
            const { keyId, region, expireUnix } = ready
            await offerText(part, "wrapped", ready.wrapped, "EncryptedKeyMaterial_base64.txt")
            await offerText(part, "import-token", ready.parameters.token, "ImportToken.txt")
            fillCommands(part, { cmk: keyId, region, expiry: expireUnix })
            fill(task, "expiry", inWords(expireUnix))
            part.hidden = false
            await showReceipt(part, task.dataset.version ?? "", ready)
        },
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
 */
async function showReceipt(part, version, { keyId, region, parameters, expireUnix, made }) {
    one(part, `[data-part="no-receipt"]`).hidden = made !== null
    one(part, `[data-part="receipt"]`).hidden = made === null
    if (!made) return printRecord()
    await offerReceipt(part, { version, module: made.module }, {
        keyId, region, expireUnix, source: made.source, prepared: made.prepared, preparedAt: made.at,
        algorithm: parameters.algorithm, token: parameters.token, tokenExpireTime: parameters.tokenExpireTime,
        fingerprint: parameters.fingerprint, parametersRequestId: parameters.requestId,
    })
}
