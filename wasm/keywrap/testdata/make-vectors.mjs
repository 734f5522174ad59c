// Makes vectors.json again:
//
//   node wasm/keywrap/testdata/make-vectors.mjs
//
// It needs openssl 3, npm (for node-forge, an implementation of RSA in plain
// JavaScript) and the test key of RFC 9500 in ../keywraptest. Wrapping is
// randomised and some keys are made afresh, so that each run gives other bytes;
// what the vectors expect stays the same. Each vector says what made it: a shell
// command, a JavaScript expression, or an edit of bytes that is done below.

import { execFileSync } from "node:child_process"
import { createHash, webcrypto } from "node:crypto"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"

const here = import.meta.dirname
const folder = mkdtempSync(join(tmpdir(), "keyferry-vectors-"))

/** Run a shell command in the folder of this run and return what it prints. */
function shell(command) {
    return execFileSync("sh", ["-ec", command], { cwd: folder, stdio: ["ignore", "pipe", "ignore"] })
}

writeFileSync(join(folder, "private.pem"), readFileSync(join(here, "../keywraptest/rfc9500-rsa2048.pem")))
shell("openssl pkey -in private.pem -pubout -out public.pem")
const publicPEM = readFileSync(join(folder, "public.pem"), "utf8")
const publicDER = shell("openssl pkey -pubin -in public.pem -outform DER")

// Wraps.

shell("npm install --silent --no-save --prefix . node-forge@1.4.3")
const forge = createRequire(join(folder, "package.json"))("node-forge")
const forgeKey = forge.pki.publicKeyFromPem(publicPEM)

const materials = {
    counting: Buffer.from(Array.from({ length: 32 }, (_, i) => i)),
    zeros: Buffer.alloc(32),
    ones: Buffer.alloc(32, 0xff),
    "zeros at both ends": Buffer.concat([Buffer.alloc(8), Buffer.alloc(16, 0xa5), Buffer.alloc(8)]),
}

const pkeyutl = "openssl pkeyutl -encrypt -pubin -inkey public.pem -in material.bin"
const oaepSHA256 = "-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256"

/** Makers of wraps: name of the maker, algorithm, command, and for JavaScript what runs it. */
const makers = [
    ["openssl pkeyutl", "RSAES_OAEP_SHA_256", `${pkeyutl} ${oaepSHA256}`],
    ["openssl pkeyutl, MGF1 named", "RSAES_OAEP_SHA_256", `${pkeyutl} ${oaepSHA256} -pkeyopt rsa_mgf1_md:sha256`],
    ["openssl pkeyutl", "RSAES_OAEP_SHA_1", `${pkeyutl} -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha1`],
    ["openssl rsautl", "RSAES_OAEP_SHA_1", "openssl rsautl -encrypt -oaep -pubin -inkey public.pem -in material.bin"],
    ["openssl pkeyutl", "RSAES_PKCS1_V1_5", `${pkeyutl} -pkeyopt rsa_padding_mode:pkcs1`],
    ["WebCrypto of Node", "RSAES_OAEP_SHA_256", 'crypto.subtle.encrypt({name: "RSA-OAEP"}, key of hash "SHA-256", material)', webCrypto("SHA-256")],
    ["WebCrypto of Node", "RSAES_OAEP_SHA_1", 'crypto.subtle.encrypt({name: "RSA-OAEP"}, key of hash "SHA-1", material)', webCrypto("SHA-1")],
    ["node-forge", "RSAES_OAEP_SHA_256", 'publicKey.encrypt(material, "RSA-OAEP", {md: sha256, mgf1: {md: sha256}})',
        (material) => forgeOAEP(material, forge.md.sha256.create())],
    ["node-forge", "RSAES_OAEP_SHA_1", 'publicKey.encrypt(material, "RSA-OAEP", {md: sha1, mgf1: {md: sha1}})',
        (material) => forgeOAEP(material, forge.md.sha1.create())],
    ["node-forge", "RSAES_PKCS1_V1_5", 'publicKey.encrypt(material, "RSAES-PKCS1-V1_5")',
        (material) => fromForge(forgeKey.encrypt(toForge(material), "RSAES-PKCS1-V1_5"))],
]

