// Imports scripts of the page in Node: where there is no page, its sentences are their names.

import { join } from "node:path"
import { pathToFileURL } from "node:url"

globalThis.HTMLTemplateElement = class {
    content = { querySelector: () => null }
}
globalThis.document = { querySelector: () => new HTMLTemplateElement() }

const folder = process.argv[2]

/** A script of the page. @param {string} name */
export const script = (name) => import(pathToFileURL(join(folder, name)).href)

let checked = 0

/** Say so where something differs, as text. */
export function expect(name, want, act) {
    checked++
    let got
    try {
        got = act()
    } catch (thrown) {
        got = thrown instanceof Error ? String(thrown) : thrown.code
    }
    if (!Object.is(got, want)) console.log(`${name}: ${got}, want ${want}`)
}

process.on("exit", () => console.log(`checked ${checked}`))
