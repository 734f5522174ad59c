// @ts-check
// Step 3, key components: each one goes to the worker as soon as it was typed, and leaves its field
// once it is accepted.

import { input, one } from "./elements.js"
import { begin } from "./job.js"
import { clearErrors, fillTemplate, showError } from "./page.js"
import { toUTF8 } from "./bytes.js"
import { phrase, problem } from "./words.js"

/**
 * @param {HTMLFormElement} form
 * @param {import("./job.js").Module} module adds the components up
 */
export function keyComponents(form, module) {
    const component = input(form, "#component")
    const kcv = input(form, "#component-kcv")
    /** @type {ReturnType<typeof begin> | null} the worker that is given the components */
    let job = null
    let accepted = 0

    /** End the worker, and with it forget what it was given. */
    function drop() {
        job?.stop()
        job = null
        accepted = 0
        one(form, `[data-part="accepted"]`).replaceChildren()
        fillTemplate(form, "component", { number: 1 })
    }

    async function add() {
        clearErrors(document)
        try {
            if (component.value.trim() === "" || kcv.value.trim() === "") throw problem("component_missing")
            if (job?.ended()) drop()
            job ??= begin(module, { job: "prepare", pieces: true })
            const { method, count } = await job.feed({ component: toUTF8(component.value), kcv: toUTF8(kcv.value) })
            component.value = kcv.value = ""
            accepted = count
            showAccepted(form, count, method)
            component.focus()
        } catch (thrown) {
            showError(form, thrown)
        }
    }

    whenAsked(form, [component, kcv], add)
    return {
        /** Whether there are components that would be lost. */
        held: () => job !== null,
        /** The worker that has all components. */
        taken() {
            if (!job || accepted < 2) throw problem("components_too_few")
            return job
        },
        drop,
        /** Empty the fields. */
        clear() {
            component.value = kcv.value = ""
        },
    }
}

/**
 * Add by the button or by Enter, which would otherwise submit the form and skip the remaining
 * components.
 * @param {HTMLFormElement} form
 * @param {HTMLInputElement[]} fields
 * @param {() => void} add
 */
function whenAsked(form, fields, add) {
    one(form, `[data-act="component"]`).addEventListener("click", add)
    for (const field of fields) {
        field.addEventListener("keydown", (event) => {
            if (event.key !== "Enter") return
            event.preventDefault()
            add()
        })
    }
}

/** @param {HTMLFormElement} form @param {number} count @param {string} method of the KCV */
function showAccepted(form, count, method) {
    const entry = document.createElement("li")
    entry.textContent = phrase("accepted", { number: count, method: method.toUpperCase() })
    one(form, `[data-part="accepted"]`).append(entry)
    fillTemplate(form, "component", { number: count + 1 })
}
