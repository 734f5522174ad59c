// @ts-check
// The modules of this page, as the server named them, with what their bytes must be.

/** @typedef {import("./job.js").Module} Module */

/**
 * @param {HTMLElement} task the element that carries the addresses
 * @returns {{plain: Module, custody: Module, strength: Module}} plain: everything but backups;
 *     custody: everything; strength: passphrases
 */
export function modules(task) {
    const { worker = "", module = "", integrity = "", custody = "", custodyIntegrity = "", strength = "", strengthIntegrity = "" } = task.dataset
    return {
        plain: { worker, module, integrity },
        custody: { worker, module: custody, integrity: custodyIntegrity },
        strength: { worker, module: strength, integrity: strengthIntegrity },
    }
}
