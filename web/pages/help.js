// @ts-check
// What helps after an error: the acts that it offers, and the field that has the fault.

import { all, one } from "./elements.js"

/** @typedef {"again" | "parameters" | "algorithm" | "material" | "cmk" | "reimport" | "signin"} Act */

/** The acts that can help, by code. @type {[RegExp, Act[]][]} */
const acts = [
    [/^(Forbidden\.KeyNotFound|Unsupported\.(Origin|Alias)|Console\.KeyId|key_reference_(?!empty)\w+|(receipt|parameters)_other_cmk)$/, ["cmk"]],
    // The CMK can be put right in the vendor's console, and then takes the same bytes.
    [/^Rejected\.(StateModifiedFailed|PendingDeletion|Disabled)$/, ["again", "cmk"]],
    [/^(ExpiredImportToken|InvalidImportToken|Console\.ImportToken|token_expired|wrapping_failed)$/, ["parameters"]],
    [/^wrapping_key_(empty|too_long|not_base64|not_der|trailing_bytes|malformed|not_rsa|ec|sm2)$/, ["parameters"]],
    [/^Unsupported\.ProtectionLevel$/, ["algorithm"]],
    [/^(Console\.(SignIn|StepUp)|Requests\.SignIn|SignIn\.Needed)$/, ["signin", "again"]],
    [/^Requests\.(TokenExpired|Parameters)$/, ["parameters"]],
    [/^InvalidKeyMaterial$/, ["reimport", "material", "parameters"]],
    [/^(Throttling(\.\w+)?|Rejected\.(Throttling|LimitExceeded)|InternalFailure|ServiceUnavailableTemporary)$/, ["again"]],
    // Whoever runs the console or owns the account puts these right.
    [/^(InvalidAccessKeyId\.\w+|Forbidden\.(AccessKey|NoPermission|InDebt|InDebtOverdue|KmsServiceNotEnabled))$/, ["again"]],
    [/^(SignatureDoesNotMatch|IncompleteSignature|IllegalTimestamp|InvalidTimeStamp\.Expired|InvalidSecurityToken\.Expired)$/, ["again"]],
    [/^Console\.(Internal|NoCredentials|KMSUnreachable|KMSTimeout|KMSOutcomeUnknown|KMSBadAnswer)$/, ["again"]],
    [/^(console_unreachable|console_bad_answer|import_outcome_unknown|submit_outcome_unknown|module_(unavailable|host|crashed|silent)|internal)$/, ["again"]],
]

/** Whether an error is about the CMK that was named in step 1. @param {string} code */
export function isAboutCMK(code) {
    return acts.slice(0, 2).some(([pattern]) => pattern.test(code))
}

/** The form whose own button is the act. @type {Partial<Record<Act, string>>} */
const own = { cmk: "cmk", algorithm: "params", parameters: "params" }

/**
 * What this page can do, apart from submitting a form again.
 * @type {Partial<Record<Act, () => void>>}
 */
const handlers = {}

/** Let errors offer what this page can do. @param {Partial<Record<Act, () => void>>} offered */
export function offerHelp(offered) {
    Object.assign(handlers, offered)
}

/**
 * Keep the acts of a notice that help. Where the button of the form cannot help, or would say
 * something else than that the same bytes are sent again, it gives way to them.
 * @param {HTMLElement} notice
 * @param {ParentNode} root where the error happened
 * @param {{code: string, again?: boolean}} fault
 */
export function keepHelp(notice, root, { code, again }) {
    const form = root instanceof HTMLFormElement ? root : null
    const name = form?.dataset.form ?? ""
    const listed = acts.find(([pattern]) => pattern.test(code))?.[1] ?? (again ? ["again"] : [])
    const wanted = listed.filter((act) => act === "again" ? form && name !== "cmk" : handlers[act])
    const setAside = form !== null && wanted.length > 0
        && (name === "send" || wanted.every((act) => act !== "again" && own[act] !== name))
        && !code.endsWith("_other_cmk") // another receipt, or other parameters, help too
    for (const button of all(notice, "[data-help]")) {
        const act = /** @type {Act} */ (button.dataset.help)
        if (!wanted.includes(act)) {
            button.remove()
            continue
        }
        if (act === "again" && name === "send") button.textContent = button.dataset.same ?? ""
        if (!setAside || act !== wanted[0]) button.classList.add("secondary")
        button.addEventListener("click", () => act === "again" ? form?.requestSubmit() : handlers[act]?.())
    }
    if (wanted.length === 0) one(notice, `[data-part="help"]`).remove()
    if (setAside) setFormAside(form)
}

/** @param {HTMLFormElement} form */
function setFormAside(form) {
    const button = form.querySelector("button:not([type=button])")
    if (!(button instanceof HTMLElement)) return
    button.hidden = true
    button.dataset.setAside = ""
}

/** Show the buttons again that gave way to a notice. @param {ParentNode} root */
export function takeBack(root) {
    for (const button of all(root, "[data-set-aside]")) {
        button.hidden = false
        delete button.dataset.setAside
    }
}

/**
 * The fields that can have a fault, by code. The first one that is shown in the form counts.
 * @type {[RegExp, string][]}
 */
const fields = [
    [/^receipt_/, `[name="receipt"]`],
    [/^(Forbidden\.KeyNotFound|Unsupported\.(Origin|Alias)|Console\.KeyId|key_reference_\w+)$/, `[name="reference"]`],
    [/^Rejected\.(StateModifiedFailed|PendingDeletion|Disabled)$/, `[name="reference"]`],
    [/^region_/, `[name="region"]`],
    [/^link_/, `[name="link"], [name="second"]`],
    [/^(file_|source_|backup_(not_|damaged|version|work_factor)|not_the_receipts_key)/, `[name="file"], [name$="-age"]`],
    [/^(secret_|backup_(needs_|wrong_|identity_))/, `[name$="-secret"]`],
    [/^(passphrase_|backup_passphrase_)/, `[name="passphrase"]`],
    [/^(recipients_|backup_recipient)/, `[name="recipients"]`],
    [/^component_(kcv_|missing)/, "#component-kcv"],
    [/^component_/, "#component"],
    [/^sentence_missing$/, "[data-sentence]"],
    [/^(expiry_|Console\.Expire)/, `[name="time"]`],
    [/^Console\.Remind$/, `[name="Remind"]`],
    [/^(deadline_|Console\.Deadline)/, `[name="deadline"]`],
    [/^email_missing$/, `[name="email"]`],
    [/^group_missing$/, `[name="group"]`],
    [/^days_missing$/, `[name="days"]`],
    [/^label_long$/, `[name="label"]`],
    [/^csv_/, `[name="csv"]`],
    [/^keys_/, `[name="keys"]`],
    [/^reason_missing$/, `[name="reason"]`],
    [/^guest_code_missing$/, `[name="code"]`],
]

/**
 * The field of a form that has the fault, where it is shown.
 * @param {string} code
 * @param {ParentNode} root
 * @returns {HTMLElement | undefined}
 */
export function fieldOf(code, root) {
    const selector = fields.find(([pattern]) => pattern.test(code))?.[1]
    return selector ? all(root, selector).find((field) => field.checkVisibility()) : undefined
}
