// @ts-check
// The import with the desk on the import page: the console signs both calls, or makes the second.

import { ask } from "./api.js"
import { value } from "./choices.js"
import { one } from "./elements.js"
import { offerSender, readFile, showFile, showLink } from "./link.js"
import { fillTemplate, onSubmit, toTop, wait } from "./page.js"
import { problem } from "./words.js"

/** @typedef {import("./link.js").ImportFile} ImportFile */

const desk = one(document, "[data-task=link-import]")
const { region = "" } = desk.dataset

/** The CMK of step 1. */
const keyId = () => document.querySelector(`[data-fill="cmk"]`)?.textContent ?? ""

/** @type {ImportFile | null} */
let file = null

/** @returns {any} */
function body() {
    if (!file) throw problem("import_file_missing")
    return file
}

const parameters = onSubmit("desk-parameters", async () => {
    const algorithm = value(/** @type {HTMLFormElement} */ (one(document, `[data-form="params"]`)), "algorithm")
    const sent = { KeyId: keyId(), WrappingAlgorithm: algorithm }
    showLink(desk, "desk-parameters", await wait(parameters, (signal) => ask("/kms/GetParametersForImportLink", { body: sent, signal })), keyId())
})

const reading = onSubmit("desk-file", async () => {
    file = await readFile(reading, { keyId: keyId(), region })
    for (const part of ["desk-second", "desk-result"]) one(desk, `[data-part="${part}"]`).hidden = true
    showFile(desk, file)
    send.dispatchEvent(new Event("change"))
})

const send = onSubmit("desk-send", async () => {
    if (sender() === "console") return settle(send)
    const made = await wait(send, (signal) => ask("/kms/ImportKeyMaterialLink", { body: body(), signal }))
    one(desk, `[data-part="desk-second"]`).hidden = false
    showLink(desk, "desk-import", made, keyId())
})

const sender = offerSender(send, () => ({ cmk: keyId() }))

const settling = onSubmit("desk-settle", () => settle(settling))

/** Let the console send what the desk made. @param {HTMLFormElement} form */
async function settle(form) {
    const { RequestId: id } = await wait(form, (signal) => ask("/kms/ImportFile", { body: body(), signal, lost: "import_outcome_unknown" }))
    const result = one(desk, `[data-part="desk-result"]`)
    fillTemplate(result, "desk-settled", { cmk: keyId() })
    fillTemplate(result, "desk-request-id", { id })
    result.hidden = false
    toTop(one(result, "p"))
}

// A request has its own place for this, on its page.
desk.hidden = new URLSearchParams(location.search).has("request")
