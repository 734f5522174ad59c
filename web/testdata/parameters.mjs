// Brings many import parameters to step 2 of the offline page, as people's programs write them, and
// writes the receipt of each that is taken:
//
//   node parameters.mjs <folder of the scripts> <seed> <how many>

import { expect, script } from "./page.mjs"

const { readAnswer } = await script("desk_answer.js")
const { decodeText } = await script("bytes.js")
const { parseKeyReference, isRegion } = await script("key_reference.js")
const { judgeWrapped } = await script("wrapped.js")
const { parseReceipt } = await script("receipt_file.js")
const { writeReceipt } = await script("receipt.js")
const { readTime, readLocal, stamp } = await script("moment.js")

let state = Number(process.argv[3])

/** A number from 0 to 1, by Mulberry32. */
function random() {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
}

const upTo = (n) => Math.floor(random() * n)
const pick = (list) => list[upTo(list.length)]
const bytes = (n) => Buffer.from(Array.from({ length: n }, () => upTo(256)))
const two = (n) => String(n).padStart(2, "0")

/** A time as some program writes it, and the moment that it means in milliseconds. */
function time() {
    const last = Date.UTC(9999, 11, 31, 23, 59, 59)
    const seconds = Math.floor(pick([Date.now() + random() * 864e5, Date.now(), 86400e3 + random() * (last - 2 * 86400e3)]) / 1000)
    const [zone, ahead] = pick([["Z", 0], ["z", 0], ["", 0], [" UTC", 0], ["+00:00", 0], ["-00:00", 0], ["+08:00", 480], [" +0800", 480], ["+08", 480], ["-03:30", -210], ["\u221205:00", -300], ["+05:45", 345]])
    const [date, hours] = new Date((seconds + ahead * 60) * 1000).toISOString().slice(0, 19).split("T")
    const precision = pick(["m", "s", ".0", ".000", ".0000000", ".123456789", ",5", ".999"])
    const clock = precision === "m" ? hours.slice(0, 5) : precision === "s" ? hours : hours + precision
    const means = precision === "m" ? seconds - seconds % 60 : seconds
    return { text: pick(["", "", " ", "\n"]) + date + pick(["T", "T", " ", "t"]) + clock + zone + pick(["", "", " "]), means: means * 1000 }
}

const hexOf = (n) => bytes(n).toString("hex")
const uuid = () => `${hexOf(4)}-${hexOf(2)}-${hexOf(2)}-${hexOf(2)}-${hexOf(6)}`.toUpperCase()

/** A RequestId as some program writes it, and what the receipt says. */
function requestId() {
    const id = uuid()
    return pick([
        [id, id], [id.toLowerCase(), id.toLowerCase()], [`{${id}}`, id], [`"${id}"`, id], [` ${id}\r\n`, id], [`\ufeff${id}`, id], [`"{${id}}"`, id],
        [null, undefined], [undefined, undefined], [7, undefined], [true, undefined], [{ id }, undefined], [[id], undefined], ["", undefined],
        ["{}", undefined], ["请求", undefined], ["a\u0000b", undefined], ["\ud800", undefined], ["x".repeat(600), undefined], [`${id};${id}`, undefined],
    ])
}

/** A token as some program writes it, and the token. */
function token() {
    const text = bytes(65 + upTo(1400)).toString("base64")
    const folded = (at, end) => text.replace(new RegExp(`.{1,${at}}`, "g"), `$&${end}`)
    return [pick([text, folded(76, "\n"), folded(64, "\r\n"), folded(76, " \n"), `${text}\r\n`, `\ufeff${text}`, `"${text}"`, `'${folded(76, "\n")}'`, text.replace(/.{40}/, "$&\u200b"), folded(76, "\u00a0\n")]), text]
}

/** Key material where a token belongs. */
function keyForToken() {
    const key = bytes(pick([16, 24, 32, 64]))
    const [base64, hex] = [key.toString("base64"), key.toString("hex")]
    return pick([base64, hex, hex.toUpperCase(), `0x${hex}`, key.toString("base64url"), Buffer.from(hex).toString("base64"), Buffer.from(base64).toString("base64"), base64.replace(/.{10}/g, "$&\n"), Buffer.from(hex.replace(/..(?=.)/g, "$&:")).toString("base64"), Buffer.from(hex, "utf16le").toString("base64"), bytes(128).toString("hex")])
}

/** One change to a text, or none where it is empty. */
function damaged(text) {
    const at = upTo(text.length)
    return text.slice(0, at) + pick(["", " ", "-", ":", "9", "T", "Z", "é", "\u0000", "+"]) + text.slice(at + upTo(2))
}

