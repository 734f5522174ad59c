// @ts-check
// Many keys in one go: a list of CMKs, an archive with a key for each, and the import of all. What
// is done is in the archive and in the receipts; this page keeps nothing, and goes on from them. In
// the desk's file it makes no calls: it takes import parameters, and makes import files.

import { backup, file, forgetSecret, showChosen, value } from "./choices.js"
import { now } from "./clock.js"
import { offerDownload } from "./download.js"
import { input, one } from "./elements.js"
import { expiryChoice } from "./expiry.js"
import { chosenProtection } from "./key_source.js"
import { askBeforeLeaving, onChange } from "./leave.js"
import { makeArchive, openArchive, sameKeys } from "./many_archive.js"
import { fillCalendar, fillRecord, receipts } from "./many_keep.js"
import { checkAnswers, importFiles } from "./many_files.js"
import { calls } from "./many_calls.js"
import { listOfKeys } from "./many_lines.js"
import { isDone, item, sender } from "./many_send.js"
import { showRefused, stateTable } from "./many_table.js"
import { countFiles, someOf, wantedKeys } from "./many_wanted.js"
import { modules } from "./modules.js"
import { local } from "./moment.js"
import { passphraseMoment } from "./backup_proof.js"
import { passphraseField } from "./passphrase.js"
import { announce, clearErrors, fill, onSubmit, ready, showDigest, showError, toTop, wait } from "./page.js"
import { readReceipts } from "./receipt.js"
import { receiptLine } from "./receipt_file.js"
import { printPaper } from "./receipt_offer.js"
import { closeAll, finish, nameState, open, step } from "./steps.js"
import { fillHoles, phrase, problem, showWhole } from "./words.js"

/** @typedef {import("./many_send.js").Item} Item */
/** @typedef {import("./many_archive.js").Vault} Vault */
/** @typedef {import("./many_archive.js").Made} Archive */
/** @typedef {import("./many_list.js").Line} Line */
/** @typedef {import("./request_words.js").Request} Request */

ready()

const task = one(document, "[data-task=many]")
const { region = "", version = "" } = task.dataset
const from = modules(task)

const state = {
    /** What step 1 has given; empty means every key of an archive. @type {Line[]} */
    lines: [],
    /** What the keys are for, by CMK, where the page imports for requests. @type {Map<string, Request> | null} */
    requests: null,
    /** Import parameters from files, by CMK, where somebody else makes the calls. @type {Map<string, any>} */
    answers: new Map(),
    /** Whether the list is of import files, so that there is nothing to make and to wrap. */
    imports: false,
    /** The archive that was made here. @type {Archive | null} */
    made: null,
    /** The archive that is open. @type {Vault | null} */
    vault: null,
    archive: { name: "", sha256: "" },
    algorithm: "",
    /** @type {Item[]} */
    items: [],
    /** @type {ReturnType<typeof sender> | null} */
    sender: null,
    running: false,
}

// Step 1: the CMKs.

const listForm = onSubmit("list", () => {
    state.lines = list.take()
    state.imports = calls?.areImports(state.lines) ?? false
    calls?.showImports(task, state.imports)
    state.answers = state.imports ? new Map() : list.answers()
    if (state.imports) return toImports()
    if (state.answers.size > 0 || !calls) checkAnswers(state.answers, state.lines)
    if (state.requests) calls?.checkAgainst(state.requests, state.lines.map(({ keyId }) => ({ keyId })))
    finish("list", phrase("many-cmks", { count: state.lines.length }), "keys")
    toKeys(input(keysForm, "#source-archive").checked ? "archive" : "generate")
})
const list = listOfKeys(listForm, region)

calls?.requestsFor(task, region)?.then(({ requests, written }) => {
    state.requests = requests
    one(task, `[data-act="have-archive"]`).hidden = true
    one(task, `[data-part="for-requests"]`).hidden = false
    list.give(written)
}).catch((thrown) => showError(listForm, thrown))

task.querySelector(`[data-act="have-archive"]`)?.addEventListener("click", () => {
    clearErrors(document)
    state.lines = []
    state.answers = new Map()
    state.imports = false
    calls?.showImports(task, false)
    finish("list", phrase("many-all"), "keys")
    toKeys("archive")
})

// Step 2: the keys, and their archive.

const part = one(task, `[data-part="backup"]`)
const save = one(part, `[data-part="save"]`)

