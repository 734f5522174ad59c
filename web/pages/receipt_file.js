// @ts-check
// The file of a receipt: JSON in UTF-8, one field a line in a fixed order, two spaces before each.
// The same fields always give the same bytes. wasm/custody/README.md describes the format. Nothing
// here needs a page.

/**
 * The fields of a receipt, under the names that they have in the file. Digests are SHA-256 in
 * lower-case hexadecimal; times are UTC as in 2026-01-02T15:04:05Z. A field that is optional is
 * absent or empty.
 * @typedef {object} Receipt
 * @property {string} Program the program that made the receipt, and its version
 * @property {string} ModuleSHA256 of the WebAssembly module that held the key material
 * @property {string} KeyId of the CMK
 * @property {string} Region
 * @property {string} [Alias] of the CMK
 * @property {string} WrappingAlgorithm
 * @property {string} WrappingKeySHA256 of the DER
 * @property {string} ImportTokenSHA256 of the token's text
 * @property {string} [TokenExpireTime]
 * @property {string} EncryptedKeyMaterialSHA256 of the 256 bytes
 * @property {string} KeyCheckValue ten upper-case hexadecimal digits
 * @property {string} Commitment
 * @property {string} CommitmentSalt
 * @property {number} KeyMaterialExpireUnix in seconds since 1970; 0 means never
 * @property {string} Origin
 * @property {string} PreparedAt when the key material was wrapped
 * @property {string} [ImportedAt] when the KMS took it; absent where the import is made elsewhere
 * @property {string} [ParametersObtained] "link": the importer's browser got them from the KMS;
 *   "relay": through the console; "file": from files or text
 * @property {string} [ParametersRequestId] of GetParametersForImport
 * @property {string} [ImportedBy] "link": the KMS answered the importer's browser; "relay": it
 *   answered the console; absent like ImportedAt
 * @property {string} [ImportRequestId] of ImportKeyMaterial; absent like ImportedAt
 * @property {string} [BackupFile] the name of the encrypted backup
 * @property {string} [BackupSHA256] of that file
 */

/** @typedef {string | number} Value */

const format = "keyferry receipt"
const algorithms = ["RSAES_OAEP_SHA_256", "RSAES_OAEP_SHA_1", "RSAES_PKCS1_V1_5"]
const parametersWays = ["link", "relay", "file"]
const importWays = ["link", "relay"]
const origins = ["generated", "file", "backup", "components"]

/** How many bytes a text may have. */
const longestText = 512

/** What a field may be. @type {Record<string, (value: Value) => boolean>} */
const is = {
    // What the KMS names: key IDs, ARNs, regions, aliases and request IDs.
    identifier: (value) => /^[A-Za-z0-9_.:/-]{1,512}$/.test(text(value)),
    // What people read. A text that was not Unicode has U+FFFD or half a surrogate pair in it.
    name: (value) => /^[^\p{Cc}\p{Cs}\ufffd]+$/u.test(text(value)) && new TextEncoder().encode(text(value)).length <= longestText,
    digest: (value) => /^[0-9a-f]{64}$/.test(text(value)),
    digestOfSomething: (value) => is.digest(value) && /[^0]/.test(text(value)),
    checkValue: (value) => /^[0-9A-F]{10}$/.test(text(value)),
    algorithm: (value) => algorithms.includes(text(value)),
    parametersWay: (value) => parametersWays.includes(text(value)),
    importWay: (value) => importWays.includes(text(value)),
    origin: (value) => origins.includes(text(value)),
    format: (value) => value === format,
    version: (value) => value === 1,
    seconds: (value) => typeof value === "number" && Number.isSafeInteger(value) && value >= 0,
    time: (value) => /^(19[7-9]\d|[2-9]\d{3})-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text(value)) && exists(text(value)),
}

/** @param {Value} value */
const text = (value) => typeof value === "string" ? value : ""

/**
 * Whether the calendar and the clock have this time: browsers take 29 February of any year.
 * @param {string} time
 */
function exists(time) {
    const moment = new Date(time)
    return !Number.isNaN(moment.getTime()) && moment.toISOString() === time.replace("Z", ".000Z")
}

/**
 * The fields in the order of the file.
 * @type {[name: string, valid: (value: Value) => boolean, optional?: "optional"][]}
 */
const fields = [
    ["Format", is.format],
    ["Version", is.version],
    ["Program", is.name],
    ["ModuleSHA256", is.digest],
    ["KeyId", is.identifier],
    ["Region", is.identifier],
    ["Alias", is.identifier, "optional"],
    ["WrappingAlgorithm", is.algorithm],
    ["WrappingKeySHA256", is.digest],
    ["ImportTokenSHA256", is.digest],
    ["TokenExpireTime", is.time, "optional"],
    ["EncryptedKeyMaterialSHA256", is.digest],
    ["KeyCheckValue", is.checkValue],
    ["Commitment", is.digest],
    ["CommitmentSalt", is.digest],
    ["KeyMaterialExpireUnix", is.seconds],
    ["Origin", is.origin],
    ["PreparedAt", is.time],
    ["ImportedAt", is.time, "optional"],
    ["ParametersObtained", is.parametersWay, "optional"],
    ["ParametersRequestId", is.identifier, "optional"],
    ["ImportedBy", is.importWay, "optional"],
    ["ImportRequestId", is.identifier, "optional"],
    ["BackupFile", is.name, "optional"],
    ["BackupSHA256", is.digestOfSomething, "optional"],
]

