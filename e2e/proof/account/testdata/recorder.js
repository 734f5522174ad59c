// The recorder, put before the worker's own script: it tells the harness every random byte that is drawn, as it is drawn.
{
    const real = crypto.getRandomValues.bind(crypto)
    const channel = new BroadcastChannel("keyferry account")
    const life = `${self.name} ${performance.timeOrigin}`
    crypto.getRandomValues = (into) => {
        real(into)
        channel.postMessage({ life, bytes: new Uint8Array(into.buffer, into.byteOffset, into.byteLength).slice() })
        return into
    }
}
