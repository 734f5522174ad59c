// @ts-check
// The fields of a form, and the parts that depend on a choice: data-for="name=value" shows while
// that value is chosen.

import { all } from "./page.js"
import { problem } from "./words.js"

/** @param {HTMLFormElement} form @param {string} name */
export const value = (form, name) => String(new FormData(form).get(name) ?? "")

/**
 * The file of a field, unread.
 * @param {HTMLFormElement} form
 * @param {string} name
 * @returns {File | null}
 */
export function file(form, name) {
    const chosen = new FormData(form).get(name)
    return chosen instanceof File && chosen.name !== "" ? chosen : null
}

/**
 * The backup file of a form, and the passphrase or identity that opens it.
 * @param {HTMLFormElement} form
 * @param {string} name of the fields
 * @returns {{file: File, secret: string}}
 */
export function backup(form, name) {
    const chosen = file(form, `${name}-age`)
    const secret = value(form, `${name}-secret`)
    if (!chosen) throw problem("file_missing")
    if (secret === "") throw problem("secret_missing")
    return { file: chosen, secret }
}

/**
 * Show the parts that belong to the current choices.
 * @param {HTMLFormElement} form
 */
export function showChosen(form) {
    for (const part of all(form, "[data-for]")) {
        const [name, wanted] = (part.dataset.for ?? "").split("=")
        part.hidden = value(form, name) !== wanted
    }
}

/**
 * Whether the sentence of a field was typed exactly; blanks at the ends do not count.
 * @param {HTMLInputElement} input
 */
export function typedSentence(input) {
    return input.value.trim() === input.dataset.sentence
}