/** A refusal. @param {string} code */
const refusal = (code) => ({ code })

/**
 * Whether the fields are those of a receipt: each in its form, no other, and none against another.
 * @param {Map<string, Value>} found
 */
function check(found) {
    const known = fields.filter(([name, valid, optional]) => {
        const value = found.get(name)
        if (value === undefined ? !optional : !valid(value)) throw refusal("receipt_malformed")
        return value !== undefined
    })
    const together = (/** @type {string} */ one, /** @type {string} */ other) => found.has(one) === found.has(other)
    const bound = together("ImportedAt", "ImportRequestId") && together("BackupFile", "BackupSHA256")
        && (found.has("ImportedAt") || !found.has("ImportedBy"))
    if (known.length !== found.size || !bound) {
        throw refusal("receipt_malformed")
    }
}

/**
 * Write the file of a receipt. A receipt that could not be read again is refused with {code:
 * "receipt_malformed"}.
 * @param {Receipt} receipt
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function formatReceipt(receipt) {
    return new TextEncoder().encode(`${JSON.stringify(checked(receipt), null, 2)}\n`)
}

/** A receipt on one line, of a file of several. @param {Receipt} receipt */
export const receiptLine = (receipt) => `${JSON.stringify(checked(receipt))}\n`

/** The fields of a receipt in their order. @param {Receipt} receipt */
function checked(receipt) {
    const given = new Map(/** @type {[string, Value][]} */ (Object.entries({ Format: format, Version: 1, ...receipt })))
    const found = new Map(fields.map(([name]) => /** @type {[string, Value]} */ ([name, given.get(name) ?? ""]))
        .filter(([, value]) => value !== ""))
    check(found)
    return Object.fromEntries(found)
}

/** How many bytes a file may have: several times those of the longest receipt. */
export const largestReceipt = 16 << 10

// A receipt is an object of strings and whole numbers. JSON.parse would drop all but the last of
// two fields of one name, so the object is read here; the form is that of RFC 8259, sections 2, 6
// and 7.
const space = String.raw`[ \t\r\n]*`
const string = String.raw`"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"`
const member = String.raw`${space}(${string})${space}:${space}(${string}|-?[0-9]+)${space}`
const whole = new RegExp(`^${space}\\{(?:${space}|${member}(?:,${member})*)\\}${space}$`)

/**
 * Read the file of a receipt. What it says is read strictly: each field is there, once, in its
 * form, and no other. How it is laid out is not, because mail programs and editors change that: the
 * order of the fields, white space, line ends, a byte order mark, and escapes in strings. A refusal
 * is {code}.
 * @param {Uint8Array<ArrayBuffer>} file
 * @returns {Receipt}
 */
export function parseReceipt(file) {
    const found = members(file)
    if (found.get("Format") !== format) throw refusal("receipt_not_ours")
    const version = found.get("Version")
    if (typeof version === "number" && version !== 1) throw refusal("receipt_version")
    check(found)
    return /** @type {Receipt} */ (/** @type {unknown} */ (Object.fromEntries(found)))
}

/**
 * The members of the object in a file.
 * @param {Uint8Array<ArrayBuffer>} file
 */
function members(file) {
    const content = decode(file)
    if (!whole.test(content)) throw refusal("receipt_not_json")
    /** @type {Map<string, Value>} */
    const found = new Map()
    for (const [, quoted = "", written = ""] of content.matchAll(new RegExp(member, "g"))) {
        const name = unquote(quoted)
        if (found.has(name)) throw refusal("receipt_malformed")
        found.set(name, written.startsWith(`"`) ? unquote(written) : number(written))
    }
    return found
}

/** The text of a file, without the byte order mark. @param {Uint8Array<ArrayBuffer>} file */
function decode(file) {
    if (file.length > largestReceipt) throw refusal("receipt_not_json")
    try {
        return new TextDecoder("utf-8", { fatal: true }).decode(file)
    } catch {
        throw refusal("receipt_not_json")
    }
}

/** @param {string} quoted */
function unquote(quoted) {
    const content = /** @type {string} */ (JSON.parse(quoted))
    if (/\p{Cs}/u.test(content)) throw refusal("receipt_not_json") // half a surrogate pair
    return content
}

/**
 * A whole number; NaN, which no field may be, where it is not in its shortest form.
 * @param {string} written
 */
function number(written) {
    return String(Number(written)) === written ? Number(written) : NaN
}
