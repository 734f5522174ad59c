// @ts-check
// Radio buttons and what belongs to them: a part marked data-for="name=value" shows while that value is chosen.

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
 * Show what belongs to the choices as they are.
 * @param {HTMLFormElement} form
 */
export function showChosen(form) {
    for (const part of form.querySelectorAll("[data-for]")) {
        if (!(part instanceof HTMLElement)) continue
        const [name, wanted] = (part.dataset.for ?? "").split("=")
        part.hidden = value(form, name) !== wanted
    }
}

/**
 * Whether a sentence was typed as it stands; blanks at the ends do not count.
 * @param {HTMLInputElement} input
 */
export function typedSentence(input) {
    return input.value.trim() === input.dataset.sentence
}
