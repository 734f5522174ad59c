// @ts-check
// Links that save what the page holds.

import { one } from "./elements.js"

/**
 * Make a link save bytes as a file, and show it.
 * @param {ParentNode} root
 * @param {string} name of the link in its data-link
 * @param {{bytes: Uint8Array<ArrayBuffer> | Blob, name: string, type: string}} file
 */
export function offerDownload(root, name, file) {
    const link = /** @type {HTMLAnchorElement} */ (one(root, `[data-link="${name}"]`))
    if (link.href.startsWith("blob:")) URL.revokeObjectURL(link.href)
    link.href = URL.createObjectURL(new Blob([file.bytes], { type: file.type }))
    link.download = file.name
    link.hidden = false
}
