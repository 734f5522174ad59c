// @ts-check
// The archive of many keys: made in one worker, which forgets each key as soon as it is in, and
// opened in another, which holds the keys until they are imported. This file never holds a key.

import { toUTF8 } from "./bytes.js"
import { begin } from "./job.js"
import { readManifest, writeManifest } from "./many_manifest.js"
import { stamp } from "./moment.js"
import { eachReading } from "./offered_passphrase.js"
import { together } from "./together.js"
import { isProblem, problem } from "./words.js"

/** @typedef {import("./job.js").Module} Module */
/** @typedef {import("./many_manifest.js").Entry} Entry */
/** @typedef {import("./many_manifest.js").Manifest} Manifest */

/**
 * What shall be in an archive.
 * @typedef {object} Wanted
 * @property {string} keyId
 * @property {string} label
 * @property {number} expireUnix
 * @property {File} [file] of a key that is brought
 */

/**
 * @typedef {object} Made
 * @property {Blob} blob the archive
 * @property {string} sha256
 * @property {Entry[]} entries
 * @property {{keyId: string, fault: import("./words.js").Problem}[]} refused keys that were brought
 *   and are not in it
 */

/** @typedef {(done: number, of: number) => void} Progress */

/**
 * Make an archive.
 * @param {Module} module
 * @param {Wanted[]} wanted
 * @param {{protection: string, passphrase: string, recipients: string, encoded: boolean, region: string, version: string}} chosen
 *   encoded: whether files may have the keys in hexadecimal digits or base64
 * @param {AbortSignal} signal
 * @param {Progress} onProgress
 * @returns {Promise<Made>}
 */
export async function makeArchive(module, wanted, { region, version, encoded, ...protection }, signal, onProgress) {
    const pieces = collected()
    const job = begin(module, { job: "closeArchive", pieces: true }, { onTold: ({ written }) => pieces.add(written) })
    const stop = () => job.stop()
    signal.addEventListener("abort", stop, { once: true })
    try {
        const step = stepsOf(job)
        await step("createArchive", protection)
        /** @type {Entry[]} */
        const entries = []
        const refused = []
        for (const { keyId, label, expireUnix, file } of wanted) {
            const source = file ? "file" : "generate"
            try {
                const known = await step("addToArchive", { keyId, source, file: file ?? null, encoded: encoded || null })
                entries.push({ keyId, label, expireUnix, origin: file ? "file" : "generated", ...known })
            } catch (thrown) {
                if (!file || !isProblem(thrown) || !aboutFile.test(thrown.code)) throw thrown
                refused.push({ keyId, fault: thrown })
            }
            onProgress(entries.length + refused.length, wanted.length)
        }
        if (entries.length === 0) throw refused[0]?.fault ?? problem("many_missing")
        const program = `keyferry ${version}`
        await putManifest(step, { region, made: stamp(new Date()), program, entries })
        const ending = job.end({ signal, onTold: ({ written }) => pieces.add(written) })
        job.finish({})
        const { result } = await ending
        const blob = pieces.blob()
        if (blob.size !== result.size) throw problem("internal")
        return { blob, sha256: result.sha256, entries, refused }
    } finally {
        signal.removeEventListener("abort", stop)
        job.stop()
    }
}

/**
 * The steps of a job. Those that are asked for in the same moment go to the worker together.
 * @param {ReturnType<typeof begin>} job
 */
function stepsOf(job) {
    const steps = together({ most: 32 }, async (/** @type {import("./job.js").Step[]} */ some) => await job.feed({ steps: some }))
    return (/** @type {string} */ name, /** @type {Record<string, unknown>} */ options) => steps({ step: name, options })
}

/** What is wrong with one file, and not with the archive. */
const aboutFile = /^(weak_|source_|confirm_|file_unreadable$)/

/**
 * @param {(name: string, options: Record<string, unknown>) => Promise<any>} step
 * @param {Manifest} manifest
 */
async function putManifest(step, manifest) {
    let size = 0
    for (const piece of writeManifest(manifest)) size += toUTF8(piece).length
    /** @type {number | null} */
    let first = size
    let held = ""
    const put = async () => {
        await step("addManifest", { size: first, piece: toUTF8(held) })
        first = null
        held = ""
    }
    for (const piece of writeManifest(manifest)) {
        held += piece
        if (held.length > 64 << 10) await put()
    }
    await put()
}

/** Pieces of a file. Now and then they become a Blob, which the browser keeps outside the page. */
function collected() {
    /** @type {Blob[]} */
    let parts = []
    return {
        /** @param {Uint8Array<ArrayBuffer>} piece */
        add(piece) {
            parts.push(new Blob([piece]))
            if (parts.length > 32) parts = [new Blob(parts)]
        },
        blob: () => new Blob(parts, { type: "application/octet-stream" }),
    }
}

/** The size of the header of an age file, at most, in bytes. */
const longestHeader = 256 << 10

/**
 * Whether an age file has more in it than one key. Only its size tells, before it is opened.
 * @param {Blob} file
 */
