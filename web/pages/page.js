// @ts-check
// What every task on a page does: filling in text, showing errors, and waiting with a time and a
// Cancel button.

import { all, one } from "./elements.js"
import "./files.js"
import { fieldOf, keepHelp, takeBack } from "./help.js"
import { fillHoles, isProblem, phrase, problem, showWhole, template, word } from "./words.js"

/**
 * Fill the holes of the sentence that a place carries in its data-template, and show it there.
 * @param {ParentNode} root
 * @param {string} name of the place
 * @param {Record<string, string | number>} values
 */
export function fillTemplate(root, name, values) {
    for (const place of all(root, `[data-fill="${name}"]`)) showWhole(place, fillHoles(place.dataset.template ?? "", values))
}

/**
 * Put a text into every place of that name.
 * @param {ParentNode} root
 * @param {string} name
 * @param {string} value
 */
export function fill(root, name, value) {
    for (const place of root.querySelectorAll(`[data-fill="${name}"]`)) showWhole(place, value)
}

/**
 * Put a hexadecimal digest into every place of that name, in groups of four digits.
 * @param {ParentNode} root
 * @param {string} name
 * @param {string} digest
 */
export function fillDigest(root, name, digest) {
    for (const place of all(root, `[data-fill="${name}"]`)) showDigest(place, digest)
}

/**
 * Show a digest in an element, in groups of four digits.
 * @param {HTMLElement} place
 * @param {string} digest
 */
export function showDigest(place, digest) {
    place.replaceChildren(...grouped(digest).map((group) => Object.assign(document.createElement("span"), { textContent: group })))
}

/** The groups of four digits in which a digest or a check value is read. @param {string} digest */
export function grouped(digest) {
    return digest.match(/.{1,4}/g) ?? []
}

/**
 * Fill the holes of every command below an element, and show the whole command.
 * @param {ParentNode} root
 * @param {Record<string, string | number>} values
 */
export function fillCommands(root, values) {
    for (const place of all(root, "[data-command]")) {
        one(place, "code").replaceChildren(...unbroken(fillHoles(place.dataset.command ?? "", values)))
    }
}

/**
 * A command in pieces between which a line may end: its words, and the blanks. A browser would also
 * break it after a hyphen, and on paper nobody could tell whether a blank belongs there.
 * @param {string} command
 */
function unbroken(command) {
    return command.split(/(\s+)/).map((piece) => piece.trim() === "" ? document.createTextNode(piece) : word(piece))
}

/**
 * Remove the notice that a part of the page is missing. The script of a task calls this: a script
 * runs only once all that it imports has arrived.
 */
export function ready() {
    for (const note of document.querySelectorAll("[data-unready]")) note.remove()
}

const plainTitle = document.title

/**
 * Scroll something to the top of the window, and move the focus there.
 * @param {HTMLElement} heading
 */
export function toTop(heading) {
    heading.scrollIntoView({ block: "start" })
    heading.focus({ preventScroll: true })
}

/**
 * Show what went wrong where the fault is, with what helps, and move the focus there. What was
 * typed stays.
 * @param {ParentNode} root the step or form that has a data-errors place
 * @param {unknown} thrown
 */
export function showError(root, thrown) {
    if (!isProblem(thrown)) console.error(thrown)
    const what = isProblem(thrown) ? thrown : problem("unexpected")
    clearErrors(document)
    const shape = document.importNode(template("error"), true)
    const notice = one(shape, ".notice")
    notice.dataset.code = what.code
    fill(shape, "what", what.what)
    fill(shape, "do", what.do)
    for (const [row, value] of Object.entries({
        // A code of the page itself would tell a person nothing.
        "code": /^[A-Z]/.test(what.code) ? what.code : "",
        "detail": what.detail,
        "request-id": what.requestId,
        "console-id": what.consoleId,
    })) {
        if (value) fill(shape, row, value)
        else one(shape, `[data-row="${row}"]`).remove()
    }
    if (!one(shape, ".ids").children.length) one(shape, ".ids").remove()
    keepHelp(notice, root, what)
    const field = fieldOf(what.code, root)
    if (field) markField(field)
    placeFor(root, field).replaceChildren(shape)
    document.title = phrase("error-title", { title: plainTitle })
    const top = field?.closest(".field, .choice")
    toTop(notice)
    if (top) top.scrollIntoView({ block: "start" })
}

