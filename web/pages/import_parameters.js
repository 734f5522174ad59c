// @ts-check
// Import parameters in the one form in which everything behind them takes them, above all the
// receipt: what GetParametersForImport answers varies with the program that asked and with who
// passed it on. Nothing here needs a page.

import { readTime, stamp } from "./moment.js"

/**
 * @typedef {object} Normalised
 * @property {string} token base64 on one line
 * @property {string} tokenExpireTime in UTC, to the second
 * @property {number} expires the same in milliseconds; NaN where the time cannot be read
 * @property {string} requestId empty where there is none
 */

/**
 * @param {{ImportToken: string, TokenExpireTime: string, RequestId?: unknown}} answer
 * @returns {Normalised}
 */
export function normalise({ ImportToken, TokenExpireTime, RequestId }) {
    const expires = readTime(TokenExpireTime)
    return {
        token: plain(ImportToken),
        tokenExpireTime: Number.isNaN(expires) ? "" : stamp(new Date(expires)),
        expires,
        requestId: requestId(RequestId),
    }
}

/**
 * A RequestId without the braces that some programs put around it; empty where it is none. Nothing
 * depends on it, so it is left out of the receipt rather than refused.
 * @param {unknown} written
 */
export function requestId(written) {
    const id = typeof written === "string" ? plain(written).replace(/^\{(.*)\}$/, "$1") : ""
    return /^[A-Za-z0-9_.:/-]{1,512}$/.test(id) ? id : ""
}

// White space, a byte order mark, and characters of no width.
const unseen = /[\s\u00ad\u200b-\u200f\u2060\ufeff]/g

/**
 * A text on one line, however it was folded, and without quotation marks around it.
 * @param {string} written
 */
export const plain = (written) => written.replace(unseen, "").replace(/^(["'])(.*)\1$/, "$2")

/**
 * Read JSON as people paste it: terminals and mail programs fold lines within a string, and web
 * pages have blanks that JSON does not know. Throws what JSON.parse throws.
 * @param {string} written
 */
export function readJSON(written) {
    try {
        return JSON.parse(written)
    } catch {
        return JSON.parse(written.replace(/[\t\r\n\u00ad\u200b-\u200f\u2060\ufeff]/g, "").replace(/\s/g, " "))
    }
}

/** The longest token that the server relays, in characters. */
const longest = 8 << 10

/**
 * What a text is that was brought as a token. "key": it spells key material, or what it encodes
 * does.
 * @param {string} text
 * @returns {"token" | "key" | "other"}
 */
export function judgeToken(text) {
    if (spellsKey(text)) return "key"
    if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text) || text.length % 4 !== 0) return "other"
    if (spellsKey(atob(text))) return "key"
    return text.length < 22 || text.length > longest ? "other" : "token"
}

/**
 * Whether a text is hexadecimal digits, also in UTF-16 or with separators, or base64 of 16 to 64
 * bytes.
 * @param {string} text
 */
function spellsKey(text) {
    const digits = text.replace(/[\0:,-]|[0\\]x/gi, "").replace(unseen, "")
    return /^[0-9A-Fa-f]{32,}$/.test(digits) || /^[A-Za-z0-9+/_-]{22,86}={0,2}$/.test(text.replace(unseen, ""))
}
