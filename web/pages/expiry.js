// @ts-check
// When the key material expires: never, after some days, or at a moment that the person chooses.

import { showChosen, value } from "./choices.js"
import { now } from "./clock.js"
import { lastSecond, local, readLocal, utc, zone } from "./moment.js"
import { clearErrors, fill, fillTemplate } from "./page.js"
import { showClock } from "./token_life.js"
import { phrase, problem } from "./words.js"

/**
 * An expiry in words: the seconds that the KMS counts, and what they mean.
 * @param {number} seconds since 1970; 0 means never
 */
export function inWords(seconds) {
    return seconds ? `${seconds} · ${utc(new Date(seconds * 1000))} UTC` : `0 · ${phrase("expiry-never")}`
}

/**
 * The choice of expiry in a form. The moment is computed when it is chosen: what the page shows is
 * what is sent.
 * @param {HTMLFormElement} form
 */
export function expiryChoice(form) {
    let chosen = 0

    function choose() {
        chosen = read(form)
        showChosen(form)
        showExpiry(form, chosen)
    }

    for (const field of form.querySelectorAll("input")) {
        field.addEventListener("input", () => {
            if (form.querySelector(`[name="time"][aria-invalid]`)) clearErrors(form)
            choose()
        })
    }

    return {
        /** Show the choice, with days counted from now. */
        show() {
            showClock(form)
            choose()
        },
        /** The expiry that is shown; one that has passed is refused. */
        take() {
            if (Number.isNaN(chosen)) throw problem("expiry_missing")
            if (chosen > lastSecond) throw problem("expiry_far")
            if (chosen && chosen * 1000 <= now()) throw problem("expiry_past")
            return chosen
        },
    }
}

/**
 * The expiry that a form asks for, in seconds since 1970: 0 for never, NaN where no moment was
 * entered, Infinity where it is beyond the year 9999.
 * @param {HTMLFormElement} form
 */
function read(form) {
    const choice = value(form, "expiry")
    if (choice === "never") return 0
    return choice === "at" ? readLocal(value(form, "time")) : Math.floor(now() / 1000) + Number(choice) * 24 * 3600
}

/**
 * Show the expiry beside its choice, in the person's time zone and in UTC, and where the page says
 * what is sent.
 * @param {HTMLFormElement} form
 * @param {number} seconds
 */
function showExpiry(form, seconds) {
    fillTemplate(form, "zone", { zone: zone() })
    fill(document, "expiry", Number.isFinite(seconds) ? inWords(seconds) : "")
    if (!seconds || !Number.isFinite(seconds)) return fill(form, "expiry-moment", "")
    const moment = new Date(seconds * 1000)
    fillTemplate(form, "expiry-moment", { local: local(moment), zone: zone(), utc: utc(moment) })
}
