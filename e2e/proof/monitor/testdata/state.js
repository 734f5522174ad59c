// Everything that a page has at this moment: the document, the fields, and storage of every kind
// with what is in it.
async () => {
    const plain = (_, value) => {
        if (value instanceof ArrayBuffer) return Array.from(new Uint8Array(value))
        if (ArrayBuffer.isView(value)) return Array.from(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))
        return value
    }
    const done = (request) => new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result)
        request.onerror = () => reject(request.error)
    })
    const databases = async () => {
        const all = {}
        for (const { name } of await indexedDB.databases()) {
            const database = await done(indexedDB.open(name))
            for (const store of database.objectStoreNames) {
                all[`${name} ${store}`] = await done(database.transaction(store).objectStore(store).getAll())
            }
            database.close()
        }
        return all
    }
    const cached = async () => {
        const all = {}
        for (const name of await caches.keys()) {
            const cache = await caches.open(name)
            for (const request of await cache.keys()) {
                all[`${name} ${request.url}`] = new Uint8Array(await (await cache.match(request)).arrayBuffer())
            }
        }
        return all
    }
    const files = async (folder) => {
        const all = {}
        for await (const [name, handle] of folder.entries()) {
            all[name] = handle.kind === "file"
                ? new Uint8Array(await (await handle.getFile()).arrayBuffer())
                : await files(handle)
        }
        return all
    }
    const page = {
        html: document.documentElement.outerHTML,
        text: document.documentElement.innerText,
        title: document.title,
        fields: Array.from(document.querySelectorAll("input, textarea, select"), (field) => [field.id, field.value]),
    }
    /** What a sandboxed page refuses is said as such. */
    const tried = async (read) => {
        try {
            return await read()
        } catch (refused) {
            return `refused: ${refused}`
        }
    }
    const storage = {
        local: await tried(() => ({ ...localStorage })),
        session: await tried(() => ({ ...sessionStorage })),
        cookies: await tried(() => document.cookie),
        history: history.state,
        name: window.name,
        address: location.href,
        databases: await tried(databases),
        caches: await tried(cached),
        files: await tried(async () => files(await navigator.storage.getDirectory())),
    }
    return JSON.stringify({ page: JSON.stringify(page, plain), storage: JSON.stringify(storage, plain) })
}
