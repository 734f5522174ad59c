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
        if (ArrayBuffer.isView(value)) {
            const bytes = { $bytes: base64(new Uint8Array(value.buffer, value.byteOffset, value.byteLength)) }
            // What is around the bytes in their buffer comes along with them.
            return value.byteLength === value.buffer.byteLength ? bytes : { ...bytes, $around: value.buffer.byteLength - value.byteLength }
        }
        if (value instanceof Blob) return { $file: value.size }
        if (Array.isArray(value) && Object.keys(value).length === value.length) return value.map(plain)
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
    // A page on a disk makes the script of its workers so: the recorder comes before it.
    const offer = URL.createObjectURL
    URL.createObjectURL = (blob) => {
        const recorder = globalThis[Symbol.for("keyferry recorder")]
        const address = offer.call(URL, recorder && blob.type === "text/javascript" ? new Blob([recorder, blob], { type: blob.type }) : blob)
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

    // Before a call is made, the panel lists it.
    const fetching = globalThis.fetch
    globalThis.fetch = (address, ...given) => {
        const { pathname } = new URL(address instanceof Request ? address.url : address, location.href)
        if (pathname.startsWith("/kms/")) say("fetched", "", { path: pathname, listed: document.querySelectorAll("[data-part=sent-list] > li").length })
        return fetching(address, ...given)
    }

    // Any program that reads the page could see what it shows for a moment alone.
    const shown = new Set()
    const show = (text) => {
        if (shown.has(text)) return
        shown.add(text)
        say("shown", "", text)
    }
    const look = (node) => {
        if (node instanceof Text) {
            // Digests are written in groups, each in a span of its own.
            const group = node.parentElement
            const grouped = group?.localName === "span" && group.attributes.length === 0 && group.parentElement?.querySelectorAll(":scope > span").length > 1
            show(grouped ? group.parentElement.textContent : node.data)
        }
        if (!(node instanceof Element)) return
        // Windows of their own have nothing of all this.
        if (/^(iframe|frame|object|embed|fencedframe|portal|audio|video)$/.test(node.localName)) extra(`a ${node.localName} was added`)
        for (const { name, value } of node.attributes) show(`${name}=${value}`)
        for (const inner of node.childNodes) look(inner)
    }
    const changed = new MutationObserver((changes) => {
        for (const { type, target, addedNodes, attributeName } of changes) {
            if (type === "childList") addedNodes.forEach(look)
            else if (type === "attributes") show(`${attributeName}=${target.getAttribute(attributeName)}`)
            else show(target.data)
        }
    })
    // Until then the browser adds what it reads, in pieces of any size, and there is no secret.
    document.addEventListener("DOMContentLoaded", () => changed.observe(document, { subtree: true, childList: true, attributes: true, characterData: true }))

    // What is in a field the browser may write down, to restore the page.
    for (const Field of [HTMLInputElement, HTMLTextAreaElement]) {
        const value = Object.getOwnPropertyDescriptor(Field.prototype, "value")
        Object.defineProperty(Field.prototype, "value", {
            ...value,
            set(text) {
                show(`value=${text}`)
                value.set.call(this, text)
            },
        })
    }

    // The product tells a form that a field has changed, and no more.
    const dispatch = EventTarget.prototype.dispatchEvent
    EventTarget.prototype.dispatchEvent = function (event) {
        if (event?.type !== "change" || Object.getPrototypeOf(event) !== Event.prototype || Object.keys(event).length > 1) extra("another event was dispatched")
        return dispatch.call(this, event)
    }

    // Ways out of a page, or into another program, of which the product uses none.
    for (const name of [
        "BroadcastChannel", "MessageChannel", "SharedWorker", "WebSocket", "WebSocketStream", "WebTransport", "EventSource", "XMLHttpRequest",
        "RTCPeerConnection", "Notification", "PaymentRequest", "PresentationRequest", "SpeechSynthesisUtterance", "AudioContext", "Audio",
        "Image", "FontFace", "MediaRecorder", "CustomEvent", "FetchLaterResult", "TaskController", "ReportingObserver",
        "OfflineAudioContext", "BaseAudioContext", "webkitAudioContext", "MediaMetadata", "MediaSource", "MediaStream", "Highlight", "Animation",
        "KeyframeEffect", "VTTCue", "OffscreenCanvas", "VideoEncoder", "AudioEncoder", "VideoFrame", "AudioData", "ClipboardItem", "Profiler",
    ]) {
        const Given = globalThis[name]
        if (!Given) continue
        // Everything that leads to the constructor leads here: its name, its instances and its subclasses.
        const watched = new Proxy(Given, {
            construct(target, given, by) {
                extra(`a ${name} was made`)
                return Reflect.construct(target, given, by)
            },
        })
        globalThis[name] = watched
        Given.prototype.constructor = watched
        for (const other of Object.getOwnPropertyNames(globalThis)) {
            const heir = Object.getOwnPropertyDescriptor(globalThis, other)?.value
            if (typeof heir === "function" && Object.getPrototypeOf(heir) === Given) Object.setPrototypeOf(heir, watched)
        }
    }
    const calls = {
        Notification: ["requestPermission"], StorageManager: ["persist"], Storage: ["setItem"], IDBFactory: ["open", "deleteDatabase"], CacheStorage: ["open", "delete", "has", "match"],
        CookieStore: ["set"], LockManager: ["request"], CredentialsContainer: ["create", "store", "get"], Clipboard: ["writeText", "write", "readText", "read"],
        ServiceWorkerContainer: ["register"], MediaDevices: ["getUserMedia", "getDisplayMedia"], Geolocation: ["getCurrentPosition", "watchPosition"],
        WakeLock: ["request"], Bluetooth: ["requestDevice"], USB: ["requestDevice"], HID: ["requestDevice"], Serial: ["requestPort"],
        PushManager: ["subscribe"], SpeechSynthesis: ["speak"], Permissions: ["request"], History: ["pushState", "replaceState"],
        Navigator: ["sendBeacon", "share", "setAppBadge", "vibrate", "registerProtocolHandler", "requestMIDIAccess", "requestMediaKeySystemAccess"],
        Document: ["execCommand", "write", "writeln", "open", "requestStorageAccess", "startViewTransition"], Element: ["requestFullscreen", "requestPointerLock", "attachShadow", "animate"],
        FileSystemDirectoryHandle: ["getFileHandle", "getDirectoryHandle", "removeEntry"], FileSystemFileHandle: ["createWritable"],
        StorageBucketManager: ["open", "keys", "delete"], HighlightRegistry: ["set"],
        CookieStoreManager: ["subscribe"], SharedStorage: ["set", "append", "run", "selectURL"], Scheduling: ["isInputPending"],
        HTMLMediaElement: ["play", "load"], Range: ["createContextualFragment"], Window: ["moveTo", "resizeTo"],
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
