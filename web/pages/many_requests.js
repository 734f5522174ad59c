// @ts-check
// Many keys for a set of requests: those that the list of requests shows and that wait for the person
// to import. Their CMKs are the list, and what is made is submitted to each instead of being
// imported.

import { ask } from "./api.js"
import { all, input } from "./elements.js"
import { checkExpiry, parametersFor, submit } from "./order.js"
import { isProblem, problem } from "./words.js"

/** @typedef {import("./request_words.js").Request} Request */
/** @typedef {import("./many_send.js").Item} Item */

const asked = new URLSearchParams(location.search)

/** Whether the page imports for requests. @param {HTMLElement} task */
export const isForRequests = (task) => task.dataset.team !== undefined && asked.has("which")

/**
 * Whether a request waits for what this page makes. One whose CMK had key material before takes no
 * other, and a drill sends nothing.
 * @param {Request} request
 */
export const canBeAmongMany = ({ May, Submission, Commitment, Kind }) =>
    May.includes("issue") && !Submission && Commitment === "" && Kind === ""

/**
 * The requests that the list shows and that this page can import for, by CMK. Those for another
 * region are left out: an archive is for one.
 * @param {string} region
 * @returns {Promise<Map<string, Request>>}
 */
export async function requestsOfSet(region) {
    /** @type {Map<string, Request>} */
    const found = new Map()
    let after = ""
    do {
        const query = new URLSearchParams({ which: asked.get("which") ?? "", state: asked.get("state") ?? "", text: asked.get("text") ?? "", after })
        const answer = await ask(`/api/requests?${query}`)
        for (const request of answer.Requests) {
            if (canBeAmongMany(request) && request.Region === region && !found.has(request.KeyId)) found.set(request.KeyId, request)
        }
        after = answer.After
    } while (after !== "")
    if (found.size === 0) throw problem("many_no_requests")
    return found
}

/**
 * The list of CMKs, as a person could have written it.
 * @param {Iterable<Request>} requests
 */
export const asList = (requests) =>
    Array.from(requests, ({ KeyId, Label }) => `${KeyId},"${Label.replaceAll(`"`, `""`)}"\n`).join("")

/**
 * Leave the algorithms that every request allows.
 * @param {HTMLElement} task
 * @param {Request[]} requests
 */
export function fixAlgorithms(task, requests) {
    for (const choice of all(task, `[name="algorithm"]`)) {
        const name = choice.getAttribute("value") ?? ""
        if (!requests.every(({ Algorithms }) => Algorithms.includes(name))) choice.closest(".choice")?.remove()
    }
    if (!task.querySelector(`[name="algorithm"]`)) throw problem("many_no_algorithm")
    input(task, `[name="algorithm"]`).checked = true
}

/**
 * Refuse a CMK without a request, and an expiry that its request does not allow. The problem names
 * the first CMK.
 * @param {Map<string, Request>} requests
 * @param {{keyId: string, expireUnix?: number}[]} wanted
 */
export function checkAgainst(requests, wanted) {
    for (const { keyId, expireUnix } of wanted) {
        const request = requests.get(keyId)
        if (!request) throw { ...problem("many_no_request"), detail: keyId }
        if (expireUnix === undefined) continue
        try {
            checkExpiry(request, expireUnix)
        } catch (thrown) {
            throw isProblem(thrown) ? { ...thrown, detail: keyId } : thrown
        }
    }
}

/**
 * The two calls for a CMK, made through its request.
 * @param {Request} request
 * @param {string} algorithm
 * @param {AbortSignal} signal
 */
export const callsFor = (request, algorithm, signal) => ({
    after: /** @type {const} */ ("submitted"),
    parameters: () => parametersFor(request, algorithm, signal, () => {}),
    /**
     * Submit what was wrapped. Whether the KMS has it already depends on who has to agree.
     * @param {Item} item
     */
    async send({ entry, expireUnix, parameters, wrapped }) {
        if (!parameters || !wrapped) throw problem("unexpected")
        const { State, Outcome } = await submit(request, {
            algorithm, fingerprint: wrapped.fingerprint, token: parameters.ImportToken, tokenExpireTime: parameters.TokenExpireTime,
        }, { ...wrapped, ...entry }, expireUnix, signal)
        return State === "imported" && Outcome ? { requestId: Outcome.RequestId, time: Date.parse(Outcome.At) } : undefined
    },
})
