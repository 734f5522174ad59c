// @ts-check
// Steps that open one after another. A finished step is one line with its result, a later one only
// its title.

import { all, one } from "./elements.js"
import { announce, toTop } from "./page.js"
import { phrase, showWhole } from "./words.js"

/** @param {string} name */
export function step(name) {
    return one(document, `[data-step="${name}"]`)
}

/** @param {HTMLElement} section @param {"open" | "done" | "later"} state */
function setState(section, state) {
    nameState(section, state)
    one(section, "[data-body]").hidden = state !== "open"
    for (const kept of all(section, "[data-kept]")) kept.hidden = state !== "done"
    const change = one(section, "[data-change]")
    change.hidden = state !== "done"
    const summary = one(section, "[data-summary]")
    summary.hidden = state !== "done"
}

/**
 * Say what state a step is in, whatever is shown of it.
 * @param {HTMLElement} section
 * @param {"open" | "done" | "later"} state
 */
export function nameState(section, state) {
    section.dataset.state = state
    one(section, "[data-state-name]").textContent = phrase(`state-${state}`)
}

/**
 * Open a step, and with it close those that come after it.
 * @param {string} name
 */
export function open(name) {
    let before = true
    for (const section of all(document, "[data-step]")) {
        if (section.dataset.step === name) {
            setState(section, "open")
            before = false
        } else if (!before) {
            setState(section, "later")
        }
    }
    toTop(one(step(name), "h2"))
}

/**
 * Fold a finished step to one line and open the next.
 * @param {string} name
 * @param {string} summary
 * @param {string} next
 */
export function finish(name, summary, next) {
    const section = step(name)
    setSummary(name, summary)
    setState(section, "done")
    announce(phrase("step-done", { number: one(section, ".number").textContent ?? "" }))
    open(next)
}

/** @param {string} name @param {string} summary */
export function setSummary(name, summary) {
    showWhole(one(step(name), "[data-summary]"), summary)
}

/** Fold every step for good: the task is done and nothing can be changed. */
export function closeAll() {
    for (const section of all(document, "[data-step]")) {
        setState(section, "done")
        one(section, "[data-change]").hidden = true
    }
}