const keysForm = onSubmit("keys", async (form) => {
    if (value(form, "source") === "archive") return takeArchive(form)
    const wanted = wantedKeys(form, state.lines, expiry.take(), state.requests)
    const protection = chosenProtection(form)
    state.made = await wait(form, async (signal, say) => {
        const secret = await passphrase.chosen(signal)
        const encoded = input(form, "#encoded").checked
        return makeArchive(from.keyferry, wanted, { ...protection, passphrase: secret, encoded, region, version }, signal,
            (done, of) => say(() => phrase("many-making", { done, count: of }), done / of))
    })
    showArchive(passphrase.used())
})
const expiry = expiryChoice(keysForm)
const passphrase = passphraseField(keysForm, from)
const moment = passphraseMoment(part, () => {
    save.hidden = false
    toTop(one(part, "h3"))
})

/** @param {"generate" | "files" | "archive"} source */
function toKeys(source) {
    input(keysForm, `#source-${source}`).checked = true
    showKeys()
    expiry.show()
    passphrase.fill()
}

/** Show what belongs to the chosen source. */
function showKeys() {
    const archive = value(keysForm, "source") === "archive"
    one(keysForm, `[data-part="protect"]`).hidden = archive
    one(keysForm, `[data-part="kept"]`).hidden = !archive
    if (!archive && value(keysForm, "expiry") === "kept") input(keysForm, "#expiry-never").checked = true
    const button = one(keysForm, `[data-act="make"]`)
    button.textContent = fillHoles((archive ? button.dataset.open : button.dataset.make) ?? "", { count: state.lines.length })
    showChosen(keysForm)
}
keysForm.addEventListener("change", showKeys)
for (const name of ["source", "expiry"]) {
    for (const field of keysForm.querySelectorAll(`[name="${name}"]`)) field.addEventListener("change", () => clearErrors(keysForm))
}
input(keysForm, "#source-archive").addEventListener("change", () => { input(keysForm, "#expiry-kept").checked = true })

countFiles(keysForm)

/** Show the archive that was made: its passphrase is stored, then it is saved, then opened again. @param {string} secret */
function showArchive(secret) {
    const { made } = state
    if (!made) return
    const name = `keyferry-${made.entries.length}-keys-${local(new Date()).slice(0, 16).replace(/\D/g, "-")}.age`
    state.archive = { name, sha256: made.sha256 }
    keysForm.hidden = true
    const link = one(save, `[data-link="backup"]`)
    offerDownload(save, "backup", { bytes: made.blob, name, type: "application/octet-stream" })
    showWhole(link, fillHoles(link.dataset.template ?? "", { name }))
    link.classList.remove("secondary")
    fill(document, "backup-file", name)
    fill(part, "archive-count", phrase("many-in-archive", { count: made.entries.length }))
    showRefused(task, made.refused)
    proofForm.hidden = true
    save.hidden = secret !== ""
    moment.show(secret)
    part.hidden = false
    toTop(one(part, "h3"))
}

one(save, `[data-link="backup"]`).addEventListener("click", ({ currentTarget }) => {
    proofForm.hidden = false
    if (currentTarget instanceof HTMLElement) currentTarget.classList.add("secondary")
})

const proofForm = onSubmit("proof", async (form) => {
    const { made } = state
    if (!made) throw problem("unexpected")
    const vault = await openChosen(form, "proof")
    if (vault.sha256 !== made.sha256 || !sameKeys(vault, made)) {
        await vault.end()
        throw problem("archive_other")
    }
    form.reset()
    passphrase.forget()
    state.made = null // the archive is saved
    toImport(vault, new Map(), (entry) => entry.expireUnix)
})

/** @param {HTMLFormElement} form @param {string} name of its fields @returns {Promise<Vault>} */
async function openChosen(form, name) {
    const chosen = backup(form, name)
    await state.vault?.end()
    const vault = await wait(form, (signal, say) => openArchive(from.keyferry, chosen, signal,
        (done, of) => say(() => phrase("many-opening", { done, count: of }), done / of)))
    state.vault = vault
    state.archive = { name: chosen.file.name, sha256: vault.sha256 }
    return vault
}

/**
 * Go on with an archive that the person has, and with the receipts of what was imported from it.
 * @param {HTMLFormElement} form
 */
