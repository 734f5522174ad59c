// Reads links as people paste them, and as a dishonest console writes them:
//
//   node links.mjs <folder of the scripts>

import { expect, script } from "./page.mjs"

const { readLink } = await script("desk_link_check.js")

const reached = [
    { region: "cn-hangzhou", origin: "https://kms.cn-hangzhou.aliyuncs.com" },
    { region: "ap-southeast-1", origin: "https://kms.ap-southeast-1.aliyuncs.com" },
]
const host = "https://kms.cn-hangzhou.aliyuncs.com"
const key = "key-hzz0000000000000000001"
const query = `AccessKeyId=LTAI&Action=GetParametersForImport&Format=JSON&KeyId=${key}&RegionId=cn-hangzhou&Signature=YWJj%2B%2F%3D`
    + "&SignatureMethod=HMAC-SHA1&SignatureNonce=7&SignatureType=&SignatureVersion=1.0&Timestamp=2026-11-27T10%3A00%3A00Z"
    + "&Version=2016-01-20&WrappingAlgorithm=RSAES_OAEP_SHA_256&WrappingKeySpec=RSA_2048"
const good = `${host}/?${query}`
const wanted = { region: "cn-hangzhou", KeyId: key, WrappingAlgorithm: "RSAES_OAEP_SHA_256", WrappingKeySpec: "RSA_2048" }

/** Where a link is taken, the address that is asked and the number of parameters. */
function read(text, region = "cn-hangzhou", known = reached) {
    const { reached: to, parameters } = readLink(text, known, "GetParametersForImport", { ...wanted, region })
    return `${to.origin} ${[...parameters].length}`
}

const taken = `${host} 14`
for (const [name, text, want] of [
    ["as it is", good, taken],
    ["without the slash", good.replace("/?", "?"), taken],
    ["in quotation marks", `"${good}"`, taken],
    ["folded", good.replace(/(.{70})/g, "$1\r\n  "), taken],
    ["with a soft hyphen and no width", good.replace("Action", "\u200bAct\u00adion"), taken],
    ["with a token of STS", `${good}&SecurityToken=CAIS`, `${host} 15`],
    ["without a region", good.replace("&RegionId=cn-hangzhou", ""), `${host} 13`],
    ["nothing", " \n", "link_missing"],
    ["no link", "kms.cn-hangzhou.aliyuncs.com", "link_unreadable"],
    ["no query", `${host}/`, "link_unreadable"],
    ["a path", good.replace("/?", "/x?"), "link_unreadable"],
    ["a path that ends where it began", good.replace("/?", "/x/../?"), "link_unreadable"],
    ["a fragment", `${good}#x`, "link_unreadable"],
    ["a backslash", good.replace("/?", "\\@evil.example/?"), "link_unreadable"],
    ["another scheme", good.replace("https:", "ftp:"), "link_other_host"],
    ["a script", `javascript://kms.cn-hangzhou.aliyuncs.com/?${query}`, "link_other_host"],
    ["plain http", good.replace("https:", "http:"), "link_plain_http"],
    ["another region", good.replaceAll("cn-hangzhou", "ap-southeast-1"), "link_other_region"],
    ["a region that is not reached", good.replaceAll("cn-hangzhou", "cn-shanghai"), "link_other_host"],
    ["a parameter of another region", good.replace("RegionId=cn-hangzhou", "RegionId=cn-shanghai"), "link_other_region"],
    ["the VPC's name", good.replace("https://kms.", "https://kms-vpc."), "link_other_host"],
    ["user information", good.replace("https://", "https://kms.cn-hangzhou.aliyuncs.com@evil.example/"), "link_unreadable"],
    ["user information before the right host", good.replace("https://", "https://user@"), "link_other_host"],
    ["a host in the user information", `https://kms.cn-hangzhou.aliyuncs.com@evil.example?${query}`, "link_other_host"],
    ["a password", good.replace("https://", "https://user:word@"), "link_other_host"],
    ["the usual port", good.replace(".com/", ".com:443/"), "link_other_host"],
    ["another port", good.replace(".com/", ".com:8443/"), "link_other_host"],
    ["an empty port", good.replace(".com/", ".com:/"), "link_other_host"],
    ["a dot at the end", good.replace(".com/", ".com./"), "link_other_host"],
    ["capital letters", good.replace("https://kms", "https://KMS"), "link_other_host"],
    ["capital letters in the scheme", good.replace("https:", "HTTPS:"), "link_other_host"],
    ["a Cyrillic letter", good.replace("aliyuncs", "\u0430liyuncs"), "link_other_host"],
    ["wide letters", good.replace("kms", "\uff4bms"), "link_other_host"],
    ["an ideographic full stop", good.replace("kms.", "kms\u3002"), "link_other_host"],
    ["Punycode", good.replace("aliyuncs", "xn--liyuncs-2fg"), "link_other_host"],
    ["an escaped letter", good.replace("kms.", "%6bms."), "link_other_host"],
    ["a longer name", good.replace(".com/", ".com.evil.example/"), "link_other_host"],
    ["a name before it", good.replace("https://kms", "https://evilkms"), "link_other_host"],
    ["a likely name", good.replace("aliyuncs", "aliyunes"), "link_other_host"],
    ["an IP address", good.replace("kms.cn-hangzhou.aliyuncs.com", "47.96.1.1"), "link_other_host"],
    ["an IPv6 address", good.replace("kms.cn-hangzhou.aliyuncs.com", "[::1]"), "link_other_host"],
    ["this computer", good.replace("kms.cn-hangzhou.aliyuncs.com", "127.0.0.1:8788"), "link_other_host"],
    ["another action", good.replace("GetParametersForImport", "DeleteKeyMaterial"), "link_other_action"],
    ["the action in small letters", good.replace("GetParameters", "getparameters"), "link_other_action"],
    ["the second link", good.replace("GetParametersForImport", "ImportKeyMaterial"), "link_other_action"],
    ["no action", good.replace("&Action=GetParametersForImport", ""), "link_unreadable"],
    ["cut off", good.slice(0, -20), "link_unreadable"],
    ["two actions", `${good}&Action=DeleteKeyMaterial`, "link_parameter_twice"],
    ["two CMKs, the second one escaped", `${good}&Key%49d=other`, "link_parameter_twice"],
    ["the same twice", `${good}&Version=2016-01-20`, "link_parameter_twice"],
    ["a parameter that is unknown", `${good}&Extra=1`, "link_parameter_unknown"],
    ["a field of the other call", `${good}&ImportToken=1`, "link_parameter_unknown"],
    ["a name in other letters", `${good}&keyid=1`, "link_parameter_unknown"],
    ["an empty parameter", `${good}&`, "link_unreadable"],
    ["a name alone", `${good}&Extra`, "link_unreadable"],
    ["a broken escape", `${good}&Extra=%E4%B8`, "link_unreadable"],
    ["another CMK", good.replace(key, "key-hzz0000000000000000002"), "link_other_cmk"],
    ["the CMK and a blank", good.replace(key, `${key}%20`), "link_other_cmk"],
    ["an alias", good.replace(key, "alias%2Fmine"), "link_other_cmk"],
    ["no CMK", good.replace(`&KeyId=${key}`, ""), "link_unreadable"],
    ["another algorithm", good.replace("OAEP_SHA_256", "PKCS1_V1_5"), "link_other_algorithm"],
    ["no algorithm", good.replace("&WrappingAlgorithm=RSAES_OAEP_SHA_256", ""), "link_unreadable"],
    ["another key", good.replace("RSA_2048", "EC_SM2"), "link_unreadable"],
    ["another version", good.replace("2016-01-20", "2017-01-20"), "link_unreadable"],
    ["XML", good.replace("Format=JSON", "Format=XML"), "link_unreadable"],
    ["another signature", good.replace("HMAC-SHA1", "HMAC-SHA256"), "link_unreadable"],
    ["no signature", good.replace("&Signature=YWJj%2B%2F%3D", ""), "link_unreadable"],
]) expect(name, want, () => read(text))

