// @ts-check
// What a connected desk adds: step 2 by a link, and at the end the import by a second one.

import { judgeByNewToken, tokenLife } from "./clock.js"
import { checkToken } from "./desk_answer.js"
import { secondLink } from "./desk_link_import.js"
import { askParameters } from "./desk_link_call.js"
import { readLink } from "./desk_link_check.js"
import { givenLink } from "./desk_link_field.js"
import { all, one } from "./elements.js"
import { normalise } from "./import_parameters.js"
import { readTime } from "./moment.js"
import { fillTemplate } from "./page.js"
import { problem } from "./words.js"

/** @typedef {import("./desk_link_check.js").Reached} Reached */
/** @typedef {import("./desk_answer.js").Brought} Brought */
/** @typedef {import("./desk_parameters.js").Wanted} Wanted */

/** A link is good for this time after it was signed, and clocks differ; in milliseconds. */
const linkLife = 15 * 60 * 1000 + 60 * 1000

/** What this file may reach, from its own list. @returns {Reached[]} */
function reachedByFile() {
    return all(document, "[data-reached]").map(({ dataset }) => ({ region: dataset.ofRegion ?? "", origin: dataset.reached ?? "" }))
}

export function byLink() {
    const reached = reachedByFile()
    return {
        /** @param {HTMLFormElement} form @param {Wanted} wanted @param {AbortSignal} signal */
        brought: (form, wanted, signal) => fromLink(form, wanted, reached, signal),
        showObtained,
        /** @param {HTMLElement} result */
        result: (result) => secondLink(result, reached),
    }
}

/**
 * Import parameters that the page gets from the KMS.
 * @param {HTMLFormElement} form
 * @param {Wanted} wanted
 * @param {Reached[]} reached
 * @param {AbortSignal} signal
 * @returns {Promise<Brought>}
 */
async function fromLink(form, { keyId, region, algorithm }, reached, signal) {
    const link = readLink(await givenLink(form, "link"), reached, "GetParametersForImport", {
        region, KeyId: keyId, WrappingAlgorithm: algorithm, WrappingKeySpec: "RSA_2048",
    })
    const { body } = await askParameters(link, signal)
    const { KeyId, PublicKey, ImportToken, TokenExpireTime, RequestId } = body
    const complete = [KeyId, PublicKey, ImportToken, TokenExpireTime].every((field) => typeof field === "string" && field !== "")
    if (!complete) throw problem("link_bad_answer")
    if (KeyId !== keyId) throw problem("link_answer_other_cmk")
    const normalised = normalise({ ImportToken, TokenExpireTime, RequestId })
    mustBeFresh(normalised.expires, link.parameters.get("Timestamp") ?? "")
    checkToken(normalised.token)
    judgeByNewToken(normalised.expires)
    return { ...normalised, publicKey: PublicKey, warnings: [], since: normalised.expires - tokenLife, obtained: "link", from: link.reached.origin }
}

/**
 * Refuse an answer whose token was not made when the link was good. Both times are the KMS's: it
 * takes no link whose time differs from its own by more than a quarter of an hour.
 * @param {number} expires
 * @param {string} signed
 */
function mustBeFresh(expires, signed) {
    const age = expires - tokenLife - readTime(signed)
    if (!(Math.abs(age) <= linkLife)) throw problem("link_answer_not_fresh")
}

/**
 * Say how the parameters came.
 * @param {import("./desk_parameters.js").DeskParameters} parameters
 * @param {string} keyId
 */
function showObtained({ obtained, from = "", algorithm }, keyId) {
    const part = one(document, `[data-part="obtained"]`)
    const encrypted = from.startsWith("https:")
    const sentences = obtained === "link" ? [encrypted ? "link" : "local", "checked"] : ["file"]
    for (const sentence of all(part, "[data-obtained]")) sentence.hidden = !sentences.includes(sentence.dataset.obtained ?? "")
    for (const name of ["from-kms", "from-local", "certificate", "checked"]) {
        fillTemplate(part, name, { host: from.replace(/^https?:\/\//, ""), cmk: keyId, algorithm })
    }
}
