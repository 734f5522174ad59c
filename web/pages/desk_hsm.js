// @ts-check
// Step 3 for key material that stays in a hardware security module, or with another tool: the
// person saves the wrapping key and brings the wrapped material back. Nothing here is secret, so
// nothing needs a worker.

import { fromBase64, readFile, sha256, toBase64, toUTF8 } from "./bytes.js"
import { file, value } from "./choices.js"
import { offerDownload } from "./download.js"
import { all, one } from "./elements.js"
import { fillCommands, onSubmit } from "./page.js"
import { problem } from "./words.js"
import { judgeWrapped } from "./wrapped.js"

/** @typedef {{encryptedKeyMaterial: string, sha256: string}} Wrapped */

/**
 * @param {HTMLElement} task
 * @param {(wrapped: Wrapped) => Promise<void>} goOn
 */
export function hsmLane(task, goOn) {
    const lane = one(task, `[data-lane="hsm"]`)
    /** @type {Wrapped | null} */
    let wrapped = null
    /** The modulus of the wrapping key that was handed out. */
    let modulus = new Uint8Array()

    const form = onSubmit("wrapped", async () => {
        const bytes = await readWrapped(form, modulus)
        wrapped = { encryptedKeyMaterial: toBase64(bytes), sha256: await sha256(bytes) }
        await goOn(wrapped)
    })

    return {
        wrapped: () => wrapped,
        /**
         * Offer the wrapping key, and the commands for its algorithm.
         * @param {{publicKey: string, algorithm: string, fingerprint: string}} parameters
         */
        show({ publicKey, algorithm, fingerprint }) {
            const der = derOf(publicKey)
            modulus = der.slice(modulusAt, modulusAt + 256)
            const pem = `-----BEGIN PUBLIC KEY-----\n${toBase64(der).replace(/.{1,64}/g, "$&\n")}-----END PUBLIC KEY-----\n`
            offerDownload(lane, "der", { bytes: der, name: "PublicKey.bin", type: "application/octet-stream" })
            offerDownload(lane, "pem", { bytes: toUTF8(pem), name: "PublicKey.pem", type: "application/x-pem-file" })
            fillCommands(lane, { id: fingerprint.slice(0, 8) })
            for (const part of all(lane, "[data-algorithm]")) part.hidden = part.dataset.algorithm !== algorithm
        },
        restart() {
            wrapped = null
            form.reset()
        },
    }
}

/**
 * The DER of a public key that was read already.
 * @param {string} publicKey base64 of DER, or PEM
 */
function derOf(publicKey) {
    return fromBase64(publicKey.replace(/-----[A-Z ]+-----/g, "").replace(/\s/g, ""))
}

/**
 * Where the modulus of an RSA-2048 key begins in the DER of a SubjectPublicKeyInfo, which the
 * module has read strictly.
 */
const modulusAt = 33

/**
 * The wrapped material: 256 bytes, or base64 or hex digits of them. A key that is not wrapped is
 * refused by its shape.
 * @param {HTMLFormElement} form
 * @param {Uint8Array} modulus
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
async function readWrapped(form, modulus) {
    const saved = file(form, "wrapped-file")
    const pasted = value(form, "wrapped-text").trim()
    if (saved && pasted !== "") throw problem("wrapped_twice")
    if (!saved && pasted === "") throw problem("wrapped_missing")
    const raw = saved ? await readFile(saved) : toUTF8(pasted)
    return judgeWrapped(raw, !saved, modulus)
}
