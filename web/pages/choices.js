// @ts-check
// The fields of a form, and the parts that depend on a choice: data-for="name=value" shows while
// that value is chosen.

import { all, input } from "./elements.js"
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
 * The backup file of a form, and the passphrase or identity that opens it. A file with an identity
 * stays unread: the worker reads it.
 * @param {HTMLFormElement} form
 * @param {string} name of the fields
 * @returns {{file: File, secret: string | File}}
 */
export function backup(form, name) {
    const chosen = file(form, `${name}-age`)
    const typed = value(form, `${name}-secret`)
    const identity = file(form, `${name}-identity`)
    if (!chosen) throw problem("file_missing")
    if (typed !== "" && identity) throw problem("secret_twice")
    const secret = identity ?? typed
    if (secret === "") throw problem("secret_missing")
    return { file: chosen, secret }
}

/**
 * Empty the fields of what opens a backup.
 * @param {HTMLFormElement} form
 * @param {string} name of the fields
 */
export function forgetSecret(form, name) {
    input(form, `#${name}-secret`).value = ""
    const identity = input(form, `#${name}-identity`)
    identity.value = ""
    identity.dispatchEvent(new Event("change"))
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
