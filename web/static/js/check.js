// @ts-check
// The page that checks a backup against the receipt of its import. Nothing is sent: the backup goes
// to a worker, with what the receipt says of the key material.

import { backup, file } from "./choices.js"
import { run } from "./job.js"
import { modules } from "./modules.js"
import { utc } from "./moment.js"
import { eachReading } from "./offered_passphrase.js"
import { clearErrors, fill, fillDigest, onSubmit, one, ready, toTop, wait } from "./page.js"
import { identityOf, readReceipt } from "./receipt.js"
import { fillHoles, phrase, problem } from "./words.js"

ready()

const task = one(document, "[data-task=check]")
const { keyferry } = modules(task)

onSubmit("check", async (form) => {
    const part = one(task, `[data-part="result"]`)
    part.hidden = true
    const chosen = file(form, "receipt")
    if (!chosen) throw problem("receipt_missing")
    const opened = backup(form, "check")
    clearErrors(document)
    const receipt = await readReceipt(chosen)
    const options = { ...opened, ...identityOf(receipt) }
    await wait(form, (signal) => eachReading(opened.secret, (secret) =>
        run(keyferry, { job: "check", options: { ...options, secret } }, { signal })))
    showResult(part, receipt)
    part.hidden = false
    toTop(one(part, "h2"))
})

/**
 * Show what the receipt says. That of a desk does not say when the KMS accepted the material: the
 * desk was not there.
 * @param {HTMLElement} part
 * @param {import("./receipt.js").Receipt} said
 */
function showResult(part, said) {
    const told = said.ImportedAt !== undefined
    const moment = inUTC(new Date(said.ImportedAt ?? said.PreparedAt))
    const { dataset } = one(part, `[data-fill="matches"]`)
    const matches = (told ? dataset.template : dataset.prepared) ?? ""
    fill(part, "matches", fillHoles(matches, { cmk: said.KeyId, date: moment }))
    fill(part, "cmk", said.KeyId)
    fill(part, "region", said.Region)
    fill(part, "imported", told ? moment : phrase("not-told"))
    fill(part, "parameters-obtained", phrase(said.ParametersObtained ? `parameters-${said.ParametersObtained}` : "way-not-told"))
    fill(part, "imported-by", phrase(said.ImportedBy ? `import-${said.ImportedBy}` : "way-not-told"))
    fill(part, "expires", said.KeyMaterialExpireUnix === 0 ? phrase("expiry-never") : inUTC(new Date(said.KeyMaterialExpireUnix * 1000)))
    fill(part, "origin", phrase(`origin-${said.Origin}`))
    fillDigest(part, "kcv", said.KeyCheckValue)
}

/** @param {Date} moment */
const inUTC = (moment) => `${utc(moment)} UTC`
