// Brings lists of CMKs, manifests and a KMS with faults to the page for many keys:
//
//   node many.mjs <folder of the scripts>

import { expect, script } from "./page.mjs"

const { readExpiry, readList } = await script("many_list.js")
const { readManifest, writeManifest } = await script("many_manifest.js")

const one = "key-hzz62f1cb66fa42qo1234"
const two = "12345678-1234-1234-1234-123456789abc"
const three = "key-hzz62f1cb66fa42qo9999"
const secret = "0f".repeat(32)
const at = { region: "cn-hangzhou", now: Date.UTC(2026, 10, 26) }
const arn = (id, account = "1234567890123456", region = "cn-hangzhou") => `acs:kms:${region}:${account}:key/${id}`

const same = (what, got, want) => expect(what, JSON.stringify(want), () => JSON.stringify(got))
const refused = (what, code, act) => expect(what, code, () => JSON.stringify(act()))
/** What the lines become: number, id, label, expiry and fault of each. */
const list = (written) => readList(written, at).map(({ number, keyId, label, expireUnix, fault }) => [number, keyId, label, expireUnix ?? "", fault].join("|"))

same("ids alone", list(`${one}\n\n ${two}\r\n`), [`1|${one}|||`, `3|${two}|||`])
same("a label after a blank", list(`${one} payments eu\n${two}`), [`1|${one}|payments eu||`, `2|${two}|||`])
same("label and expiry", list(`${one}, payments, 2031-05-06\n${two},,never`), [`1|${one}|payments|1935792000|`, `2|${two}||0|`])
same("a CSV with other columns", list(`\ufeffExpiry;Name;Key ID\r\n2031-05-06T07:08:09Z;"a ""b""; c";${one}\r\n`), [`2|${one}|a "b"; c|1935817689|`])
same("in Chinese", list(`主密钥,标签,过期时间\n${one},支付,永不过期`), [`2|${one}|支付|0|`])
same("twice", list(`${one}\n${two}\n${arn(one)}`), [`1|${one}|||`, `2|${two}|||`, `3|${one}|||many_twice`])
same("twice, once in capitals", list(`${two}\n${two.toUpperCase()}`).map((line) => line.split("|").at(-1)), ["", "many_twice"])
same("an id in capitals", list(one.toUpperCase()), ["1||||key_reference_unreadable"])
same("trailing blanks and quotation marks", list(`"${one}"  \r\n${two}\u00a0\t\r\n`), [`1|${one}|||`, `2|${two}|||`])
same("a CSV as spreadsheets write it", list(`\ufeff"Label";"ID";"Expiry"\r\n"a;b ""c""";"${one}";"never"\r\n;"${two}";\r\n`),
    [`2|${one}|a;b "c"|0|`, `3|${two}|||`])
same("a field of two lines", list(`id,label\n${one},"a\nb"\n${two},c`).map((line) => line.split("|")[1]), [one, two])
same("another region", list(arn(one, "1", "cn-shanghai")), ["1||||key_reference_region"])
same("another account", list([arn(one), arn(two), arn(three, "999")].join("\n")), [`1|${one}|||`, `2|${two}|||`, `3|${three}|||many_other_account`])
same("what is no id is not shown", list(secret), ["1||||key_reference_unreadable"])
same("an alias", list("alias/payments"), ["1||||key_reference_alias"])
same("a label alone", list(`,lonely\n${one}`), ["1||lonely||key_reference_empty", `2|${one}|||`])
same("a wrong expiry", list(`${one},x,soon\n${two},x,2001-01-01\n${three},x,999999999999`).map((line) => line.split("|").at(-1)), ["many_expiry", "expiry_past", "expiry_far"])
same("a long label", list(`${one},${"密".repeat(43)}`)[0].endsWith("many_label"), true)
refused("nothing", "many_missing", () => list(" \n"))
refused("too many", "many_too_many", () => list(`${one}\n`.repeat(5001)))
refused("an open quotation", "many_csv", () => list(`id\n"${one}`))

