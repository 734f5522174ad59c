// @ts-check
// The page of one request. Whoever looks sees what happens next and who has to act; their own act,
// if there is one, comes first.

import { ask } from "./api.js"
import { all, one } from "./elements.js"
import { inWords } from "./expiry.js"
import "./frame.js"
import { announce, clearErrors, fill, fillDigest, onSubmit, ready, showError, toTop, wait } from "./page.js"
import { fitDesk, offerDesk } from "./request_link.js"
import { address, approvals, detail, expiryRule, happened, importer, importPath, moment, moments, next, soon, stateName } from "./request_words.js"
import { signedIn } from "./who.js"
import { phrase, problem, template } from "./words.js"

ready()

/** @typedef {import("./request_words.js").Request} Request */

const task = one(document, "[data-task=request]")
const part = one(task, `[data-part="request"]`)
const id = new URLSearchParams(location.search).get("id") ?? ""
const path = `/api/requests/${id}`

/** @type {Request | undefined} */
let request

/** How often the page looks whether something has changed, in milliseconds. */
const interval = 5000

/** States in which something may happen without the person who looks. */
const moving = ["open", "issued", "submitted", "sending", "linked", "unknown", "failed"]

async function load() {
    if (!/^[A-Za-z0-9]{26}$/.test(id)) throw problem("request_unreadable")
    show(await ask(path))
}

/** @param {Request} fresh */
function show(fresh) {
    const before = request
    request = fresh
    part.hidden = false
    one(task, `[data-part="loading"]`).hidden = true
    const title = fresh.Label || fresh.KeyId
    fill(task, "title", title)
    document.title = `${title} · Keyferry`
    const state = one(part, `.now [data-fill="state"]`)
    state.textContent = stateName(fresh)
    state.dataset.state = fresh.State
    fill(part, "next", next(fresh))
    fill(part, "soon", soon(fresh))
    if (before && before.State !== fresh.State) announce(`${stateName(fresh)}. ${next(fresh)}`)
    showActs(fresh)
    fitDesk(fresh)
    showTerms(fresh)
    showSubmission(fresh)
    one(part, `[data-part="events"]`).replaceChildren(...(fresh.Events ?? []).map(line))
    one(part, `[data-link="evidence"]`).setAttribute("href", `${path}/evidence`)
}

/** Show the acts that the person may do now. @param {Request} shown */
function showActs(shown) {
    const may = new Set(shown.May)
    // Whoever asked for it tells the importer where it is; a guest gets a link of their own.
    if (may.has("cancel") && shown.State === "open" && shown.ImporterKind !== "link" && !may.has("issue") && !may.has("prove")) may.add("copy-link")
    for (const act of all(part, "[data-may]")) act.hidden = !may.has(act.dataset.may ?? "")
    const link = one(part, `[data-link="import"]`)
    link.setAttribute("href", address(importPath(shown)))
    one(part, `[data-link="drill"]`).setAttribute("href", address(importPath(shown)))
    link.classList.toggle("secondary", shown.State === "submitted")
    one(part, "#import-link").textContent = new URL(importPath(shown), location.origin).href
    one(part, `[data-form="again"] > button`).textContent = phrase(shown.State === "failed" ? "begin" : "again")
}

/** @param {Request} shown */
function showTerms(shown) {
    fill(part, "key", shown.KeyId)
    fill(part, "region", shown.Region)
    fill(part, "requester", shown.Requester)
    fill(part, "importer", importer(shown))
    fill(part, "algorithms", shown.Algorithms.join(", "))
    fill(part, "expiry", expiryRule(shown))
    fill(part, "approvals", approvals(shown))
    fill(part, "deadline", moments(shown.Deadline))
    for (const name of /** @type {const} */ (["Label", "Note"])) {
        const row = one(part, `[data-row="${name.toLowerCase()}"]`)
        row.hidden = shown[name] === ""
        fill(row, name.toLowerCase(), shown[name])
    }
    for (const name of ["algorithms", "expiry", "approvals"]) { // a drill sends nothing to the KMS
        const row = one(part, `[data-fill="${name}"]`).closest("div")
        if (row) row.hidden = shown.Kind === "drill"
    }
    one(part, `[data-row="commitment"]`).hidden = shown.Commitment === ""
    fillDigest(part, "commitment", shown.Commitment)
}