/** Wraps that are wrong in one thing, and must not open. */
const wrongMakers = [
    ["MGF1 with the other hash", "RSAES_OAEP_SHA_256", `${pkeyutl} ${oaepSHA256} -pkeyopt rsa_mgf1_md:sha1`],
    ["a label", "RSAES_OAEP_SHA_256", `${pkeyutl} ${oaepSHA256} -pkeyopt rsa_oaep_label:6b6579`],
    ["the other hash", "RSAES_OAEP_SHA_1", `${pkeyutl} ${oaepSHA256}`],
    ["the other padding", "RSAES_PKCS1_V1_5", `${pkeyutl} ${oaepSHA256}`],
]

function webCrypto(hash) {
    return async (material) => {
        const key = await webcrypto.subtle.importKey("spki", publicDER, { name: "RSA-OAEP", hash }, false, ["encrypt"])
        return Buffer.from(await webcrypto.subtle.encrypt({ name: "RSA-OAEP" }, key, material))
    }
}

function forgeOAEP(material, md) {
    return fromForge(forgeKey.encrypt(toForge(material), "RSA-OAEP", { md, mgf1: { md } }))
}

function toForge(bytes) {
    return bytes.toString("latin1")
}

function fromForge(text) {
    return Buffer.from(text, "latin1")
}

async function wrapVector(name, [maker, algorithm, command, run], material, expect) {
    writeFileSync(join(folder, "material.bin"), material)
    const wrapped = run ? await run(material) : shell(command)
    return { name: `${algorithm}, ${maker}, ${name}`, algorithm, command, material: material.toString("hex"), wrapped: wrapped.toString("base64"), expect }
}

const wraps = []
for (const maker of makers) {
    for (const [name, material] of Object.entries(materials)) {
        wraps.push(await wrapVector(name, maker, material, "ok"))
    }
}
for (const maker of wrongMakers) {
    wraps.push(await wrapVector("counting", maker, materials.counting, "not_opened"))
}

// Wrapping keys.

const keys = []

/** Add a key: text as it is pasted, or bytes. */
function key(name, command, input, expect) {
    const form = typeof input === "string" ? { text: input } : { hex: input.toString("hex") }
    keys.push({ name, command, ...form, expect })
}

/** Add a key that a shell command prints, as text or as bytes. */
function printed(name, command, form, expect) {
    const output = shell(command)
    key(name, command, form === "text" ? output.toString("latin1") : output, expect)
}

/** DER of the test key with an edit: [offset, bytes to remove, hex to insert]. */
function edited(offset, remove, insert) {
    return Buffer.concat([publicDER.subarray(0, offset), Buffer.from(insert, "hex"), publicDER.subarray(offset + remove)])
}

/** Assemble DER from a template of openssl's ASN1_generate_nconf(3). */
function generated(lines) {
    writeFileSync(join(folder, "template.cnf"), lines.join("\n") + "\n")
    shell("openssl asn1parse -genconf template.cnf -noout -out generated.der")
    return readFileSync(join(folder, "generated.der"))
}

/** A SubjectPublicKeyInfo of any two numbers. */
function withNumbers(n, e) {
    return generated(["asn1=SEQUENCE:info", "[info]", "a=SEQUENCE:algorithm", "k=BITWRAP,SEQUENCE:key",
        "[algorithm]", "o=OID:rsaEncryption", "p=NULL", "[key]", `n=INTEGER:${n}`, `e=INTEGER:${e}`])
}

const modulus = "0x" + shell("openssl rsa -pubin -in public.pem -noout -modulus").toString().trim().replace("Modulus=", "")
const generate = "openssl asn1parse -genconf: SubjectPublicKeyInfo"
const spki = "openssl pkey -pubin -in public.pem -outform DER"

