// @ts-check
// A request in words: what happens next and who has to act, its terms, and its timeline.

import { local, utc } from "./moment.js"
import { phrase } from "./words.js"

/**
 * A request as the console answers it.
 * @typedef {object} Request
 * @property {string} Id
 * @property {string} State
 * @property {string} Kind "drill" for a drill, else empty
 * @property {string} Region
 * @property {string} KeyId
 * @property {string} Label
 * @property {string[]} Algorithms
 * @property {string} ImporterKind
 * @property {string} Importer
 * @property {string} Expiry
 * @property {number} ExpiryDays
 * @property {string} Deadline
 * @property {string} Note
 * @property {string} Commitment
 * @property {string} Requester
 * @property {string} Created
 * @property {number} Approvals
 * @property {number} Agreed
 * @property {string[]} Approvers
 * @property {boolean} EachGroup
 * @property {string[]} May
 * @property {{Code: string, Who: string[], At?: string, Place?: number, Detail?: string, What?: string}} Next
 * @property {string} Lapses
 * @property {boolean} Soon
 * @property {string} [Digest]
 * @property {Submission} [Submission]
 * @property {{RequestId: string, Code?: string, At: string}} [Outcome]
 * @property {Happened[]} [Events]
 */
/** @typedef {{At: string, What: string, Name?: string, Detail?: string, Entry: number}} Happened */
/**
 * @typedef {object} Submission
 * @property {string} Algorithm
 * @property {string} WrappingKeySHA256
 * @property {string} EncryptedKeyMaterialSHA256
 * @property {string} TokenExpireTime
 * @property {number} KeyMaterialExpireUnix
 * @property {string} KeyCheckValue
 * @property {string} Commitment
 * @property {boolean} [ParametersByLink] whether the console did not see the wrapping key
 */

/** A moment in the person's time zone. @param {string} time */
export const moment = (time) => time === "" ? "" : local(new Date(time)).slice(0, 16)

/** A moment in both. @param {string} time */
export function moments(time) {
    return phrase("terms-moment", { local: moment(time), utc: utc(new Date(time)).slice(0, 16) })
}

/** The name of a state. @param {Request} request */
export const stateName = ({ State, Kind }) => phrase(Kind === "drill" && State === "open" ? "status-drill" : `status-${State}`)

/** What a person may do that makes the next step theirs, by its code. @type {Record<string, string>} */
const ownAct = { import: "issue", submit: "issue", prove: "prove", approve: "approve", link: "import-link", report: "report", unheard: "again", resend: "again", again: "again" }

/** Whether the next step is that of the person who reads it. @param {Request} request */
export const isOwn = ({ Next, May }) => May.includes(ownAct[Next.Code] ?? "")

/** What happens next, and who has to act. @param {Request} request */
export function next(request) {
    const { Next, May, Agreed, Approvals, Lapses, Deadline, Approvers, ImporterKind, Importer } = request
    const groups = ImporterKind === "group" ? [Importer, ...Approvers] : Approvers
    const named = Next.Who.map((name) => groups.includes(name) ? phrase("next-of", { name }) : name)
    const nobody = phrase(Next.Code === "approve" ? "next-approvers" : "next-nobody")
    const values = {
        who: named.join(", ") || nobody, lapses: moment(Lapses || Deadline), agreed: Agreed, needed: Approvals,
        place: Next.Place ?? 1, time: moment(Next.At ?? ""), what: Next.What ?? "",
    }
    if (isOwn(request)) return phrase(`next-${Next.Code}-you`, values)
    return phrase(Next.Code === "approve" && May.includes("takeback") ? "next-approve-taken" : `next-${Next.Code}`, values)
}

/** That little time is left; empty where there is enough. @param {Request} request */
export const soon = ({ Soon, Lapses }) => Soon ? phrase("next-soon", { lapses: moment(Lapses) }) : ""

/** Who may import. @param {Request} request */
export const importer = ({ ImporterKind, Importer }) => phrase(`terms-by-${ImporterKind}`, { name: Importer })

/** What the request says of the expiry. @param {Request} request */
export const expiryRule = ({ Expiry, ExpiryDays }) => phrase(`terms-expiry-${Expiry}`, { days: ExpiryDays })

/** Who has to agree. @param {Request} request */
export function approvals({ Approvals, Approvers, EachGroup, Submission }) {
    const groups = Approvers.join(", ")
    if (Approvals === 0) return phrase(Submission ? "terms-no-approval" : "terms-approvals-later")
    if (groups === "") return phrase("terms-approvals-anybody", { count: Approvals })
    return phrase(EachGroup ? "terms-approvals-each" : "terms-approvals-groups", { count: Approvals, groups })
}

/** What an event is called. @param {Happened} event */
export const happened = ({ What }) => phrase(`happened-${What.replaceAll("_", "-")}`)

/** Events whose detail is a reason that a person gave. */
const reasoned = ["refused", "cancelled"]

/** What more there is to say of an event. @param {Happened} event */
export function detail({ What, Detail = "", Entry }) {
    const said = reasoned.includes(What) ? phrase("reason", { reason: Detail }) : phrase("code", { code: Detail })
    return [Detail && said, Entry >= 0 && phrase("entry", { number: Entry })].filter(Boolean).join(" · ")
}

/** The address of a page of this console in the language of this one. @param {string} path */
export const address = (path) => `/${document.documentElement.lang}${path}`

/** The address of a request's page. @param {string} id */
export const requestAddress = (id) => address(`/request?id=${id}`)

/** The part of the address where an import or a drill for a request begins. @param {Request} request */
export const importPath = ({ Id, Kind, Commitment }) =>
    `${Kind === "drill" ? "/drill" : Commitment === "" ? "/" : "/reimport"}?request=${Id}`
