// @ts-check
// Many keys by files: answers of GetParametersForImport that somebody else got, and import files for
// somebody else to import. This page then makes neither call.

import { now } from "./clock.js"
import { toUTF8 } from "./bytes.js"
import { importFields } from "./desk_import_file.js"
import { offerDownload } from "./download.js"
import { judgeToken, normalise } from "./import_parameters.js"
import { valuesIn } from "./many_list.js"
import { someOf } from "./many_wanted.js"
import { problem } from "./words.js"

/** @typedef {import("./many_send.js").Item} Item */

/** How large a file with one answer may be, in bytes. */
const longestAnswer = 64 << 10

/**
 * The answers of GetParametersForImport in a list, by CMK. They are objects with KeyId, PublicKey,
 * ImportToken and TokenExpireTime.
 * @param {string} text
 * @returns {Map<string, any>}
 */
export function answersIn(text) {
    if (!/^\s*[{[]/.test(text)) return new Map()
    const found = valuesIn(text).flat().filter((one) => typeof one?.ImportToken === "string" && typeof one.PublicKey === "string")
    return new Map(found.map((one) => [String(one.KeyId), one]))
}

/**
 * The content of a folder of parameter files, as one list.
 * @param {Iterable<File>} files
 */
export async function listOfFolder(files) {
    const answers = Array.from(files).filter(({ name }) => /\.json(l|lines)?$/i.test(name))
    if (answers.length === 0) throw problem("many_no_answers")
    if (answers.some(({ size }) => size > longestAnswer)) throw problem("many_json")
    const texts = await Promise.all(answers.map((one) => one.text())).catch(() => { throw problem("file_unreadable") })
    return texts.join("\n")
}

/**
 * Refuse a list where some CMKs have parameters and others do not.
 * @param {Map<string, any>} answers
 * @param {{keyId: string}[]} lines
 */
export function checkAnswers(answers, lines) {
    const missing = lines.filter(({ keyId }) => !answers.has(keyId))
    if (missing.length > 0) throw { ...problem("many_no_parameters"), detail: someOf(missing) }
}

/**
 * What was made by files: an import file for each CMK, one on each line.
 * @param {string} region
 */
export function importFiles(region) {
    /** @type {Map<string, string>} */
    const lines = new Map()
    return {
        /**
         * In place of the two calls for a CMK: its parameters are those of the file, and what was
         * wrapped becomes a line.
         * @param {any} answer
         * @param {string} algorithm
         */
        callsFor: (answer, algorithm) => ({
            after: /** @type {const} */ ("made"),
            async parameters() {
                const { token, tokenExpireTime, expires, requestId } = normalise(answer)
                if (Number.isNaN(expires) || judgeToken(token) !== "token") throw problem("many_parameters_unreadable")
                if (expires <= now()) throw problem("token_expired")
                return { PublicKey: String(answer.PublicKey), ImportToken: token, TokenExpireTime: tokenExpireTime, expires, RequestId: requestId }
            },
            /** @param {Item} item @returns {Promise<undefined>} */
            async send({ entry, expireUnix, parameters, wrapped }) {
                if (!parameters || !wrapped) throw problem("unexpected")
                const obtained = { algorithm, fingerprint: wrapped.fingerprint, token: parameters.ImportToken, tokenExpireTime: parameters.TokenExpireTime, obtained: "file" }
                lines.set(entry.keyId, `${JSON.stringify(importFields({ keyId: entry.keyId, region, expireUnix, wrapped: wrapped.encryptedKeyMaterial, parameters: obtained, said: entry }))}\n`)
            },
        }),
        /** @param {HTMLElement} root has a link for it @param {string} name of the file */
        offer(root, name) {
            root.hidden = lines.size === 0
            if (lines.size > 0) offerDownload(root, "imports", { bytes: toUTF8([...lines.values()].join("")), name, type: "application/jsonl" })
        },
    }
}
