// @ts-check
// The panel "What left this browser": every request that the page sent since it was loaded, the
// newest first, with its fields. A ciphertext and a token show as their size and digest.

import { fromBase64, sha256, toUTF8 } from "./bytes.js"
import { now } from "./clock.js"
import { clock } from "./moment.js"
import { fill, one, showDigest } from "./page.js"
import { phrase, whole } from "./words.js"

let count = 0

/**
 * List a request before it is sent.
 * @param {string} action
 * @param {Record<string, string | number>} fields
 * @returns {Promise<{ended: (code: string) => void}>} ended takes the code of a failure, else ""
 */
export async function record(action, fields) {
    const rows = await Promise.all(Object.entries(fields).map(([name, value]) => describe(name, value)))
    const outcome = element("span", "")
    const entry = element("li", "")
    const head = element("p", "")
    head.append(element("time", clock(new Date(now()))), " ", element("strong", action), " ", outcome)
    const list = element("dl", "")
    Object.keys(fields).forEach((name, i) => {
        const value = element("dd", "")
        value.append(...rows[i])
        list.append(element("dt", name), value)
    })
    entry.append(head, list)

    const panel = one(document, `[data-part="sent"]`)
    const all = one(panel, `[data-part="sent-list"]`)
    all.prepend(entry)
    keepLatest(panel, all)
    all.hidden = false
    one(panel, `[data-part="sent-nothing"]`).hidden = true
    one(panel, `[data-part="sent-copy"]`).hidden = !navigator.clipboard
    one(panel, `[data-part="sent-else"]`).hidden = false
    count++
    fill(panel, "sent-count", phrase("sent-count", { count }))
    return {
        ended: (code) => { outcome.textContent = outcomeOf(code) },
    }
}

/**
 * List the latest requests alone, where the page says that it sends many. All are counted.
 * @param {HTMLElement} panel
 * @param {HTMLElement} list
 */
function keepLatest(panel, list) {
    const around = /** @type {HTMLElement | null} */ (panel.closest("[data-most]"))
    const { most, latest = "" } = around?.dataset ?? {}
    if (!most || list.children.length <= Number(most)) return
    list.lastElementChild?.remove()
    if (!list.nextElementSibling?.matches("[data-latest-only]")) {
        const said = element("p", latest)
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
    await navigator.clipboard.writeText(logText())
    copy.textContent = phrase("copied")
    setTimeout(() => { copy.textContent = word }, 2000)
})
