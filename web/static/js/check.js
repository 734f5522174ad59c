// @ts-check
// The page that checks a backup against the receipt of its import. Nothing is sent: both files go to a worker.

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
    const { result } = await wait(form, (signal) =>
        run(custody, { job: "check", options }, { signal }))
    const matches = one(part, `[data-fill="matches"]`)
    // The receipt of a desk does not say when the KMS took the material, because the desk was not there.
    const told = result.importedAt !== ""
    const moment = `${utc(new Date(told ? result.importedAt : result.preparedAt))} UTC`
    matches.textContent = fillHoles((told ? matches.dataset.template : matches.dataset.prepared) ?? "", { cmk: result.keyId, date: moment })
    fill(part, "cmk", result.keyId)
    fill(part, "region", result.region)
    fill(part, "imported", told ? moment : phrase("not-told"))
    fill(part, "expires", result.expireUnix === 0 ? phrase("expiry-never") : `${utc(new Date(result.expireUnix * 1000))} UTC`)
    fill(part, "origin", phrase(`origin-${result.origin}`))
    fillDigest(part, "kcv", result.kcv)
    part.hidden = false
    one(part, "h2").focus()
})