/** @param {Request} shown */
function showSubmission({ Submission, Digest = "", Outcome }) {
    one(part, `[data-part="submission"]`).hidden = !Submission
    if (!Submission) return
    fillDigest(part, "kcv", Submission.KeyCheckValue)
    fillDigest(part, "short-digest", Digest.slice(0, 16))
    fillDigest(part, "digest", Digest)
    fillDigest(part, "wrapping-key", Submission.WrappingKeySHA256)
    fillDigest(part, "ciphertext", Submission.EncryptedKeyMaterialSHA256)
    fill(part, "algorithm", Submission.Algorithm)
    fill(part, "expires", inWords(Submission.KeyMaterialExpireUnix))
    fill(part, "token-until", moments(Submission.TokenExpireTime))
    fill(part, "kms-request-id", Outcome?.RequestId ?? "")
    for (const value of all(part, ".facts code")) {
        const row = value.closest("div")
        if (row) row.hidden = value.textContent === ""
    }
}

/** One line of the timeline. @param {import("./request_words.js").Happened} event */
function line(event) {
    const made = /** @type {DocumentFragment} */ (document.importNode(template("event"), true))
    fill(made, "what", happened(event))
    fill(made, "name", event.Name ?? phrase("happened-console"))
    const time = one(made, "time")
    time.setAttribute("datetime", event.At)
    time.textContent = moment(event.At)
    fill(made, "detail", detail(event))
    one(made, "li").dataset.what = event.What
    return made
}

// The acts.

/**
 * Let a form do an act; its answer is the request as it is then.
 * @param {string} name
 * @param {() => Record<string, unknown>} body throws a problem where something is missing
 */
function offer(name, body) {
    const form = onSubmit(name, async () => {
        const sent = body()
        const answer = await wait(form, (signal) => ask(`${path}/${name}`, { body: sent, signal }))
        show(answer)
        toTop(one(part, "#now-state"))
    })
    return form
}

/** @param {HTMLFormElement} form */
function reasonIn(form) {
    return { Reason: String(new FormData(form).get("reason") ?? "").trim() }
}

offer("approve", () => ({ Digest: request?.Digest ?? "" }))
offer("takeback", () => ({}))
offer("again", () => ({}))
const refuse = offer("refuse", () => {
    const reason = reasonIn(refuse)
    if (reason.Reason === "") throw problem("reason_missing")
    return reason
})
const cancel = offer("cancel", () => reasonIn(cancel))

const guest = onSubmit("guest-link", async () => {
    const { Secret, Code } = await wait(guest, (signal) => ask(`${path}/guest-link`, { body: {}, signal }))
    const made = one(task, `[data-part="guest-link"]`)
    one(made, "#guest-address").textContent = `${location.origin}/signin#${Secret}`
    fill(made, "guest-code", `${Code.slice(0, 3)} ${Code.slice(3)}`)
    made.hidden = false
    toTop(one(made, "h3"))
})

offerDesk(() => /** @type {Request} */ (request), show)

/** Look again from time to time, unless the person is busy here or away. */
function watch() {
    setInterval(async () => {
        if (document.hidden || !request || !moving.includes(request.State) || part.querySelector("[aria-busy]")) return
        if (part.contains(document.activeElement) && document.activeElement instanceof HTMLInputElement) return
        const fresh = await ask(path).catch(() => null)
        if (fresh && JSON.stringify(fresh) !== JSON.stringify(request)) show(fresh)
    }, interval)
}

signedIn().then(load).then(() => {
    clearErrors(document)
    watch()
}).catch((thrown) => {
    one(task, `[data-part="loading"]`).hidden = true
    showError(task, thrown)
})
