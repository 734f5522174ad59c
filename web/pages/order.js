// @ts-check
// Importing for a request: the address names it with ?request=. Its CMK and terms are fixed, and
// what is made is submitted to it instead of being imported.

import { ask } from "./api.js"
import { now } from "./clock.js"
import { all, input, one } from "./elements.js"
import { readParameters } from "./kms.js"
import { fill, fillDigest } from "./page.js"
import { approvals, expiryRule, moments, next, requestAddress, stateName } from "./request_words.js"
import { signedIn } from "./who.js"
import { phrase, problem } from "./words.js"

/** @typedef {import("./request_words.js").Request} Request */

const asked = new URLSearchParams(location.search).get("request")

/** Whether this page imports for a request. @param {HTMLElement} task */
export const isOrdered = (task) => task.dataset.team !== undefined && asked !== null

/**
 * Get the request that the address names, and fix on the page what it fixes.
 * @param {HTMLElement} task
 * @returns {Promise<Request>}
 */
export async function takeOrder(task) {
    task.dataset.order = ""
    if (!/^[A-Za-z0-9]{26}$/.test(asked ?? "")) throw problem("request_unreadable")
    await signedIn()
    /** @type {Request} */
    const request = await ask(`/api/requests/${asked}`)
    show(task, request)
    if (!request.May.includes("issue")) throw problem("request_not_open")
    fixAlgorithms(task, request)
    fixExpiry(task, request)
    if (request.Commitment !== "") fixSource(task)
    return request
}

/** @param {HTMLElement} task @param {Request} request */
function show(task, request) {
    const part = one(task, `[data-part="order"]`)
    part.hidden = false
    fill(part, "order-key", request.KeyId)
    fill(part, "order-requester", request.Requester)
    fill(part, "order-expiry", expiryRule(request))
    fill(part, "order-approvals", approvals(request))
    fill(part, "order-deadline", moments(request.Deadline))
    for (const name of /** @type {const} */ (["Label", "Note"])) {
        const row = one(part, `[data-row="order-${name.toLowerCase()}"]`)
        row.hidden = request[name] === ""
        fill(row, `order-${name.toLowerCase()}`, request[name])
    }
    one(part, `[data-part="order-receipt"]`).hidden = request.Commitment === ""
    one(task, `[data-part="order-if"]`).hidden = false
}

/** Leave the algorithms that the request allows. @param {HTMLElement} task @param {Request} request */
function fixAlgorithms(task, { Algorithms }) {
    for (const choice of all(task, `[name="algorithm"]`)) {
        if (!Algorithms.includes(choice.getAttribute("value") ?? "")) choice.closest(".choice")?.remove()
    }
    input(task, `[name="algorithm"]`).checked = true
}

/**
 * Leave the choices of expiry that the request allows.
 * @param {HTMLElement} task
 * @param {Request} request
 */
function fixExpiry(task, { Expiry, ExpiryDays }) {
    if (Expiry === "any") return
    const allowed = (/** @type {string} */ choice) => Expiry === "never" ? choice === "never"
        : choice !== "never" && (Expiry === "required" || choice === "at" || Number(choice) <= ExpiryDays)
    for (const choice of all(task, `[name="expiry"]`)) {
        const named = choice.getAttribute("value") ?? ""
        if (allowed(named)) continue
        choice.closest(".choice")?.remove()
        for (const part of all(task, `[data-for="expiry=${named}"]`)) part.remove()
    }
    const left = /** @type {HTMLInputElement[]} */ (all(task, `[name="expiry"]`))
    left[left.length > 1 ? left.length - 2 : 0].checked = true
    const rule = Expiry === "within" ? phrase("order-within", { days: ExpiryDays }) : phrase(`order-${Expiry}`)
    one(task, `[data-form="send"] fieldset legend`).after(Object.assign(document.createElement("p"), { className: "hint", textContent: rule }))
}

/** A CMK that had key material takes no other. @param {HTMLElement} task */
function fixSource(task) {
    const generate = task.querySelector("#source-generate")
    if (!generate) return
    generate.closest(".choice")?.remove()
    input(task, "#source-backup").click()
}

/**
 * Refuse an expiry that the request does not allow.
 * @param {Request} request
 * @param {number} seconds since 1970; 0 means never
 */
export function checkExpiry({ Expiry, ExpiryDays }, seconds) {
    if ((Expiry === "required" || Expiry === "within") && seconds === 0) throw problem("expiry_must_be_set")
    if (Expiry === "never" && seconds !== 0) throw problem("expiry_beyond_request")
    if (Expiry === "within" && seconds * 1000 > now() + ExpiryDays * 24 * 3600 * 1000) throw problem("expiry_beyond_request")
}

/**
 * Get import parameters for a request. Meanwhile the place in the queue for them is shown.
 * @param {Request} request
 * @param {string} algorithm
 * @param {AbortSignal} signal
 * @param {import("./page.js").Say} say
 */
export async function parametersFor({ Id, KeyId }, algorithm, signal, say) {
    const looking = setInterval(async () => {
        const { Waiting: place } = await ask(`/api/requests/${Id}`, { signal }).catch(() => ({}))
        if (place) say(() => phrase("order-place", { place }))
    }, 2000)
    try {
        return readParameters(KeyId, await ask(`/api/requests/${Id}/parameters`, { body: { WrappingAlgorithm: algorithm }, signal }))
    } finally {
        clearInterval(looking)
    }
}

/**
 * Submit wrapped key material to a request. The answer is the request as it is then.
 * @param {Request} request
 * @param {{algorithm: string, fingerprint: string, token: string, tokenExpireTime: string}} parameters
 * @param {import("./prepare.js").Prepared} prepared
 * @param {number} expireUnix 0: never
 * @param {AbortSignal} signal
 * @returns {Promise<Request>}
 */
export function submit({ Id, Commitment }, parameters, prepared, expireUnix, signal) {
    return ask(`/api/requests/${Id}/submit`, {
        body: {
            WrappingAlgorithm: parameters.algorithm, WrappingKeySHA256: parameters.fingerprint,
            EncryptedKeyMaterial: prepared.encryptedKeyMaterial, ImportToken: parameters.token,
            TokenExpireTime: parameters.tokenExpireTime, KeyMaterialExpireUnix: expireUnix,
            KeyCheckValue: prepared.kcv,
            // The worker has compared the key with the receipt of this commitment, see chosenReceipt.
            Commitment: Commitment || prepared.commitment,
        },
        signal, lost: "submit_outcome_unknown",
    })
}

/**
 * Show what comes of it: who has to agree, or that the KMS has the key material already.
 * @param {HTMLElement} result
 * @param {Request} request as it is after the submission
 */
export function showOrderResult(result, request) {
    const imported = request.State === "imported"
    fill(result, "result-title", stateName(request))
    fill(result, "enabled", phrase(imported ? "order-done-imported" : "order-done", { cmk: request.KeyId }))
    fill(result, "order-next", next(request))
    fillDigest(result, "order-digest", (request.Digest ?? "").slice(0, 16))
    one(result, `[data-link="order"]`).setAttribute("href", requestAddress(request.Id))
    one(result, `[data-part="order-result"]`).hidden = false
    one(result, `[data-part="state-check"]`).hidden = !imported
}
