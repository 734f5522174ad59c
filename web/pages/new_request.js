// @ts-check
// New requests: one, or several with the same terms. Several are made one after another, so that
// each line that is refused says why, and the others are made.

import { ask } from "./api.js"
import { file, showChosen, value } from "./choices.js"
import { now } from "./clock.js"
import { input, one } from "./elements.js"
import "./frame.js"
import { isLong, linesOfFile, linesOfText } from "./key_lines.js"
import { parseKeyReference } from "./key_reference.js"
import { local, readLocal, stamp, zone } from "./moment.js"
import { clearErrors, fill, fillTemplate, onSubmit, ready, showError, toTop, wait } from "./page.js"
import { readReceipt } from "./receipt.js"
import { requestAddress } from "./request_words.js"
import { me, signedIn } from "./who.js"
import { isProblem, phrase, problem } from "./words.js"

/** @typedef {import("./key_lines.js").Line} Line */

ready()

const task = one(document, "[data-task=new-request]")
const { region = "" } = task.dataset
const preview = one(task, `[data-part="preview"]`)

/** What each line of the preview has become. @type {Line[]} */
let lines = []

/** The CMKs for which a request was made already, where making several was cancelled. @type {Set<string>} */
const done = new Set()

const form = onSubmit("new", async () => {
    const terms = termsOf(form)
    if (value(form, "how") === "one") return makeOne(terms)
    await readLines()
    if (lines.every(({ fault }) => fault !== "")) throw problem("keys_faulty")
    await makeSeveral(terms)
})

/**
 * The CMK that somebody wrote. An ARN may be of any region of the console.
 * @param {string} written
 */
async function referenced(written) {
    const { Regions } = await me
    const { keyId, region: named } = parseKeyReference(written, "")
    if (named !== "" && !Regions.includes(named)) throw problem("key_reference_region")
    return { keyId, region: named || region }
}

/** @param {Record<string, unknown>} terms */
async function makeOne(terms) {
    const { keyId, region: named } = await referenced(value(form, "reference"))
    const receipt = file(form, "receipt")
    const earlier = receipt ? await readReceipt(receipt) : null
    if (earlier && earlier.KeyId !== keyId) throw problem("receipt_other_cmk")
    const body = { ...terms, KeyId: keyId, Region: named, Label: value(form, "label").trim(), Commitment: earlier?.Commitment ?? "" }
    if (isLong(body.Label)) throw problem("label_long")
    const { Requests: [made] } = await wait(form, (signal) => ask("/api/requests", { body: { Requests: [body] }, signal }))
    location.assign(requestAddress(made.Id))
}

/** @param {Record<string, unknown>} terms */
async function makeSeveral(terms) {
    const wanted = lines.filter(({ fault }) => fault === "")
    let made = 0
    await wait(form, async (signal, say) => {
        for (const [i, line] of wanted.entries()) {
            say(() => phrase("making-many", { number: i + 1, count: wanted.length }), i / wanted.length)
            const body = { ...terms, KeyId: line.keyId, Label: line.label, Commitment: "" }
            try {
                await ask("/api/requests", { body: { Requests: [body] }, signal })
            } catch (thrown) {
                if (!isProblem(thrown) || signal.aborted) throw thrown
                mark(line, thrown.what)
                continue
            }
            made++
            done.add(line.keyId)
            mark(line, "")
        }
    })
    const part = one(task, `[data-part="made"]`)
    const left = wanted.length - made
    fill(part, "made", [phrase("made", { count: made }), left > 0 ? phrase("not-made", { count: left }) : ""].join(" "))
    form.querySelectorAll(":scope > :not([data-part=preview])").forEach((child) => child.setAttribute("hidden", ""))
    part.hidden = false
    toTop(one(part, "h2"))
}

/**
 * The terms that all lines share.
 * @param {HTMLFormElement} form
 */