// Accepted, in every form.
printed("base64 on one line", `${spki} | openssl base64 -A`, "text", "ok")
printed("base64 folded, a newline at the end", `${spki} | openssl base64`, "text", "ok")
key("base64 folded with CR LF", "openssl base64, then LF replaced by CR LF", shell(`${spki} | openssl base64`).toString().replaceAll("\n", "\r\n"), "ok")
key("base64 in white space", 'spaces, tabs and line breaks around "openssl base64 -A"', `\r\n \t${publicDER.toString("base64")}\t \n\n`, "ok")
key("base64 after a byte order mark", 'U+FEFF before "openssl base64 -A"', `\ufeff${publicDER.toString("base64")}`, "ok")
printed("DER", spki, "bytes", "ok")
printed("PEM", "openssl pkey -in private.pem -pubout", "text", "ok")
key("PEM with CR LF", "openssl pkey -pubout, then LF replaced by CR LF", publicPEM.replaceAll("\n", "\r\n"), "ok")
key("PEM after other text", "two lines before the PEM", `Subject: the wrapping key\n\n${publicPEM}`, "ok")
key("PEM after text on the same line", "a word before the PEM", `key: ${publicPEM}`, "ok")
key("PEM with blanks at line ends", "a blank and a tab before each line end", publicPEM.replaceAll("\n", " \t\r\n"), "ok")
key("PEM with indented lines", "two blanks before each line", publicPEM.replace(/^/gm, "  "), "ok")
key("PEM with the label of PKCS#1", "PUBLIC KEY replaced by RSA PUBLIC KEY", publicPEM.replaceAll("PUBLIC KEY", "RSA PUBLIC KEY"), "ok")
key("base64 with blanks at line ends", "folded, and a blank before each line end", publicDER.toString("base64").replace(/.{76}/g, "$& \n"), "ok")
key("PEM without a last newline", "openssl pkey -pubout, trimmed", publicPEM.trim(), "ok")
key("exponent 2^31 - 1", `${generate} of exponent 0x7fffffff`, withNumbers(modulus, "0x7fffffff"), "ok")
key("exponent whose last byte is a line feed plus one", `${generate} of exponent 0x1000d, DER ending in a white-space byte`, withNumbers(modulus, "0x1000d"), "ok")

// Not a key at all.
key("nothing", "the empty text", "", "wrapping_key_empty")
key("white space", "spaces and line breaks", " \r\n\t\n", "wrapping_key_empty")
key("words", "a sentence", "please paste the key here", "wrapping_key_not_base64")
key("base64url", "base64 with - and _", publicDER.toString("base64").replaceAll("+", "-").replaceAll("/", "_"), "wrapping_key_not_base64")
key("base64 without padding", "one A after the base64", publicDER.toString("base64").replace(/=*$/, "A"), "wrapping_key_not_base64")
key("base64 with a space inside", "a space after 100 digits", publicDER.toString("base64").replace(/^.{100}/, "$& "), "wrapping_key_not_base64")
key("base64 in quotation marks", "JSON.stringify of the base64", JSON.stringify(publicDER.toString("base64")), "wrapping_key_not_base64")
key("base64 whose last digit has spare bits", "the digit before == raised by one", "MAB=", "wrapping_key_not_base64")
key("the whole JSON answer", "the answer of GetParametersForImport", JSON.stringify({ PublicKey: publicDER.toString("base64"), ImportToken: "dG9rZW4=" }), "wrapping_key_not_base64")
key("PEM without its end", "the first 200 characters of the PEM", publicPEM.slice(0, 200), "wrapping_key_not_pem")
key("PEM with another end", "END PUBLIC KEY replaced by END KEY", publicPEM.replace("END PUBLIC KEY", "END KEY"), "wrapping_key_not_pem")
key("PEM of parameters", "labels replaced by EC PARAMETERS", publicPEM.replaceAll("PUBLIC KEY", "EC PARAMETERS"), "wrapping_key_not_pem")
key("PEM with a header line", "a header line as in RFC 1421", publicPEM.replace("KEY-----\n", "KEY-----\nProc-Type: 4\n\n"), "wrapping_key_not_base64")
key("PEM before other text", "a line after the PEM", publicPEM + "That was the key.\n", "wrapping_key_trailing_bytes")
key("PEM with a blank inside a line", "a blank after 30 digits", publicPEM.replace(/^MII.{27}/m, "$& "), "wrapping_key_not_base64")
key("PEM with the label of PKCS#1 over words", "words between RSA PUBLIC KEY", "-----BEGIN RSA PUBLIC KEY-----\nnot a key\n-----END RSA PUBLIC KEY-----\n", "wrapping_key_not_base64")
key("two PEM blocks", "the PEM twice", publicPEM + publicPEM, "wrapping_key_trailing_bytes")
key("32 bytes", "openssl rand -base64 32", shell("openssl rand -base64 32").toString(), "wrapping_key_not_der")
key("an OCTET STRING", "openssl asn1parse -genstr OCTETSTRING:key", generated(["asn1=OCTETSTRING:key"]).toString("base64"), "wrapping_key_not_der")
key("cut DER", "the first 200 bytes of the DER", publicDER.subarray(0, 200), "wrapping_key_not_der")
key("cut base64", "the first 200 digits of the base64", publicDER.toString("base64").slice(0, 200), "wrapping_key_not_der")
key("a lone tag", "the byte 30 in base64", "MA==", "wrapping_key_not_der")

