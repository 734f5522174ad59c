// @ts-check
// The addresses from which calendar programs read when keys expire: they are made and revoked here,
// and each is shown once.

import { ask } from "./api.js"
import { one } from "./elements.js"
import { fill, onSubmit, showError, toTop, wait } from "./page.js"
import { moment } from "./request_words.js"
import { signedIn } from "./who.js"
import { phrase, template } from "./words.js"

/** @typedef {{Id: string, Group: string, Made: string, Until: string, Read: string}} Feed */

const part = one(document, `[data-part="feeds"]`)
const list = one(part, `[data-part="feed-list"]`)
const group = /** @type {HTMLSelectElement} */ (one(part, "#feed-group"))

async function load() {
    /** @type {{Feeds: Feed[]}} */
    const { Feeds } = await ask("/api/feeds")
    list.replaceChildren(...Feeds.map(row))
    fill(part, "feeds-none", Feeds.length === 0 ? phrase("keys-feed-none") : "")
}

/** @param {Feed} feed */
function row(feed) {
    const line = /** @type {DocumentFragment} */ (document.importNode(template("feed"), true))
    const item = one(line, "li")
    fill(line, "of", feed.Group === "" ? phrase("keys-feed-me") : phrase("keys-feed-of", { name: feed.Group }))
    fill(line, "made", phrase("keys-feed-made", { time: moment(feed.Made), until: moment(feed.Until).slice(0, 10) }))
    fill(line, "read", feed.Read === "" ? phrase("keys-feed-unread") : phrase("keys-feed-read", { time: moment(feed.Read) }))
    one(line, `[data-act="revoke"]`).addEventListener("click", async () => {
        try {
            await ask("/api/feeds/revoke", { body: { Id: feed.Id } })
            one(part, `[data-part="feed-made"]`).hidden = true
            await load()
            fill(part, "feeds-none", phrase("keys-feed-revoked"))
        } catch (thrown) {
            showError(form, thrown)
        }
    })
    return item
}

const form = onSubmit("feed", async () => {
    const { Path } = await wait(form, (signal) => ask("/api/feeds", { body: { Group: group.value }, signal }))
    one(part, "#feed-address").textContent = new URL(Path, location.origin).href
    const made = one(part, `[data-part="feed-made"]`)
    made.hidden = false
    await load()
    toTop(one(made, "h3"))
})

signedIn().then(async ({ Groups, Kind }) => {
    if (Kind === "guest") return
    for (const name of Groups.slice(0, 200)) group.append(new Option(phrase("keys-feed-of", { name }), name))
    part.hidden = false
    await load()
}).catch((thrown) => showError(form, thrown))
