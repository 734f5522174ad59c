// @ts-check
// The page that checks a backup against the receipt of its import. Nothing is sent: a worker reads
// both files.

import { backup, file } from "./choices.js"
import { run } from "./job.js"
import { modules } from "./modules.js"
import { utc } from "./moment.js"
import { clearErrors, fill, fillDigest, one, onSubmit, wait } from "./page.js"
import { fillHoles, phrase, problem } from "./words.js"

const task = one(document, "[data-task=check]")
const { custody } = modules(task)

onSubmit("check", async (form) => {
    const part = one(task, `[data-part="result"]`)
    part.hidden = true
    const receipt = file(form, "receipt")
    if (!receipt) throw problem("receipt_missing")
    const options = { ...backup(form, "check"), receipt }
    clearErrors(document)
    const { result } = await wait(form, (signal) => run(custody, { job: "check", options }, { signal }))
    showResult(part, result)
    part.hidden = false
    one(part, "h2").focus()
})

/**
 * Show what the receipt says. That of a desk does not say when the KMS accepted the material: the
 * desk was not there.
 * @param {HTMLElement} part
 * @param {{keyId: string, region: string, importedAt: string, preparedAt: string, expireUnix: number, origin: string, kcv: string}} said
 */
function showResult(part, said) {
    const told = said.importedAt !== ""
    const moment = inUTC(new Date(told ? said.importedAt : said.preparedAt))
    const { dataset } = one(part, `[data-fill="matches"]`)
    const matches = (told ? dataset.template : dataset.prepared) ?? ""
    fill(part, "matches", fillHoles(matches, { cmk: said.keyId, date: moment }))
    fill(part, "cmk", said.keyId)
    fill(part, "region", said.region)
    fill(part, "imported", told ? moment : phrase("not-told"))
    fill(part, "expires", said.expireUnix === 0 ? phrase("expiry-never") : inUTC(new Date(said.expireUnix * 1000)))
    fill(part, "origin", phrase(`origin-${said.origin}`))
    fillDigest(part, "kcv", said.kcv)
}

/** @param {Date} moment */
const inUTC = (moment) => `${utc(moment)} UTC`
