// @ts-check
// A link that a console signed for one call to the KMS. It is taken apart here and checked against
// what the person entered; what is sent is put together anew from the parts that were checked, and
// goes to an address of this file's own list. Nothing here needs a page.

import { plain } from "./import_parameters.js"
import { problem } from "./words.js"

/**
 * The KMS of a region.
 * @typedef {{region: string, origin: string}} Reached origin such as
 *   https://kms.cn-hangzhou.aliyuncs.com
 */

/**
 * A link whose every part was checked.
 * @typedef {{action: string, reached: Reached, parameters: URLSearchParams}} Link
 */

/** The parameters of each call that the person's own entries decide. */
const ofCall = {
    GetParametersForImport: ["KeyId", "WrappingAlgorithm", "WrappingKeySpec"],
    ImportKeyMaterial: ["KeyId", "EncryptedKeyMaterial", "ImportToken", "KeyMaterialExpireUnix"],
}

/** What a signed call has besides. */
const common = [
    "AccessKeyId", "Action", "Format", "RegionId", "SecurityToken", "Signature", "SignatureMethod", "SignatureNonce",
    "SignatureType", "SignatureVersion", "Timestamp", "Version",
]

/** The code for a parameter that is not what it must be. @type {Record<string, string>} */
const otherwise = {
    Action: "link_other_action",
    KeyId: "link_other_cmk",
    RegionId: "link_other_region",
    WrappingAlgorithm: "link_other_algorithm",
    EncryptedKeyMaterial: "link_other_material",
    ImportToken: "link_other_material",
    KeyMaterialExpireUnix: "link_other_material",
}

/**
 * Read a link.
 * @param {string} text as people paste it, folded or in quotation marks
 * @param {Reached[]} reached every KMS that this page may reach
 * @param {keyof typeof ofCall} action
 * @param {{region: string} & Record<string, string>} wanted the region, and each parameter of the
 *   call as the person's own entries have it
 * @returns {Link}
 */
export function readLink(text, reached, action, { region, ...wanted }) {
    const link = plain(text)
    if (link === "") throw problem("link_missing")
    const [, origin = "", query = ""] = /^([A-Za-z]+:\/\/[^/?#\\]*)\/?\?([^#]*)$/.exec(link) ?? []
    if (query === "") throw problem("link_unreadable")
    const chosen = hostOf(origin, reached, region)
    const parameters = parametersOf(query, action)
    const must = { Version: "2016-01-20", Format: "JSON", SignatureMethod: "HMAC-SHA1", ...wanted, Action: action }
    for (const [name, value] of Object.entries({ ...must, ...parameters.has("RegionId") ? { RegionId: region } : {} })) {
        if (!same(name, parameters.get(name), value)) throw problem(parameters.has(name) && otherwise[name] || "link_unreadable")
    }
    if (!parameters.get("Signature") || !parameters.get("AccessKeyId")) throw problem("link_unreadable")
    return { action, reached: chosen, parameters }
}

/**
 * Whether a parameter is what it must be. The KMS takes an expiry that is absent for one that is 0.
 * @param {string} name
 * @param {string | null} found
 * @param {string} wanted
 */
function same(name, found, wanted) {
    if (name === "Format") return found?.toUpperCase() === wanted
    return found === wanted || name === "KeyMaterialExpireUnix" && found === null && wanted === "0"
}

/**
 * The KMS that a link leads to: its scheme, host and port must be, letter by letter, those of one
 * that this page may reach. Nothing is normalised, so that no other way of writing can pass for it.
 * @param {string} origin
 * @param {Reached[]} reached
 * @param {string} region that the person entered
 */
function hostOf(origin, reached, region) {
    const found = reached.find((one) => one.origin === origin)
    if (!found) throw problem(reached.some((one) => one.origin === origin.replace(/^http:/, "https:")) ? "link_plain_http" : "link_other_host")
    if (found.region !== region) throw problem("link_other_region")
    return found
}

/**
 * The parameters of a query: each is known, and there once.
 * @param {string} query
 * @param {keyof typeof ofCall} action
 */
function parametersOf(query, action) {
    const parameters = new URLSearchParams()
    for (const pair of query.split("&")) {
        const [name, value] = pair.split(/=(.*)/s, 2).map(decode)
        if (parameters.has(name)) throw problem("link_parameter_twice")
        if (value === undefined) throw problem("link_unreadable")
        parameters.append(name, value)
    }
    const named = parameters.get("Action")
    if (named === null) throw problem("link_unreadable") // cut off
    if (named !== action) throw problem("link_other_action")
    const known = [...common, ...ofCall[action]]
    if ([...parameters.keys()].some((name) => !known.includes(name))) throw problem("link_parameter_unknown")
    return parameters
}

/** @param {string} written */
function decode(written) {
    try {
        return decodeURIComponent(written.replaceAll("+", " "))
    } catch {
        throw problem("link_unreadable")
    }
}
