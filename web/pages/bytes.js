// @ts-check
// Bytes and how they are written: base64, hexadecimal digits, digests, and the files that a person
// chooses.

import { problem } from "./words.js"

/** The largest file that is read in the page, in bytes: far above any answer of the KMS. */
const largest = 64 << 10

/**
 * Decode base64; what is not base64 counts as the text that it is.
 * @param {string} text
 */
export function fromBase64(text) {
    try {
        return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))
    } catch {
        return toUTF8(text)
    }
}

/** @param {Uint8Array} bytes */
export function toBase64(bytes) {
    return btoa(String.fromCharCode(...bytes))
}

/** @param {string} text */
export function toUTF8(text) {
    return new TextEncoder().encode(text)
}

/** @param {Uint8Array} bytes */
export function hex(bytes) {
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")
}

/**
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @returns {Promise<string>} 64 hexadecimal digits
 */
export async function sha256(bytes) {
    return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)))
}

/**
 * The bytes of a file that is no secret, up to 64 KiB.
 * @param {File} file
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
export async function readFile(file) {
    if (file.size > largest) throw problem("parameters_too_long")
    try {
        return new Uint8Array(await file.arrayBuffer())
    } catch {
        throw problem("file_unreadable")
    }
}

/**
 * The text of a file, without its byte order mark. PowerShell and Notepad write UTF-16; where its
 * mark is missing, the first letter tells, since what is read here begins with one of ASCII.
 * @param {Uint8Array} bytes
 */
export function decodeText(bytes) {
    const [first, second] = bytes
    const little = first === 0xff && second === 0xfe || first > 0 && second === 0
    const big = first === 0xfe && second === 0xff || first === 0 && second > 0
    return new TextDecoder(little ? "utf-16le" : big ? "utf-16be" : "utf-8").decode(bytes)
}
