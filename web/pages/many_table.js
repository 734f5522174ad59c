// @ts-check
// The table of all CMKs with the state of each, the total, and the time that is left.

import { one } from "./elements.js"
import { isDone } from "./many_send.js"
import { fill } from "./page.js"
import { phrase, timeLeft } from "./words.js"

/** @typedef {import("./many_send.js").Item} Item */

/** How many rows are shown at once. The choice above the table says which. */
const mostRows = 500

/** How often the table is drawn, in milliseconds: one of many rows takes longer. @param {number} rows */
const pace = (rows) => 250 + 1.5 * rows

/** What the choice shows. @type {Record<string, (one: Item) => boolean>} */
const choices = {
    all: () => true,
    left: (one) => !isDone(one),
    failed: ({ state }) => state === "failed",
    done: isDone,
}

/** @param {HTMLElement} root */
export function stateTable(root) {
    const body = one(root, "tbody")
    const choice = /** @type {HTMLSelectElement} */ (one(root, "select"))
    /** @type {Item[]} */
    let items = []
    /** @type {Map<Item, HTMLTableRowElement>} */
    const rows = new Map()
    /** @type {Set<Item>} */
    const changed = new Set()
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let due
    let began = 0
    let doneBefore = 0

    /** @param {Item} item */
    const fillRow = (item) => {
        const row = rows.get(item)
        if (!row) return
        const { state, fault } = item
        const [, said] = row.cells
        row.dataset.state = state
        said.replaceChildren(element("span", "state", phrase(`many-${state}`)))
        if (fault) said.append(" ", element("span", "hint", fault.what), ...idsOf(fault))
    }

    const draw = () => {
        rows.clear()
        const shown = items.filter(choices[choice.value] ?? choices.all)
        for (const item of shown.slice(0, mostRows)) {
            const row = document.createElement("tr")
            row.dataset.key = item.entry.keyId
            const key = element("th", "", "")
            key.setAttribute("scope", "row")
            key.append(element("code", "", item.entry.keyId), element("p", "hint", item.entry.label))
            row.append(key, element("td", "", ""))
            rows.set(item, row)
            fillRow(item)
        }
        body.replaceChildren(...rows.values())
        fill(root, "rows", shown.length > mostRows ? phrase("many-rows", { count: mostRows, total: shown.length }) : "")
    }

    const count = (/** @type {string[]} */ ...states) => items.filter(({ state }) => states.includes(state)).length

    const total = () => {
        const done = items.filter(isDone).length
        const failed = count("failed")
        const left = items.length - done - failed
        const bar = /** @type {HTMLProgressElement} */ (one(root, "progress"))
        bar.value = items.length ? (done + failed) / items.length : 0
        fill(root, "total", [
            phrase("many-total", { done, count: items.length }),
            failed > 0 ? phrase("many-total-failed", { count: failed }) : "",
        ].filter((part) => part !== "").join(" "))
        const since = done + failed - doneBefore
        const seconds = (Date.now() - began) / 1000 / Math.max(since, 1) * left
        fill(root, "left", left === 0 || since < 3 ? "" : phrase("many-left", { time: timeLeft(seconds) }))
    }

    const update = () => {
        due = undefined
        for (const item of changed) fillRow(item)
        changed.clear()
        total()
    }

    choice.addEventListener("change", draw)
    return {
        /** @param {Item[]} given */
        show(given) {
            items = given
            draw()
            total()
        },
        /** From now on the time that is left is judged. */
        begin() {
            began = Date.now()
            doneBefore = count("imported", "submitted", "made", "skipped", "failed")
        },
        /** @param {Item} item */
        changed(item) {
            changed.add(item)
            due ??= setTimeout(update, pace(rows.size))
        },
        /** Show everything as it is now, with those rows that the choice has. */
        settle() {
            clearTimeout(due)
            update()
            if (choice.value !== "all") draw()
        },
        count,
    }
}

/**
 * Keys that were brought and are not used.
 * @param {HTMLElement} task
 * @param {{keyId: string, fault: import("./words.js").Problem}[]} refused
 */
export function showRefused(task, refused) {
    for (const place of task.querySelectorAll(`[data-part="refused"]`)) {
        /** @type {HTMLElement} */ (place).hidden = refused.length === 0
        fill(place, "refused", phrase("many-refused", { count: refused.length }))
        one(/** @type {HTMLElement} */ (place), "ul").replaceChildren(...refused.map(({ keyId, fault }) => {
            const row = document.createElement("li")
            row.append(Object.assign(document.createElement("code"), { textContent: keyId }), ` ${fault.what}`)
            return row
        }))
    }
}

/** @param {import("./words.js").Problem} fault */
function idsOf({ code, requestId }) {
    const written = [/^[A-Z]/.test(code) ? code : "", requestId ?? ""].filter((text) => text !== "")
    return written.map((text) => element("code", "id", text))
}

/** @param {string} name @param {string} className @param {string} text */
function element(name, className, text) {
    const made = Object.assign(document.createElement(name), { textContent: text })
    if (className) made.className = className
    return made
}
