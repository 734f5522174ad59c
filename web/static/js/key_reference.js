// @ts-check
// What a person can paste as a CMK: its ID, its ARN, or the JSON output of CreateKey or
// DescribeKey.

import { problem } from "./words.js"

/** @typedef {{keyId: string, state: string}} KeyReference state: KeyState as far as the pasted answer told it, else "" */

/** The forms of key ids, as the server has them too. Neither has room for a key. */
export const keyId = /^(?:[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|key-[a-z]{3}[a-z0-9]{1,30})$/
const arn = /^acs:kms:([a-z0-9-]+):(\d+):key\/(.+)$/

/**
 * @param {string} text
 * @param {string} region of the KMS that this console talks to
 * @returns {KeyReference}
 */
export function parseKeyReference(text, region) {
    const trimmed = text.trim()
    if (trimmed === "") throw problem("key_reference_empty")
    if (trimmed.startsWith("{")) return fromAnswer(trimmed, region)
    if (trimmed.startsWith("alias/") || /^acs:kms:[^:]*:\d*:alias\//.test(trimmed)) throw problem("key_reference_alias")
    if (trimmed.startsWith("acs:")) return { keyId: fromARN(trimmed, region), state: "" }
    if (!keyId.test(trimmed)) throw problem("key_reference_unreadable")
    return { keyId: trimmed, state: "" }
}

/** @param {string} text @param {string} region */
function fromARN(text, region) {
    const parts = arn.exec(text)
    if (!parts || !keyId.test(parts[3])) throw problem("key_reference_unreadable")
    if (parts[1] !== region) throw problem("key_reference_region")
    return parts[3]
}

/** @param {string} text @param {string} region @returns {KeyReference} */
function fromAnswer(text, region) {
    let answer
    try {
        answer = JSON.parse(text)
    } catch {
        throw problem("key_reference_unreadable")
    }
    const key = answer.KeyMetadata
    if (typeof key?.KeyId !== "string" || !keyId.test(key.KeyId)) throw problem("key_reference_no_key")
    if (typeof key.Arn === "string") fromARN(key.Arn, region)
    if (typeof key.Origin === "string" && key.Origin !== "EXTERNAL") throw problem("key_reference_origin")
    if (typeof key.KeySpec === "string" && key.KeySpec !== "Aliyun_AES_256") throw problem("key_reference_spec")
    if (key.KeyState === "PendingDeletion") throw problem("key_reference_pending_deletion")
    return { keyId: key.KeyId, state: typeof key.KeyState === "string" ? key.KeyState : "" }
}
