// @ts-check
// Leaving a step or the page, where that could lose something.

import { all } from "./elements.js"
import { showError } from "./page.js"
import { step } from "./steps.js"
import { problem } from "./words.js"

/**
 * Let the "Change" buttons of finished steps go back to their step.
 * @param {HTMLElement} task
 * @param {(name: string) => void} goBack
 */
export function onChange(task, goBack) {
    for (const button of all(task, "[data-change]")) {
        button.addEventListener("click", () => goBack(button.dataset.change ?? ""))
    }
}

/**
 * Have the browser ask before the page is left, as long as that would lose something.
 * @param {() => boolean} wouldLose
 */
export function askBeforeLeaving(wouldLose) {
    addEventListener("beforeunload", (event) => {
        if (wouldLose()) event.preventDefault()
    })
}

/**
 * Say so where the browser withholds cryptography, as it does for addresses that are not secure.
 */
export function requireSecureContext() {
    if (!isSecureContext) showError(step("cmk"), problem("insecure_context"))
}
