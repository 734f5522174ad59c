// The worker of one contender. It prepares the key, wraps for a short while to be warm, then wraps
// for the time asked and posts {count, seconds, last}; last is one ciphertext in base64.

const material = Uint8Array.from({ length: 32 }, (_, i) => i)

// Operations of WebCrypto run on threads of the browser: with one at a time it would mostly wait.
const inFlight = 16

const contenders = { module: startModule, webcrypto: startWebCrypto, forge: startForge }

self.addEventListener("message", async ({ data }) => {
    try {
        const wrapFor = await contenders[data.contender](data)
        await wrapFor(data.milliseconds / 10)
        const began = performance.now()
        const { count, last } = await wrapFor(data.milliseconds)
        self.postMessage({ count, seconds: (performance.now() - began) / 1000, last })
    } catch (error) {
        self.postMessage({ error: String(error) })
    }
})

async function startModule({ publicKey, algorithm }) {
    importScripts("wasm_exec.js")
    const go = new Go()
    const { instance } = await WebAssembly.instantiateStreaming(fetch("wrapmodule.wasm"), go.importObject)
    go.run(instance).finally(() => self.postMessage({ error: "the module ended" }))
    return async (milliseconds) => {
        const answer = await new Promise((resolve) => self.wrapFor(publicKey, algorithm, milliseconds, resolve))
        if (answer.error) throw new Error(answer.error)
        return answer
    }
}

async function startWebCrypto({ publicKey }) {
    const name = { name: "RSA-OAEP", hash: "SHA-256" }
    const key = await crypto.subtle.importKey("spki", bytesOf(publicKey), name, false, ["encrypt"])
    return async (milliseconds) => {
        const end = performance.now() + milliseconds
        let count = 0
        let last
        const lane = async () => {
            while (performance.now() < end) {
                last = await crypto.subtle.encrypt(name, key, material)
                count++
            }
        }
        await Promise.all(Array.from({ length: inFlight }, lane))
        return { count, last: btoa(String.fromCharCode(...new Uint8Array(last))) }
    }
}

function startForge({ publicKey, algorithm }) {
    self.window = self // its bundle looks for the page's
    importScripts("forge.min.js")
    const key = forge.pki.publicKeyFromAsn1(forge.asn1.fromDer(atob(publicKey)))
    const message = String.fromCharCode(...material)
    const wrap = algorithm === "RSAES_PKCS1_V1_5"
        ? () => key.encrypt(message, "RSAES-PKCS1-V1_5")
        : () => key.encrypt(message, "RSA-OAEP", { md: forge.md.sha256.create(), mgf1: { md: forge.md.sha256.create() } })
    return (milliseconds) => {
        const end = performance.now() + milliseconds
        let count = 0
        let last
        while (performance.now() < end) {
            last = wrap()
            count++
        }
        return { count, last: btoa(last) }
    }
}

function bytesOf(base64) {
    return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))
}
