// Draws keys from V8's Math.random in the ways that programs do:
//
//	node wasm/custody/testdata/make-random.mjs > wasm/custody/testdata/math-random.json
const hex = (bytes) => Buffer.from(bytes).toString("hex")
const each = (draw) => Uint8Array.from({ length: 32 }, draw)
const words = (type) => new Uint8Array(type.from({ length: 32 / type.BYTES_PER_ELEMENT }, () => Math.floor(Math.random() * 2 ** (8 * type.BYTES_PER_ELEMENT))).buffer)
const ways = {
    "Math.floor(Math.random() * 256)": () => hex(each(() => Math.floor(Math.random() * 256))),
    "Math.random() * 256 | 0": () => hex(each(() => Math.random() * 256 | 0)),
    "Uint32Array": () => hex(words(Uint32Array)),
    "Uint16Array": () => hex(words(Uint16Array)),
    "hex digits": () => "x".repeat(64).replace(/x/g, () => Math.floor(Math.random() * 16).toString(16)),
    "Math.floor(Math.random() * 255)": () => hex(each(() => Math.floor(Math.random() * 255))),
    "Math.round(Math.random() * 255)": () => hex(each(() => Math.round(Math.random() * 255))),
    "a bit altered": () => { const key = each(() => Math.random() * 256); key[Math.floor(Math.random() * 32)] ^= 4; return hex(key) },
    "hex digits of 32-bit numbers": () => Array.from({ length: 8 }, () => Math.floor(Math.random() * 2 ** 32).toString(16).padStart(8, "0")).join(""),
}
const keys = []
for (const [way, draw] of Object.entries(ways)) {
    for (let i = 0; i < 10; i++) {
        for (let before = i % 7; before > 0; before--) Math.random()
        keys.push({ way, key: draw() })
    }
}
console.log(JSON.stringify({ madeBy: `node ${process.version}, V8 ${process.versions.v8}`, keys }, null, 1))