// Not strict DER.
key("outer length not minimal", "length 82 0122 written as 83 000122", edited(1, 3, "83000122"), "wrapping_key_not_der")
key("outer length indefinite", "length 80, and 0000 at the end", Buffer.concat([edited(1, 3, "80"), Buffer.alloc(2)]), "wrapping_key_not_der")
key("inner length not minimal", "the NULL's length 00 written as 81 00", lengthened(1, edited(18, 1, "8100"), 5, 1), "wrapping_key_malformed")
key("modulus with a needless zero", "02 82 0101 00 b0 written as 02 82 0102 00 00 b0", grown("028201020000"), "wrapping_key_malformed")
key("modulus negative", "02 82 0101 00 b0 written as 02 82 0100 b0", shrunk("02820100"), "wrapping_key_malformed")
key("bit string with unused bits", "unused bits 00 replaced by 01", edited(23, 1, "01"), "wrapping_key_malformed")

/** Raise the outer length by `by`, and the one-byte length at `offset`. */
function lengthened(by, der, offset, inner) {
    const copy = Buffer.from(der)
    copy.writeUInt16BE(copy.readUInt16BE(2) + by, 2)
    copy[offset] += inner
    return copy
}

/** The DER one byte longer, with this header of the modulus. */
function grown(header) {
    const copy = edited(28, 5, header)
    for (const offset of [2, 21, 26]) copy.writeUInt16BE(copy.readUInt16BE(offset) + 1, offset)
    return copy
}

/** The DER one byte shorter, with this header of the modulus. */
function shrunk(header) {
    const copy = edited(28, 5, header)
    for (const offset of [2, 21, 26]) copy.writeUInt16BE(copy.readUInt16BE(offset) - 1, offset)
    return copy
}

// Something follows.
key("a byte after the DER", "00 appended", Buffer.concat([publicDER, Buffer.alloc(1)]), "wrapping_key_trailing_bytes")
key("a line feed after the DER", "0a appended", Buffer.concat([publicDER, Buffer.from("\n")]), "wrapping_key_trailing_bytes")
key("the DER twice in base64", "base64 of the DER twice", Buffer.concat([publicDER, publicDER]).toString("base64"), "wrapping_key_trailing_bytes")
key("a third number", `${generate} with a third INTEGER`, generated(["asn1=SEQUENCE:info", "[info]", "a=SEQUENCE:algorithm", "k=BITWRAP,SEQUENCE:key",
    "[algorithm]", "o=OID:rsaEncryption", "p=NULL", "[key]", `n=INTEGER:${modulus}`, "e=INTEGER:65537", "x=INTEGER:1"]), "wrapping_key_trailing_bytes")
key("a value after the bit string", `${generate} with a NULL at the end`, generated(["asn1=SEQUENCE:info", "[info]", "a=SEQUENCE:algorithm", "k=BITWRAP,SEQUENCE:key", "x=NULL",
    "[algorithm]", "o=OID:rsaEncryption", "p=NULL", "[key]", `n=INTEGER:${modulus}`, "e=INTEGER:65537"]), "wrapping_key_trailing_bytes")
key("a value after the parameters", `${generate} with two NULLs`, generated(["asn1=SEQUENCE:info", "[info]", "a=SEQUENCE:algorithm", "k=BITWRAP,SEQUENCE:key",
    "[algorithm]", "o=OID:rsaEncryption", "p=NULL", "x=NULL", "[key]", `n=INTEGER:${modulus}`, "e=INTEGER:65537"]), "wrapping_key_trailing_bytes")

