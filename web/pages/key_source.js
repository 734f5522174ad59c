// @ts-check
// Step 3, where the key material comes from: generated, a file, an encrypted backup, or components.
// Files are not read here, apart from a receipt, which holds no secret; the worker reads them.

import { backup, file, showChosen, typedSentence, value } from "./choices.js"
import { input, one } from "./elements.js"
import { isArchive } from "./many_archive.js"
import { identityOf, readReceipts } from "./receipt.js"
import { problem } from "./words.js"

/**
 * Show what belongs to the chosen source: a brought key can have a receipt, and a copy elsewhere.
 * @param {HTMLFormElement} form
 */
export function showSource(form) {
    const generated = value(form, "source") === "generate"
    one(form, `[data-part="receipt"]`).hidden = generated
    one(form, `[data-part="elsewhere"]`).hidden = generated
    if (generated && value(form, "protection") === "elsewhere") input(form, "#protection-passphrase").checked = true
    const button = one(form, `[data-act="prepare"]`)
    button.textContent = (generated ? button.dataset.generate : button.dataset.brought) ?? ""
    showChosen(form)
}

/**
 * What was chosen as the source, as the worker takes it.
 * @param {HTMLFormElement} form
 * @param {string} keyId of the CMK
 * @param {string} [commitment] of the only key that may be imported
 */
export async function chosenSource(form, keyId, commitment = "") {
    const source = value(form, "source")
    const brought = source === "backup"
        ? backup(form, "source")
        : { file: source === "file" ? file(form, "file") : null, secret: "" }
    if (source === "file" && !brought.file) throw problem("file_missing")
    if (source === "backup" && brought.file && await isArchive(brought.file)) {
        const { file: archive, secret } = brought
        return { source: "archive", archive, file: null, secret, receipt: await chosenReceipt(form, keyId, commitment) }
    }
    return { source, ...brought, receipt: source === "generate" ? null : await chosenReceipt(form, keyId, commitment) }
}

/**
 * What the chosen receipt says of the key material, or null where none is chosen. A receipt of
 * another CMK is refused: the KMS would refuse the material.
 * @param {HTMLFormElement} form
 * @param {string} keyId of the CMK
 * @param {string} commitment of the only key that may be imported; empty if any may
 */
async function chosenReceipt(form, keyId, commitment) {
    const chosen = file(form, "receipt")
    if (!chosen && commitment !== "") throw problem("receipt_missing")
    if (!chosen) return null
    const receipt = (await readReceipts(chosen)).find(({ KeyId }) => KeyId === keyId)
    if (!receipt) throw problem("receipt_other_cmk")
    if (commitment !== "" && receipt.Commitment !== commitment) throw problem("receipt_other_commitment")
    return identityOf(receipt)
}

/**
 * How the key is protected, as the worker takes it, apart from the passphrase.
 * @param {HTMLFormElement} form
 */
export function chosenProtection(form) {
    const protection = value(form, "protection")
    const recipients = value(form, "recipients")
    if (protection === "recipients" && recipients.trim() === "") throw problem("recipients_missing")
    if (protection === "elsewhere" && !typedSentence(input(form, "#elsewhere"))) throw problem("sentence_missing")
    return { protection, recipients }
}
