// @ts-check
// The import, step by step. This file moves between the steps and holds what they produce; it never holds key material,
// which exists in the worker only.

import { run } from "./job.js"
import { parseKeyReference } from "./key_reference.js"
import { getParametersForImport, importKeyMaterial } from "./kms.js"
import { local, utc, zone } from "./moment.js"
import { clearErrors, fill, fillDigest, one, showError, wait } from "./page.js"
import { fromBase64, sha256 } from "./sent.js"
import { closeAll, finish, open, setSummary, step } from "./steps.js"
import { fillHoles, isProblem, phrase, problem } from "./words.js"

/**
 * @typedef {object} Parameters
 * @property {string} algorithm
 * @property {string} publicKey
 * @property {string} token
 * @property {number} expires when the token ends, in milliseconds by this computer's clock
 * @property {string} fingerprint
 */

const task = one(document, "[data-task=import]")
const region = task.dataset.region ?? ""

/** What the steps have produced so far. Each part is dropped when an earlier step is opened again. */
const state = {
    keyId: "",
    /** @type {Parameters | null} */
    parameters: null,
    /** @type {string | null} */
    ciphertext: null,
    /** Whether an import was sent whose outcome is not known. */
    unknown: false,
    done: false,
}

/** @param {string} job @param {string} publicKey @param {string} [algorithm] */
function jobRequest(job, publicKey, algorithm) {
    const { worker = "", module = "", integrity = "" } = task.dataset
    return { worker, module, integrity, job, publicKey, algorithm }
}

/**
 * Run a form's act when it is sent: errors go where they happened.
 * @param {string} name
 * @param {(form: HTMLFormElement) => Promise<void> | void} act
 */
function onSubmit(name, act) {
    const form = one(document, `[data-form="${name}"]`)
    if (!(form instanceof HTMLFormElement)) throw new Error(`${name} is not a form`)
    form.addEventListener("submit", async (event) => {
        event.preventDefault()
        if (form.getAttribute("aria-busy")) return
        clearErrors(document)
        try {
            await act(form)
        } catch (thrown) {
            showError(form, thrown)
        }
    })
}

/** @param {HTMLFormElement} form @param {string} name */
const value = (form, name) => String(new FormData(form).get(name) ?? "")

// Step 1: the CMK.

onSubmit("cmk", (form) => {
    const { keyId, state: keyState } = parseKeyReference(value(form, "reference"), region)
    state.keyId = keyId
    fill(task, "cmk", keyId)
    const notice = one(task, `[data-notice="state"]`)
    notice.hidden = keyState === "" || keyState === "PendingImport"
    one(notice, "p").textContent = phrase("not-pending", { state: keyState })
    finish("cmk", `${keyId} · ${region}`, "params")
})

// Step 2: the import parameters.

onSubmit("params", async (form) => {
    const algorithm = value(form, "algorithm")
    one(task, `[data-part="parameters"]`).hidden = true
    state.parameters = await wait(form, async (signal) => {
        const answer = await getParametersForImport(state.keyId, algorithm, signal)
        const { result } = await run(jobRequest("inspect", answer.PublicKey), signal)
        fill(task, "parameters-request-id", answer.RequestId)
        return {
            algorithm,
            publicKey: answer.PublicKey,
            token: answer.ImportToken,
            // By the console's clock and not this computer's, which may be wrong.
            expires: Date.now() + Date.parse(answer.TokenExpireTime) - answer.serverTime,
            fingerprint: result.fingerprint,
        }
    })
    showParameters(state.parameters)
})

/** @param {Parameters} parameters */
function showParameters(parameters) {
    fill(task, "algorithm", parameters.algorithm)
    fillDigest(task, "fingerprint", parameters.fingerprint)
    const until = new Date(parameters.expires)
    fill(task, "token-until", phrase("local-time", { time: local(until) }))
    fill(task, "token-until-utc", `${utc(until)} UTC`)
    countDown()
    const part = one(task, `[data-part="parameters"]`)
    part.hidden = false
    one(part, "h3").focus()
}

one(task, `[data-act="continue"]`).addEventListener("click", () => {
    if (!state.parameters) return
    finish("params", "", "material")
    countDown()
})

/** How long the token still lives, wherever it is shown. */
function countDown() {
    if (!state.parameters || state.done) return
    const seconds = Math.floor((state.parameters.expires - Date.now()) / 1000)
    const hours = Math.floor(seconds / 3600)
    const minutes = Math.floor(seconds / 60) % 60
    let left = phrase("token-expired")
    if (seconds > 3600) left = phrase("valid-for", { hours, minutes })
    else if (seconds > 0) left = phrase("valid-minutes", { minutes, seconds: seconds % 60 })
    fill(task, "token-left", left)
    setSummary("params", `${state.parameters.algorithm} · ${left}`)
}

setInterval(countDown, 1000)

/** @param {Parameters} parameters */
function mustBeAlive(parameters) {
    if (parameters.expires <= Date.now()) throw problem("token_expired")
}

// Step 3: the key material.

