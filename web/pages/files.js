// @ts-check
// The fields for files: each says in the language of the page what was chosen. No file is read
// here.

import { fillHoles, template, word } from "./words.js"

/** @param {string} name */
const said = (name) => template("files").querySelector(`[data-file="${name}"]`)?.textContent ?? ""

/**
 * The kinds of files that have a word, by the end of their names.
 * @type {Record<string, string>}
 */
const kinds = { age: "age", json: "json", txt: "txt", b64: "txt", pem: "pem", crt: "pem" }

/** @param {File} file */
function described(file) {
    const end = /\.([A-Za-z0-9]+)$/.exec(file.name)?.[1].toLowerCase() ?? ""
    const count = new Intl.NumberFormat(document.documentElement.lang).format(file.size)
    const size = fillHoles(said("bytes"), { count })
    const [before, after = ""] = fillHoles(said("chosen"), { size, kind: said(kinds[end] ?? "other") }).split("{name}")
    return [before, word(file.name), after]
}

/** @param {HTMLInputElement} input */
function show(input) {
    const place = document.getElementById(`${input.id}-chosen`)
    const file = input.files?.[0]
    if (!place) return
    place.dataset.chosen = file ? "yes" : ""
    place.replaceChildren(...(file ? described(file) : [said("none")]))
}

/** @returns {NodeListOf<HTMLInputElement>} */
const inputs = () => document.querySelectorAll(".drop input")

for (const input of inputs()) {
    const zone = /** @type {HTMLElement} */ (input.parentElement)
    input.addEventListener("change", () => show(input))
    input.addEventListener("dragenter", () => { zone.dataset.over = "" })
    for (const end of ["dragleave", "drop"]) input.addEventListener(end, () => { delete zone.dataset.over })
    show(input)
}

// A form is empty only after its event.
addEventListener("reset", () => setTimeout(() => inputs().forEach(show)))

export {}
