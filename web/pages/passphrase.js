// @ts-check
// Step 3, the passphrase of the backup: suggested by the module, or the person's own, which must be
// hard to guess.

import { value } from "./choices.js"
import { input, one } from "./elements.js"
import { run } from "./job.js"
import { showError } from "./page.js"
import { problem } from "./words.js"

/** The lowest score that a passphrase must have, of 0 to 4. */
const strong = 4

/**
 * @param {HTMLFormElement} form
 * @param {{keyferry: import("./job.js").Module, strength: import("./job.js").Module}} from
 */
export function passphraseField(form, from) {
    const field = input(form, "#passphrase")
    let suggested = ""

    async function suggest() {
        try {
            const { result } = await run(from.keyferry, { job: "passphrase" }, { signal: new AbortController().signal })
            suggested = field.value = result.passphrase
        } catch (thrown) {
            showError(form, thrown)
        }
    }

    one(form, `[data-act="offer"]`).addEventListener("click", suggest)
    return {
        /** The passphrase that protects the backup; empty where another protection is chosen. */
        used: () => value(form, "protection") === "passphrase" ? field.value : "",
        /** Suggest a passphrase unless the field has one. */
        async fill() {
            if (field.value === "") await suggest()
        },
        /** Empty the field: what the passphrase protects is saved, and was opened again. */
        forget() {
            field.value = suggested = ""
        },
        /**
         * The passphrase. One of the person's own is estimated if it protects the backup; a
         * suggested one needs no estimate.
         * @param {AbortSignal} signal
         */
        async chosen(signal) {
            if (value(form, "protection") !== "passphrase") return field.value
            if (field.value === "") throw problem("passphrase_missing")
            if (field.value === suggested) return suggested
            const { result } = await run(from.strength, { job: "strength", options: { passphrase: field.value } }, { signal })
            if (result.score < strong) throw problem("passphrase_weak")
            return field.value
        },
    }
}