/**
 * Where an error shows: below the field that has the fault, else at the form's own place.
 * @param {ParentNode} root
 * @param {HTMLElement} [field]
 */
function placeFor(root, field) {
    const around = field?.closest(".field")
    if (!around) return one(root, ":scope > [data-errors], [data-errors]:not(.field [data-errors])")
    const there = around.querySelector("[data-errors]")
    if (there) return there
    const place = document.createElement("div")
    place.dataset.errors = ""
    around.append(place)
    return place
}

/** @param {HTMLElement} field */
function markField(field) {
    field.setAttribute("aria-invalid", "true")
    field.dataset.described = field.getAttribute("aria-describedby") ?? ""
    field.setAttribute("aria-describedby", `fault ${field.dataset.described}`.trim())
}

/** @param {ParentNode} root */
export function clearErrors(root) {
    for (const place of root.querySelectorAll("[data-errors]")) place.replaceChildren()
    for (const field of all(root, "[aria-invalid]")) {
        field.removeAttribute("aria-invalid")
        if (field.dataset.described) field.setAttribute("aria-describedby", field.dataset.described)
        else field.removeAttribute("aria-describedby")
    }
    takeBack(root)
    document.title = plainTitle
}

/**
 * @typedef {(sentence: (seconds: string) => string, part?: number) => void} Say
 *   part: of the whole that is done, 0 to 1
 */

/**
 * Run something that may take a while. The form's own button is off meanwhile; after a moment a
 * line says what is going on and for how long, with a button that cancels.
 * @template T
 * @param {HTMLElement} form holds the button and the waiting line
 * @param {(signal: AbortSignal, say: Say) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function wait(form, work) {
    const button = form.querySelector("button:not([type=button])")
    const cancel = one(form, `[data-waiting] [data-act="cancel"]`)
    const stop = new AbortController()
    const onCancel = () => stop.abort()
    const line = waitingLine(form)
    cancel.addEventListener("click", onCancel)
    form.setAttribute("aria-busy", "true")
    if (button instanceof HTMLButtonElement) button.disabled = true
    try {
        return await work(stop.signal, line.say)
    } finally {
        line.end()
        cancel.removeEventListener("click", onCancel)
        form.removeAttribute("aria-busy")
        if (button instanceof HTMLButtonElement) button.disabled = false
    }
}

/**
 * The line of a form that says what is going on. It appears after a quarter of a second.
 * @param {HTMLElement} form
 */
function waitingLine(form) {
    const line = one(form, "[data-waiting]")
    const sentence = one(line, `[data-fill="waiting"]`)
    const bar = /** @type {HTMLProgressElement} */ (one(line, "progress"))
    const began = performance.now()
    const seconds = () => ((performance.now() - began) / 1000).toFixed(1)
    /** @type {((seconds: string) => string) | undefined} */
    let spoken
    const show = () => {
        if (performance.now() - began > 250) line.hidden = false
        sentence.textContent = spoken ? spoken(seconds()) : sentence.dataset.text ?? ""
        fill(line, "waited", phrase("wait-seconds", { seconds: seconds() }))
    }
    const ticking = setInterval(show, 100)
    return {
        /** @type {Say} */
        say(next, part) {
            spoken = next
            if (part !== undefined) bar.value = part
            show()
        },
        end() {
            clearInterval(ticking)
            line.hidden = true
            bar.removeAttribute("value")
        },
    }
}

/**
 * Run a form's act when it is submitted: errors show where they happened. A form that is busy takes
 * no second submission.
 * @param {string} name
 * @param {(form: HTMLFormElement) => Promise<void> | void} act
 */
export function onSubmit(name, act) {
    const form = one(document, `[data-form="${name}"]`)
    if (!(form instanceof HTMLFormElement)) throw new Error(`${name} is not a form`)
    form.addEventListener("submit", async (event) => {
        event.preventDefault()
        if (form.getAttribute("aria-busy")) return
        clearErrors(document)
        try {
            await act(form)
        } catch (thrown) {
            showError(form, thrown)
        }
    })
    return form
}

/**
 * Say something to people who cannot see that the page changed.
 * @param {string} sentence
 */
export function announce(sentence) {
    one(document, "[data-announce]").textContent = sentence
}