export async function isArchive(file) {
    const header = await file.slice(0, longestHeader).bytes().catch(() => { throw problem("file_unreadable") })
    const text = new TextDecoder("latin1").decode(header)
    const end = text.indexOf("\n", text.indexOf("\n---") + 1)
    const payload = file.size - end - 1
    return text.startsWith("age-encryption.org/v1\n") && end > 0 && payload > 16 + 32 + 16
}

/**
 * An open archive. Its worker holds the keys until the end.
 * @typedef {object} Vault
 * @property {Entry[]} entries
 * @property {string | null} region that the manifest names
 * @property {string} sha256 of the file
 * @property {{keyId: string, fault: import("./words.js").Problem}[]} refused keys that are not to be
 *   imported
 * @property {Module} module that holds the keys
 * @property {(keyId: string, publicKey: string, algorithm: string) => Promise<{encryptedKeyMaterial: string, sha256: string, fingerprint: string}>} wrap
 * @property {(keyId: string, known: {kcv: string, commitment: string, salt: string}) => Promise<void>} judge
 *   compares a key with what a receipt says of it
 * @property {(keyId: string) => Promise<void>} forget clears one key
 * @property {() => Promise<void>} end clears all, and ends the worker
 */

/**
 * Open an archive and compare every key with the manifest. Without a manifest, each is examined
 * instead, as a key that is brought.
 * @param {Module} module
 * @param {{file: Blob, secret: string | File}} opened
 * @param {AbortSignal} signal
 * @param {Progress} onProgress
 * @returns {Promise<Vault>}
 */
export async function openArchive(module, { file, secret }, signal, onProgress) {
    /** @type {string[]} */
    const keyIds = []
    const decoder = new TextDecoder()
    let manifest = ""
    const onTold = (/** @type {{keyId?: string, manifest?: Uint8Array}} */ told) => {
        if (told.keyId) keyIds.push(told.keyId)
        if (told.manifest) manifest += decoder.decode(told.manifest, { stream: true })
    }
    const job = begin(module, { job: "forgetKeys", pieces: true }, { onTold })
    const stop = () => job.stop()
    signal.addEventListener("abort", stop, { once: true })
    const step = stepsOf(job)
    try {
        const { sha256 } = await eachReading(secret, (one) => step("openArchive", { archive: file, secret: one }))
        const known = manifest === "" ? await examined(step, keyIds, onProgress) : await compared(step, keyIds, manifest, onProgress)
        if (signal.aborted) throw problem("cancelled")
        return {
            ...known, sha256, module,
            wrap: (keyId, publicKey, algorithm) => step("wrapKey", { keyId, publicKey, algorithm }),
            judge: (keyId, known) => step("judgeKey", { keyId, ...known }),
            forget: (keyId) => step("forgetKey", { keyId }),
            async end() {
                if (job.ended()) return
                const ending = job.end({ signal: new AbortController().signal })
                job.finish({})
                await ending.finally(() => job.stop())
            },
        }
    } catch (thrown) {
        job.stop()
        throw isProblem(thrown) || thrown instanceof Error ? thrown : problem(/** @type {{code: string}} */ (thrown).code)
    } finally {
        signal.removeEventListener("abort", stop)
    }
}

/**
 * @param {(name: string, options: Record<string, unknown>) => Promise<any>} step
 * @param {string[]} keyIds
 * @param {string} text
 * @param {Progress} onProgress
 */
async function compared(step, keyIds, text, onProgress) {
    const { region, entries } = readManifest(text)
    const inside = new Set(keyIds)
    if (inside.size !== entries.length || entries.some(({ keyId }) => !inside.has(keyId))) throw problem("archive_manifest_differs")
    for (const [i, { keyId, kcv, commitment, salt }] of entries.entries()) {
        try {
            await step("judgeKey", { keyId, kcv, commitment, salt })
        } catch (thrown) {
            const differs = isProblem(thrown) && ["not_the_receipts_key", "receipt_damaged"].includes(thrown.code)
            throw differs ? problem("archive_manifest_differs") : thrown
        }
        onProgress(i + 1, entries.length)
    }
    return { region, entries, refused: [] }
}

/**
 * @param {(name: string, options: Record<string, unknown>) => Promise<any>} step
 * @param {string[]} keyIds
 * @param {Progress} onProgress
 */
async function examined(step, keyIds, onProgress) {
    /** @type {Entry[]} */
    const entries = []
    const refused = []
    for (const [i, keyId] of keyIds.entries()) {
        try {
            entries.push({ keyId, label: "", expireUnix: 0, origin: "backup", ...await step("examineKey", { keyId }) })
        } catch (thrown) {
            if (!isProblem(thrown) || !aboutFile.test(thrown.code)) throw thrown
            refused.push({ keyId, fault: thrown })
        }
        onProgress(i + 1, keyIds.length)
    }
    return { region: null, entries, refused }
}

/** Whether an archive that was opened has the keys that were put in. @param {Vault} vault @param {Made} made */
export function sameKeys(vault, made) {
    const known = new Map(vault.entries.map((entry) => [entry.keyId, entry.commitment]))
    return known.size === made.entries.length && made.entries.every(({ keyId, commitment }) => known.get(keyId) === commitment)
}
