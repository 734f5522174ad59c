// @ts-check
// What a person keeps of an import: its receipt, and a record on paper.

import { offerDownload } from "./download.js"
import { one } from "./elements.js"
import { fill, fillDigest, showError } from "./page.js"
import { utc } from "./moment.js"
import { writeReceipt } from "./receipt.js"

let unsaved = false

/** Whether there is a receipt that nobody has saved yet. */
export const receiptUnsaved = () => unsaved

/**
 * Offer the receipt of an import for download, and fill in the record. An error shows in the
 * result, which is there in any case.
 * @param {HTMLElement} result
 * @param {{version: string, module: import("./job.js").Module}} program with the module that held
 * the key
 * @param {import("./receipt.js").Imported} imported
 */
export async function offerReceipt(result, program, imported) {
    fillRecord(imported)
    printRecord()
    unsaved = true
    try {
        const receipt = await writeReceipt(program, imported)
        offerDownload(result, "receipt", { ...receipt, type: "application/json" })
        one(result, `[data-link="receipt"]`).addEventListener("click", () => { unsaved = false })
    } catch (thrown) {
        unsaved = false // there is none to save
        showError(result, thrown)
    }
}

/** @param {import("./receipt.js").Imported} imported */
function fillRecord({ prepared, preparedAt, importedAt }) {
    fill(document, "prepared-utc", utc(preparedAt))
    if (importedAt) fill(document, "imported-utc", utc(importedAt))
    const none = document.querySelector("[data-none]")
    fill(document, "backup-file", prepared.backupFile ?? (none instanceof HTMLElement ? none.dataset.none : "") ?? "")
    fillDigest(document, "backup-digest", prepared.backupSHA256 ?? "")
}

/** From now on the browser prints the record and not the page. */
export function printRecord() {
    document.documentElement.dataset.paper = "record"
}

/**
 * Make the button of a result print the record.
 * @param {HTMLElement} result
 */
export function offerPrint(result) {
    one(result, `[data-act="print"]`).addEventListener("click", () => printPaper("record"))
}

/**
 * Print one of the pages that are made for paper, and nothing else.
 * @param {"record" | "sheet"} name
 */
export function printPaper(name) {
    const { dataset } = document.documentElement
    const before = dataset.paper
    dataset.paper = name
    addEventListener("afterprint", () => {
        if (before) dataset.paper = before
        else delete dataset.paper
    }, { once: true })
    window.print()
}