async function takeArchive(form) {
    const kept = value(form, "expiry") === "kept"
    const chosen = kept ? 0 : expiry.take()
    const brought = file(form, "receipts")
    const earlier = new Map(brought ? (await readReceipts(brought)).map((receipt) => [receipt.KeyId, receipt]) : [])
    const vault = await openChosen(form, "source")
    try {
        if (vault.region !== null && vault.region !== region) throw problem("archive_region")
        const inside = new Map(vault.entries.map((entry) => [entry.keyId, entry]))
        const missing = state.lines.filter(({ keyId }) => !inside.has(keyId))
        if (missing.length > 0) throw { ...problem("archive_key_missing"), detail: someOf(missing) }
        const lines = new Map(state.lines.map((line) => [line.keyId, line]))
        if (lines.size > 0) vault.entries = vault.entries.filter(({ keyId }) => lines.has(keyId))
        if (vault.entries.length === 0) throw vault.refused[0]?.fault ?? problem("archive_without_keys")
        const expiryOf = (/** @type {import("./many_manifest.js").Entry} */ entry) =>
            lines.get(entry.keyId)?.expireUnix ?? (kept ? entry.expireUnix : chosen)
        if (vault.entries.some((entry) => expiryOf(entry) && expiryOf(entry) * 1000 <= now())) throw problem("archive_expired")
        if (state.requests) calls?.checkAgainst(state.requests, vault.entries.map((entry) => ({ keyId: entry.keyId, expireUnix: expiryOf(entry) })))
        forgetSecret(form, "source")
        showRefused(task, vault.refused)
        toImport(vault, earlier, expiryOf)
    } catch (thrown) {
        await vault.end()
        throw thrown
    }
}

// Step 3: the import.

const sendForm = onSubmit("send", async (form) => {
    state.algorithm = value(form, "algorithm")
    closeAll()
    await importAll()
})

const work = one(task, `[data-part="work"]`)
const resultPart = one(task, `[data-part="result"]`)
const kept = receipts([work, resultPart], {
    version, region, algorithm: () => state.algorithm,
    archive: () => ({ ...state.archive, module: state.vault?.module ?? from.keyferry }),
})
const table = stateTable(work)
const files = importFiles(region)

/**
 * @param {Vault} vault
 * @param {Map<string, import("./receipt.js").Receipt>} earlier receipts, by CMK
 * @param {(entry: import("./many_manifest.js").Entry) => number} expiryOf
 */
function toImport(vault, earlier, expiryOf) {
    state.items = vault.entries.map((entry) => {
        const made = item(entry, expiryOf(entry), wayOf(entry.keyId))
        const receipt = earlier.get(entry.keyId)
        const same = receipt && (vault.region === null ? receipt.KeyCheckValue === entry.kcv : receipt.Commitment === entry.commitment)
        if (receipt && same) kept.keep(entry.keyId, receiptLine(receipt))
        if (receipt?.ImportedAt && same && receipt.Region === region && receipt.KeyMaterialExpireUnix === made.expireUnix) made.state = "skipped"
        return made
    })
    const skipped = state.items.filter(({ state: now }) => now === "skipped").length
    showCount(state.items.length - skipped, skipped)
    fill(task, "archive", state.archive.name)
    for (const place of task.querySelectorAll(`[data-fill="archive-sha256"]`)) showDigest(/** @type {HTMLElement} */ (place), state.archive.sha256)
    finish("keys", phrase("many-ready", { count: state.items.length, name: state.archive.name }), "send")
}

/** Go on with import files: whoever made them has the archive. */
function toImports() {
    state.items = calls?.itemsOf(state.lines, state.requests) ?? []
    showCount(state.items.length)
    finish("list", phrase("many-cmks", { count: state.items.length }), "keys")
    finish("keys", phrase("many-made-elsewhere"), "send")
}

/** @param {number} count @param {number} [skipped] */
function showCount(count, skipped = 0) {
    fill(task, "count", phrase("many-cmks", { count }))
    fill(task, "skipped", skipped > 0 ? phrase("many-skipping", { count: skipped }) : "")
    const button = one(sendForm, `[data-act="import"]`)
    button.textContent = state.answers.size > 0 ? phrase("many-make-files", { count }) : fillHoles(button.dataset.template ?? "", { count })
}

/** @param {string} keyId @returns {import("./many_send.js").Way} */
function wayOf(keyId) {
    const request = state.requests?.get(keyId)
    const answer = state.answers.get(keyId)
    if (answer) return (algorithm) => files.callsFor(answer, algorithm)
    const ways = calls
    if (!ways) throw problem("many_no_parameters")
    return request ? (algorithm, signal) => ways.callsFor(request, algorithm, signal) : ways.relayed(keyId, task.dataset.team !== undefined)
}