function termsOf(form) {
    const algorithms = new FormData(form).getAll("algorithms").map(String)
    if (algorithms.length === 0) throw problem("algorithms_missing")
    const kind = value(form, "importer")
    const importer = kind === "person" ? value(form, "email").trim() : kind === "group" ? value(form, "group").trim() : ""
    if (kind === "person" && !/^[^\s@]+@[^\s@]+$/.test(importer)) throw problem("email_missing")
    if (kind === "group" && importer === "") throw problem("group_missing")
    const expiry = value(form, "expiry")
    const days = expiry === "within" ? Number(value(form, "days")) : 0
    if (expiry === "within" && !(Number.isInteger(days) && days >= 1 && days <= 3650)) throw problem("days_missing")
    const deadline = readLocal(value(form, "deadline"))
    if (!Number.isFinite(deadline)) throw problem("deadline_missing")
    if (deadline * 1000 <= now()) throw problem("deadline_past")
    if (deadline * 1000 > now() + 365 * 24 * 3600 * 1000) throw problem("deadline_far")
    return {
        Algorithms: algorithms, ImporterKind: kind, Importer: importer, Expiry: expiry, ExpiryDays: days,
        Deadline: stamp(new Date(deadline * 1000)), Note: value(form, "note").trim(),
    }
}

// The preview.

/** Read the lines that are pasted or in the file, and show what they become. */
async function readLines() {
    const csv = file(form, "csv")
    const keyIdOf = (/** @type {string} */ written) => parseKeyReference(written, region).keyId
    try {
        const read = csv ? linesOfFile(await textOf(csv), keyIdOf) : linesOfText(value(form, "keys"), keyIdOf)
        lines = read.filter(({ keyId }) => !done.has(keyId))
    } catch (thrown) {
        lines = []
        showLines()
        throw isProblem(thrown) || thrown instanceof Error ? thrown : problem(/** @type {{code: string}} */ (thrown).code)
    }
    showLines()
}

/** @param {File} csv */
async function textOf(csv) {
    if (csv.size > 1 << 20) throw problem("keys_too_many")
    try {
        return new TextDecoder("utf-8", { fatal: true }).decode(await csv.arrayBuffer())
    } catch {
        throw problem("csv_unreadable")
    }
}

function showLines() {
    preview.hidden = lines.length === 0 || value(form, "how") === "one"
    const faulty = lines.filter(({ fault }) => fault !== "").length
    fill(preview, "faulty", faulty > 0 ? phrase("faulty", { count: faulty }) : "")
    one(preview, `[data-part="lines"]`).replaceChildren(...lines.map((line) => {
        const item = document.createElement("li")
        item.dataset.line = String(line.number)
        const key = Object.assign(document.createElement("code"), { textContent: line.keyId })
        const said = Object.assign(document.createElement("span"), { className: "said", textContent: line.fault && problem(line.fault).what })
        item.append(`${phrase("line", { number: line.number })} `, key, ` ${line.label} `, said)
        item.dataset.state = line.fault ? "faulty" : ""
        return item
    }))
    const count = lines.length - faulty
    one(form, `[data-act="make"]`).textContent = preview.hidden ? phrase("make") : phrase("make-several", { count })
}

/** @param {Line} line @param {string} said empty where it was made */
function mark(line, said) {
    const item = one(preview, `[data-line="${line.number}"]`)
    item.dataset.state = said ? "faulty" : "made"
    one(item, ".said").textContent = said
    line.fault = "unexpected" // no line is sent again from here
}

form.addEventListener("change", async ({ target }) => {
    showChosen(form)
    if (!(target instanceof HTMLElement)) return
    if (!["keys", "csv", "how-one", "how-several"].some((id) => target.id === id || target.id.startsWith(id))) return
    clearErrors(document)
    if (value(form, "how") === "one" || (value(form, "keys").trim() === "" && !file(form, "csv"))) {
        lines = []
        return showLines()
    }
    await readLines().catch((thrown) => showError(form, thrown))
})

signedIn().then(() => {
    form.hidden = false
    fillTemplate(form, "zone", { zone: zone() })
    const week = new Date(now() + 7 * 24 * 3600 * 1000)
    week.setHours(18, 0, 0, 0)
    const deadline = input(form, "#deadline")
    deadline.value = local(week).slice(0, 16).replace(" ", "T")
    const known = new URLSearchParams(location.search).get("KeyId") ?? ""
    if (/^(key-[a-z0-9]{4,33}|[0-9A-Fa-f-]{36})$/.test(known)) input(form, "#reference").value = known
    showChosen(form)
}, (thrown) => showError(form, thrown))
