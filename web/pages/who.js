// @ts-check
// Who is signed in, in the header of every page that may ask. The page itself is the same for
// everybody.

import { ask } from "./api.js"
import { offerHelp } from "./help.js"
import { fillHoles } from "./words.js"

/** @typedef {{Id: string, Name: string, Email: string, Kind: string, Groups: string[], Request?: string}} Person */
/** @typedef {{Person: Person | null, Waiting: number, More: boolean, Provider: boolean, Demo: Person[], Regions: string[]}} Me */

/**
 * Who is signed in. A console for one person has nobody to ask about, and is not asked.
 * @type {Promise<Me>}
 */
export const me = document.querySelector("[data-who]") ? ask("/api/me") : new Promise(() => {})

/** @param {string} selector @returns {NodeListOf<HTMLElement>} */
const every = (selector) => document.querySelectorAll(selector)

/** The address of the sign-in page, which leads back to this one. */
function signInAddress() {
    const link = every("[data-sign-in]")[0]
    const [path] = (link?.getAttribute("href") ?? "/signin").split("?")
    return `${path}?${new URLSearchParams({ to: location.pathname + location.search })}`
}

/** The query of this address, where it names a request or a list and nothing else. */
const named = /^\?((id|request)=[A-Za-z0-9]{26}|which=(mine|waiting|all)(&state=[a-z]*&text=[^&]*)?)$/.exec(location.search)?.[0] ?? ""
for (const link of every("a[data-set-language]")) {
    if (link instanceof HTMLAnchorElement && named !== "") link.search = named
}

/** @param {Me} answer */
function show({ Person, Waiting, More }) {
    for (const place of every("[data-who]")) place.hidden = Person === null
    for (const place of every("[data-stranger]")) place.hidden = Person !== null || location.pathname.endsWith("/signin")
    for (const name of every("[data-who-name]")) name.textContent = Person?.Name || Person?.Email || ""
    for (const link of every("[data-sign-in]")) link.setAttribute("href", signInAddress())
    for (const button of every("[data-sign-out]")) {
        button.hidden = Person === null || Person.Kind === "operator"
        button.addEventListener("click", signOut)
    }
    for (const count of every("[data-waiting-count]")) {
        count.hidden = Waiting === 0
        count.textContent = `${Waiting}${More ? "+" : ""}`
        count.title = fillHoles(count.dataset.template ?? "", { count: count.textContent })
        count.setAttribute("aria-label", count.title)
    }
}

async function signOut() {
    await ask("/signin/out", { body: {} })
    location.assign(`/${document.documentElement.lang}/signin`)
}

// A sign-in that is too old is renewed beside the page, so that nothing on it is lost.
offerHelp({ signin: () => window.open(`${signInAddress()}&again=1`, "_blank", "noopener") })

me.then(show, () => { /* the page's own script says what is wrong */ })

/**
 * The person who is signed in. Where nobody is, the page says so and offers to sign in, and this
 * never returns.
 * @returns {Promise<Person>}
 */
export async function signedIn() {
    const { Person } = await me
    if (Person) return Person
    for (const notice of every(`[data-part="stranger"]`)) notice.hidden = false
    return new Promise(() => {})
}
