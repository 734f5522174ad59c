// @ts-check
// Step 3, the backup: its passphrase is stored, the file is saved, and the saved file is opened
// again. Each of the three shows once the one before is done.

import { backup } from "./choices.js"
import { offerDownload } from "./download.js"
import { all, input, one } from "./elements.js"
import { run } from "./job.js"
import { utc } from "./moment.js"
import { eachReading, readOffered } from "./offered_passphrase.js"
import { fill, onSubmit, toTop, wait } from "./page.js"
import { printPaper } from "./receipt_offer.js"
import { fillHoles, problem, showWhole } from "./words.js"

/** @typedef {import("./prepare.js").Made} Made */

/**
 * @param {HTMLElement} part of the page
 * @param {import("./job.js").Module} module opens backups
 * @param {(made: Made) => Promise<void>} goOn the saved backup was opened
 */
export function backupProof(part, module, goOn) {
    const save = one(part, `[data-part="save"]`)
    const link = one(save, `[data-link="backup"]`)
    /** @type {Made | null} */
    let shown = null
    const moment = passphraseMoment(part, () => {
        save.hidden = false
        toTop(one(part, "h3"))
    })

    const form = onSubmit("proof", async () => {
        if (!shown) throw problem("unexpected")
        const made = shown
        const { kcv, commitment, salt } = made.prepared
        const opened = backup(form, "proof")
        await wait(form, (signal) => eachReading(opened.secret, (secret) =>
            run(module, { job: "check", options: { ...opened, secret, kcv, commitment, salt } }, { signal })))
        form.reset() // the secret is not needed any more
        await goOn(made)
    })

    link.addEventListener("click", () => {
        form.hidden = false
        link.classList.add("secondary")
    })
    input(form, "#proof-age").addEventListener("change", () => input(form, "#proof-secret").focus())

    return {
        /**
         * Show what was prepared.
         * @param {Made} made
         * @param {string} passphrase of the backup, to be stored; empty where recipients open it
         */
        show(made, passphrase) {
            shown = made
            form.hidden = true
            link.classList.remove("secondary")
            offerBackup(part, link, made)
            save.hidden = passphrase !== ""
            moment.show(passphrase)
            part.hidden = false
            toTop(one(part, "h3"))
        },
        hide() {
            shown = null
            part.hidden = true
            moment.show("")
            form.reset()
        },
    }
}

/**
 * @param {HTMLElement} part
 * @param {HTMLElement} link
 * @param {Made} made
 */
function offerBackup(part, link, { prepared, at }) {
    if (!prepared.backup || !prepared.backupFile) throw problem("unexpected")
    offerDownload(part, "backup", { bytes: prepared.backup, name: prepared.backupFile, type: "application/octet-stream" })
    showWhole(link, fillHoles(link.dataset.template ?? "", { name: prepared.backupFile }))
    fill(document, "backup-file", prepared.backupFile)
    fill(document, "prepared-utc", utc(at))
}

/**
 * The moment to store the passphrase: it stays until the person says that it is stored.
 * @param {HTMLElement} part
 * @param {() => void} stored
 */
export function passphraseMoment(part, stored) {
    const moment = one(part, `[data-part="store"]`)
    const place = one(moment, ".passphrase")
    const sheet = one(document, `[data-paper="sheet"]`)

    /** @param {string} passphrase */
    function show(passphrase) {
        const offered = readOffered(passphrase) === passphrase
        place.replaceChildren(...groups(passphrase, offered))
        moment.hidden = passphrase === ""
        for (const alphabet of [...all(moment, `[data-part="alphabet"]`), ...all(sheet, `[data-part="alphabet"]`)]) {
            alphabet.hidden = !offered
        }
        one(sheet, `[data-part="boxes"]`).hidden = !offered
        one(sheet, `[data-part="line"]`).hidden = offered
    }

    one(moment, `[data-act="stored"]`).addEventListener("click", () => {
        show("")
        stored()
    })
    one(moment, `[data-act="sheet"]`).addEventListener("click", () => printPaper("sheet"))
    return { show }
}

/**
 * A passphrase in pieces that do not break across lines: groups where it was offered.
 * @param {string} passphrase
 * @param {boolean} offered
 */
function groups(passphrase, offered) {
    const pieces = offered ? passphrase.split(/(?<=-)/) : [passphrase]
    return pieces.map((piece) => Object.assign(document.createElement("span"), { textContent: piece }))
}