// DER of another shape.
key("no parameters", `${generate} without the NULL`, generated(["asn1=SEQUENCE:info", "[info]", "a=SEQUENCE:algorithm", "k=BITWRAP,SEQUENCE:key",
    "[algorithm]", "o=OID:rsaEncryption", "[key]", `n=INTEGER:${modulus}`, "e=INTEGER:65537"]), "wrapping_key_malformed")
key("an empty sequence", "the bytes 30 00", Buffer.from("3000", "hex"), "wrapping_key_malformed")
key("a sequence of text", "openssl asn1parse -genconf: SEQUENCE of a UTF8String", generated(["asn1=SEQUENCE:s", "[s]", "t=UTF8:key"]), "wrapping_key_malformed")
key("no bit string", `${generate} with an OID in its place`, generated(["asn1=SEQUENCE:info", "[info]", "a=SEQUENCE:algorithm", "k=OID:rsaEncryption",
    "[algorithm]", "o=OID:rsaEncryption", "p=NULL"]), "wrapping_key_malformed")
key("a bit string of nothing", `${generate} with an empty BIT STRING`, Buffer.from("3011300d06092a864886f70d010101050003" + "00", "hex"), "wrapping_key_malformed")
key("one number", `${generate} without the exponent`, generated(["asn1=SEQUENCE:info", "[info]", "a=SEQUENCE:algorithm", "k=BITWRAP,SEQUENCE:key",
    "[algorithm]", "o=OID:rsaEncryption", "p=NULL", "[key]", `n=INTEGER:${modulus}`]), "wrapping_key_malformed")
key("exponent negative", `${generate} of exponent -3`, withNumbers(modulus, "-3"), "wrapping_key_malformed")

// The numbers.
const even = modulus.replace(/.$/, "2")
for (const bits of [1024, 3072, 4096]) {
    printed(`RSA of ${bits} bits`, `openssl genrsa ${bits} | openssl pkey -pubout`, "text", "wrapping_key_size")
}
key("modulus of 2047 bits", `${generate}, the modulus without its top bit`, withNumbers("0x3" + modulus.slice(3), "65537"), "wrapping_key_size")
key("modulus of 2056 bits", `${generate}, the modulus with a byte more`, withNumbers("0x01" + modulus.slice(2), "65537"), "wrapping_key_size")
key("modulus zero", `${generate} of modulus 0`, withNumbers("0", "65537"), "wrapping_key_size")
key("modulus even", `${generate}, the last digit of the modulus 2`, withNumbers(even, "65537"), "wrapping_key_modulus_even")
key("exponent 0", `${generate} of exponent 0`, withNumbers(modulus, "0"), "wrapping_key_exponent_even")
key("exponent 65536", `${generate} of exponent 65536`, withNumbers(modulus, "65536"), "wrapping_key_exponent_even")
for (const e of ["1", "3", "17", "65535"]) {
    key(`exponent ${e}`, `${generate} of exponent ${e}`, withNumbers(modulus, e), "wrapping_key_exponent_too_small")
}
for (const e of ["0x80000001", "0xffffffff", "0x100000001", modulus]) {
    key(`exponent ${e.slice(0, 12)}`, `${generate} of exponent ${e.slice(0, 12)}`, withNumbers(modulus, e), "wrapping_key_exponent_too_large")
}

// Keys of another kind.
printed("P-256", "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 | openssl pkey -pubout", "text", "wrapping_key_ec")
printed("P-256, DER that is almost text", "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 | openssl pkey -pubout -outform DER", "bytes", "wrapping_key_ec")
printed("P-256, base64", "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 | openssl pkey -pubout -outform DER | openssl base64", "text", "wrapping_key_ec")
printed("SM2", "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:SM2 | openssl pkey -pubout", "text", "wrapping_key_sm2")
printed("SM2, base64", "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:SM2 | openssl pkey -pubout -outform DER | openssl base64", "text", "wrapping_key_sm2")
printed("Ed25519", "openssl genpkey -algorithm ED25519 | openssl pkey -pubout", "text", "wrapping_key_not_rsa")
printed("RSA for PSS alone", "openssl genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 | openssl pkey -pubout", "text", "wrapping_key_not_rsa")

