// @ts-check
// The panel "What left this browser": every request that the page sent since it was loaded, with
// the size of each field, and for a ciphertext or a token its digest instead of its value.

import { fromBase64, sha256, toUTF8 } from "./bytes.js"
import { clock } from "./moment.js"
import { fill, one, showDigest } from "./page.js"
import { phrase } from "./words.js"

const plainShaped = new Set(["WrappingAlgorithm", "WrappingKeySpec", "KeyMaterialExpireUnix"])
let count = 0

/**
 * List a request before it is sent.
 * @param {string} action
 * @param {Record<string, string | number>} fields
 * @returns {Promise<{ended: (code: string) => void}>} ended: call it with the code of a failure, or with "" for success
 */
export async function record(action, fields) {
    const rows = await Promise.all(Object.entries(fields).map(([name, value]) => describe(name, value)))
    const outcome = element("span", "")
    const entry = element("li", "")
    const head = element("p", "")
    head.append(element("time", clock(new Date())), " ", element("strong", action), " ", outcome)
    const list = element("dl", "")
    Object.keys(fields).forEach((name, i) => {
        const value = element("dd", "")
        value.append(...rows[i])
        list.append(element("dt", name), value)
    })
    entry.append(head, list)

    const panel = one(document, `[data-part="sent"]`)
    const all = one(panel, `[data-part="sent-list"]`)
    all.append(entry)
    all.hidden = false
    one(panel, `[data-part="sent-nothing"]`).hidden = true
    one(panel, `[data-part="sent-else"]`).hidden = false
    count++
    fill(panel, "sent-count", phrase("sent-count", { count }))
    return {
        ended: (code) => { outcome.textContent = code ? phrase("failed", { code }) : phrase("answered") },
    }
}

/**
 * The value of a field, or its size and digest. A ciphertext counts as its bytes, everything else
 * as its text.
 * @param {string} name
 * @param {string | number} value
 * @returns {Promise<(string | HTMLElement)[]>}
 */
async function describe(name, value) {
    const text = String(value)
    if (name === "EncryptedKeyMaterial") {
        const bytes = fromBase64(text)
        return [phrase("bytes", { count: bytes.length }), await digestOf(bytes)]
    }
    const size = phrase("characters", { count: text.length })
    if (name === "ImportToken") return [size, await digestOf(toUTF8(text))]
    return [plainShaped.has(name) ? text : size]
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

const wide = matchMedia("(min-width: 1100px)")

/** On a wide screen the panel is open beside the task; on a narrow one it is closed below it. */
function fitPanel() {
    const panel = document.querySelector(`[data-part="sent"]`)
    if (panel instanceof HTMLDetailsElement) panel.open = wide.matches
}

wide.addEventListener("change", fitPanel)
fitPanel()
