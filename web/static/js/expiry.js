// @ts-check
// When the key material shall expire: never, after some days, or at a moment of the person's choice.

import { showChosen, value } from "./choices.js"
import { utc, zone } from "./moment.js"
import { fill, fillTemplate, one } from "./page.js"
import { fillHoles, phrase, problem } from "./words.js"

/** @param {Date} moment */
const unix = (moment) => Math.floor(moment.getTime() / 1000)

/**
 * An expiry in words: the seconds that the KMS counts, and what they mean.
 * @param {number} seconds since 1970; 0 means never
 */
export function inWords(seconds) {
    return seconds ? `${seconds} · ${utc(new Date(seconds * 1000))} UTC` : `0 · ${phrase("expiry-never")}`
}

/**
 * The choice of expiry in a form.
 * @param {HTMLFormElement} form
 */
export function expiryChoice(form) {
    const time = /** @type {HTMLInputElement} */ (one(form, "#expiry-time"))

    /** The chosen moment in seconds since 1970, or 0 for never. */
    function chosen() {
        const choice = value(form, "expiry")
        if (choice === "never") return 0
        const moment = choice === "at" ? new Date(time.value) : new Date(Date.now() + Number(choice) * 24 * 3600 * 1000)
        if (Number.isNaN(moment.getTime())) throw problem("expiry_missing")
        return unix(moment)
    }

    /** Show the choice in words, and in UTC as the KMS counts. */
    function show() {
        showChosen(form)
        fillTemplate(form, "zone", { zone: zone() })
        const utcPlace = one(form, `[data-fill="expiry-utc"]`)
        utcPlace.textContent = ""
        let shown = ""
        try {
            const seconds = chosen()
            if (seconds) utcPlace.textContent = fillHoles(utcPlace.dataset.template ?? "", { utc: utc(new Date(seconds * 1000)) })
            shown = inWords(seconds)
        } catch {
            // Nothing was entered yet; going on says so.
        }
        fill(document, "expiry", shown)
    }

    for (const input of form.querySelectorAll("input")) input.addEventListener("input", show)

    return {
        show,
        /** The chosen expiry in seconds since 1970, 0 for never; a moment that has passed is refused. */
        take() {
            const seconds = chosen()
            if (seconds && seconds * 1000 <= Date.now()) throw problem("expiry_past")
            return seconds
        },
    }
}
