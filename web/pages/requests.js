// @ts-check
// The list of requests: those that wait for the person, the person's own, and all that the person
// may see. It is asked for a part at a time, so that ten thousand do not slow the page down.

import { ask } from "./api.js"
import { input, one, all } from "./elements.js"
import "./frame.js"
import { clearErrors, fill, ready, showError } from "./page.js"
import { requestSet } from "./request_set.js"
import { isOwn, moment, next, requestAddress, stateName } from "./request_words.js"
import { me, signedIn } from "./who.js"
import { phrase, showWhole, template } from "./words.js"

ready()

/** @typedef {import("./request_words.js").Request} Request */

const task = one(document, "[data-task=requests]")
const rows = one(task, `[data-part="requests"]`)
const more = one(task, `[data-act="more"]`)
const state = /** @type {HTMLSelectElement} */ (one(task, "#state"))
const text = input(task, "#text")

const asked = new URLSearchParams(location.search)
const shown = { which: asked.get("which") ?? "", after: "" }

const set = requestSet(task, () => load(true))

/** What the list shows. @type {Request[]} */
let listed = []

/** Drops an answer that a later question has overtaken. */
let question = 0

/** @param {boolean} again whether the list begins anew */
async function load(again) {
    const mine = ++question
    const { which } = shown
    if (again) shown.after = ""
    const total = one(task, `[data-fill="total"]`)
    const slow = setTimeout(() => { total.textContent = total.dataset.loading ?? "" }, 250)
    const filter = new URLSearchParams({ which, state: state.value, text: text.value.trim() })
    try {
        const answer = await ask(`/api/requests?${filter}&after=${encodeURIComponent(shown.after)}`)
        clearTimeout(slow) // before it says that the list is loading, which it is not any more
        if (mine !== question) return
        clearErrors(document)
        show(answer, again)
        listed = again ? answer.Requests : [...listed, ...answer.Requests]
        if (answer.Requests.length > 0 || again) await set.show(which, listed, filter)
        // A person who may see few of many gets parts without any.
        if (answer.Requests.length === 0 && answer.After !== "") await load(false)
    } catch (thrown) {
        if (mine === question) showError(one(task, `[data-part="list"]`), thrown)
    } finally {
        clearTimeout(slow)
    }
}

/** @param {{Requests: Request[], After: string}} answer @param {boolean} again */
function show({ Requests, After }, again) {
    shown.after = After
    const made = Requests.map(row)
    const first = made[0]?.querySelector("a")
    if (again) rows.replaceChildren(...made)
    else rows.append(...made)
    if (!again) first?.focus()
    more.hidden = After === ""
    const searched = text.value.trim() !== "" || state.value !== ""
    const nothing = phrase(searched ? "none-fit" : `none-${shown.which}`)
    const count = rows.children.length
    const all = phrase(After === "" ? "found" : "shown", { count: count.toLocaleString("en") })
    fill(task, "total", count === 0 && After === "" ? nothing : all)
}

/** One line of the list. @param {Request} request */
function row(request) {
    const line = /** @type {DocumentFragment} */ (document.importNode(template("row"), true))
    const item = one(line, "li")
    item.dataset.own = String(isOwn(request))
    const link = one(line, `[data-link="request"]`)
    showWhole(link, request.Label || request.KeyId)
    link.setAttribute("href", requestAddress(request.Id))
    fill(line, "key", request.KeyId)
    const named = one(line, `[data-fill="state"]`)
    named.textContent = stateName(request)
    named.dataset.state = request.State
    fill(line, "next", next(request))
    const ended = ["imported", "refused", "cancelled", "lapsed"].includes(request.State)
    fill(line, "ends", ended ? "" : phrase("ends", { time: moment(request.Deadline) }))
    return item
}

/** @param {string} which */
function choose(which) {
    shown.which = which
    for (const tab of all(task, "[data-which]")) {
        if (tab.dataset.which === which) tab.setAttribute("aria-current", "true")
        else tab.removeAttribute("aria-current")
    }
    history.replaceState(null, "", `?which=${which}`)
}

for (const tab of all(task, "[data-which]")) {
    tab.addEventListener("click", (event) => {
        event.preventDefault()
        choose(tab.dataset.which ?? "")
        load(true)
    })
}

let typing = 0
text.addEventListener("input", () => {
    clearTimeout(typing)
    typing = setTimeout(() => load(true), 300)
})
state.addEventListener("change", () => load(true))
one(task, `[data-form="filter"]`).addEventListener("submit", (event) => {
    event.preventDefault()
    load(true)
})
more.addEventListener("click", () => load(false))

signedIn().then(async () => {
    const { Waiting, More } = await me
    one(task, `[data-count="waiting"]`).textContent = `(${Waiting}${More ? "+" : ""})`
    one(task, `[data-part="list"]`).hidden = false
    choose(["waiting", "mine", "all"].includes(shown.which) ? shown.which : Waiting > 0 ? "waiting" : "mine")
    await load(true)
}, (thrown) => showError(task, thrown))
