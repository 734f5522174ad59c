// @ts-check
// What leaves the desk: two files that the KMS takes, the command that hands them over, and the receipt.

import { inWords } from "./expiry.js"
import { offerDownload } from "./material.js"
import { fill, fillCommands, fillDigest, one, showError } from "./page.js"
import { writeReceipt } from "./receipt.js"
import { sha256 } from "./sent.js"

/**
 * @typedef {object} Ready
 * @property {string} keyId
 * @property {string} region
 * @property {import("./desk_parameters.js").DeskParameters} parameters
 * @property {string} wrapped base64, one line
 * @property {number} expireUnix
 * @property {import("./material_step.js").Made | null} made null where another tool wrapped
 */

/**
 * @param {HTMLElement} task
 * @param {import("./job.js").Module} module writes the receipt
 */
export function deskResult(task, module) {
    const part = one(task, `[data-part="result"]`)

    one(part, `[data-act="print"]`).addEventListener("click", () => window.print())

    /**
     * Put a file behind a link, and its digest beside it.
     * @param {string} name of the link and of the place for the digest
     * @param {string} text
     * @param {string} fileName
     */
    async function offer(name, text, fileName) {
        const bytes = new TextEncoder().encode(text)
        offerDownload(/** @type {HTMLAnchorElement} */ (one(part, `[data-link="${name}"]`)), bytes, fileName, "text/plain")
        fillDigest(part, `${name}-digest`, await sha256(bytes))
    }

    /** @param {Ready} ready */
    async function offerReceipt({ keyId, region, parameters, expireUnix, made }) {
        const link = /** @type {HTMLAnchorElement} */ (one(part, `[data-link="receipt"]`))
        one(part, `[data-part="no-receipt"]`).hidden = made !== null
        one(part, `[data-part="receipt"]`).hidden = made === null
        if (!made) return
        const { version = "" } = task.dataset
        const receipt = await writeReceipt(module, { version, module: made.module }, {
            keyId, region, expireUnix, source: made.source, prepared: made.prepared, preparedAt: made.at,
            algorithm: parameters.algorithm, token: parameters.token, tokenExpireTime: parameters.tokenExpireTime,
            fingerprint: parameters.fingerprint, parametersRequestId: parameters.requestId,
        })
        offerDownload(link, receipt.bytes, receipt.name, "application/json")
    }

    return {
        /** @param {Ready} ready */
        async show(ready) {
            const { keyId, region, wrapped, expireUnix, parameters } = ready
            await offer("wrapped", wrapped, "EncryptedKeyMaterial_base64.txt")
            await offer("import-token", parameters.token, "ImportToken.txt")
            fillCommands(part, { cmk: keyId, region, expiry: expireUnix })
            fill(task, "expiry", inWords(expireUnix))
            fill(part, "expiry-unix", String(expireUnix))
            part.hidden = false
            try {
                await offerReceipt(ready)
            } catch (thrown) {
                showError(part, thrown)
            }
        },
        focus() {
            one(part, "h2").focus()
        },
    }
}