// Something else in the same wrapping.
printed("PKCS#1, PEM", "openssl rsa -in private.pem -RSAPublicKey_out", "text", "wrapping_key_pkcs1")
printed("PKCS#1, DER", "openssl rsa -in private.pem -RSAPublicKey_out -outform DER", "bytes", "wrapping_key_pkcs1")
printed("PKCS#1, base64", "openssl rsa -in private.pem -RSAPublicKey_out -outform DER | openssl base64", "text", "wrapping_key_pkcs1")
const request = "openssl req -new -key private.pem -subj /CN=keyferry.test"
printed("certificate, PEM", `${request} -x509`, "text", "wrapping_key_certificate")
printed("certificate, DER", `${request} -x509 -outform DER`, "bytes", "wrapping_key_certificate")
printed("certificate, base64", `${request} -x509 -outform DER | openssl base64 -A`, "text", "wrapping_key_certificate")
printed("certificate request, PEM", request, "text", "wrapping_key_certificate")
printed("certificate request, DER", `${request} -outform DER`, "bytes", "wrapping_key_certificate")

// A private key by mistake: the published test key, or one made and thrown away here.
const pkcs8 = "openssl pkcs8 -topk8 -in private.pem"
printed("private PKCS#1, PEM", "openssl rsa -in private.pem -traditional", "text", "wrapping_key_private")
printed("private PKCS#1, DER", "openssl rsa -in private.pem -traditional -outform DER", "bytes", "wrapping_key_private")
printed("private PKCS#1, base64", "openssl rsa -in private.pem -traditional -outform DER | openssl base64 -A", "text", "wrapping_key_private")
printed("private PKCS#8, PEM", `${pkcs8} -nocrypt`, "text", "wrapping_key_private")
printed("private PKCS#8, DER", `${pkcs8} -nocrypt -outform DER`, "bytes", "wrapping_key_private")
printed("private PKCS#8, base64", `${pkcs8} -nocrypt -outform DER | openssl base64`, "text", "wrapping_key_private")
printed("private PKCS#8 encrypted, PEM", `${pkcs8} -passout pass:keyferry`, "text", "wrapping_key_private")
printed("private PKCS#8 encrypted, DER", `${pkcs8} -passout pass:keyferry -outform DER`, "bytes", "wrapping_key_private")
printed("private EC, PEM", "openssl ecparam -name prime256v1 -genkey -noout", "text", "wrapping_key_private")
printed("private EC, base64", "openssl ecparam -name prime256v1 -genkey -noout | openssl ec -outform DER | openssl base64 -A", "text", "wrapping_key_private")
printed("private Ed25519, base64", "openssl genpkey -algorithm ED25519 -outform DER | openssl base64 -A", "text", "wrapping_key_private")
printed("half a private key, base64", "openssl rsa -in private.pem -traditional -outform DER | head -c 300 | openssl base64 -A", "text", "wrapping_key_private")
printed("half a private key, PEM", "openssl rsa -in private.pem -traditional | head -c 300", "text", "wrapping_key_private")
key("words before a private key", "a line before the PEM", "my key:\n" + shell("openssl rsa -in private.pem").toString(), "wrapping_key_private")

const vectors = {
    madeBy: "node wasm/keywrap/testdata/make-vectors.mjs",
    versions: {
        openssl: shell("openssl version").toString().trim(),
        node: `Node ${process.version}, OpenSSL ${process.versions.openssl}`,
        "node-forge": "1.4.3",
    },
    key: {
        source: "testRSA2048 of RFC 9500, section 2.1; the private half is ../keywraptest/rfc9500-rsa2048.pem",
        publicKey: publicDER.toString("base64"),
        fingerprint: createHash("sha256").update(publicDER).digest("hex"),
    },
    wraps,
    keys,
}
writeFileSync(join(here, "vectors.json"), JSON.stringify(vectors, null, 1) + "\n")
rmSync(folder, { recursive: true })
console.log(`${wraps.length} wraps, ${keys.length} keys`)
