// @ts-check
// Step 3: the key material. What the person chose goes to a worker; what comes back is encrypted, or a check value. This
// file never holds key material. Components pass through a field, as they must, and leave it as soon as they are taken.

import { backup, file, showChosen, typedSentence, value } from "./choices.js"
import { begin, run } from "./job.js"
import { clearErrors, one, showError } from "./page.js"
import { fillHoles, phrase, problem } from "./words.js"

/** @typedef {import("./modules.js").Module} Module */
/** @typedef {import("./page.js").Say} Say */

/**
 * What came of step 3.
 * @typedef {object} Prepared
 * @property {string} encryptedKeyMaterial
 * @property {string} sha256 of the ciphertext
 * @property {string} fingerprint of the wrapping key that was used
 * @property {string} kcv
 * @property {string} commitment
 * @property {string} salt
 * @property {Uint8Array<ArrayBuffer>} [backup]
 * @property {string} [backupFile]
 * @property {string} [backupSHA256]
 */

/**
 * The form of step 3.
 * @param {HTMLFormElement} form
 * @param {{plain: Module, custody: Module, strength: Module}} from
 */
export function materialForm(form, from) {
    const passphrase = /** @type {HTMLInputElement} */ (one(form, "#passphrase"))
    const weak = one(form, `[data-part="weak"]`)
    const confirm = one(form, `[data-part="confirm"]`)
    let offered = ""
    /** The form in which a file of text was confirmed to hold the key. */
    let kind = ""
    /** The weakness that the person accepted by typing a sentence. */
    let weakness = ""
    /** The weakness that was found last. */
    let found = ""
    /** @type {ReturnType<typeof begin> | null} A worker that is being fed components. */
    let feeding = null
    /** How many components it has accepted. */
    let accepted = 0

    form.addEventListener("change", (event) => {
        const source = value(form, "source")
        if (event.target instanceof HTMLInputElement && (event.target.name === "source" || event.target.type === "file")) {
            kind = weakness = found = ""
            confirm.hidden = weak.hidden = true
        }
        one(form, `[data-part="receipt"]`).hidden = source === "generate"
        const elsewhere = one(form, `[data-part="elsewhere"]`)
        elsewhere.hidden = source === "generate"
        if (elsewhere.hidden && value(form, "protection") === "elsewhere") {
            const fallback = /** @type {HTMLInputElement} */ (one(form, "#protection-passphrase"))
            fallback.checked = true
        }
        const button = one(form, `[data-act="prepare"]`)
        button.textContent = (source === "generate" ? button.dataset.generate : button.dataset.brought) ?? ""
        showChosen(form)
    })

    /** Offer a passphrase that nobody can guess. */
    async function offer() {
        const { result } = await run(from.custody, { job: "passphrase" }, { signal: new AbortController().signal })
        offered = passphrase.value = result.passphrase
    }

    one(form, `[data-act="offer"]`).addEventListener("click", () => offer().catch((thrown) => showError(form, thrown)))

    one(form, `[data-act="confirm"]`).addEventListener("click", () => {
        kind = confirm.dataset.kind ?? ""
        confirm.hidden = true
        form.requestSubmit()
    })

    one(form, `[data-act="weak"]`).addEventListener("click", () => {
        if (!typedSentence(/** @type {HTMLInputElement} */ (one(form, "#weak")))) {
            showError(form, problem("sentence_missing"))
            return
        }
        weakness = found
        weak.hidden = true
        form.requestSubmit()
    })

    const onComponent = async () => {
        clearErrors(document)
        try {
            await addComponent()
        } catch (thrown) {
            showError(form, thrown)
        }
    }

    one(form, `[data-act="component"]`).addEventListener("click", onComponent)

    // Enter adds the component that was typed; sending the form would be one step too far.
    for (const id of ["#component", "#component-kcv"]) {
        one(form, id).addEventListener("keydown", (event) => {
            if (event.key !== "Enter") return
            event.preventDefault()
            onComponent()
        })
    }

    /** Hand the typed component to the worker, and empty the fields once it is taken. */
    async function addComponent() {
        const component = /** @type {HTMLInputElement} */ (one(form, "#component"))
        const kcv = /** @type {HTMLInputElement} */ (one(form, "#component-kcv"))
        if (component.value.trim() === "" || kcv.value.trim() === "") throw problem("component_missing")
        feeding ??= begin(from.custody, { job: "prepare", pieces: true })
        const text = new TextEncoder()
        const { method, count } = await feeding.feed({ component: text.encode(component.value), kcv: text.encode(kcv.value) })
        component.value = kcv.value = ""
        accepted = count
        const entry = document.createElement("li")
        entry.textContent = phrase("accepted", { number: count, method: method.toUpperCase() })
        one(form, `[data-part="accepted"]`).append(entry)
        const label = one(form, `[data-fill="component"]`)
        label.textContent = fillHoles(label.dataset.template ?? "", { number: count + 1 })
        component.focus()
    }

    /** Forget the components that were given. */
    function stopFeeding() {
        feeding?.stop()
        feeding = null
        accepted = 0
        one(form, `[data-part="accepted"]`).replaceChildren()
        const label = one(form, `[data-fill="component"]`)
        label.textContent = fillHoles(label.dataset.template ?? "", { number: 1 })
    }

    /**
     * Check what can be checked before a worker starts, and gather what it needs.
     * @param {AbortSignal} signal
     */
    async function choose(signal) {
        const source = value(form, "source")
        const protection = value(form, "protection")
        const brought = source === "backup"
            ? backup(form, "source")
            : { file: source === "file" ? file(form, "file") : null, secret: "" }
        if (source === "file" && !brought.file) throw problem("file_missing")
        if (source === "components" && accepted < 2) throw problem("components_too_few")
        if (protection === "recipients" && value(form, "recipients").trim() === "") throw problem("recipients_missing")
        if (protection === "elsewhere" && !typedSentence(/** @type {HTMLInputElement} */ (one(form, "#elsewhere")))) {
            throw problem("sentence_missing")
        }
        if (protection === "passphrase") await mustBeStrong(signal)
        return {
            source, protection, kind, weakness, ...brought,
            receipt: source === "generate" ? null : file(form, "receipt"),
            passphrase: passphrase.value, recipients: value(form, "recipients"),
        }
    }

    /** A passphrase of the person's own is estimated; the offered one needs no estimate. @param {AbortSignal} signal */
    async function mustBeStrong(signal) {
        if (passphrase.value === "") throw problem("passphrase_missing")
        if (passphrase.value === offered) return
        const { result } = await run(from.strength, { job: "strength", passphrase: passphrase.value }, { signal })
        if (result.score < 4) throw problem("passphrase_weak")
    }

    /**
     * Do the job.
     * @param {{keyId: string, publicKey: string, algorithm: string}} target
     * @param {AbortSignal} signal
     * @param {Say} say
     * @returns {Promise<{prepared: Prepared, source: string, seconds: string, module: Module}>} module: the one that held the key
     */
    async function prepare(target, signal, say) {
        const options = { ...await choose(signal), ...target, date: new Date().toISOString().slice(0, 10) }
        const watch = {
            signal,
            onReady: () => say(() => phrase("alive")),
            onProgress: progressOf(say),
        }
        const fed = options.source === "components" ? feeding : null
        try {
            if (!fed) {
                const backups = options.source === "backup" || options.protection !== "elsewhere"
                const module = backups ? from.custody : from.plain
                const { result, seconds } = await run(module, { job: "prepare", options }, watch)
                return { prepared: result, source: options.source, seconds, module }
            }
            const ending = fed.end(watch)
            fed.finish({ options })
            const { result, seconds } = await ending
            return { prepared: result, source: options.source, seconds, module: from.custody }
        } finally {
            if (fed) stopFeeding() // the worker has ended, with or without a result
        }
    }

    return {
        prepare,
        offer,
        /** Whether there are components that would be lost. */
        holdsComponents: () => feeding !== null,
        /**
         * Turn a question or a finding of the worker's into a choice for the person; anything else is an error.
         * @param {string} code
         */
        ask(code) {
            if (code === "confirm_hex" || code === "confirm_base64") {
                confirm.dataset.kind = code.slice("confirm_".length)
                const sentence = one(confirm, `[data-fill="confirm"]`)
                sentence.textContent = (code === "confirm_hex" ? sentence.dataset.hex : sentence.dataset.base64) ?? ""
                confirm.hidden = false
                one(confirm, "button").focus()
                return true
            }
            if (code.startsWith("weak_")) {
                found = code
                weak.hidden = false
            }
            return false
        },
        /** Empty the field of what opened a backup. */
        forgetSecret() {
            /** @type {HTMLInputElement} */ (one(form, "#source-secret")).value = ""
        },
        /** Empty every field that held a secret. */
        forget() {
            stopFeeding()
            kind = weakness = found = ""
            confirm.hidden = weak.hidden = true
            for (const id of ["#source-secret", "#component", "#component-kcv", "#weak"]) {
                /** @type {HTMLInputElement} */ (one(form, id)).value = ""
            }
        },
    }
}

