// @ts-check
// What a person keeps of an import of many keys: one file of receipts, a page to print, and a
// calendar with one entry for each day on which key material expires.

import { toUTF8 } from "./bytes.js"
import { offerDownload } from "./download.js"
import { one } from "./elements.js"
import { inWords } from "./expiry.js"
import { utc } from "./moment.js"
import { fill, showDigest } from "./page.js"
import { writeReceiptLine } from "./receipt.js"
import { phrase } from "./words.js"

/** @typedef {import("./many_send.js").Item} Item */

/**
 * @param {HTMLElement[]} roots have a link each
 * @param {{version: string, region: string, algorithm: () => string, archive: () => {name: string, sha256: string, module: import("./job.js").Module}}} from
 */
export function receipts(roots, { version, region, algorithm, archive }) {
    /** One receipt for each CMK, the latest. @type {Map<string, string>} */
    const lines = new Map()
    let unsaved = false
    for (const root of roots) one(root, `[data-link="receipts"]`).addEventListener("click", () => { unsaved = false })

    return {
        /** Whether there are receipts that nobody has saved yet. */
        unsaved: () => unsaved,
        count: () => lines.size,
        /**
         * Write the receipt of a CMK that was imported or submitted just now. What it was made of is not needed
         * any more.
         * @param {Item} item
         */
        async add(item) {
            const { entry, parameters, wrapped, answer, preparedAt, state } = item
            if (!parameters || !wrapped || !preparedAt) return
            item.parameters = item.wrapped = undefined
            const { name, sha256, module } = archive()
            lines.set(entry.keyId, await writeReceiptLine({ version, module }, {
                keyId: entry.keyId, region, expireUnix: item.expireUnix, source: entry.origin === "generated" ? "generate" : entry.origin,
                preparedAt, algorithm: algorithm(), token: parameters.ImportToken, tokenExpireTime: parameters.TokenExpireTime,
                fingerprint: wrapped.fingerprint, parametersRequestId: parameters.RequestId,
                parametersObtained: state === "made" ? "file" : "relay",
                ...answer ? { importRequestId: answer.requestId, importedAt: new Date(answer.time), importedBy: "relay" } : {},
                prepared: { ...wrapped, ...entry, backupFile: name, backupSHA256: sha256 },
            }))
            unsaved = true
        },
        /** Receipts that the person has brought are kept in the new file too. @param {string} keyId @param {string} line */
        keep(keyId, line) {
            lines.set(keyId, line)
        },
        /** Offer those that there are. @param {string} name of the file */
        offer(name) {
            if (lines.size === 0) return
            const bytes = toUTF8([...lines.values()].join(""))
            for (const root of roots) offerDownload(root, "receipts", { bytes, name, type: "application/jsonl" })
        },
    }
}

/**
 * Fill in the record on paper: a line for each CMK.
 * @param {HTMLElement} paper
 * @param {Item[]} items
 * @param {{name: string, sha256: string}} archive
 */
export function fillRecord(paper, items, { name, sha256 }) {
    fill(paper, "archive", name)
    showDigest(one(paper, `[data-fill="archive-sha256"]`), sha256)
    fill(paper, "printed", utc(new Date()))
    one(paper, "tbody").replaceChildren(...items.map(({ entry, expireUnix, state, answer }) => {
        const row = document.createElement("tr")
        const cells = [entry.keyId, entry.label, entry.kcv.match(/.{1,4}/g)?.join(" ") ?? "", expireUnix ? inWords(expireUnix).split(" · ")[1] : phrase("expiry-never"),
            answer ? utc(new Date(answer.time)) : phrase(`many-${state}`)]
        row.append(...cells.map((text) => Object.assign(document.createElement("td"), { textContent: text })))
        return row
    }))
}

/**
 * Offer the calendar, if anything expires.
 * @param {HTMLElement} form
 * @param {Item[]} items
 */
export function fillCalendar(form, items) {
    const expiring = items.filter(({ expireUnix, state }) => expireUnix > 0 && (state === "imported" || state === "skipped"))
    form.hidden = expiring.length === 0
    one(form, `[name="Keys"]`).setAttribute("value", expiring.map(({ entry, expireUnix }) => `${entry.keyId} ${expireUnix}`).join("\n"))
}
