// @ts-check
// What a person can paste as a CMK: its ID, its ARN, or the JSON output of CreateKey or
// DescribeKey.

import { readJSON } from "./import_parameters.js"
import { problem } from "./words.js"

/**
 * @typedef {object} KeyReference
 * @property {string} keyId
 * @property {string} region the given one, or else the one that the ARN names; empty where neither
 *   is there
 * @property {string} state KeyState as far as the pasted answer told it, else empty
 */

/** The forms of key ids, as the server has them too. Neither has room for a key. */
export const keyId = /^(?:[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|key-[a-z]{3}[a-z0-9]{1,30})$/
const arn = /^acs:kms:([a-z0-9-]+):(\d*):key\/(.+)$/

/**
 * The form of region ids, such as cn-hangzhou or cn-north-2-gov-1. It has no room for a key either.
 */
const regionId = /^[a-z]{2}(?:-[a-z0-9]{1,14}){1,4}$/

/** @param {string} text */
export const isRegion = (text) => regionId.test(text) && text.length <= 32

/**
 * @param {string} text
 * @param {string} region of the KMS; empty where the ARN is to tell
 * @returns {KeyReference}
 */
export function parseKeyReference(text, region) {
    // As mail, chats and lines of JSON have it: hyphens that do not break, quotation marks, a
    // comma.
    const trimmed = text.replace(/[\u00ad\u200b-\u200f\u2060\ufeff]/g, "").replace(/[\u2010\u2011]/g, "-")
        .replace(/^[\s"'`\u201c\u2018]+|[\s"'`\u201d\u2019,;]+$/g, "")
    if (trimmed === "") throw problem("key_reference_empty")
    if (trimmed.startsWith("{")) return fromAnswer(trimmed, region)
    if (trimmed.startsWith("alias/") || /^acs:kms:[^:]*:\d*:alias\//.test(trimmed)) throw problem("key_reference_alias")
    if (trimmed.startsWith("acs:")) return { ...fromARN(trimmed, region), state: "" }
    if (!keyId.test(trimmed)) throw problem("key_reference_unreadable")
    return { keyId: trimmed, region, state: "" }
}

/** @param {string} text @param {string} region */
function fromARN(text, region) {
    const parts = arn.exec(text)
    if (!parts || !keyId.test(parts[3])) throw problem("key_reference_unreadable")
    if (region !== "" && parts[1] !== region) throw problem("key_reference_region")
    return { keyId: parts[3], region: parts[1] }
}

/** @param {string} text @param {string} region @returns {KeyReference} */
function fromAnswer(text, region) {
    let answer
    try {
        answer = readJSON(text)
    } catch {
        throw problem("key_reference_unreadable")
    }
    const key = answer.KeyMetadata
    if (typeof key?.KeyId !== "string" || !keyId.test(key.KeyId)) throw problem("key_reference_no_key")
    const named = typeof key.Arn === "string" && key.Arn !== "" ? fromARN(key.Arn, region) : { keyId: key.KeyId, region }
    if (named.keyId !== key.KeyId) throw problem("key_reference_unreadable")
    if (typeof key.Origin === "string" && key.Origin !== "EXTERNAL") throw problem("key_reference_origin")
    if (typeof key.KeySpec === "string" && key.KeySpec !== "Aliyun_AES_256") throw problem("key_reference_spec")
    if (key.KeyState === "PendingDeletion") throw problem("key_reference_pending_deletion")
    return { ...named, state: typeof key.KeyState === "string" ? key.KeyState : "" }
}
