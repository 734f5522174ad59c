// The recorder, put before the worker's own script: it tells the test every random byte that is
// drawn, as it is drawn, and every other way out of a worker that is tried. What it puts in the place
// of a function looks like that function to scripts.
{
    const channel = new BroadcastChannel("keyferry account")
    const life = `${self.name} ${performance.timeOrigin}`
    const extra = (what) => channel.postMessage({ life, extra: what })
    /** @param {(target: Function, self: any, given: any[]) => any} apply */
    const watch = (owner, name, apply) => {
        if (typeof owner?.[name] === "function") owner[name] = new Proxy(owner[name], { apply })
    }
    watch(Crypto.prototype, "getRandomValues", (target, self, given) => {
        const into = Reflect.apply(target, self, given)
        channel.postMessage({ life, bytes: new Uint8Array(into.buffer, into.byteOffset, into.byteLength).slice() })
        return into
    })
    const calls = {
        IDBFactory: ["open", "deleteDatabase"], CacheStorage: ["open", "delete", "has", "match"], StorageManager: ["getDirectory", "persist"],
        StorageBucketManager: ["open", "keys", "delete"], LockManager: ["request"], Crypto: ["randomUUID"],
        SubtleCrypto: ["generateKey", "deriveBits", "deriveKey", "encrypt", "sign"],
    }
    const tell = (owner, name) => watch(owner, name, (target, self, given) => {
        extra(`the worker called ${name}`)
        return Reflect.apply(target, self, given)
    })
    for (const [owner, names] of Object.entries(calls)) {
        for (const name of names) tell(globalThis[owner]?.prototype, name)
    }
    tell(globalThis, "reportError")
    for (const name of ["BroadcastChannel", "MessageChannel", "WebSocket", "WebSocketStream", "EventSource", "XMLHttpRequest", "Worker", "WebTransport", "Notification", "OffscreenCanvas", "FontFace"]) {
        const Native = globalThis[name]
        if (!Native) continue
        globalThis[name] = new Proxy(Native, {
            construct(target, given, by) {
                extra(`the worker made a ${name}`)
                return Reflect.construct(target, given, by)
            },
        })
        Native.prototype.constructor = globalThis[name]
    }
}
