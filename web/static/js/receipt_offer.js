// @ts-check
// What a person keeps of an import: its receipt, and the page on paper.

import { offerDownload } from "./download.js"
import { one, showError } from "./page.js"
import { writeReceipt } from "./receipt.js"

/**
 * Offer the receipt of an import for download. An error shows in the result, which is there in any
 * case.
 * @param {HTMLElement} result
 * @param {{version: string, module: import("./job.js").Module}} program module: the one that held the key
 * @param {import("./receipt.js").Imported} imported
 */
export async function offerReceipt(result, program, imported) {
    try {
        const receipt = await writeReceipt(program, imported)
        offerDownload(result, "receipt", { ...receipt, type: "application/json" })
    } catch (thrown) {
        showError(result, thrown)
    }
}

/** Make the button of a result print the page. @param {HTMLElement} result */
export function offerPrint(result) {
    one(result, `[data-act="print"]`).addEventListener("click", () => window.print())
}
