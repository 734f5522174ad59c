// @ts-check
// What is brought as wrapped material, judged by its shape: wrapped, it is 256 bytes that look
// random and are, as a number, below the modulus of the wrapping key. Everything else is refused,
// and what has the shape of a bare key is called one.

import { problem } from "./words.js"

/** The size of what RSA-2048 wraps, in bytes. */
const wrappedSize = 256

/**
 * The sizes of keys that are in use, in bytes: AES-128 or SM4, Triple DES, AES-256, two of those.
 */
const keySizes = [16, 24, 32, 64]

/** White space of any kind, quotation marks, a byte order mark, and characters of no width. */
const hiddenCharacters = /["'\s\u0085\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g

/** What people print between hex digits. */
const hexSeparators = /[-:,\u2010-\u2015\u2212]|[0\\]x/gi

/**
 * Judge what was brought.
 * @param {Uint8Array<ArrayBuffer>} raw a file, or the UTF-8 of a pasted text
 * @param {boolean} pasted
 * @param {Uint8Array} modulus of the wrapping key
 * @returns {Uint8Array<ArrayBuffer>} the wrapped material
 */
export function judgeWrapped(raw, pasted, modulus) {
    const text = textOf(raw)
    if (!pasted && text === null) return judgeBytes(raw, modulus)
    const visible = (text ?? "").replace(hiddenCharacters, "")
    if (raw.length === 32 || visible.length === 32) throw problem("wrapped_is_bare")
    const bytes = fromHex(visible) ?? fromAnyBase64(visible)
    if (!bytes) throw problem("wrapped_unreadable")
    return judgeBytes(bytes, modulus)
}

/**
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {Uint8Array} modulus
 */
function judgeBytes(bytes, modulus) {
    const ended = bytes.length - (bytes.at(-1) !== 10 ? 0 : bytes.at(-2) === 13 ? 2 : 1) // a line end that an editor added
    if (keySizes.includes(bytes.length) || keySizes.includes(ended)) throw problem("wrapped_is_bare")
    if (bytes.length !== wrappedSize) throw problem("wrapped_size")
    if (filledUp(bytes) || repeats(bytes)) throw problem("wrapped_is_bare")
    const differs = bytes.findIndex((byte, i) => byte !== modulus[i])
    if (differs < 0 || bytes[differs] > modulus[differs]) throw problem("wrapped_not_below")
    return bytes
}

/**
 * Whether 16 bytes in a row are the same, as where a key was filled up. In what was wrapped this
 * happens once in 2^112.
 * @param {Uint8Array} bytes
 */
function filledUp(bytes) {
    let run = 0
    return bytes.some((byte, i) => (run = byte === bytes[i - 1] ? run + 1 : 1) >= 16)
}

/**
 * Whether any 16 bytes come again, as where a key was repeated. In what was wrapped this happens
 * once in 2^113.
 * @param {Uint8Array} bytes
 */
function repeats(bytes) {
    const blocks = Array.from({ length: bytes.length - 15 }, (_, i) => bytes.subarray(i, i + 16).join())
    return new Set(blocks).size < blocks.length
}

/**
 * Bytes as text, if they are text in UTF-8 or UTF-16.
 * @param {Uint8Array} bytes
 * @returns {string | null}
 */
function textOf(bytes) {
    const marked = bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : ""
    try {
        const text = new TextDecoder(marked || "utf-8", { fatal: true }).decode(bytes)
        return /[\0-\x08\x0e-\x1f\x7f]/.test(text) ? null : text
    } catch {
        return null
    }
}

/** @param {string} text without hidden characters */
function fromHex(text) {
    const digits = text.replace(hexSeparators, "")
    if (!/^([0-9A-Fa-f]{2})+$/.test(digits)) return null
    return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16))
}

/** Base64 or base64url, with padding or without. @param {string} text without hidden characters */
function fromAnyBase64(text) {
    if (!/^[A-Za-z0-9+/_-]{22,}={0,2}$/.test(text)) return null
    try {
        return Uint8Array.from(atob(text.replace(/=+$/, "").replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0))
    } catch {
        return null
    }
}
