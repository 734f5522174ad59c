// @ts-check
// The desk by link, as the pages of the console show it: a signed link until it lapses, and the file
// that the desk made.

import { decodeText, readFile as readBytes, toUTF8 } from "./bytes.js"
import { now } from "./clock.js"
import { value } from "./choices.js"
import { offerDownload } from "./download.js"
import { isImportFile } from "./desk_import_file.js"
import { input, one } from "./elements.js"
import { inWords } from "./expiry.js"
import { local } from "./moment.js"
import { fill, fillDigest, fillTemplate, toTop } from "./page.js"
import { fillHoles, problem, showWhole } from "./words.js"

/** @typedef {{Link: string, GoodUntil: string, Host: string, QR?: {Size: number, Path: string}}} SignedLink */
/**
 * What the desk made, as its import file has it.
 * @typedef {object} ImportFile
 * @property {string} Region
 * @property {string} KeyId
 * @property {string} WrappingAlgorithm
 * @property {string} TokenExpireTime empty where the desk did not know
 * @property {number} KeyMaterialExpireUnix
 * @property {string} [KeyCheckValue]
 * @property {string} [Commitment]
 * @property {string} ParametersObtained
 */

/** @type {WeakMap<HTMLElement, number>} */
const ticking = new WeakMap()

/**
 * Show a link, and how long it is good for.
 * @param {ParentNode} root
 * @param {string} name of the place
 * @param {SignedLink} made
 * @param {string} keyId
 */
export function showLink(root, name, made, keyId) {
    const part = one(root, `[data-part="${name}-link"]`)
    fillTemplate(part, "link-shown", { host: made.Host })
    one(part, `#${name}-url`).textContent = made.Link
    offerDownload(part, "link-file", { bytes: toUTF8(`${made.Link}\n`), name: `keyferry-${keyId}-link.txt`, type: "text/plain" })
    showQR(part, made.QR)
    part.hidden = false
    count(part, Date.parse(made.GoodUntil))
    toTop(one(part, `[data-fill="link-shown"]`))
}

/** @param {HTMLElement} part @param {SignedLink["QR"]} code */
function showQR(part, code) {
    one(part, `[data-part="qr"]`).hidden = !code
    one(part, `[data-part="qr-long"]`).hidden = !!code
    if (!code) return
    const picture = part.querySelector("svg")
    picture?.setAttribute("viewBox", `0 0 ${code.Size} ${code.Size}`)
    picture?.querySelector("path")?.setAttribute("d", code.Path)
}

/** Count down, and take the link away once it has lapsed. @param {HTMLElement} part @param {number} until */
function count(part, until) {
    const alive = one(part, `[data-part="link-alive"]`)
    const left = one(part, `[data-fill="link-left"]`)
    const { template = "", over = "" } = left.dataset
    const show = () => {
        const seconds = Math.floor((until - now()) / 1000)
        alive.hidden = seconds <= 0
        left.textContent = seconds <= 0 ? over : fillHoles(template, { minutes: Math.floor(seconds / 60), seconds: seconds % 60 })
        if (seconds > 0) return
        clearInterval(ticking.get(part))
        for (const code of alive.querySelectorAll("pre code")) code.textContent = ""
    }
    clearInterval(ticking.get(part))
    ticking.set(part, setInterval(show, 1000))
    show()
}

/**
 * Read what a person brought back from the desk. The console checks it once more, and more strictly.
 * @param {HTMLFormElement} form
 * @param {{keyId: string, region: string}} wanted
 * @returns {Promise<ImportFile>}
 */
export async function readFile(form, { keyId, region }) {
    const chosen = input(form, "#desk-import-file").files?.[0]
    const text = chosen ? await readText(chosen) : value(form, "text").trim()
    if (text === "") throw problem("import_file_missing")
    const file = parse(text)
    if (file.Region !== region) throw problem("import_file_region")
    if (file.KeyId !== keyId) throw problem("import_file_key")
    if (file.TokenExpireTime !== "" && Date.parse(file.TokenExpireTime) <= now()) throw problem("token_expired")
    return file
}

/** How long an import file may be, in bytes. */
const longest = 16384

/** @param {File} file */
async function readText(file) {
    // Of a longer one the beginning tells what it is.
    const begin = file.size > longest ? new File([file.slice(0, longest)], file.name) : file
    return (decodeText(await readBytes(begin)) ?? "").trim()
}

/** @param {string} text @returns {any} */
function fromJSON(text) {
    try {
        return JSON.parse(text)
    } catch {
        return null
    }
}

/** @param {string} text @returns {ImportFile} */
function parse(text) {
    const file = fromJSON(text)
    if (isImportFile(file)) return file
    // A line for each of many CMKs is for another page.
    const [first, second = ""] = text.split("\n").filter((line) => line.trim() !== "")
    if (second !== "" && isImportFile(fromJSON(first))) throw problem("import_file_many")
    throw problem("import_file_unreadable")
}

/**
 * Show what an import file says.
 * @param {HTMLElement} root
 * @param {ImportFile} file
 */
export function showFile(root, file) {
    const obtained = one(root, `[data-fill="desk-obtained"]`)
    fill(root, "desk-cmk", file.KeyId)
    fill(root, "desk-region", file.Region)
    fill(root, "desk-algorithm", file.WrappingAlgorithm)
    fillDigest(root, "desk-kcv", file.KeyCheckValue ?? "")
    fill(root, "desk-expiry", inWords(file.KeyMaterialExpireUnix))
    fill(root, "desk-token", file.TokenExpireTime === "" ? obtained.dataset.unknown ?? "" : local(new Date(file.TokenExpireTime)))
    fill(root, "desk-obtained", (file.ParametersObtained === "link" ? obtained.dataset.link : obtained.dataset.file) ?? "")
    one(root, `[data-part="desk-read"]`).hidden = false
    toTop(one(root, `[data-part="desk-got"]`))
}

/**
 * Let the button name what the chosen sender does.
 * @param {HTMLFormElement} form
 * @param {() => Record<string, string>} values of the sentence's holes
 * @returns {() => "desk" | "console"} who is to send
 */
export function offerSender(form, values) {
    const button = one(form, `[data-act="desk-send"]`)
    const sender = () => value(form, "sender") === "console" ? "console" : "desk"
    const show = () => { showWhole(button, fillHoles(button.dataset[sender()] ?? "", values())) }
    form.addEventListener("change", show)
    form.addEventListener("focusin", show)
    show()
    return sender
}
