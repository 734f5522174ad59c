// @ts-check
// Step 3 as a page walks through it: the material is prepared in a worker, its backup saved and proven, and only then is
// the way to the next step open. What leaves the worker is encrypted, or a check value; this file holds nothing else.

import { backup } from "./choices.js"
import { run } from "./job.js"
import { materialForm, showBackup } from "./material.js"
import { fillDigest, one, onSubmit, showError, wait } from "./page.js"
import { step } from "./steps.js"
import { isProblem, problem } from "./words.js"

/**
 * What the material is wrapped for.
 * @typedef {object} Target
 * @property {string} keyId of the CMK
 * @property {string} publicKey the wrapping key
 * @property {string} algorithm
 * @property {string} fingerprint of the wrapping key, as it was shown
 */

/**
 * @typedef {object} Made
 * @property {import("./material.js").Prepared} prepared
 * @property {string} source
 * @property {string} seconds how long the worker lived
 * @property {import("./job.js").Module} module the one that held the key
 * @property {Date} at
 */

/**
 * @param {HTMLElement} task
 * @param {ReturnType<typeof import("./modules.js").modules>} from
 * @param {object} page
 * @param {() => Target} page.target throws a problem where nothing may be wrapped, for example for an expired token
 * @param {() => void} page.again the person starts the step again
 * @param {(made: Made) => Promise<void>} page.goOn the person goes on with what was made and proven
 */
export function materialStep(task, from, { target, again, goOn }) {
    const part = one(task, `[data-part="backup"]`)
    const unlock = /** @type {HTMLButtonElement} */ (one(part, `[data-act="to-import"]`))
    /** @type {Made | null} */
    let made = null

    const form = onSubmit("material", async () => {
        const { fingerprint, ...wanted } = target()
        let fresh
        try {
            fresh = await wait(form, (signal, say) => material.prepare(wanted, signal, say))
        } catch (thrown) {
            if (isProblem(thrown) && material.ask(thrown.code)) return
            throw thrown
        }
        if (fresh.prepared.fingerprint !== fingerprint) throw problem("module_crashed")
        made = { ...fresh, at: new Date() }
        form.hidden = true
        material.forgetSecret()
        showBackup(part, fresh.prepared, fillDigest)
    })

    const material = materialForm(form, from)

    const proofForm = onSubmit("proof", async () => {
        if (!made) throw problem("unexpected")
        const { kcv, commitment, salt } = made.prepared
        const options = { ...backup(proofForm, "proof"), kcv, commitment, salt }
        await wait(proofForm, (signal) => run(from.custody, { job: "check", options }, { signal }))
        proofForm.hidden = true
        proofForm.reset() // the secret has served
        one(part, `[data-part="proven"]`).hidden = false
        unlock.disabled = false
        unlock.focus()
    })

    one(part, `[data-act="again"]`).addEventListener("click", again)
    unlock.addEventListener("click", () => {
        if (made) goOn(made).catch((thrown) => showError(step("material"), thrown))
    })

    return {
        /** What was made, proven or not. */
        made: () => made,
        /** Whether leaving the page would lose something. */
        holds: () => made !== null || material.holdsComponents(),
        /** Offer a passphrase where none stands yet. */
        offerPassphrase() {
            const passphrase = /** @type {HTMLInputElement} */ (one(task, "#passphrase"))
            if (passphrase.value === "") material.offer().catch((thrown) => showError(step("material"), thrown))
        },
        /** Drop what was made, and show the form as it was left. */
        restart() {
            made = null
            material.forget()
            form.hidden = false
            part.hidden = true
            proofForm.reset()
        },
        /** Empty the form: the passphrase has served with the rest. */
        empty() {
            form.reset()
        },
    }
}
