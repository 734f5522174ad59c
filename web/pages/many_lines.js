// @ts-check
// Step 1 of many keys: the list is judged as it is typed or chosen, and each line that cannot be is
// shown with its reason and can be corrected or left out there.

import { value } from "./choices.js"
import { now } from "./clock.js"
import { input, one } from "./elements.js"
import { answersIn, listOfFolder } from "./many_files.js"
import { judge, longest, readList } from "./many_list.js"
import { clearErrors, fill, showError } from "./page.js"
import { isProblem, phrase, problem } from "./words.js"

/** @typedef {import("./many_list.js").Line} Line */

/** How many lines with a fault are shown at once. */
const mostShown = 50

/**
 * @param {HTMLFormElement} form
 * @param {string} region
 */
export function listOfKeys(form, region) {
    const preview = one(form, `[data-part="preview"]`)
    const place = one(preview, `[data-part="lines"]`)
    /** @type {Line[]} */
    let lines = []
    /** Import parameters that the list has, by CMK. @type {Map<string, any>} */
    let answers = new Map()

    const at = () => ({ region, now: now() })
    const show = () => {
        const faulty = lines.filter(({ fault }) => fault !== "")
        preview.hidden = lines.length === 0
        fill(preview, "count", [
            phrase("many-cmks", { count: lines.length - faulty.length }),
            faulty.length > 0 ? phrase("many-faulty", { count: faulty.length }) : "",
        ].filter((part) => part !== "").join(" · "))
        place.replaceChildren(...faulty.slice(0, mostShown).map(correction))
    }

    /**
     * A line with a fault: its reason, and fields to correct it. What names no CMK may be anything, a
     * key even: it is not shown again.
     * @param {Line} line
     */
    const correction = (line) => {
        const item = document.createElement("li")
        item.dataset.line = String(line.number)
        item.dataset.state = "faulty"
        const id = `line-${line.number}`
        const name = phrase("many-line", { number: line.number })
        const ofExpiry = line.keyId !== "" && /^(many_expiry|expiry_)/.test(line.fault)
        const field = Object.assign(document.createElement("input"), {
            type: "text", className: "mono", id, value: ofExpiry ? line.expiry : line.keyId, autocomplete: "off", spellcheck: false,
        })
        field.setAttribute("aria-describedby", `${id}-fault`)
        field.setAttribute("aria-invalid", "true")
        const label = Object.assign(document.createElement("label"), { htmlFor: id, textContent: line.keyId === "" ? name : `${name} ${line.label}`.trim() })
        const said = Object.assign(document.createElement("p"), { className: "said", id: `${id}-fault`, textContent: problem(line.fault).what })
        const leave = Object.assign(document.createElement("button"), { type: "button", className: "quiet", textContent: phrase("many-leave-out") })
        leave.append(Object.assign(document.createElement("span"), { className: "unseen", textContent: ` ${name}` }))
        field.readOnly = line.file !== undefined
        field.addEventListener("change", () => correct(line, ofExpiry ? { expiry: field.value } : { key: field.value }))
        leave.addEventListener("click", () => replace(lines.filter((one) => one !== line)))
        item.append(label, field, said, leave)
        return item
    }

    /** @param {Line} line @param {Partial<Line>} change */
    const correct = (line, change) => replace(lines.map((one) => one === line ? { ...one, ...change } : one))

    /** @param {Line[]} changed */
    const replace = (changed) => {
        lines = judge(changed, at())
        show()
        const next = place.querySelector("input") ?? one(form, "button:not([type=button])")
        if (next instanceof HTMLElement) next.focus()
    }

    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let due

    /** @param {string} text */
    const read = (text) => {
        clearTimeout(due) // what was typed before a file was chosen does not count
        due = undefined
        clearErrors(document)
        lines = []
        try {
            answers = answersIn(text)
            if (text.trim() !== "") lines = readList(text, at())
        } catch (thrown) {
            show()
            throw thrown instanceof Error || isProblem(thrown) ? thrown : problem(/** @type {{code: string}} */ (thrown).code)
        }
        show()
    }

    const typed = input(form, "#many-list")
    const chosen = input(form, "#many-file")
    const readTyped = () => {
        try {
            read(value(form, "list"))
        } catch (thrown) {
            showError(form, thrown)
        }
    }
    typed.addEventListener("input", () => {
        clearTimeout(due)
        due = setTimeout(readTyped, 400)
    })
    chosen.addEventListener("change", async () => {
        const file = chosen.files?.[0]
        if (!file) return
        try {
            if (file.size > longest) throw problem("many_too_many")
            const bytes = await file.arrayBuffer().catch(() => { throw problem("file_unreadable") })
            read(decoded(bytes))
            typed.value = ""
        } catch (thrown) {
            showError(form, thrown)
        }
    })

    const folder = input(form, "#many-folder")
    folder.addEventListener("change", async () => {
        try {
            read(await listOfFolder(folder.files ?? []))
            typed.value = ""
        } catch (thrown) {
            showError(form, thrown)
        }
    })

    return {
        /** Import parameters that the list has, by CMK. */
        answers: () => answers,
        /** The CMKs of the list; one with a fault is refused. */
        take() {
            if (due !== undefined) readTyped()
            if (lines.length === 0) throw problem("many_missing")
            if (lines.some(({ fault }) => fault !== "")) throw problem("many_faulty")
            return lines
        },
        /** Take a list from elsewhere. @param {string} text */
        give(text) {
            typed.value = text
            readTyped()
        },
    }
}

/** @param {ArrayBuffer} bytes */
function decoded(bytes) {
    try {
        return new TextDecoder("utf-8", { fatal: true }).decode(bytes)
    } catch {
        throw problem("many_csv")
    }
}
