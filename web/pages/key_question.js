// @ts-check
// Step 3, questions of the worker: whether the text in a file is the key, and whether to use a key
// that others may be able to guess.

import { typedSentence } from "./choices.js"
import { input, one } from "./elements.js"
import { showError } from "./page.js"
import { problem } from "./words.js"

/** @param {HTMLFormElement} form */
export function keyQuestions(form) {
    const confirm = one(form, `[data-part="confirm"]`)
    const weak = one(form, `[data-part="weak"]`)
    /**
     * What was answered: the kind of text that holds the key, and the weakness that was accepted.
     */
    const answers = { kind: "", weakness: "" }
    let found = ""

    one(form, `[data-act="confirm"]`).addEventListener("click", () => {
        answers.kind = confirm.dataset.kind ?? ""
        confirm.hidden = true
        form.requestSubmit()
    })
    one(form, `[data-act="weak"]`).addEventListener("click", () => {
        if (!typedSentence(input(form, "#weak"))) {
            showError(form, problem("sentence_missing"))
            return
        }
        answers.weakness = found
        weak.hidden = true
        form.requestSubmit()
    })

    return {
        answers: () => ({ ...answers }),
        /**
         * Ask the question that belongs to a code.
         * @param {string} code
         * @returns {boolean} whether it was a question; anything else is an error to show
         */
        ask(code) {
            if (code === "confirm_hex" || code === "confirm_base64") {
                askKind(confirm, code.slice("confirm_".length))
                return true
            }
            if (code.startsWith("weak_")) {
                found = code
                weak.hidden = false
            }
            return false
        },
        /** Withdraw the questions and their answers. */
        forget() {
            answers.kind = answers.weakness = found = ""
            confirm.hidden = weak.hidden = true
        },
    }
}

/** @param {HTMLElement} confirm @param {string} kind "hex" or "base64" */
function askKind(confirm, kind) {
    confirm.dataset.kind = kind
    const sentence = one(confirm, `[data-fill="confirm"]`)
    sentence.textContent = sentence.dataset[kind] ?? ""
    confirm.hidden = false
    one(confirm, "button").focus()
}