/**
 * Say how far an examination is and how long it will take, judged by how long it took so far.
 * @param {Say} say
 * @returns {(done: number, total: number) => void}
 */
function progressOf(say) {
    const began = performance.now()
    return (done, total) => {
        const part = done / total
        const left = (performance.now() - began) / 1000 * (1 - part) / Math.max(part, 1e-9)
        const time = left > 90
            ? phrase("minutes", { minutes: Math.ceil(left / 60) })
            : phrase("seconds", { seconds: Math.ceil(left) })
        say(() => phrase("examining", { percent: Math.floor(part * 100), left: time }), part)
    }
}

/**
 * Put the check values and the backup of what was prepared into the part that proves it.
 * @param {HTMLElement} part
 * @param {Prepared} prepared
 * @param {(root: ParentNode, name: string, digest: string) => void} fillDigest
 */
export function showBackup(part, prepared, fillDigest) {
    fillDigest(document, "kcv", prepared.kcv)
    fillDigest(document, "commitment", prepared.commitment)
    const link = /** @type {HTMLAnchorElement} */ (one(part, `[data-link="backup"]`))
    const proof = one(part, `[data-form="proof"]`)
    const unlock = /** @type {HTMLButtonElement} */ (one(part, `[data-act="to-import"]`))
    one(part, `[data-part="proven"]`).hidden = true
    one(part, `[data-part="not-needed"]`).hidden = prepared.backup !== undefined
    proof.hidden = prepared.backup === undefined
    unlock.disabled = prepared.backup !== undefined
    if (prepared.backup && prepared.backupFile) {
        offerDownload(link, prepared.backup, prepared.backupFile, "application/octet-stream")
        link.textContent = fillHoles(link.dataset.template ?? "", { name: prepared.backupFile })
    }
    part.hidden = false
    one(part, "h3").focus()
}

/**
 * Make a link download bytes that this page holds.
 * @param {HTMLAnchorElement} link
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {string} name
 * @param {string} type
 */
export function offerDownload(link, bytes, name, type) {
    if (link.href.startsWith("blob:")) URL.revokeObjectURL(link.href)
    link.href = URL.createObjectURL(new Blob([bytes], { type }))
    link.download = name
    link.hidden = false
}
