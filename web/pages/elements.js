// @ts-check
// Elements of the page, which must be there.

/**
 * The element that matches. Without it the page and its script do not belong together, and an error
 * stops the script.
 * @param {ParentNode} root
 * @param {string} selector
 * @returns {HTMLElement}
 */
export function one(root, selector) {
    const found = root.querySelector(selector)
    if (!(found instanceof HTMLElement)) throw new Error(`the page has no ${selector}`)
    return found
}

/** @param {ParentNode} root @param {string} selector */
export function input(root, selector) {
    return /** @type {HTMLInputElement} */ (one(root, selector))
}

/**
 * Every element that matches.
 * @param {ParentNode} root
 * @param {string} selector
 * @returns {HTMLElement[]}
 */
export function all(root, selector) {
    return /** @type {HTMLElement[]} */ (Array.from(root.querySelectorAll(selector)))
}