/** JSON as it arrives by terminals, mail and web pages. */
const pasted = (text) => pick([
    text, text.replace(/^ +/gm, (blanks) => "\u00a0".repeat(blanks.length)), text.replace(/^ +/gm, "\u3000"), `\u200b${text}`, text.replaceAll("\n", "\r\n"),
    text.replace(/[A-Za-z0-9+/]{76}/g, "$&\n"), text.replace(/[A-Za-z0-9+/]{64}/g, "$&\r\n    "), 
])

const algorithm = "RSAES_OAEP_SHA_256"
const digest = () => hexOf(32)

/** The receipt of what was taken, as it reads back. */
async function receiptOf(brought, keyId, region) {
    const { bytes: file } = await writeReceipt({ version: "0", module: { integrity: `sha256-${bytes(32).toString("base64")}` } }, {
        keyId, region, algorithm, token: brought.token, tokenExpireTime: brought.tokenExpireTime, fingerprint: digest(),
        expireUnix: 0, source: "generate", preparedAt: new Date(), parametersRequestId: brought.requestId,
        prepared: { sha256: digest(), kcv: hexOf(5).toUpperCase(), commitment: digest(), salt: digest() },
    })
    return parseReceipt(file)
}

const keyId = "key-hzz62f1cb66fa42qo0001"

for (let round = 0; round < Number(process.argv[4]); round++) {
    const when = time()
    const [id, wantID] = requestId()
    const [written, text] = token()
    const answer = { KeyId: keyId, PublicKey: "MIIB", ImportToken: written, TokenExpireTime: when.text, RequestId: id }
    const harm = pick(["", "", "", "time", "token", "id", "key"])
    if (harm === "time") answer.TokenExpireTime = damaged(when.text)
    if (harm === "token") answer.ImportToken = damaged(written)
    if (harm === "id" && typeof id === "string") answer.RequestId = damaged(id)
    if (harm === "key") answer.ImportToken = keyForToken()
    const shown = pasted(JSON.stringify(answer, null, 2))
    let brought, receipt
    try {
        brought = readAnswer(shown, { keyId, algorithm })
    } catch (thrown) {
        const wanted = { time: "parameters_incomplete", token: "token_", key: "token_like_key" }[harm]
        expect(shown, true, () => wanted !== undefined && (thrown.code ?? String(thrown)).startsWith(wanted))
        continue
    }
    try {
        receipt = await receiptOf(brought, keyId, "cn-hangzhou")
    } catch (thrown) {
        expect(`${shown}: the receipt`, "ok", () => thrown.code ?? String(thrown))
        continue
    }
    expect(`${shown}: key material as a token`, false, () => harm === "key")
    expect(`${shown}: TokenExpireTime`, stamp(new Date(brought.expires)), () => receipt.TokenExpireTime)
    if (harm !== "time") expect(`${shown}: expires`, when.means, () => brought.expires)
    if (harm !== "id") expect(`${shown}: RequestId`, wantID, () => receipt.ParametersRequestId)
    if (harm !== "token") expect(`${shown}: token`, text, () => brought.token)
}

// Times, one by one. Those without a time zone are UTC, whatever this computer's is.
for (const [written, want] of [
    ["2026-11-27T10:00:00Z", "2026-11-27T10:00:00Z"], ["2026-11-27T10:00:00+08:00", "2026-11-27T02:00:00Z"],
    ["2026-11-27T10:00:00.000Z", "2026-11-27T10:00:00Z"], ["2026-11-27T10:00:00.0000000Z", "2026-11-27T10:00:00Z"],
    ["2026-11-27T10:00Z", "2026-11-27T10:00:00Z"], ["2026-11-27T10:00:00", "2026-11-27T10:00:00Z"], ["2026-11-27 10:00:00", "2026-11-27T10:00:00Z"],
    ["2026-11-27T10:00:00.999Z", "2026-11-27T10:00:00Z"], ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"], ["1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"],
    ["2028-02-29T00:00:00Z", "2028-02-29T00:00:00Z"], ["2026-03-01T00:30:00+01:00", "2026-02-28T23:30:00Z"],
    ["2026-02-29T00:00:00Z", ""], ["2026-02-30T00:00:00Z", ""], ["2026-11-27T24:00:00Z", ""], ["2026-11-27T23:59:60Z", ""], ["2026-11-27T10:00:00+24:00", ""],
    ["2026-11-27T10:00:00+08:60", ""], ["9999-12-31T23:59:59-00:01", ""], ["1970-01-01T00:00:00+00:01", ""], ["+012026-11-27T10:00:00Z", ""],
    ["12026-11-27T10:00:00Z", ""], ["2026-11-27", ""], ["1795687200", ""], ["1795687200000", ""], ["27/11/2026 10:00", ""], ["soon", ""], ["", ""],
]) {
    expect(`time ${written}`, want, () => Number.isNaN(readTime(written)) ? "" : stamp(new Date(readTime(written))))
}

