// @ts-check
// The ledger, for auditors: search, and what is needed to check it without this console.

import { ask } from "./api.js"
import { toUTF8 } from "./bytes.js"
import { value } from "./choices.js"
import { offerDownload } from "./download.js"
import { one } from "./elements.js"
import "./frame.js"
import { clearErrors, fill, fillCommands, ready, showError } from "./page.js"
import { requestAddress } from "./request_words.js"
import { signedIn } from "./who.js"
import { phrase, template } from "./words.js"

ready()

/**
 * @typedef {object} Entry
 * @property {number} Index
 * @property {string} At
 * @property {string} Kind
 * @property {string} Request
 * @property {string} Region
 * @property {string} KeyId
 * @property {string} Person
 * @property {string[]} Policies
 * @property {Record<string, string>} Fields
 */

const task = one(document, "[data-task=ledger]")
const form = /** @type {HTMLFormElement} */ (one(task, `[data-form="filter"]`))
const rows = one(task, `[data-part="entries"]`)
const more = one(task, `[data-act="more"]`)

/** How many entries are shown at once, and how many are read at once to save them. */
const shown = 25
const read = 100

/** Where the next part begins; -1 at the beginning. */
let before = -1

/**
 * Ask for the part of what the search finds that comes before an entry.
 * @param {number} index -1 for the newest
 * @param {number} limit
 * @returns {Promise<{Entries: Entry[], Checkpoint: string, Key: string}>}
 */
function find(index, limit) {
    const query = new URLSearchParams({ kind: value(form, "kind"), text: value(form, "text").trim(), limit: String(limit) })
    if (index >= 0) query.set("before", String(index))
    return ask(`/api/ledger?${query}`)
}

/** @param {boolean} again whether the list begins anew */
async function load(again) {
    if (again) before = -1
    const { Entries, Checkpoint, Key } = await find(before, shown)
    clearErrors(document)
    const made = Entries.map(row)
    if (again) rows.replaceChildren(...made)
    else rows.append(...made)
    before = Entries.at(-1)?.Index ?? 0
    more.hidden = Entries.length < shown || before === 0
    const found = one(task, `[data-fill="found"]`)
    found.textContent = rows.children.length ? "" : found.dataset.none ?? ""
    if (again) showCheck(Checkpoint, Key)
}

/** @param {Entry} entry */
function row(entry) {
    const made = /** @type {DocumentFragment} */ (document.importNode(template("row"), true))
    fill(made, "number", String(entry.Index))
    fill(made, "kind", entry.Kind)
    fill(made, "time", entry.At.slice(0, 19).replace("T", " "))
    const facts = {
        request: entry.Request, person: entry.Person, policies: entry.Policies.join(", "),
        fields: [["KeyId", entry.KeyId], ...Object.entries(entry.Fields ?? {})].filter(([, said]) => said !== "").map(([name, said]) => `${name}: ${said}`).join(" · "),
    }
    for (const [name, said] of Object.entries(facts)) {
        if (said === "") one(made, `[data-row="${name}"]`).remove()
        else fill(made, name, said)
    }
    if (entry.Request !== "") {
        const link = Object.assign(document.createElement("a"), { href: requestAddress(entry.Request), textContent: entry.Request })
        one(made, `[data-fill="request"]`).replaceChildren(link)
    }
    return one(made, "li")
}

/** @param {string} checkpoint @param {string} key */
function showCheck(checkpoint, key) {
    one(task, "#ledger-key").textContent = key
    one(task, "#checkpoint").textContent = checkpoint
    fillCommands(task, { key: `'${key}'`, address: `${location.origin}/ledger/log` })
    offerDownload(task, "checkpoint", { bytes: toUTF8(checkpoint), name: "checkpoint.txt", type: "text/plain" })
}

/** Save everything that the search finds, one object on each line, the oldest last. */
async function save() {
    /** @type {string[]} */
    const lines = []
    for (let index = -1; ;) {
        const { Entries } = await find(index, read)
        lines.push(...Entries.map((entry) => JSON.stringify(entry)))
        index = Entries.at(-1)?.Index ?? 0
        fill(task, "found", phrase("exporting", { count: lines.length }))
        if (Entries.length < read || index === 0) break
    }
    fill(task, "found", phrase("ledger-total", { count: lines.length }))
    const link = document.createElement("a")
    link.href = URL.createObjectURL(new Blob([lines.join("\n"), "\n"], { type: "application/jsonl" }))
    link.download = "keyferry-ledger.jsonl"
    link.click()
    URL.revokeObjectURL(link.href)
}

/** @param {() => Promise<void>} act */
const showing = (act) => () => act().catch((thrown) => showError(task, thrown))

let typing = 0
form.addEventListener("input", () => {
    clearTimeout(typing)
    typing = setTimeout(showing(() => load(true)), 300)
})
form.addEventListener("submit", (event) => {
    event.preventDefault()
    showing(() => load(true))()
})
more.addEventListener("click", showing(() => load(false)))
one(task, `[data-act="export"]`).addEventListener("click", showing(save))

signedIn().then(async () => {
    await load(true)
    one(task, `[data-part="ledger"]`).hidden = false
}).catch((thrown) => showError(task, thrown))