async function importAll() {
    const { vault, items } = state
    if (!vault && !state.imports) return
    resultPart.hidden = true
    work.hidden = false
    state.running = true
    showWork("running")
    table.show(items)
    table.begin()
    toTop(one(work, "h2"))
    state.sender = sender(items, vault, state.algorithm, {
        changed(one) {
            table.changed(one)
            if (isDone(one) && one.state !== "skipped") kept.add(one).catch((thrown) => showError(work, thrown))
        },
        held(fault) {
            showWork("paused")
            showError(work, fault)
        },
    })
    const offering = setInterval(offerReceipts, 5000)
    await state.sender.run()
    clearInterval(offering)
    state.running = false
    table.settle()
    if (items.every(isDone)) await vault?.end()
    showResult()
}

/** @param {"running" | "paused" | "over"} how */
function showWork(how) {
    one(work, `[data-act="pause"]`).hidden = how !== "running"
    one(work, `[data-act="go-on"]`).hidden = how !== "paused"
    one(work, `[data-act="stop"]`).hidden = how === "over"
    one(work, "progress").hidden = how === "over"
    one(work, `[data-part="so-far"]`).hidden = how === "over" || kept.count() === 0
    work.dataset.how = how
    nameState(step("send"), how === "over" ? "done" : "open")
    fill(work, "how", phrase(`many-work-${how}`))
}

one(work, `[data-act="pause"]`).addEventListener("click", () => {
    state.sender?.pause()
    showWork("paused")
    one(work, `[data-act="go-on"]`).focus()
})
one(work, `[data-act="go-on"]`).addEventListener("click", () => {
    clearErrors(document)
    state.sender?.go()
    showWork("running")
    one(work, `[data-act="pause"]`).focus()
})
one(work, `[data-act="stop"]`).addEventListener("click", () => state.sender?.stop())

// The result, and what to keep.

function showResult() {
    const left = state.items.filter((one) => !isDone(one)).length
    const submitted = table.count("submitted")
    if (left === 0) keysForm.reset() // files with keys among what it holds
    const done = phrase(`many-done${state.answers.size > 0 ? "-files" : state.requests ? "-requests" : ""}`, { count: state.items.length - left })
    showWork("over")
    fill(resultPart, "result-title", done)
    fill(resultPart, "submitted", submitted > 0 ? phrase("many-await", { count: submitted }) : "")
    const trouble = one(resultPart, `[data-part="left"]`)
    trouble.hidden = left === 0
    fill(trouble, "left-over", phrase(state.imports ? "many-left-imports" : "many-left-over", { count: left }))
    for (const form of resultPart.querySelectorAll("form")) fillCalendar(form, state.items) // not in the desk
    fillRecord(one(task, `[data-paper="record"]`), state.items, state.archive)
    document.documentElement.dataset.paper = "record"
    resultPart.hidden = false
    offerReceipts()
    calls?.listSent()
    announce(done)
    toTop(one(resultPart, "h2"))
}

function offerReceipts() {
    kept.offer(state.archive.name.replace(/(\.age)?$/, "-receipts.jsonl"))
    files.offer(one(resultPart, `[data-part="imports"]`), state.archive.name.replace(/(\.age)?$/, "-imports.jsonl"))
    one(resultPart, `[data-part="receipts"]`).hidden = kept.count() === 0
    one(resultPart, `[data-link="receipts"]`).classList.toggle("secondary", state.answers.size > 0) // the import files come first
    one(work, `[data-part="so-far"]`).hidden = !state.running || kept.count() === 0
}

one(resultPart, `[data-act="print"]`).addEventListener("click", () => printPaper("record"))
one(resultPart, `[data-act="failed"]`).addEventListener("click", () => {
    for (const one of state.items) {
        if (isDone(one)) continue
        Object.assign(one, { state: "waiting", tries: 0, renewed: 0, notBefore: 0, fault: undefined })
    }
    importAll().catch((thrown) => showError(work, thrown))
})

// Going back, and leaving.
/** @param {string} name of the step */
function goBack(name) {
    if (state.running) return
    clearErrors(document)
    state.made = null
    moment.show("")
    part.hidden = true
    keysForm.hidden = false
    proofForm.reset()
    state.vault?.end()
    state.vault = null
    open(name)
    showKeys()
    passphrase.fill()
}

onChange(task, goBack)
one(part, `[data-act="again"]`).addEventListener("click", () => goBack("keys"))
askBeforeLeaving(() => state.running || kept.unsaved() || state.made !== null)
if (!isSecureContext) showError(one(task, `[data-form="list"]`), problem("insecure_context"))
