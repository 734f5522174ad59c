// @ts-check
// A drill: the importer opens the backup of a key in this browser. When it has the right key, the
// console records that. What goes there is the check value and the commitment of the receipt.

import { ask } from "./api.js"
import { backup, file, forgetSecret } from "./choices.js"
import { one } from "./elements.js"
import "./frame.js"
import { run } from "./job.js"
import { modules } from "./modules.js"
import { eachReading } from "./offered_passphrase.js"
import { clearErrors, fill, fillDigest, onSubmit, ready, showError, toTop, wait } from "./page.js"
import "./panel.js"
import { identityOf, readReceipt } from "./receipt.js"
import { address, importPath, moments, requestAddress } from "./request_words.js"
import { signedIn } from "./who.js"
import { problem } from "./words.js"

ready()

const task = one(document, "[data-task=drill]")
const part = one(task, `[data-part="drill"]`)
const { keyferry } = modules(task)
const id = new URLSearchParams(location.search).get("request") ?? ""

/** @type {import("./request_words.js").Request | undefined} */
let request

async function load() {
    if (!/^[A-Za-z0-9]{26}$/.test(id)) throw problem("request_unreadable")
    request = await ask(`/api/requests/${id}`)
    if (!request?.May.includes("prove")) throw problem("request_not_open")
    fill(part, "key", request.KeyId)
    fill(part, "label", request.Label)
    one(part, `[data-row="label"]`).hidden = request.Label === ""
    fill(part, "until", moments(request.Deadline))
    part.hidden = false
}

const form = onSubmit("drill", async () => {
    if (!request) throw problem("unexpected")
    const { KeyId, Commitment } = request
    const chosen = file(form, "receipt")
    if (!chosen) throw problem("receipt_missing")
    const opened = backup(form, "check")
    clearErrors(document)
    const receipt = await readReceipt(chosen)
    if (receipt.KeyId !== KeyId) throw problem("receipt_other_cmk")
    if (Commitment !== "" && receipt.Commitment !== Commitment) throw problem("receipt_other_commitment")
    const identity = identityOf(receipt)
    await wait(form, async (signal) => {
        await eachReading(opened.secret, (secret) =>
            run(keyferry, { job: "check", options: { ...opened, ...identity, secret } }, { signal }))
        await ask(`/api/requests/${id}/prove`, { body: { Commitment: identity.commitment, KeyCheckValue: identity.kcv }, signal })
    })
    forgetSecret(form, "check")
    showResult(identity.kcv)
})

/** @param {string} kcv */
function showResult(kcv) {
    part.hidden = true
    const result = one(task, `[data-part="result"]`)
    fillDigest(result, "kcv", kcv)
    result.hidden = false
    toTop(one(result, "h2"))
}

one(task, `[data-act="renew"]`).addEventListener("click", async () => {
    if (!request) return
    try {
        const again = await ask("/api/keys/renew", { body: { Region: request.Region, KeyId: request.KeyId } })
        location.assign(again.May.includes("issue") ? address(importPath(again)) : requestAddress(again.Id))
    } catch (thrown) {
        showError(task, thrown)
    }
})

signedIn().then(load).catch((thrown) => showError(task, thrown))
