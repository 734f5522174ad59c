// @ts-check
// The calendar file of an import. The console's server writes it, so the request for it is listed
// like any other, and the one field that is typed is read here first: what is not a list of days
// does not leave the page.

import { value } from "./choices.js"
import { one } from "./elements.js"
import { clearErrors, showError } from "./page.js"
import { record } from "./sent.js"
import { problem } from "./words.js"

/**
 * Ask for the calendar file when its form is submitted.
 * @param {HTMLElement} result has the form, and the place for errors
 */
export function offerCalendar(result) {
    one(result, `[data-part="calendar"]`).addEventListener("submit", async (event) => {
        event.preventDefault()
        clearErrors(result)
        const form = /** @type {HTMLFormElement} */ (event.target)
        const [KeyId, KeyMaterialExpireUnix, Remind] = ["KeyId", "KeyMaterialExpireUnix", "Remind"].map((name) => value(form, name))
        if (!isDays(Remind)) return showError(result, problem("reminder_days"))
        const entry = await record("calendar", { KeyId, KeyMaterialExpireUnix, Remind })
        form.submit()
        entry.ended("")
    })
}

/**
 * Whether a text is one to ten numbers of days, 1 to 365, as the server reads them.
 * @param {string} text
 */
function isDays(text) {
    const days = text.split(/[,，、; ]+/).filter((day) => day !== "")
    return days.length > 0 && days.length <= 10 && days.every((day) => /^\d{1,3}$/.test(day) && +day >= 1 && +day <= 365)
}
