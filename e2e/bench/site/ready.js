// Runs in a page of the console that has no worker of its own: start the console's worker as its
// other pages do, and return the milliseconds from before the worker existed until its module ran.
({ worker: url, ...request }) => new Promise((resolve, reject) => {
    const policy = trustedTypes.createPolicy("keyferry", { createScriptURL: (text) => text })
    const began = performance.now()
    const worker = new Worker(policy.createScriptURL(url), { type: "module" })
    const silent = setTimeout(() => end(reject, new Error("the worker is silent")), 30_000)
    const end = (settle, value) => {
        clearTimeout(silent)
        worker.terminate()
        settle(value)
    }
    worker.addEventListener("message", ({ data }) => {
        if (data.type === "ready") end(resolve, performance.now() - began)
        else end(reject, new Error("the worker was not ready: " + data.error?.code))
    })
    worker.addEventListener("error", (event) => end(reject, new Error("the worker failed: " + event.message)))
    worker.postMessage({ ...request, job: "passphrase" })
})
