// @ts-check
// The import with the desk, for a request: links for its importer, what the desk made, and what the
// KMS answered to it.

import { ask } from "./api.js"
import { value } from "./choices.js"
import { all, one } from "./elements.js"
import { offerSender, readFile, showFile, showLink } from "./link.js"
import { onSubmit, toTop, wait } from "./page.js"
import { problem } from "./words.js"

/** @typedef {import("./request_words.js").Request} Request */

/**
 * Offer the desk on the page of a request.
 * @param {() => Request} current the request as it is now
 * @param {(fresh: Request) => void} show
 */
export function offerDesk(current, show) {
    const path = () => `/api/requests/${current().Id}`
    const desk = one(document, `[data-part="desk"]`)
    /** @type {import("./link.js").ImportFile | null} */
    let file = null

    const parameters = onSubmit("parameters-link", async () => {
        const sent = { WrappingAlgorithm: value(parameters, "algorithm") }
        const made = await wait(parameters, (signal) => ask(`${path()}/parameters-link`, { body: sent, signal }))
        showLink(desk, "desk-parameters", made, current().KeyId)
    })

    const reading = onSubmit("desk-file", async () => {
        file = await readFile(reading, { keyId: current().KeyId, region: current().Region })
        showFile(desk, file)
        submit.dispatchEvent(new Event("change"))
    })

    const submit = onSubmit("desk-submit", async () => {
        if (!file) throw problem("import_file_missing")
        const sent = /** @type {any} */ (file)
        const act = sender() === "desk" ? "submit-by-link" : "submit-file"
        show(await wait(submit, (signal) => ask(`${path()}/${act}`, { body: sent, signal, lost: "submit_outcome_unknown" })))
        toTop(one(document, "#now-state"))
    })
    const sender = offerSender(submit, () => ({}))

    const second = onSubmit("import-link", async () => {
        const made = await wait(second, (signal) => ask(`${path()}/import-link`, { body: {}, signal }))
        showLink(document, "desk-import", made, current().KeyId)
        show(await ask(path()))
    })

    const report = onSubmit("report", async () => {
        const sent = { State: value(report, "report"), Code: "", RequestId: value(report, "id").trim().toUpperCase() }
        show(await wait(report, (signal) => ask(`${path()}/report`, { body: sent, signal })))
        toTop(one(document, "#now-state"))
    })
}

/**
 * Leave the algorithms that the request allows, and say how the importer had the parameters.
 * @param {Request} request
 */
export function fitDesk({ Algorithms, Submission, State, May }) {
    const options = /** @type {HTMLOptionElement[]} */ (all(document, "#desk-algorithm option"))
    for (const option of options) if (!Algorithms.includes(option.value)) option.remove()
    one(document, `[data-row="parameters-way"]`).hidden = !Submission?.ParametersByLink
    if (May.includes("import-link")) fitSender(State)
    one(document, `[data-part="desk-algorithms"]`).hidden = Algorithms.length === 1
}

/** Make the act that comes next the primary one. @param {string} state */
function fitSender(state) {
    const link = one(document, `[data-may="import-link"]`)
    const again = one(document, `[data-form="again"] > button`)
    one(link, `[data-form="import-link"] > button`).classList.toggle("secondary", state !== "submitted")
    again.classList.toggle("secondary", state === "submitted")
    if (state === "submitted") again.textContent = link.dataset.console ?? ""
}
