// @ts-check
// The panel "What left this browser": every request that the page sent since it was loaded, the
// newest first, with its fields. A ciphertext and a token show as their size and digest.

import { fromBase64, sha256, toUTF8 } from "./bytes.js"
import { now } from "./clock.js"
import { one } from "./elements.js"
import { clock } from "./moment.js"
import { fill, showDigest } from "./page.js"
import { phrase, whole } from "./words.js"

let count = 0

/** How often a list of many requests is drawn, in milliseconds. */
const pace = 1000

/** The name and the value of something that was sent. @typedef {[string, string | number]} Field */

/**
 * A request, and where the list says how it ended.
 * @typedef {{action: string, fields: Field[], at: number, outcome: HTMLElement}} Sent
 */

/** What is to be drawn, where the page says that it sends many: requests, and how others ended. */
let unlisted = /** @type {Sent[]} */ ([])
const ends = /** @type {(() => void)[]} */ ([])
/** @type {ReturnType<typeof setTimeout> | undefined} */
let due
let drawn = -Infinity

/**
 * List a request before it is sent. Of many in a short time the latest are listed together, a moment
 * later: a list that changes with each would take more of the computer than the requests do.
 * @param {string} action
 * @param {Record<string, string | number> | Field[]} sent its fields; a list where a name comes several times
 * @returns {Promise<{ended: (code: string) => void}>} ended takes the code of a failure, else ""
 */
export async function record(action, sent) {
    const fields = Array.isArray(sent) ? sent : Object.entries(sent)
    const outcome = element("span", "")
    count++
    unlisted.push({ action, fields, at: now(), outcome })
    if (isSoon()) {
        unlisted = unlisted.slice(-mostListed())
        due ??= setTimeout(draw, pace)
    } else await draw()
    return {
        ended(code) {
            const end = () => { outcome.textContent = outcomeOf(code) }
            if (!isSoon()) return end()
            ends.push(end)
            due ??= setTimeout(draw, pace)
        },
    }
}

/** Whether the list of many requests was drawn a moment ago. */
const isSoon = () => mostListed() > 0 && performance.now() - drawn < pace

/** List what is not listed yet. */
export async function draw() {
    clearTimeout(due)
    due = undefined
    drawn = performance.now()
    for (const end of ends.splice(0)) end()
    if (unlisted.length === 0) return
    const rows = await Promise.all(unlisted.splice(0).reverse().map(rowOf))
    const panel = one(document, `[data-part="sent"]`)
    const all = one(panel, `[data-part="sent-list"]`)
    all.prepend(...rows)
    keepLatest(all)
    all.hidden = false
    one(panel, `[data-part="sent-nothing"]`).hidden = true
    one(panel, `[data-part="sent-copy"]`).hidden = !navigator.clipboard
    one(panel, `[data-part="sent-else"]`).hidden = false
    fill(panel, "sent-count", phrase("sent-count", { count }))
}

/** @param {Sent} sent */
async function rowOf({ action, fields, at, outcome }) {
    const values = await Promise.all(fields.map(([name, value]) => describe(name, value)))
    const entry = element("li", "")
    const head = element("p", "")
    head.append(element("time", clock(new Date(at))), " ", element("strong", action), " ", outcome)
    const list = element("dl", "")
    fields.forEach(([name], i) => {
        const value = element("dd", "")
        value.append(...values[i])
        list.append(element("dt", name), value)
    })
    entry.append(head, list)
    return entry
}

/** What says that only the latest requests are listed, if the page does. */
const sendsMany = () => /** @type {HTMLElement | null} */ (document.querySelector(`[data-part="sent"]`)?.closest("[data-most]"))

/** How many requests are listed at most; 0 means all. */
const mostListed = () => Number(sendsMany()?.dataset.most ?? 0)

/**
 * List the latest requests alone, where the page says that it sends many. All are counted.
 * @param {HTMLElement} list
 */
function keepLatest(list) {
    const most = mostListed()
    if (most === 0 || count <= most) return
    while (list.children.length > most) list.lastElementChild?.remove()
    if (!list.nextElementSibling?.matches("[data-latest-only]")) {
        const said = element("p", sendsMany()?.dataset.latest ?? "")
        said.dataset.latestOnly = ""
        list.after(said)
    }
}

/** How a request ended, in words. @param {string} code of a failure, or empty */
function outcomeOf(code) {
    if (code === "") return phrase("answered")
    if (code === "cancelled") return phrase("was-cancelled")
    return /^[A-Z]/.test(code) ? phrase("failed", { code }) : phrase("no-answer")
}

/**
 * The value of a field, or its size and digest. A ciphertext counts as its bytes, everything else
 * as its text. Of a guest's link and code only the size shows.
 * @param {string} name
 * @param {string | number} value
 * @returns {Promise<(string | Node)[]>}
 */
async function describe(name, value) {
    const text = String(value)
    if (name === "EncryptedKeyMaterial") {
        const bytes = fromBase64(text)
        return [phrase("bytes", { count: bytes.length }), await digestOf(bytes)]
    }
    if (name === "Secret" || name === "Code") return [phrase("characters", { count: text.length })]
    if (name === "ImportToken") return [phrase("characters", { count: text.length }), await digestOf(toUTF8(text))]
    return whole(text)
}

/** @param {Uint8Array<ArrayBuffer>} bytes */
async function digestOf(bytes) {
    const digest = element("code", "")
    digest.className = "digest"
    showDigest(digest, await sha256(bytes))
    return digest
}

/** @param {string} name @param {string} text */
function element(name, text) {
    return Object.assign(document.createElement(name), { textContent: text })
}

/** The log as text, one field per line. */
function logText() {
    const lines = (/** @type {Element} */ entry) => [
        entry.querySelector("p")?.textContent,
        ...Array.from(entry.querySelectorAll("dt"), (name) => `  ${name.textContent}: ${valueText(name.nextElementSibling)}`),
    ].join("\n")
    return Array.from(document.querySelectorAll(`[data-part="sent-list"] > li`), lines).join("\n\n")
}

/** @param {Element | null} value */
function valueText(value) {
    const digest = value?.querySelector(".digest")
    const size = value?.firstChild?.textContent ?? ""
    return digest ? `${size}, SHA-256 ${Array.from(digest.children, (group) => group.textContent).join("")}` : value?.textContent
}

const copy = document.querySelector(`[data-act="copy-log"]`)
copy?.addEventListener("click", async () => {
    const word = copy.textContent
    if (due !== undefined) await draw()
    await navigator.clipboard.writeText(logText())
    copy.textContent = phrase("copied")
    setTimeout(() => { copy.textContent = word }, 2000)
})
