// @ts-check
// The offline page: a person brings import parameters as files or as text, and saves files for the
// KMS. Nothing here sends, and it never holds key material, which exists only in the worker or in
// the person's own hardware.

import { fromBase64 } from "./bytes.js"
import { showChosen, value } from "./choices.js"
import { hsmLane } from "./desk_hsm.js"
import { all, input, one } from "./elements.js"
import { offerHelp } from "./help.js"
import { readParameters } from "./desk_parameters.js"
import { deskResult } from "./desk_result.js"
import { expiryChoice } from "./expiry.js"
import { isRegion, parseKeyReference } from "./key_reference.js"
import { askBeforeLeaving, onChange, requireSecureContext } from "./leave.js"
import { materialStep } from "./material_step.js"
import { modules } from "./modules.js"
import "./network.js"
import "./panel.js"
import { clearErrors, fill, fillCommands, fillDigest, grouped, onSubmit, ready, toTop, wait } from "./page.js"
import { closeAll, finish, open, setSummary, step } from "./steps.js"
import { countDown, mustBeValid, showClock, showEnd, showToken } from "./token_life.js"
import { phrase, problem } from "./words.js"

/** @typedef {import("./desk_parameters.js").DeskParameters} DeskParameters */

/** What a desk adds that may reach the KMS. @typedef {ReturnType<typeof import("./desk_link.js").byLink>} ByLink */

/**
 * Run the page.
 * @param {ByLink} [byLink] absent where nothing is sent
 */
export function desk(byLink) {
    ready()

    const task = one(document, "[data-task=desk]")
    const from = modules(task)

    /** What the steps have produced so far. */
    const state = {
        keyId: "",
        region: "",
        /** @type {DeskParameters | null} */
        parameters: null,
        done: false,
    }

    // Step 1: the CMK.

    onSubmit("cmk", (form) => {
        const typed = value(form, "region").trim()
        if (typed !== "" && !isRegion(typed)) throw problem("region_unreadable")
        const { keyId, region } = parseKeyReference(value(form, "reference"), typed)
        if (region === "") throw problem("region_missing")
        if (!isRegion(region)) throw problem("region_unreadable")
        state.keyId = keyId
        state.region = region
        fill(task, "cmk", state.keyId)
        fill(task, "region", region)
        nameCommand()
        finish("cmk", `${state.keyId} · ${region}`, "params")
    })

    // Step 2: the import parameters.

    const paramsForm = onSubmit("params", async (form) => {
        showParameters(false)
        const algorithm = value(form, "algorithm")
        const part = one(task, `[data-part="parameters"]`)
        const parameters = await wait(form, (signal) => readParameters(form, { keyId: state.keyId, region: state.region, algorithm }, from.keyferry, signal, byLink?.brought))
        state.parameters = parameters
        fill(task, "algorithm", algorithm)
        fillDigest(task, "fingerprint", parameters.fingerprint)
        await showToken(task, parameters.token)
        one(part, `[data-row="token-until"]`).hidden = parameters.expires === null
        one(part, `[data-row="token-unknown"]`).hidden = parameters.expires !== null
        if (parameters.expires !== null) showEnd(task, parameters.expires)
        for (const warning of all(part, "[data-warning]")) {
            warning.hidden = !parameters.warnings.includes(warning.dataset.warning ?? "")
        }
        byLink?.showObtained(parameters, state.keyId)
        showClock(part)
        showTimeLeft()
        showParameters(true)
        toTop(one(part, "h3"))
    })

    /** Once the parameters are read, the next act is to go on. @param {boolean} read */
    function showParameters(read) {
        one(task, `[data-part="parameters"]`).hidden = !read
        one(paramsForm, ":scope > button").classList.toggle("secondary", read)
    }

    /**
     * The command that asks for the parameters carries the algorithm in the name of its file, which is
     * read again later.
     */
    function nameCommand() {
        fillCommands(paramsForm, { cmk: state.keyId, algorithm: value(paramsForm, "algorithm"), region: state.region })
    }

    paramsForm.addEventListener("change", () => {
        showChosen(paramsForm)
        nameCommand()
    })

    one(task, `[data-act="continue"]`).addEventListener("click", () => {
        const { parameters } = state
        if (!parameters) return
        finish("params", "", "material")
        showTimeLeft()
        hsm.show(parameters)
        if (lane() === "browser") material.suggestPassphrase()
    })

    const showTimeLeft = countDown(task, () => (state.done ? null : state.parameters))

    // Step 3: the key material, in this browser or in hardware.

    const laneForm = /** @type {HTMLFormElement} */ (one(task, `[data-form="lane"]`))

    /** Where the material is: "browser", or "hsm" for hardware and other tools. */
    const lane = () => value(laneForm, "lane")

    const material = materialStep(task, from, {
        target() {
            const { publicKey, algorithm, fingerprint } = mustBeValid(state.parameters)
            return { keyId: state.keyId, publicKey, algorithm, fingerprint }
        },
        again: () => goBack("material"),
        goOn: (made) => toFiles(made.prepared, phrase(made.prepared.backup ? "prepared" : "prepared-elsewhere", {
            kcv: grouped(made.prepared.kcv).join(" "), seconds: made.seconds,
        })),
    })

    const hsm = hsmLane(task, (wrapped) => toFiles(wrapped, phrase("wrapped-elsewhere")))

    laneForm.addEventListener("change", () => {
        clearErrors(document)
        for (const part of all(task, "[data-lane]")) part.hidden = part.dataset.lane !== lane()
        if (lane() === "browser" && state.parameters) material.suggestPassphrase()
    })

    /**
     * @param {{encryptedKeyMaterial: string, sha256: string}} wrapped
     * @param {string} summary
     */
    async function toFiles(wrapped, summary) {
        fillDigest(task, "ciphertext-digest", wrapped.sha256)
        fill(task, "ciphertext", phrase("bytes", { count: fromBase64(wrapped.encryptedKeyMaterial).length }))
        for (const row of all(task, "[data-row=material]")) row.hidden = lane() !== "browser"
        expiry.show()
        finish("material", summary, "send")
    }

    // Step 4: the files.

    const sendForm = onSubmit("send", async () => {
        const parameters = mustBeValid(state.parameters)
        const made = lane() === "browser" ? material.made() : null
        const wrapped = made?.prepared ?? hsm.wrapped()
        if (!wrapped) throw problem("unexpected")
        const { keyId, region } = state
        await result.show({ keyId, region, parameters, wrapped: wrapped.encryptedKeyMaterial, expireUnix: expiry.take(), made })
        state.done = true
        material.empty()
        setSummary("send", keyId)
        closeAll()
        result.focus()
    })

    const expiry = expiryChoice(sendForm)
    const result = deskResult(task, byLink)

    // Going back, and leaving.

    /** @param {string} name */
    function goBack(name) {
        clearErrors(document)
        if (name !== "material") {
            state.parameters = null
            showParameters(false)
        }
        material.restart()
        hsm.restart()
        open(name)
    }

    offerHelp({
        parameters: () => goBack("params"),
        cmk() {
            if (step("cmk").dataset.state !== "open") goBack("cmk")
            input(task, "#key-reference").select()
        },
    })

    onChange(task, goBack)
    askBeforeLeaving(() => state.done ? result.holds() : material.holds() || hsm.wrapped() !== null)
    requireSecureContext()
}
