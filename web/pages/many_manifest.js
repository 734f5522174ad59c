// @ts-check
// The manifest of an archive: what each key in it is for, and what tells it from others. It is JSON
// with a key on each line; wasm/custody/README.md describes it. Nothing here needs a page.

import { isRegion, keyId } from "./key_reference.js"
import { lastSecond } from "./moment.js"

/**
 * One key of an archive.
 * @typedef {object} Entry
 * @property {string} keyId of the CMK
 * @property {string} label empty where it has none
 * @property {number} expireUnix 0 means never
 * @property {string} origin as receipts have it
 * @property {string} kcv
 * @property {string} commitment
 * @property {string} salt
 */

/** @typedef {{region: string, made: string, program: string, entries: Entry[]}} Manifest */

const format = "keyferry archive"

/** @param {string} code */
const refusal = (code) => ({ code })

/**
 * The manifest in pieces, so that that of many keys is in memory once at most.
 * @param {Manifest} manifest
 * @returns {Generator<string>}
 */
export function* writeManifest({ region, made, program, entries }) {
    yield `{\n"Format": "${format}",\n"Version": 1,\n"Program": ${JSON.stringify(program)},\n`
    yield `"Region": ${JSON.stringify(region)},\n"MadeAt": ${JSON.stringify(made)},\n"Keys": [\n`
    for (const [i, one] of entries.entries()) {
        const fields = {
            KeyId: one.keyId, ...one.label ? { Label: one.label } : {}, KeyMaterialExpireUnix: one.expireUnix, Origin: one.origin,
            KeyCheckValue: one.kcv, Commitment: one.commitment, CommitmentSalt: one.salt,
        }
        yield `${JSON.stringify(fields)}${i + 1 < entries.length ? "," : ""}\n`
    }
    yield "]}\n"
}

/**
 * Read a manifest. A refusal is {code}.
 * @param {string} text
 * @returns {Manifest}
 */
export function readManifest(text) {
    /** @type {any} */
    let found
    try {
        found = JSON.parse(text)
    } catch {
        throw refusal("archive_manifest_unreadable")
    }
    if (found?.Format !== format) throw refusal("archive_manifest_unreadable")
    if (found.Version !== 1) throw refusal("archive_manifest_version")
    if (typeof found.Region !== "string" || !isRegion(found.Region) || !Array.isArray(found.Keys)) throw refusal("archive_manifest_unreadable")
    const entries = found.Keys.map(entryOf)
    if (new Set(entries.map((/** @type {Entry} */ one) => one.keyId)).size < entries.length) throw refusal("archive_manifest_differs")
    return { region: found.Region, made: String(found.MadeAt), program: String(found.Program), entries }
}

/** @param {any} one @returns {Entry} */
function entryOf(one) {
    const text = (/** @type {unknown} */ value, /** @type {RegExp} */ form) => {
        if (typeof value !== "string" || !form.test(value)) throw refusal("archive_manifest_unreadable")
        return value
    }
    const expireUnix = one?.KeyMaterialExpireUnix
    if (!Number.isSafeInteger(expireUnix) || expireUnix < 0 || expireUnix > lastSecond) throw refusal("archive_manifest_unreadable")
    return {
        keyId: text(one.KeyId, keyId), label: text(one.Label ?? "", /^[^\p{Cc}]{0,512}$/u), expireUnix,
        origin: text(one.Origin, /^(generated|file|backup)$/), kcv: text(one.KeyCheckValue, /^[0-9A-F]{10}$/),
        commitment: text(one.Commitment, /^[0-9a-f]{64}$/), salt: text(one.CommitmentSalt, /^[0-9a-f]{64}$/),
    }
}
