// @ts-check
// The page's sentences, which the server renders in the person's language into templates. Scripts
// contain none.

/**
 * @typedef {object} Problem
 * @property {string} code
 * @property {string} what
 * @property {string} do
 * @property {string} [detail]
 * @property {boolean} [again] whether the same request may be answered otherwise later
 * @property {string} [requestId]
 * @property {string} [consoleId]
 */

/**
 * A template of the page.
 * @param {string} name
 * @returns {DocumentFragment}
 */
export function template(name) {
    const found = document.querySelector(`template[data-part="${name}"]`)
    if (!(found instanceof HTMLTemplateElement)) throw new Error(`the page has no template ${name}`)
    return found.content
}

/**
 * A sentence with its holes filled: phrase("valid-for", {hours: 23, minutes: 58}).
 * @param {string} name
 * @param {Record<string, string | number>} [values]
 */
export function phrase(name, values = {}) {
    const found = Array.from(document.querySelectorAll(`template[data-part="phrases"]`), (part) =>
        part instanceof HTMLTemplateElement ? part.content.querySelector(`[data-phrase="${name}"]`) : null).find((one) => one)
    if (!found) throw new Error(`the page has no phrase ${name}`)
    return fillHoles(found.textContent ?? "", values)
}

/**
 * @param {string} sentence
 * @param {Record<string, string | number>} values
 */
export function fillHoles(sentence, values) {
    return sentence.replace(/\{([a-z]+)\}/g, (hole, name) => (name in values ? String(values[name]) : hole))
}

// A moment, and what has a hyphen: a date, an id, a region, the name of a file.
const hyphened = /([(（]?(?:UTC )?\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?(?: UTC)?[)）]?|[!-~]+-[!-~]+)/

/**
 * A text in pieces between which a line may end. Between Chinese characters a browser also breaks
 * after a hyphen; a date or the name of a file in two lines is hard to compare.
 * @param {string} text
 */
export function whole(text) {
    return text.split(hyphened).map((piece, i) => i % 2 === 1 ? word(piece) : document.createTextNode(piece))
}

/**
 * Show a text in such pieces. Where it is shown already its pieces stay: a click whose place is replaced
 * while the button of the mouse is down would be lost.
 * @param {Element} place
 * @param {string} text
 */
export function showWhole(place, text) {
    if (place.textContent !== text) place.replaceChildren(...whole(text))
}

/** A piece of text that stays on one line if it fits there. @param {string} text */
export function word(text) {
    return Object.assign(document.createElement("span"), { className: "word", textContent: text })
}

/**
 * The words for a code that arose in this page, its worker or the module.
 * @param {string} code
 * @returns {Problem}
 */
export function problem(code) {
    const faults = template("faults")
    const found = faults.querySelector(`[data-code="${code}"]`) ?? faults.querySelector(`[data-code="unexpected"]`)
    return {
        code,
        what: found?.querySelector(`[data-fill="what"]`)?.textContent ?? code,
        do: found?.querySelector(`[data-fill="do"]`)?.textContent ?? "",
    }
}

/**
 * Whether something thrown is a problem with words for the person.
 * @param {unknown} thrown
 * @returns {thrown is Problem}
 */
export function isProblem(thrown) {
    return typeof thrown === "object" && thrown !== null && "code" in thrown && "what" in thrown && "do" in thrown
}

/** How long something still takes. @param {number} seconds */
export function timeLeft(seconds) {
    return seconds > 90 ? phrase("minutes", { minutes: Math.ceil(seconds / 60) }) : phrase("seconds", { seconds: Math.ceil(seconds) })
}
