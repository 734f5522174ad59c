// @ts-check
// Step 3, the backup: its check values, its download, and the test that the saved file can be
// opened.

import { backup } from "./choices.js"
import { offerDownload } from "./download.js"
import { run } from "./job.js"
import { fillDigest, one, onSubmit, wait } from "./page.js"
import { fillHoles, problem } from "./words.js"

/** @typedef {import("./prepare.js").Prepared} Prepared */

/**
 * @param {HTMLElement} part of the page
 * @param {import("./job.js").Module} module opens backups
 */
export function backupProof(part, module) {
    const goOn = /** @type {HTMLButtonElement} */ (one(part, `[data-act="to-import"]`))
    const proven = one(part, `[data-part="proven"]`)
    /** @type {Prepared | null} */
    let shown = null

    const form = onSubmit("proof", async () => {
        if (!shown) throw problem("unexpected")
        const { kcv, commitment, salt } = shown
        const options = { ...backup(form, "proof"), kcv, commitment, salt }
        await wait(form, (signal) => run(module, { job: "check", options }, { signal }))
        form.hidden = true
        form.reset() // the secret is not needed any more
        proven.hidden = false
        goOn.disabled = false
        goOn.focus()
    })

    return {
        /** Show what was prepared. Where there is no backup to test, the way on is open. @param {Prepared} prepared */
        show(prepared) {
            shown = prepared
            proven.hidden = true
            form.hidden = !prepared.backup
            goOn.disabled = !form.hidden
            one(part, `[data-part="not-needed"]`).hidden = !form.hidden
            showPrepared(part, prepared)
        },
        hide() {
            shown = null
            part.hidden = true
            form.reset()
        },
    }
}

/** @param {HTMLElement} part @param {Prepared} prepared */
function showPrepared(part, prepared) {
    fillDigest(document, "kcv", prepared.kcv)
    fillDigest(document, "commitment", prepared.commitment)
    if (prepared.backup && prepared.backupFile) {
        offerDownload(part, "backup", { bytes: prepared.backup, name: prepared.backupFile, type: "application/octet-stream" })
        const link = one(part, `[data-link="backup"]`)
        link.textContent = fillHoles(link.dataset.template ?? "", { name: prepared.backupFile })
    }
    part.hidden = false
    one(part, "h3").focus()
}
