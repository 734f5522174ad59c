// @ts-check
// The page of imported keys by expiry. They are asked for a part at a time, so that ten thousand do
// not slow the page down. One click asks for another import of the same key, or for a drill.

import { ask } from "./api.js"
import { all, input, one } from "./elements.js"
import "./feeds.js"
import "./frame.js"
import { clearErrors, fill, fillDigest, ready, showError } from "./page.js"
import { utc, zone } from "./moment.js"
import { address, importPath, moment, requestAddress } from "./request_words.js"
import { signedIn } from "./who.js"
import { fillHoles, phrase, template } from "./words.js"

ready()

/**
 * An imported key as the console answers it.
 * @typedef {object} Key
 * @property {string} Region
 * @property {string} KeyId
 * @property {string} Label
 * @property {string} State
 * @property {string} Request
 * @property {string} Expires empty where the material never does
 * @property {string} KeyCheckValue
 * @property {string} Holder
 * @property {boolean} Guest
 * @property {string} Drilled
 * @property {string} DrillDue
 * @property {boolean} Overdue
 * @property {string} Drill
 * @property {string} Renewal
 * @property {string[]} May
 */

const task = one(document, "[data-task=keys]")
const rows = one(task, `[data-part="keys"]`)
const more = one(task, `[data-act="more"]`)
const state = /** @type {HTMLSelectElement} */ (one(task, "#state"))
const text = input(task, "#text")

const asked = new URLSearchParams(location.search)
const shown = { which: asked.get("which") ?? "", after: "" }
/** The key that a reminder leads to. */
const named = /^[a-z0-9-]{1,64}$/.test(asked.get("KeyId") ?? "") ? asked.get("KeyId") ?? "" : ""

/** Drops an answer that a later question has overtaken. */
let question = 0

/** @param {boolean} again whether the list begins anew */
async function load(again) {
    const mine = ++question
    if (again) shown.after = ""
    const total = one(task, `[data-fill="total"]`)
    const slow = setTimeout(() => { total.textContent = total.dataset.loading ?? "" }, 250)
    const query = new URLSearchParams({ which: shown.which, state: state.value, text: text.value.trim(), after: shown.after })
    try {
        const answer = await ask(`/api/keys?${query}`)
        clearTimeout(slow) // before it says that the list is loading, which it is not any more
        if (mine !== question) return
        clearErrors(document)
        show(answer, again)
        // A person who may see few of many gets parts without any.
        if (answer.Keys.length === 0 && answer.After !== "") await load(false)
    } catch (thrown) {
        if (mine === question) showError(one(task, `[data-part="list"]`), thrown)
    } finally {
        clearTimeout(slow)
    }
}

/** @param {{Keys: Key[], After: string}} answer @param {boolean} again */
function show({ Keys, After }, again) {
    shown.after = After
    const made = Keys.map(row)
    const first = made[0]?.querySelector("a")
    if (again) rows.replaceChildren(...made)
    else rows.append(...made)
    if (!again) first?.focus()
    more.hidden = After === ""
    const searched = text.value.trim() !== "" || state.value !== ""
    const count = rows.children.length
    const found = phrase(After === "" ? "keys-found" : "keys-shown", { count: count.toLocaleString("en") })
    fill(task, "total", count === 0 && After === "" ? phrase(searched ? "keys-none-fit" : "keys-none") : found)
}

/** A moment in the person's time zone and in UTC. @param {string} time */
const moments = (time) => phrase("keys-moment", { local: moment(time), zone: zone(), utc: utc(new Date(time)).slice(0, 16) })

/** One line of the list. @param {Key} key */
function row(key) {
    const line = /** @type {DocumentFragment} */ (document.importNode(template("key"), true))
    const item = one(line, "li")
    fill(line, "label", key.Label)
    one(line, `[data-fill="label"]`).hidden = key.Label === ""
    fill(line, "key", key.KeyId)
    const named = one(line, `[data-fill="state"]`)
    named.textContent = phrase(`keys-${key.State}`)
    named.dataset.state = key.State
    fill(line, "expires", key.Expires === "" ? phrase("keys-never") : moments(key.Expires))
    if (key.KeyCheckValue) fillDigest(line, "kcv", key.KeyCheckValue)
    else fill(line, "kcv", phrase("keys-no-kcv"))
    fill(line, "holder", key.Guest ? phrase("keys-guest") : key.Holder)
    fill(line, "drilled", key.Drilled === "" ? phrase("keys-no-drill") : moment(key.Drilled))
    if (key.DrillDue) fill(line, "due", `· ${phrase(key.Overdue ? "keys-drill-late" : "keys-drill-by", { time: moment(key.DrillDue) })}`)
    one(line, `[data-link="request"]`).setAttribute("href", requestAddress(key.Request))
    offer(item, key, "renew", key.Renewal)
    offer(item, key, "drill", key.Drill)
    return item
}

/**
 * Offer an act on a key: it makes a request, or opens the one that there is, and leads to it.
 * @param {HTMLElement} item
 * @param {Key} key
 * @param {"renew" | "drill"} act
 * @param {string} open id of the request that is open, or empty
 */
function offer(item, key, act, open) {
    const button = /** @type {HTMLButtonElement} */ (one(item, `[data-act="${act}"]`))
    button.hidden = open === "" && !key.May.includes(act)
    if (open !== "") button.textContent = button.dataset.open ?? ""
    if (act === "renew" && key.KeyId === named) button.classList.remove("secondary")
    button.setAttribute("aria-label", fillHoles("{act}: {key}", { act: button.textContent ?? "", key: key.Label || key.KeyId }))
    button.addEventListener("click", async () => {
        button.disabled = true
        try {
            const request = open !== "" ? await ask(`/api/requests/${open}`)
                : await ask(`/api/keys/${act}`, { body: { Region: key.Region, KeyId: key.KeyId } })
            location.assign(leadsTo(request))
        } catch (thrown) {
            showError(item, thrown)
        } finally {
            button.disabled = false
        }
    })
}

/** Where a request is dealt with by the person. @param {import("./request_words.js").Request} request */
function leadsTo(request) {
    return request.May.includes("issue") || request.May.includes("prove") ? address(importPath(request)) : requestAddress(request.Id)
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
    one(task, `[data-part="list"]`).hidden = false
    if (named !== "") text.value = named
    choose(named === "" && shown.which !== "all" ? "mine" : "all")
    await load(true)
}, (thrown) => showError(task, thrown))
