// @ts-check
// The end of a connected desk: the import file goes to the console, a second link comes back, and
// the page itself sends the wrapped key material to the KMS.

import { corrected } from "./clock.js"
import { importFile } from "./desk_import_file.js"
import { sendMaterial } from "./desk_link_call.js"
import { readLink } from "./desk_link_check.js"
import { givenLink } from "./desk_link_field.js"
import { one } from "./elements.js"
import { requestId } from "./import_parameters.js"
import { fill, fillTemplate, onSubmit, toTop, wait } from "./page.js"
import { fillHoles, problem, showWhole } from "./words.js"

/** @typedef {import("./desk_import_file.js").Ready} Ready */

/**
 * @param {HTMLElement} result
 * @param {import("./desk_link_check.js").Reached[]} reached
 */
export function secondLink(result, reached) {
    /** @type {Ready | null} */
    let ready = null
    /** @type {(outcome: {importRequestId: string, importedAt: Date, importedBy: "link"}) => Promise<void>} */
    let keep = async () => {}
    const download = one(result, `[data-link="import-file"]`)
    const button = one(result, `[data-act="confirm-import"]`)

    onSubmit("second", async (form) => {
        if (!ready) throw problem("unexpected")
        const { keyId, region, parameters, wrapped, expireUnix } = ready
        const link = readLink(await givenLink(form, "second"), reached, "ImportKeyMaterial", {
            region, KeyId: keyId, EncryptedKeyMaterial: wrapped, ImportToken: parameters.token, KeyMaterialExpireUnix: String(expireUnix),
        })
        const { body } = await wait(form, (signal) => sendMaterial(link, signal))
        const id = requestId(body.RequestId)
        if (id === "") throw problem("link_import_unknown")
        const importedAt = corrected(new Date())
        showAccepted(result, ready, link.reached.origin, id)
        ready = null
        await keep({ importRequestId: id, importedAt, importedBy: "link" })
    })

    download.addEventListener("click", () => handedOver(true))

    /** Once the import file is saved, what comes next is the second link. @param {boolean} saved */
    function handedOver(saved) {
        download.classList.toggle("secondary", saved)
        button.classList.toggle("secondary", !saved)
    }

    return {
        /** Whether the page still waits for the second link. */
        waits: () => ready !== null,
        /**
         * @param {Ready} made
         * @param {typeof keep} receipt takes what the KMS answered into the receipt
         */
        show(made, receipt) {
            ready = made
            keep = receipt
            showWhole(one(result, "#import-text"), importFile(made).text)
            showWhole(button, fillHoles(button.dataset.template ?? "", { cmk: made.keyId }))
            handedOver(false)
        },
    }
}

/**
 * @param {HTMLElement} result
 * @param {Ready} ready
 * @param {string} origin
 * @param {string} id of the KMS's answer
 */
function showAccepted(result, { keyId, made }, origin, id) {
    one(result, `[data-part="to-import"]`).hidden = true
    const part = one(result, `[data-part="accepted-by-kms"]`)
    const values = { cmk: keyId, host: origin.replace(/^https?:\/\//, "") }
    for (const name of ["accepted-cmk", "accepted-why", "accepted-by", "accepted-local", "still-yours"]) fillTemplate(part, name, values)
    one(part, `[data-fill="${origin.startsWith("https:") ? "accepted-by" : "accepted-local"}"]`).hidden = false
    one(part, `[data-fill="still-yours"]`).hidden = made?.source !== "backup"
    fill(document, "import-request-id", id)
    one(document, "[data-by-hand]").hidden = true // the record has the time
    one(result, `[data-link="receipt"]`).classList.remove("secondary")
    part.hidden = false
    toTop(one(part, "h2"))
}
