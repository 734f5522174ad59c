// What the monitor puts into every page before its own scripts: it reports what passes between the
// page and its workers, and every change of the document, as it happens. It changes nothing that
// the page does.

(() => {
    const report = globalThis.keyferryReport
    if (typeof report !== "function") return

    /** Bytes as lists of numbers, files by their names: the person's own files stay unread. */
    const plain = (_, value) => {
        if (value instanceof ArrayBuffer) return Array.from(new Uint8Array(value))
        if (ArrayBuffer.isView(value)) return Array.from(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))
        if (value instanceof Blob) return `file of ${value.size} bytes`
        return value
    }
    const say = (monitor, name, value) => report(monitor, name, JSON.stringify(value, plain) ?? String(value))

    const Native = globalThis.Worker
    globalThis.Worker = class extends Native {
        constructor(...given) {
            super(...given)
            this.addEventListener("message", (event) => say("messages", "from a worker", event.data))
        }
        postMessage(...given) {
            say("messages", "to a worker", given[0])
            return super.postMessage(...given)
        }
    }
    addEventListener("message", (event) => say("messages", "to the window", event.data))
    const Channel = globalThis.BroadcastChannel
    globalThis.BroadcastChannel = class extends Channel {
        postMessage(message) {
            say("messages", "broadcast", message)
            return super.postMessage(message)
        }
    }

    const fields = () => Array.from(document.querySelectorAll("input, textarea, select"), (field) => [field.id, field.value])
    let last = ""
    const look = () => {
        const now = JSON.stringify(fields())
        if (now !== last) report("page", "fields", last = now)
    }
    new MutationObserver((changes) => {
        const seen = changes.map(({ type, target, addedNodes, attributeName }) => {
            if (type === "childList") return Array.from(addedNodes, (node) => node.outerHTML ?? node.data)
            if (type === "attributes") return `${attributeName}=${target.getAttribute(attributeName)}`
            return target.data
        })
        say("page", "changes", seen)
        look()
    }).observe(document, { subtree: true, childList: true, attributes: true, characterData: true })
    for (const kind of ["input", "change", "submit", "click", "pagehide"]) addEventListener(kind, look, { capture: true })
})()
