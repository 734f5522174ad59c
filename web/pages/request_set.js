// @ts-check
// Several requests together: how many of the person's own are imported, and one approval for all that
// wait for the person, bound to all their bytes.

import { ask } from "./api.js"
import { all, one } from "./elements.js"
import { canBeAmongMany } from "./many_requests.js"
import { clearErrors, fill, fillDigest, showError, wait } from "./page.js"
import { fillHoles } from "./words.js"

/** @typedef {import("./request_words.js").Request} Request */

/**
 * @param {HTMLElement} task
 * @param {() => void} changed the list has to be asked for again
 */
export function requestSet(task, changed) {
    const part = one(task, `[data-part="set"]`)
    const form = one(part, "form")
    const link = one(part, `[data-link="many"]`)
    const [address] = (link.getAttribute("href") ?? "").split("?")
    let shown = { ids: /** @type {string[]} */ ([]), digest: "" }

    form.addEventListener("submit", async (event) => {
        event.preventDefault()
        clearErrors(document)
        try {
            const { Refused } = await wait(form, (signal) =>
                ask("/api/set/approve", { body: { Requests: shown.ids, Digest: shown.digest }, signal }))
            const refused = Object.keys(Refused).length
            const said = one(task, `[data-fill="agreed"]`)
            said.textContent = fillHoles(said.dataset.template ?? "", { count: shown.ids.length - refused, refused })
            changed()
        } catch (thrown) {
            showError(form, thrown)
        }
    })

    return {
        /**
         * Show what is known of the requests in the list.
         * @param {string} which list it is
         * @param {Request[]} requests
         * @param {URLSearchParams} filter of the list
         */
        async show(which, requests, filter) {
            const ids = requests.map(({ Id }) => Id)
            part.hidden = ids.length < 2 || which === "all"
            if (part.hidden) return
            const mine = which === "waiting" ? requests.filter(canBeAmongMany).length : 0
            one(part, `[data-part="many"]`).hidden = mine < 2
            link.setAttribute("href", `${address}?${filter}`)
            link.textContent = fillHoles(link.dataset.template ?? "", { count: mine })
            const set = await ask("/api/set", { body: { Requests: ids } })
            shown = { ids: set.Awaiting, digest: set.Digest }
            for (const line of all(part, `[data-fill="progress"]`)) {
                line.textContent = fillHoles(line.dataset.template ?? "", { done: set.States.imported ?? 0, count: set.Count })
                line.hidden = which !== "mine"
            }
            form.hidden = which !== "waiting" || set.Awaiting.length < 2
            fillDigest(form, "set-digest", set.Digest)
            const button = one(form, "button:not([type=button])")
            button.textContent = fillHoles(button.dataset.template ?? "", { count: set.Awaiting.length })
            fill(form, "set-count", String(set.Awaiting.length))
        },
    }
}
