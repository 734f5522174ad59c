// What the account puts into every page before its own scripts: it tells what passes between the
// page and its workers, what the recorder in a worker draws, the cookies and titles that are set,
// and every call of a way out that the product does not use.
// It changes nothing that the page does.

(() => {
    const report = globalThis.keyferryAccount
    if (typeof report !== "function") return

    const base64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))

    /** JSON has neither bytes nor files: {"$bytes"} and {"$file"} stand for them. What it would drop is named. */
    const plain = (value) => {
        if (value instanceof ArrayBuffer) return { $bytes: base64(new Uint8Array(value)) }
        if (ArrayBuffer.isView(value)) return { $bytes: base64(new Uint8Array(value.buffer, value.byteOffset, value.byteLength)) }
        if (value instanceof Blob) return { $file: value.size }
        if (Array.isArray(value)) return value.map(plain)
        if (typeof value === "object" && value !== null) {
            const known = Object.getPrototypeOf(value) === Object.prototype
            return known ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)])) : `a ${value.constructor?.name}`
        }
        return ["string", "number", "boolean"].includes(typeof value) || value === null ? value : `a ${typeof value}`
    }

    // Reports may overtake each other on their way: the test puts them in order by their
    // numbers.
    let number = 0
    const say = (kind, life, value) => report(kind, life, JSON.stringify(plain(value)), performance.timeOrigin, number++, performance.now())

    let lives = 0
    const Native = globalThis.Worker
    globalThis.Worker = class extends Native {
        #life = `${lives++} ${Math.round(performance.timeOrigin)}`
        constructor(...given) {
            super(...given)
            say("started", this.#life, { address: String(given[0]), options: given[1] ?? null, more: given.length > 2 })
            this.addEventListener("message", (event) => say("from", this.#life, event.data))
        }
        postMessage(...given) {
            say("to", this.#life, given.length === 1 ? given[0] : { several: given })
            return super.postMessage(...given)
        }
    }
    const extra = (what) => say("extra", "", what)
    new BroadcastChannel("keyferry account").addEventListener("message", ({ data }) => {
        if (data.extra) extra(data.extra)
        else say("drawn", data.life, data.bytes)
    })
    // Addresses of files in memory are drawn by the browser. Each is told, so that no other can pass
    // for one.
    const offer = URL.createObjectURL
    URL.createObjectURL = (blob) => {
        const address = offer.call(URL, blob)
        say("offered", "", { address, size: blob.size, type: blob.type })
        blob.arrayBuffer().then((bytes) => say("content", "", { address, bytes }))
        return address
    }

    // Cookies and titles are told as they are set, since others could see them in between.
    const cookie = Object.getOwnPropertyDescriptor(Document.prototype, "cookie")
    Object.defineProperty(Document.prototype, "cookie", {
        ...cookie,
        set(value) {
            say("cookie", "", String(value))
            cookie.set.call(this, value)
        },
    })
    document.addEventListener("DOMContentLoaded", () => {
        const title = document.querySelector("title")
        if (title) new MutationObserver(() => say("title", "", document.title)).observe(title, { childList: true, characterData: true, subtree: true })
    })

    // Ways out of a page, or into another program, of which the product uses none.
    for (const name of [
        "BroadcastChannel", "MessageChannel", "SharedWorker", "WebSocket", "WebSocketStream", "WebTransport", "EventSource", "XMLHttpRequest",
        "RTCPeerConnection", "Notification", "PaymentRequest", "PresentationRequest", "SpeechSynthesisUtterance", "AudioContext", "Audio",
        "Image", "FontFace", "MediaRecorder", "CustomEvent", "FetchLaterResult", "TaskController", "ReportingObserver",
    ]) {
        const Given = globalThis[name]
        if (!Given) continue
        globalThis[name] = class extends Given {
            constructor(...given) {
                super(...given)
                extra(`a ${name} was made`)
            }
        }
    }
    const calls = {
        Notification: ["requestPermission"], StorageManager: ["persist"], Storage: ["setItem"], IDBFactory: ["open"], CacheStorage: ["open"],
        CookieStore: ["set"], LockManager: ["request"], CredentialsContainer: ["create", "store", "get"], Clipboard: ["writeText", "write", "readText", "read"],
        ServiceWorkerContainer: ["register"], MediaDevices: ["getUserMedia", "getDisplayMedia"], Geolocation: ["getCurrentPosition", "watchPosition"],
        WakeLock: ["request"], Bluetooth: ["requestDevice"], USB: ["requestDevice"], HID: ["requestDevice"], Serial: ["requestPort"],
        PushManager: ["subscribe"], SpeechSynthesis: ["speak"], Permissions: ["request"], History: ["pushState", "replaceState"],
        Navigator: ["sendBeacon", "share", "setAppBadge", "vibrate", "registerProtocolHandler", "requestMIDIAccess", "requestMediaKeySystemAccess"],
        Document: ["execCommand", "write", "writeln", "open", "requestStorageAccess"], Element: ["requestFullscreen", "requestPointerLock", "attachShadow"],
        FileSystemDirectoryHandle: ["getFileHandle", "getDirectoryHandle", "removeEntry"], FileSystemFileHandle: ["createWritable"],
        Navigation: ["navigate", "updateCurrentEntry", "reload", "back", "forward", "traverseTo"],
        Performance: ["mark", "measure"], CustomElementRegistry: ["define"], HTMLCanvasElement: ["getContext", "toBlob"],
    }
    for (const [owner, names] of Object.entries(calls)) {
        const on = owner === "Notification" ? globalThis[owner] : globalThis[owner]?.prototype
        for (const name of names) {
            const original = on?.[name]
            if (typeof original !== "function") continue
            on[name] = function (...given) {
                extra(`${name} was called`)
                return original.apply(this, given)
            }
        }
    }
    for (const name of ["open", "print", "postMessage", "fetchLater", "showSaveFilePicker", "showOpenFilePicker", "showDirectoryPicker", "queryLocalFonts"]) {
        const original = globalThis[name]
        if (typeof original !== "function") continue
        globalThis[name] = (...given) => {
            extra(`${name} was called`)
            return original.apply(globalThis, given)
        }
    }
    for (const name of Object.keys(console)) {
        const original = console[name]
        if (typeof original !== "function") continue
        console[name] = (...given) => {
            extra(`console.${name} was called`)
            return original.apply(console, given)
        }
    }
})()