same("ListKeys", list(JSON.stringify({ Keys: { Key: [{ KeyId: one, KeyArn: arn(one) }, { KeyId: two, KeyArn: arn(two) }] }, TotalCount: 2 })), [`1|${one}|||`, `2|${two}|||`])
const created = (id, more = {}) => JSON.stringify({ KeyMetadata: { KeyId: id, Arn: arn(id), Origin: "EXTERNAL", KeySpec: "Aliyun_AES_256", KeyState: "PendingImport", ...more }, RequestId: "x" }, null, 2)
same("several CreateKey answers", list(`${created(one)}\n${created(two)}`), [`1|${one}|||`, `2|${two}|||`])
same("of a key that takes no material", list(`[${created(one, { Origin: "Aliyun_KMS" })},${created(two)}]`), ["1||||key_reference_origin", `2|${two}|||`])
same("JSON lines of ids", list(`["${one}"]\n["${two}"]`), [`1|${one}|||`, `2|${two}|||`])
const made = (id, more = {}) => JSON.stringify({
    Keyferry: "import", Version: 1, Region: "cn-hangzhou", KeyId: id, WrappingAlgorithm: "RSAES_OAEP_SHA_256", WrappingKeySHA256: "0a".repeat(32),
    EncryptedKeyMaterial: "AAAA", ImportToken: "BBBB", TokenExpireTime: "2026-11-26T12:00:00Z", KeyMaterialExpireUnix: 0, ParametersObtained: "file", ...more,
})
same("import files", readList(`${made(one)}\n${made(two, { KeyMaterialExpireUnix: 1935792000 })}`, at).map(({ number, keyId, expireUnix, file }) => [number, keyId, expireUnix, file.ImportToken]),
    [[1, one, 0, "BBBB"], [2, two, 1935792000, "BBBB"]])
same("import files that cannot be", list([made(one, { Region: "cn-beijing" }), made(two, { TokenExpireTime: "2026-11-25T23:59:59Z" }),
    made(three, { ImportToken: undefined }), made(one), made("alias/x")].join("\n")).map((line) => line.split("|").at(-1)),
    ["import_file_region", "token_expired", "import_file_unreadable", "many_twice", "key_reference_alias"])
same("an import file after its material's expiry", list(made(one, { KeyMaterialExpireUnix: 1 }))[0].split("|").at(-1), "expiry_past")
refused("cut JSON", "many_json", () => list(created(one).slice(0, -5)))
refused("other JSON", "many_json", () => list(`{"a": 1}`))

same("expiries", ["", "never", "2031/5/6", "2031-02-30", "1935792000", "2031-05-06 07:08"].map(readExpiry), [null, 0, 1935792000, null, 1935792000, 1935817680])

const entry = (keyId) => ({
    keyId, label: "支付 \"x\"", expireUnix: 0, origin: "generated", kcv: "6984AFC841", commitment: "a".repeat(64), salt: "b".repeat(64),
})
const manifest = { region: "cn-hangzhou", made: "2026-11-26T00:00:00Z", program: "keyferry dev", entries: [entry(one), entry(two)] }
const text = [...writeManifest(manifest)].join("")
same("a manifest is read as it was written", readManifest(text), manifest)
refused("a cut manifest", "archive_manifest_unreadable", () => readManifest(text.slice(0, -4)))
refused("another version", "archive_manifest_version", () => readManifest(text.replace(`"Version": 1`, `"Version": 2`)))
refused("a key twice", "archive_manifest_differs", () => readManifest(text.replace(two, one)))
refused("a wrong check value", "archive_manifest_unreadable", () => readManifest(text.replace("6984AFC841", "6984")))
refused("another origin", "archive_manifest_unreadable", () => readManifest(text.replace("generated", "found")))
