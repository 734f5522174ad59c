// @ts-check
// The fields in which a person brings a link: as text, or as a text file.

import { decodeText, readFile } from "./bytes.js"
import { file, value } from "./choices.js"
import { problem } from "./words.js"

/**
 * The text of a link that was pasted, or is in a file.
 * @param {HTMLFormElement} form
 * @param {string} name of the fields
 */
export async function givenLink(form, name) {
    const pasted = value(form, name).trim()
    const saved = file(form, `${name}-file`)
    if (pasted !== "" && saved) throw problem("parameters_twice")
    return saved ? decodeText(await readFile(saved)) : pasted
}