// Moments that a person enters, in this computer's time zone, which is Asia/Shanghai.
for (const [written, want] of [
    ["2027-01-02T15:04", Date.UTC(2027, 0, 2, 7, 4) / 1000], ["9999-12-31T23:59", Date.UTC(9999, 11, 31, 15, 59) / 1000],
    ["10000-01-01T00:00", Infinity], ["12026-01-01T00:00", Infinity], ["275760-01-01T00:00", Infinity], ["1970-01-01T08:00", -1], ["", NaN],
]) {
    expect(`local ${written}`, want, () => readLocal(written))
}

// CMKs with and without a region.
const arn = `acs:kms:cn-shanghai:1234567890123456:key/${keyId}`
const described = (fields) => JSON.stringify({ KeyMetadata: { KeyId: keyId, Origin: "EXTERNAL", ...fields } })
for (const [reference, region, want] of [
    [arn, "", `${keyId} cn-shanghai`], [described({ Arn: arn }), "", `${keyId} cn-shanghai`], [described({ Arn: arn }), "cn-shanghai", `${keyId} cn-shanghai`],
    [described({}), "cn-shanghai", `${keyId} cn-shanghai`], [described({ Arn: "" }), "cn-shanghai", `${keyId} cn-shanghai`], [described({}), "", `${keyId} `],
    [described({ Arn: arn }), "cn-hangzhou", "key_reference_region"], [described({ Arn: `${arn}x` }), "", "key_reference_unreadable"], [keyId, "", `${keyId} `],
    [`"${keyId}"\n`, "cn-shanghai", `${keyId} cn-shanghai`], [`\ufeff${keyId}\u200b`, "cn-shanghai", `${keyId} cn-shanghai`],
    [`"${keyId}",`, "", `${keyId} `], [`\u201c${keyId}\u201d`, "", `${keyId} `], [`\`${keyId}\``, "", `${keyId} `], [keyId.replace("-", "\u2011"), "", `${keyId} `],
    [`k\u00ad${keyId.slice(1)}`, "", `${keyId} `], [described({ Arn: arn }).replaceAll(",", ",\u00a0"), "", `${keyId} cn-shanghai`],
    [described({ Arn: arn }).replace("acs:kms:", "acs:kms:\n"), "", `${keyId} cn-shanghai`],
    [bytes(32).toString("base64url"), "", "key_reference_unreadable"], [hexOf(32), "", "key_reference_unreadable"], [hexOf(16), "", "key_reference_unreadable"],
]) {
    expect(`CMK ${reference}, region ${region}`, want, () => {
        const found = parseKeyReference(reference, region)
        return `${found.keyId} ${found.region}`
    })
}
for (const region of ["cn-hangzhou", "cn-hangzhou-finance-1", "ap-southeast-1", "us-west-1", "cn-north-2-gov-1", "me-east-1", "cn-wulanchabu"]) {
    expect(`region ${region}`, true, () => isRegion(region))
}
for (const region of ["", "hangzhou", "CN-hangzhou", "cn-", hexOf(16), hexOf(8), "cn-hangzhou ", "cn hangzhou"]) expect(`region ${region}`, false, () => isRegion(region))

// Wrapped material, and keys that were only filled up to its size.
const modulus = new Uint8Array(256).fill(255)
const wrapped = Buffer.concat([Buffer.from([1]), bytes(255)])
const key = bytes(32)
for (const [name, raw, typed, want] of [
    ["bytes", wrapped, false, "taken"], ["base64 in quotation marks", Buffer.from(`"${wrapped.toString("base64")}"`), true, "taken"],
    ["a key in quotation marks", Buffer.from(`'${key.toString("hex")}'`), true, "wrapped_is_bare"],
    ["a key between other bytes again and again", Buffer.concat(Array.from({ length: 8 }, () => [key.subarray(1), bytes(1)]).flat()), false, "wrapped_is_bare"],
    ["a block of 24 bytes again and again", Buffer.concat(Array(11).fill(key.subarray(0, 24))).subarray(0, 256), false, "wrapped_is_bare"],
]) {
    expect(`wrapped: ${name}`, want, () => Buffer.compare(judgeWrapped(new Uint8Array(raw), typed, modulus), wrapped) === 0 ? "taken" : "other bytes")
}

// What Windows programs save.
const swapped = (text) => Buffer.from(text, "utf16le").swap16()
for (const content of [Buffer.from('{"a":"é"}'), Buffer.from('\ufeff{"a":"é"}'), Buffer.from('\ufeff{"a":"é"}', "utf16le"), Buffer.from('{"a":"é"}', "utf16le"), swapped('\ufeff{"a":"é"}'), swapped('{"a":"é"}')]) {
    expect(`a file of ${content.toString("hex")}`, '{"a":"é"}', () => decodeText(content))
}
