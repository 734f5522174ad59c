// The recorder, put before the worker's own script: it tells the test every random byte that is
// drawn, as it is drawn, and every other way out of a worker that is tried.
{
    const channel = new BroadcastChannel("keyferry account")
    const life = `${self.name} ${performance.timeOrigin}`
    const real = crypto.getRandomValues.bind(crypto)
    crypto.getRandomValues = (into) => {
        real(into)
        channel.postMessage({ life, bytes: new Uint8Array(into.buffer, into.byteOffset, into.byteLength).slice() })
        return into
    }
    const ways = [[indexedDB, "open"], [caches, "open"], [navigator.storage, "getDirectory"], [navigator.storage, "persist"], [navigator.locks, "request"], [globalThis, "reportError"]]
    for (const [owner, name] of ways) {
        if (!owner?.[name]) continue
        const original = owner[name].bind(owner)
        owner[name] = (...given) => {
            channel.postMessage({ life, extra: `the worker called ${name}` })
            return original(...given)
        }
    }
    for (const name of ["BroadcastChannel", "MessageChannel", "WebSocket", "EventSource", "XMLHttpRequest", "Worker", "WebTransport", "Notification", "OffscreenCanvas", "FontFace"]) {
        const Native = globalThis[name]
        if (!Native) continue
        globalThis[name] = class extends Native {
            constructor(...given) {
                super(...given)
                channel.postMessage({ life, extra: `the worker made a ${name}` })
            }
        }
    }
}
