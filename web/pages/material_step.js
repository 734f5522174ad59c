// @ts-check
// Step 3 as a whole: the person chooses where the key comes from and how it is protected, a worker
// prepares it, and the next step opens once the saved backup was opened again. This file never
// holds key material.

import { backupProof } from "./backup_proof.js"
import { forgetSecret } from "./choices.js"
import { input, one } from "./elements.js"
import { keyComponents } from "./key_components.js"
import { keyQuestions } from "./key_question.js"
import { chosenProtection, chosenSource, showSource } from "./key_source.js"
import { clearErrors, fillDigest, onSubmit, wait } from "./page.js"
import { eachReading } from "./offered_passphrase.js"
import { passphraseField } from "./passphrase.js"
import { prepare } from "./prepare.js"
import { isProblem, problem } from "./words.js"

/** @typedef {import("./prepare.js").Made} Made */

/**
 * What the material is wrapped for.
 * @typedef {object} Target
 * @property {string} keyId of the CMK
 * @property {string} publicKey the wrapping key
 * @property {string} algorithm
 * @property {string} fingerprint of the wrapping key, as it was shown
 * @property {string} [commitment] of the only key that may be wrapped; absent if any may
 */

/**
 * @param {HTMLElement} task
 * @param {ReturnType<typeof import("./modules.js").modules>} from
 * @param {object} page
 * @param {() => Target} page.target throws a problem where nothing may be wrapped
 * @param {() => void} page.again the person starts the step again
 * @param {(made: Made) => Promise<void>} page.goOn the person goes on with what was made and tested
 */
export function materialStep(task, from, { target, again, goOn }) {
    const part = one(task, `[data-part="backup"]`)
    /** @type {Made | null} */
    let made = null

    const form = onSubmit("material", async () => {
        const fresh = await key.make(target())
        if (!fresh) return // the worker asked a question
        made = fresh
        forgetSecret(form, "source")
        fillDigest(task, "kcv", fresh.prepared.kcv)
        fillDigest(task, "commitment", fresh.prepared.commitment)
        showBackupState(task, fresh.prepared)
        if (!fresh.prepared.backup) return goOn(fresh)
        form.hidden = true
        proof.show(fresh, key.passphrase())
    })
    const key = keyForm(form, from)
    const proof = backupProof(part, from.keyferry, goOn)

    one(part, `[data-act="again"]`).addEventListener("click", again)

    return {
        /** What was made, tested or not. */
        made: () => made,
        /** Whether leaving the page would lose something. */
        holds: () => made !== null || key.held(),
        suggestPassphrase: key.suggestPassphrase,
        /** Drop what was made, and show the form as it was left, without its secrets. */
        restart() {
            made = null
            key.forget()
            proof.hide()
            form.hidden = false
            for (const name of ["proven", "not-needed"]) one(task, `[data-part="${name}"]`).hidden = true
        },
        /** Whether a backup of the material is saved. */
        saved: () => made?.prepared.backup !== undefined,
        /** Choose an encrypted backup as the source. */
        takeBackup() {
            input(form, "#source-backup").click()
        },
        /** Empty the form, with the passphrase. */
        empty: () => form.reset(),
    }
}

/**
 * Say in step 4 whether the backup was tested, or is kept elsewhere.
 * @param {HTMLElement} task
 * @param {import("./prepare.js").Prepared} prepared
 */
function showBackupState(task, { backup }) {
    one(task, `[data-part="proven"]`).hidden = !backup
    one(task, `[data-part="not-needed"]`).hidden = Boolean(backup)
}

/**
 * @typedef {object} Parts
 * @property {ReturnType<typeof keyComponents>} components
 * @property {ReturnType<typeof passphraseField>} passphrase
 * @property {ReturnType<typeof keyQuestions>} questions
 */

/**
 * The form of step 3 with what each of its parts does.
 * @param {HTMLFormElement} form
 * @param {ReturnType<typeof import("./modules.js").modules>} from
 */
function keyForm(form, from) {
    const components = keyComponents(form, from.keyferry)
    const passphrase = passphraseField(form, from)
    const questions = keyQuestions(form)
    const parts = { components, passphrase, questions }
    form.addEventListener("change", ({ target }) => {
        if (target instanceof HTMLInputElement && (target.name === "source" || target.type === "file")) questions.forget()
        if (target instanceof HTMLInputElement && target.type === "radio") clearErrors(form)
        showSource(form)
    })

    return {
        held: components.held,
        suggestPassphrase: passphrase.fill,
        passphrase: () => passphrase.used(),
        /**
         * @param {Target} target
         * @returns {Promise<Made | undefined>} undefined where the worker asked a question
         */
        async make({ fingerprint, ...wanted }) {
            try {
                const made = await wait(form, (signal, say) => attempt(form, from, parts, wanted, signal, say))
                if (made.prepared.fingerprint !== fingerprint) throw problem("module_crashed")
                return made
            } catch (thrown) {
                if (isProblem(thrown) && questions.ask(thrown.code)) return undefined
                throw thrown
            }
        },
        /** Empty every field that held a secret, apart from the passphrase. */
        forget() {
            components.drop()
            components.clear()
            questions.forget()
            forgetSecret(form, "source")
            input(form, "#weak").value = ""
        },
    }
}

/**
 * Check what can be checked before a worker starts, then let it work. The worker with the
 * components ends with the attempt, whatever comes of it.
 * @param {HTMLFormElement} form
 * @param {ReturnType<typeof import("./modules.js").modules>} from
 * @param {Parts} parts
 * @param {{keyId: string, publicKey: string, algorithm: string, commitment?: string}} target
 * @param {AbortSignal} signal
 * @param {import("./page.js").Say} say
 */
async function attempt(form, from, { components, passphrase, questions }, { commitment, ...wanted }, signal, say) {
    const source = await chosenSource(form, wanted.keyId, commitment)
    const given = source.source === "components" ? components.taken() : null
    const protection = chosenProtection(form)
    const chosen = {
        ...source, ...protection, ...questions.answers(), ...wanted, passphrase: await passphrase.chosen(signal),
    }
    try {
        return await eachReading(source.secret, (secret) => prepare(from.keyferry, given, { ...chosen, secret }, signal, say))
    } finally {
        if (given) components.drop()
    }
}
