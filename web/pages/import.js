// @ts-check
// The import, step by step. This file moves between the steps and keeps what they produce. It never
// holds key material, which exists only in the worker.

import "./address.js"
import { fromBase64 } from "./bytes.js"
import { offerCalendar } from "./calendar.js"
import { value } from "./choices.js"
import { input, one } from "./elements.js"
import { expiryChoice, inWords } from "./expiry.js"
import "./frame.js"
import { isAboutCMK, offerHelp } from "./help.js"
import "./import_link.js"
import { run } from "./job.js"
import { parseKeyReference } from "./key_reference.js"
import { getParametersForImport, importKeyMaterial } from "./kms.js"
import { askBeforeLeaving, onChange, requireSecureContext } from "./leave.js"
import { materialStep } from "./material_step.js"
import { modules } from "./modules.js"
import { checkExpiry, isOrdered, parametersFor, showOrderResult, submit, takeOrder } from "./order.js"
import { clearErrors, fill, fillCommands, fillDigest, fillTemplate, grouped, onSubmit, ready, showError, toTop, wait } from "./page.js"
import "./panel.js"
import { offerPrint, offerReceipt, receiptUnsaved } from "./receipt_offer.js"
import { closeAll, finish, open, setSummary, step } from "./steps.js"
import { countDown, mustBeValid, showEnd, showToken } from "./token_life.js"
import { fillHoles, isProblem, phrase, problem, showWhole } from "./words.js"

// Whoever looks at the page with the tools of the browser can begin a job as the page does.
export { begin } from "./job.js"

ready()

/**
 * @typedef {object} Parameters
 * @property {string} algorithm
 * @property {string} publicKey
 * @property {string} token
 * @property {string} tokenExpireTime in UTC, to the second
 * @property {number} expires the same in milliseconds
 * @property {string} fingerprint
 * @property {string} requestId
 */

/** @typedef {import("./prepare.js").Made} Made */
/** @typedef {import("./request_words.js").Request} Order */

const task = one(document, "[data-task=import]")
const { region = "", version = "" } = task.dataset

/** Whether this page imports the same material again. */
const again = task.dataset.again !== undefined

const from = modules(task)

/**
 * What the steps have produced so far. Each part is discarded when an earlier step is opened
 * again.
 */
const state = {
    keyId: "",
    region,
    /** @type {Parameters | null} */
    parameters: null,
    /** Whether an import was sent whose outcome is not known. */
    unknown: false,
    done: false,
    /** The request that this page imports for. @type {Order | null} */
    order: null,
}

// Step 1: the CMK.

const cmkForm = onSubmit("cmk", (form) => {
    const { keyId, state: keyState } = parseKeyReference(value(form, "reference"), region)
    state.keyId = keyId
    fill(task, "cmk", keyId)
    finish("cmk", `${keyId} · ${region}`, "params")
    if (!again) showState(keyState)
})

/**
 * Say so where the pasted answer tells that the CMK is not waiting for a first import.
 * @param {string} keyState empty where it is not known
 */
function showState(keyState) {
    one(task, `[data-notice="state"]`).hidden = keyState === "" || keyState === "PendingImport"
    fill(task, "not-pending", phrase("not-pending", { state: keyState }))
    one(task, `[data-link="reimport"]`).setAttribute("href", reimport())
}

/** The address of the page that imports the same material again, for this CMK. */
function reimport() {
    const [path] = (one(task, `[data-link="reimport"]`).getAttribute("href") ?? "").split("?")
    return `${path}?${new URLSearchParams({ KeyId: state.keyId })}`
}

if (isOrdered(task)) {
    takeOrder(task).then((request) => {
        state.order = request
        state.keyId = request.KeyId
        fill(task, "cmk", request.KeyId)
        state.region = request.Region
        finish("cmk", `${request.KeyId} · ${request.Region}`, "params")
        scrollTo(0, 0)
    }).catch((thrown) => showError(cmkForm, thrown))
}

// Step 2: the import parameters. Nobody has to decide anything about them, so step 3 follows.

const paramsForm = onSubmit("params", async (form) => {
    const algorithm = value(form, "algorithm")
    try {
        const parameters = await wait(form, (signal, say) => getParameters(algorithm, signal, say))
        state.parameters = parameters
        showParameters(parameters)
    } catch (thrown) {
        if (!isProblem(thrown) || !isAboutCMK(thrown.code)) throw thrown
        goBack("cmk")
        showError(cmkForm, thrown)
        return
    }
    finish("params", "", "material")
    showTimeLeft()
    material.suggestPassphrase()
})

/**
 * @param {string} algorithm
 * @param {AbortSignal} signal
 * @param {import("./page.js").Say} say
 * @returns {Promise<Parameters>}
 */
async function getParameters(algorithm, signal, say) {
    const answer = await (state.order
        ? parametersFor(state.order, algorithm, signal, say)
        : getParametersForImport(state.keyId, algorithm, signal))
    const { result } = await run(from.keyferry, { job: "inspect", options: { publicKey: answer.PublicKey } }, { signal })
    return {
        algorithm,
        publicKey: answer.PublicKey,
        token: answer.ImportToken,
        tokenExpireTime: answer.TokenExpireTime,
        expires: answer.expires,
        fingerprint: result.fingerprint,
        requestId: answer.RequestId,
    }
}

/** @param {Parameters} parameters */
function showParameters(parameters) {
    fill(task, "algorithm", parameters.algorithm)
    fill(task, "parameters-request-id", parameters.requestId)
    fillDigest(task, "fingerprint", parameters.fingerprint)
    showEnd(task, parameters.expires)
}

const showTimeLeft = countDown(task, () => (state.done ? null : state.parameters))

// Step 3: the key material, and the proof of its backup.