expect("of the region that was entered", "https://kms.ap-southeast-1.aliyuncs.com 14", () =>
    read(good.replaceAll("cn-hangzhou", "ap-southeast-1"), "ap-southeast-1"))
const local = [{ region: "cn-hangzhou", origin: "http://127.0.0.1:8788" }]
expect("the local KMS", "http://127.0.0.1:8788 14", () => read(good.replace(host, local[0].origin), "cn-hangzhou", local))
expect("the local KMS by another name", "link_other_host", () => read(good.replace(host, "http://localhost:8788"), "cn-hangzhou", local))
expect("the local KMS on another port", "link_other_host", () => read(good.replace(host, "http://127.0.0.1:8789"), "cn-hangzhou", local))

// The second link: each of its four fields is the page's own.
const material = { KeyId: key, EncryptedKeyMaterial: "Q0lQSEVS+/==", ImportToken: "VE9LRU4+/==", KeyMaterialExpireUnix: "1795773600" }
const common = query.replace("GetParametersForImport", "ImportKeyMaterial").replace(/&(KeyId|Wrapping\w+)=[^&]*/g, "")
const second = (fields, more = "") => `${host}/?${common}&${new URLSearchParams(fields)}${more}`
const readSecond = (text, own = material) => {
    const { parameters } = readLink(text, reached, "ImportKeyMaterial", { region: "cn-hangzhou", ...own })
    return Object.keys(material).map((name) => parameters.get(name) ?? "").join(" ")
}
const whole = Object.values(material).join(" ")
for (const [name, text, want] of [
    ["as it is", second(material), whole],
    ["another CMK", second({ ...material, KeyId: "key-hzz0000000000000000002" }), "link_other_cmk"],
    ["another ciphertext", second({ ...material, EncryptedKeyMaterial: "T1RIRVI=" }), "link_other_material"],
    ["another token", second({ ...material, ImportToken: "T1RIRVI=" }), "link_other_material"],
    ["another expiry", second({ ...material, KeyMaterialExpireUnix: "1795773601" }), "link_other_material"],
    ["no expiry", second({ ...material, KeyMaterialExpireUnix: "" }), "link_other_material"],
    ["the first link", good, "link_other_action"],
    ["two ciphertexts", second(material, "&EncryptedKeyMaterial=T1RIRVI%3D"), "link_parameter_twice"],
    ["a field of the other call", second(material, "&WrappingKeySpec=RSA_2048"), "link_parameter_unknown"],
]) expect(`second link, ${name}`, want, () => readSecond(text))
const never = { ...material, KeyMaterialExpireUnix: "0" }
const { KeyMaterialExpireUnix, ...without } = never
expect("second link, never expires", Object.values(never).join(" "), () => readSecond(second(never), never))
expect("second link, an expiry that is left out for never", Object.values(without).join(" ") + " ", () => readSecond(second(without), never))
