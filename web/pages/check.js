// @ts-check
// The page that checks a backup against the receipt of its import. Nothing is sent: the backup goes
// to a worker, with what the receipt says of the key material.

import { backup, file } from "./choices.js"
import { one } from "./elements.js"
import "./frame.js"
import { run } from "./job.js"
import { modules } from "./modules.js"
import { utc } from "./moment.js"
import { eachReading } from "./offered_passphrase.js"
import { clearErrors, fill, fillDigest, onSubmit, ready, toTop, wait } from "./page.js"
import { isArchive, openArchive } from "./many_archive.js"
import { identityOf, readReceipts } from "./receipt.js"
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
    const [receipt, ...more] = await readReceipts(chosen)
    if (opened.file.size > 0 && await isArchive(opened.file)) return checkArchive(form, part, opened, [receipt, ...more])
    if (more.length > 0) throw problem("receipts_of_archive")
    const options = { ...opened, ...identityOf(receipt) }
    await wait(form, (signal) => eachReading(opened.secret, (secret) =>
        run(keyferry, { job: "check", options: { ...options, secret } }, { signal })))
    showResult(part, receipt)
    one(part, `[data-part="facts"]`).hidden = false
    part.hidden = false
    toTop(one(part, "h2"))
})

/**
 * Check the keys of an archive, each with its receipt.
 * @param {HTMLFormElement} form
 * @param {HTMLElement} part
 * @param {{file: File, secret: string | File}} opened
 * @param {import("./receipt.js").Receipt[]} said
 */
async function checkArchive(form, part, opened, said) {
    await wait(form, async (signal, say) => {
        const vault = await openArchive(keyferry, opened, signal, (done, count) => say(() => phrase("many-opening", { done, count }), done / count))
        try {
            const inside = new Set(vault.entries.map(({ keyId }) => keyId))
            const missing = said.filter(({ KeyId }) => !inside.has(KeyId))
            if (missing.length > 0) throw { ...problem("archive_key_missing"), detail: listed(missing) }
            const other = []
            for (const one of said) {
                const fits = await vault.judge(one.KeyId, identityOf(one)).then(() => true, () => false)
                if (!fits) other.push(one)
            }
            if (other.length > 0) throw { ...problem("not_the_receipts_key"), detail: listed(other) }
        } finally {
            await vault.end()
        }
    })
    if (said.length === 1) showResult(part, said[0])
    else fill(part, "matches", phrase("many-matches", { count: said.length }))
    one(part, `[data-part="facts"]`).hidden = said.length > 1
    part.hidden = false
    toTop(one(part, "h2"))
}

/** @param {import("./receipt.js").Receipt[]} some */
const listed = (some) => some.slice(0, 5).map(({ KeyId }) => KeyId).join(", ") + (some.length > 5 ? phrase("many-more", { count: some.length - 5 }) : "")

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