const material = materialStep(task, from, {
    target() {
        const { publicKey, algorithm, fingerprint } = mustBeValid(state.parameters)
        return { keyId: state.keyId, publicKey, algorithm, fingerprint, commitment: state.order?.Commitment }
    },
    again: () => goBack("material"),
    async goOn({ prepared, seconds }) {
        const { parameters } = state
        if (!parameters) return
        fillDigest(task, "ciphertext-digest", prepared.sha256)
        fill(task, "ciphertext", phrase("bytes", { count: fromBase64(prepared.encryptedKeyMaterial).length }))
        await showToken(task, parameters.token)
        expiry.show()
        const button = one(task, `[data-act="import"]`)
        showWhole(button, state.order
            ? phrase("order-submit", { cmk: state.keyId })
            : fillHoles(button.dataset.template ?? "", { cmk: state.keyId }))
        finish("material", phrase(prepared.backup ? "prepared" : "prepared-elsewhere", { kcv: grouped(prepared.kcv).join(" "), seconds }), "send")
    },
})

// Step 4: the import.

const sendForm = onSubmit("send", async (form) => {
    const { keyId } = state
    const made = material.made()
    if (!made) throw problem("unexpected")
    const expireUnix = expiry.take()
    const parameters = mustBeValid(state.parameters)
    if (state.order) return handIn(form, state.order, parameters, made, expireUnix)
    const sent = { keyId, ciphertext: made.prepared.encryptedKeyMaterial, token: parameters.token, expireUnix,
        ...task.dataset.team === undefined ? {} : { shows: made.prepared } }
    let answer
    try {
        answer = await wait(form, (signal) => importKeyMaterial(sent, signal))
    } catch (thrown) {
        if (isProblem(thrown) && outcomeUnknown.has(thrown.code)) state.unknown = true
        throw thrown
    }
    await showResult(parameters, made, expireUnix, answer)
})

/**
 * Submit what was made to the request. Whether the KMS gets it now depends on who has to agree.
 * @param {HTMLFormElement} form
 * @param {import("./request_words.js").Request} order
 * @param {Parameters} parameters
 * @param {Made} made
 * @param {number} expireUnix
 */
async function handIn(form, order, parameters, made, expireUnix) {
    checkExpiry(order, expireUnix)
    let request
    try {
        request = await wait(form, (signal) => submit(order, parameters, made.prepared, expireUnix, signal))
    } catch (thrown) {
        if (isProblem(thrown) && outcomeUnknown.has(thrown.code)) state.unknown = true
        throw thrown
    }
    const { RequestId = "", At = "" } = request.State === "imported" ? request.Outcome ?? {} : {}
    await showResult(parameters, made, expireUnix, { requestId: RequestId, time: Date.parse(At) })
    showOrderResult(resultPart, request)
}

/** After these errors the KMS may have accepted the material. */
const outcomeUnknown = new Set(["import_outcome_unknown", "submit_outcome_unknown", "Console.KMSOutcomeUnknown"])

const expiry = expiryChoice(sendForm)

// The result, and what to keep.

const resultPart = one(task, `[data-part="result"]`)

/**
 * @param {Parameters} parameters
 * @param {Made} made
 * @param {number} expireUnix
 * @param {{requestId: string, time: number}} answer with an empty RequestId where the KMS does not have the
 *     material yet
 */
async function showResult(parameters, made, expireUnix, answer) {
    state.done = true
    state.unknown = false
    material.empty()
    fill(task, "import-request-id", answer.requestId)
    fillTemplate(task, "enabled", { cmk: state.keyId })
    fillCommands(resultPart, { cmk: state.keyId })
    fill(task, "expiry", inWords(expireUnix))
    const calendar = one(resultPart, `[data-part="calendar"]`)
    calendar.hidden = expireUnix === 0
    one(calendar, "[name=KeyId]").setAttribute("value", state.keyId)
    one(calendar, "[name=KeyMaterialExpireUnix]").setAttribute("value", String(expireUnix))
    setSummary("send", state.keyId)
    closeAll()
    resultPart.hidden = false
    toTop(one(resultPart, "h2"))
    await offerReceipt(resultPart, { version, module: made.module }, {
        keyId: state.keyId, region: state.region, expireUnix, source: made.source, prepared: made.prepared, preparedAt: made.at,
        algorithm: parameters.algorithm, token: parameters.token, tokenExpireTime: parameters.tokenExpireTime,
        fingerprint: parameters.fingerprint, parametersRequestId: parameters.requestId,
        parametersObtained: "relay",
        ...answer.requestId ? { importRequestId: answer.requestId, importedAt: new Date(answer.time), importedBy: "relay" } : {},
    })
}

offerPrint(resultPart)
offerCalendar(resultPart)

// Going back, and leaving.

/**
 * @param {string} name of the step
 * @returns {boolean} whether the person went back
 */
function goBack(name) {
    if (state.unknown && !confirm(phrase("leave-unknown"))) return false
    clearErrors(document)
    state.unknown = false
    if (name !== "material") state.parameters = null
    material.restart()
    open(name)
    return true
}

offerHelp({
    parameters() {
        const saved = material.saved()
        if (!goBack("params")) return
        if (saved) material.takeBackup()
        paramsForm.requestSubmit()
    },
    algorithm: () => goBack("params"),
    ...isOrdered(task) ? {} : { cmk() {
        if (step("cmk").dataset.state === "open" || goBack("cmk")) input(cmkForm, "#key-reference").select()
    } },
    ...again ? { material: () => goBack("material") } : { reimport: () => window.open(reimport(), "_blank", "noopener") },
})

onChange(task, goBack)
askBeforeLeaving(() => state.done ? receiptUnsaved() : material.holds() || state.unknown)
requireSecureContext()
