// Runs in the page: start one contender's worker, let it wrap for a while, and hand back what it
// counted.
(request) => new Promise((resolve, reject) => {
    const worker = new Worker("wraps.js")
    const silent = setTimeout(() => end(reject, new Error("the worker is silent")), 30_000 + 2 * request.milliseconds)
    const end = (settle, value) => {
        clearTimeout(silent)
        worker.terminate()
        settle(value)
    }
    worker.addEventListener("message", ({ data }) => end(resolve, data))
    worker.addEventListener("error", (event) => end(reject, new Error(event.message)))
    worker.postMessage(request)
})
