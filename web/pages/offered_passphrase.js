// @ts-check
// Passphrases as Keyferry offers them: 25 letters of Crockford's base32 in groups of five. A person
// who copied one by hand may enter it in capitals, with blanks, or without hyphens.

import { isProblem } from "./words.js"

/**
 * The offered passphrase that a text can mean. The letters i, l and o occur in none, and are read
 * as the digits that they look like.
 * @param {string} text
 * @returns {string | null}
 */
export function readOffered(text) {
    const letters = text.normalize("NFKC").toLowerCase().replace(/[\s\p{Pd}]/gu, "").replace(/[il]/g, "1").replace(/o/g, "0")
    return /^[0-9a-hjkmnp-tv-z]{25}$/.test(letters) ? (letters.match(/.{5}/g) ?? []).join("-") : null
}

/**
 * Try what opens a backup: as the offered passphrase that it can mean, then as it was entered,
 * since a passphrase of somebody's own may look like one.
 * @template T
 * @param {string | File} secret as it was entered; a file with an identity has one reading
 * @param {(secret: string | File) => Promise<T>} attempt
 * @returns {Promise<T>}
 */
export async function eachReading(secret, attempt) {
    const offered = secret instanceof File ? null : readOffered(secret)
    if (offered === null || offered === secret) return attempt(secret)
    try {
        return await attempt(offered)
    } catch (thrown) {
        if (!isProblem(thrown) || thrown.code !== "backup_wrong_passphrase") throw thrown
        return attempt(secret)
    }
}
