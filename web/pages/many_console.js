// @ts-check
// The calls for many keys in the console: relayed, or made through requests.

import { getParametersOfMany, importMany, mostTogether } from "./kms.js"
import { callBy } from "./many_calls.js"
import { areImports, itemsOf, showImports } from "./many_imports.js"
import { asList, callsFor, checkAgainst, fixAlgorithms, isForRequests, requestsOfSet } from "./many_requests.js"
import { draw as listSent } from "./sent.js"
import { together } from "./together.js"
import { signedIn } from "./who.js"
import { problem } from "./words.js"

/** What one request is about, and how many are on their way: a slow one holds up no others. */
const limits = { most: mostTogether, patience: 20, requests: 3 }

/** Nothing that was sent is given up. */
const never = new AbortController().signal

/** What asks for the parameters of a CMK, by algorithm. @type {Map<string, (keyId: string) => Promise<import("./kms.js").ImportParameters>>} */
const askers = new Map()

/** @param {string} algorithm */
function parametersBy(algorithm) {
    const ask = askers.get(algorithm) ?? together(limits, (/** @type {string[]} */ keyIds) => getParametersOfMany(keyIds, algorithm, never))
    askers.set(algorithm, ask)
    return ask
}

const importOne = together(limits, (/** @type {import("./kms.js").Material[]} */ materials) => importMany(materials, never))

/**
 * The two calls for a CMK, relayed by the console.
 * @param {string} keyId
 * @param {boolean} kept whether the console keeps a record
 * @returns {import("./many_send.js").Way}
 */
const relayed = (keyId, kept) => (algorithm) => ({
    parameters: () => parametersBy(algorithm)(keyId),
    async send({ entry, expireUnix, parameters, wrapped }) {
        if (!parameters || !wrapped) throw problem("unexpected")
        return importOne({ keyId, ciphertext: wrapped.encryptedKeyMaterial, token: parameters.ImportToken, expireUnix,
            ...kept ? { shows: entry } : {} })
    },
})

/**
 * The requests that the page imports for, if it does, and their CMKs as a list.
 * @param {HTMLElement} task
 * @param {string} region
 */
function requestsFor(task, region) {
    if (!isForRequests(task)) return
    return signedIn().then(() => requestsOfSet(region)).then((requests) => {
        fixAlgorithms(task, [...requests.values()])
        return { requests, written: asList(requests.values()) }
    })
}

export const ways = { relayed, requestsFor, callsFor, checkAgainst, areImports, itemsOf, showImports, listSent }

callBy(ways)
