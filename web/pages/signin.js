// @ts-check
// Signing in: with a provider, as one of the made-up people, or with a guest link. The secret of a
// guest link comes in the fragment, which no server gets to see; it is taken out of the address at
// once.

import { ask } from "./api.js"
import { one } from "./elements.js"
import "./frame.js"
import { fill, onSubmit, ready, showError, wait } from "./page.js"
import { address } from "./request_words.js"
import { me } from "./who.js"
import { phrase, problem, template } from "./words.js"

ready()

const task = one(document, "[data-task=signin]")

const fragment = location.hash.slice(1)
const refused = /^error=([A-Za-z.]+)$/.exec(fragment)?.[1] ?? ""
const secret = refused === "" ? fragment : ""
if (fragment !== "") history.replaceState(null, "", location.pathname + location.search)

/** The page to go on to: one of this console's own. */
function target() {
    const wanted = new URLSearchParams(location.search).get("to") ?? ""
    return /^\/(en|zh-CN)\/[a-z/]*(\?[\w=&-]*)?$/.test(wanted) ? wanted : address("/requests")
}

/** @param {import("./who.js").Me} answer */
function show({ Person, Provider, Demo }) {
    if (secret !== "") {
        one(task, `[data-part="guest"]`).hidden = false
        one(task, "#code").focus()
        return
    }
    const again = new URLSearchParams(location.search).has("again")
    one(task, `[data-part="signed"]`).hidden = Person === null || again
    if (Person) fill(task, "signed", phrase("signed", { name: Person.Name || Person.Email }))
    one(task, `[data-part="ways"]`).hidden = Person !== null && Demo.length === 0 && !again
    one(task, `[data-part="provider"]`).hidden = !Provider
    one(task, `[data-link="provider"]`).setAttribute("href", `/signin/start?${new URLSearchParams({ to: target(), ...(again && { again: "1" }) })}`)
    one(task, `[data-part="demo"]`).hidden = Demo.length === 0
    one(task, `[data-part="no-way"]`).hidden = Provider || Demo.length > 0
    one(task, `[data-part="people"]`).replaceChildren(...Demo.map(choice))
}

/** A button that signs in as one of the made-up people. @param {import("./who.js").Person} person */
function choice({ Id, Name, Groups }) {
    const made = /** @type {DocumentFragment} */ (document.importNode(template("one"), true))
    const button = one(made, "button")
    button.textContent = phrase("sign-in-as", { name: Name })
    fill(made, "groups", phrase("groups", { groups: Groups.join(", ") }))
    button.addEventListener("click", async () => {
        try {
            await ask("/signin/demo", { body: { Person: Id } })
            location.assign(target())
        } catch (thrown) {
            showError(task, thrown)
        }
    })
    return made
}

const guest = onSubmit("guest", async () => {
    const Code = String(new FormData(guest).get("code") ?? "").replace(/\D/g, "")
    if (Code.length !== 6) throw problem("guest_code_missing")
    const { request } = await wait(guest, (signal) => ask("/signin/guest", { body: { Secret: secret, Code }, signal }))
    location.assign(address(`/?request=${request}`))
})

me.then((answer) => {
    show(answer)
    if (refused !== "") throw problem(refused)
}).catch((thrown) => showError(task, thrown))
