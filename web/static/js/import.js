// @ts-check
// The import, step by step. This file moves between the steps and keeps what they produce. It never
// holds key material, which exists only in the worker.

import { fromBase64 } from "./bytes.js"
import { offerCalendar } from "./calendar.js"
import { value } from "./choices.js"
import { expiryChoice, inWords } from "./expiry.js"
import { run } from "./job.js"
import { parseKeyReference } from "./key_reference.js"
import { getParametersForImport, importKeyMaterial } from "./kms.js"
import { askBeforeLeaving, onChange, requireSecureContext } from "./leave.js"
import { materialStep } from "./material_step.js"
import { modules } from "./modules.js"
import { clearErrors, fill, fillCommands, fillDigest, fillTemplate, grouped, one, onSubmit, wait } from "./page.js"
import { offerPrint, offerReceipt } from "./receipt_offer.js"
import { closeAll, finish, open, setSummary } from "./steps.js"
import { countDown, mustBeValid, showEnd, showToken } from "./token_life.js"
import { fillHoles, isProblem, phrase, problem } from "./words.js"

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

const task = one(document, "[data-task=import]")
const { region = "", version = "" } = task.dataset
const from = modules(task)

/**
 * What the steps have produced so far. Each part is discarded when an earlier step is opened
 * again.
 */
const state = {
    keyId: "",
    /** @type {Parameters | null} */
    parameters: null,
    /** Whether an import was sent whose outcome is not known. */
    unknown: false,
    done: false,
}

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
    })
    showParameters(state.parameters)
})

/** @param {Parameters} parameters */
function showParameters(parameters) {
    fill(task, "algorithm", parameters.algorithm)
    fill(task, "parameters-request-id", parameters.requestId)
    fillDigest(task, "fingerprint", parameters.fingerprint)
    showEnd(task, parameters.expires)
    showTimeLeft()
    const part = one(task, `[data-part="parameters"]`)
    part.hidden = false
    one(part, "h3").focus()
}

one(task, `[data-act="continue"]`).addEventListener("click", () => {
    if (!state.parameters) return
    finish("params", "", "material")
    showTimeLeft()
    material.suggestPassphrase()
})

const showTimeLeft = countDown(task, () => (state.done ? null : state.parameters))

// Step 3: the key material, and the proof of its backup.

const material = materialStep(task, from, {
    target() {
        const { publicKey, algorithm, fingerprint } = mustBeValid(state.parameters)
        return { keyId: state.keyId, publicKey, algorithm, fingerprint }
    },
    again: () => goBack("material"),
    async goOn({ prepared, seconds }) {
        const { parameters } = state
        if (!parameters) return
        fillDigest(task, "ciphertext-digest", prepared.sha256)
        fill(task, "ciphertext", phrase("bytes", { count: fromBase64(prepared.encryptedKeyMaterial).length }))
        await showToken(task, parameters.token)
        expiry.show()
        nameImport(false)
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
    const sent = { keyId, ciphertext: made.prepared.encryptedKeyMaterial, token: parameters.token, expireUnix }
    let answer
    try {
        answer = await wait(form, (signal) => importKeyMaterial(sent, signal))
    } catch (thrown) {
        if (isProblem(thrown) && outcomeUnknown.has(thrown.code)) state.unknown = true
        nameImport(true)
        throw thrown
    }
    await showResult(parameters, made, expireUnix, answer)
})

/** After these errors the KMS may have accepted the material. */
const outcomeUnknown = new Set(["import_outcome_unknown", "Console.KMSOutcomeUnknown"])

const expiry = expiryChoice(sendForm)

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

// The result, and what to keep.

const resultPart = one(task, `[data-part="result"]`)

/**
 * @param {Parameters} parameters
 * @param {Made} made
 * @param {number} expireUnix
 * @param {{requestId: string, time: number}} answer
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
    one(resultPart, "h2").focus()
    await offerReceipt(resultPart, { version, module: made.module }, {
        keyId: state.keyId, region, expireUnix, source: made.source, prepared: made.prepared, preparedAt: made.at,
        algorithm: parameters.algorithm, token: parameters.token, tokenExpireTime: parameters.tokenExpireTime,
        fingerprint: parameters.fingerprint, parametersRequestId: parameters.requestId,
        importRequestId: answer.requestId, importedAt: new Date(answer.time),
    })
}

offerPrint(resultPart)
offerCalendar(resultPart)

// Going back, and leaving.

/** @param {string} name */
function goBack(name) {
    if (state.unknown && !confirm(phrase("leave-unknown"))) return
    clearErrors(document)
    state.unknown = false
    if (name !== "material") state.parameters = null
    material.restart()
    one(task, `[data-part="parameters"]`).hidden = true
    open(name)
}

onChange(task, goBack)
askBeforeLeaving(() => !state.done && (material.holds() || state.unknown))
requireSecureContext()
