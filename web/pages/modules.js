// @ts-check
// The modules of this page, with what their bytes must be. In the console they are addresses that
// the server named; in the offline file they are in the page itself, compressed, together with the
// worker's script.

/** @typedef {import("./job.js").Module} Module */

/**
 * @param {HTMLElement} task the element that names them
 * @returns {{keyferry: Module, strength: Module}} keyferry: everything that has to do with key
 *   material; strength: estimates passphrases
 */
export function modules(task) {
    const { module = "", integrity = "", strength = "", strengthIntegrity = "" } = task.dataset
    const worker = task.dataset.worker || enclosedScript("worker")
    return {
        keyferry: { worker, integrity, get module() { return module || enclosedModule("keyferry") } },
        strength: { worker, integrity: strengthIntegrity, get module() { return strength || enclosedModule("strength") } },
    }
}

/**
 * The text of a part of this file.
 * @param {string} name
 */
function enclosed(name) {
    return document.querySelector(`script[data-enclosed="${name}"]`)?.textContent ?? ""
}

/**
 * The address of a script in this file.
 * @param {string} name
 */
function enclosedScript(name) {
    return URL.createObjectURL(new Blob([enclosed(name)], { type: "text/javascript" }))
}

/** @type {Map<string, Blob>} */
const opened = new Map()

/**
 * A module in this file, still compressed: the worker unpacks it, and compares it with what it must
 * be.
 * @param {string} name
 */
function enclosedModule(name) {
    let blob = opened.get(name)
    if (!blob) {
        blob = new Blob([Uint8Array.from(atob(enclosed(name)), (letter) => letter.charCodeAt(0))], { type: "application/gzip" })
        opened.set(name, blob)
    }
    return blob
}