onSubmit("material", async (form) => {
    const parameters = state.parameters
    if (!parameters) throw problem("unexpected")
    mustBeAlive(parameters)
    const { result, seconds } = await wait(form, (signal, say) =>
        run(jobRequest("generate", parameters.publicKey, parameters.algorithm), signal, () =>
            say((soFar) => phrase("worker-alive", { seconds: soFar }))))
    if (result.fingerprint !== parameters.fingerprint) throw problem("module_crashed")
    state.ciphertext = result.encryptedKeyMaterial
    fillDigest(task, "ciphertext-digest", result.sha256)
    const ciphertext = fromBase64(result.encryptedKeyMaterial)
    const token = fromBase64(parameters.token)
    fill(task, "ciphertext", phrase("bytes-digest", { count: ciphertext.length, digest: result.sha256 }))
    fill(task, "token", phrase("bytes-digest", { count: token.length, digest: await sha256(token) }))
    showExpiry()
    nameImport(false)
    finish("material", phrase("generated", { seconds }), "send")
})

// Step 4: the import.

const expiryTime = /** @type {HTMLInputElement} */ (one(task, "#expiry-time"))

/** The moment of expiry, or null for never. */
function chosenExpiry() {
    const form = /** @type {HTMLFormElement} */ (one(task, `[data-form="send"]`))
    if (value(form, "expiry") === "never") return null
    const moment = new Date(expiryTime.value)
    if (Number.isNaN(moment.getTime())) throw problem("expiry_missing")
    return moment
}

/** Show the choice of expiry in words, and in UTC as the KMS counts. */
function showExpiry() {
    const form = /** @type {HTMLFormElement} */ (one(task, `[data-form="send"]`))
    one(form, `[data-part="expiry"]`).hidden = value(form, "expiry") === "never"
    const zonePlace = one(form, `[data-fill="zone"]`)
    zonePlace.textContent = fillHoles(zonePlace.dataset.template ?? "", { zone: zone() })
    const utcPlace = one(form, `[data-fill="expiry-utc"]`)
    const moment = new Date(expiryTime.value)
    const known = !Number.isNaN(moment.getTime())
    utcPlace.textContent = known ? fillHoles(utcPlace.dataset.template ?? "", { utc: utc(moment) }) : ""
    if (value(form, "expiry") === "never") fill(task, "expiry", `0 · ${phrase("expiry-never")}`)
    else fill(task, "expiry", known ? `${unix(moment)} · ${utc(moment)} UTC` : "")
}

/** @param {Date} moment */
const unix = (moment) => Math.floor(moment.getTime() / 1000)

for (const input of task.querySelectorAll(`[data-form="send"] input`)) input.addEventListener("input", showExpiry)

onSubmit("send", async (form) => {
    const { parameters, ciphertext, keyId } = state
    if (!parameters || !ciphertext) throw problem("unexpected")
    const expiry = chosenExpiry()
    if (expiry && expiry.getTime() <= Date.now()) throw problem("expiry_past")
    mustBeAlive(parameters)
    try {
        const requestId = await wait(form, (signal) => {
            return importKeyMaterial({ keyId, ciphertext, token: parameters.token, expireUnix: expiry ? unix(expiry) : 0 }, signal)
        })
        showResult(requestId)
    } catch (thrown) {
        if (isProblem(thrown) && outcomeUnknown.has(thrown.code)) state.unknown = true
        nameImport(true)
        throw thrown
    }
})

/** After these the KMS may have taken the material. */
const outcomeUnknown = new Set(["import_outcome_unknown", "Console.KMSOutcomeUnknown"])

/**
 * Name the button after what it does.
 * @param {boolean} again
 */
function nameImport(again) {
    const button = one(task, `[data-act="import"]`)
    button.textContent = again
        ? button.dataset.again ?? ""
        : fillHoles(button.dataset.template ?? "", { cmk: state.keyId })
}

/** @param {string} requestId */
function showResult(requestId) {
    state.done = true
    state.unknown = false
    fill(task, "import-request-id", requestId)
    const enabled = one(task, `[data-fill="enabled"]`)
    enabled.textContent = fillHoles(enabled.dataset.template ?? "", { cmk: state.keyId })
    const check = one(task, `[data-fill="describe-key"]`)
    one(check, "code").textContent = fillHoles(check.dataset.template ?? "", { cmk: state.keyId })
    setSummary("send", state.keyId)
    closeAll()
    const part = one(task, `[data-part="result"]`)
    part.hidden = false
    one(part, "h2").focus()
}

// Going back, and leaving.

for (const button of task.querySelectorAll("[data-change]")) {
    button.addEventListener("click", () => {
        if (state.unknown && !confirm(phrase("leave-unknown"))) return
        const name = /** @type {HTMLElement} */ (button).dataset.change ?? ""
        clearErrors(document)
        state.ciphertext = null
        state.unknown = false
        if (name !== "material") state.parameters = null
        one(task, `[data-part="parameters"]`).hidden = true
        open(name)
    })
}

addEventListener("beforeunload", (event) => {
    if (!state.done && (state.ciphertext || state.unknown)) event.preventDefault()
})

if (!isSecureContext) showError(step("cmk"), problem("insecure_context"))
