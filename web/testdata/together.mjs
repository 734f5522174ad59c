// Asks for many things within a moment, and counts what goes together.
import assert from "node:assert"
import { together } from "../pages/together.js"

const fault = (code) => ({ code, what: "", do: "" })
const after = (time) => new Promise((resolve) => { setTimeout(resolve, time) })

// Who asks in the same moment goes together, in order, and no request is about more than it may be.
const sizes = []
const double = together({ most: 4 }, async (all) => {
    sizes.push(all.length)
    return all.map((n) => 2 * n)
})
assert.deepEqual(await Promise.all([1, 2, 3, 4, 5, 6].map(double)), [2, 4, 6, 8, 10, 12])
assert.deepEqual(sizes, [4, 2])
assert.equal(await double(7), 14)
assert.deepEqual(sizes, [4, 2, 1])

// Who asks a little later joins those who wait.
const joined = []
const patient = together({ most: 10, patience: 50 }, async (all) => {
    joined.push(all)
    return all
})
const first = patient("a")
await after(5)
await Promise.all([first, patient("b")])
assert.deepEqual(joined, [["a", "b"]])

// One that is refused fails alone; a request that is lost fails for all that it was about, and the next goes.
let lost = false
const answers = together({ most: 3 }, async (all) => {
    if (lost) throw fault("lost")
    return all.map((n) => n === 2 ? fault("refused") : n)
})
const settled = await Promise.allSettled([1, 2, 3].map(answers))
assert.deepEqual(settled.map(({ value, reason }) => value ?? reason.code), [1, "refused", 3])
lost = true
const failed = await Promise.allSettled([1, 2].map(answers))
assert.deepEqual(failed.map(({ reason }) => reason.code), ["lost", "lost"])
lost = false
assert.equal(await answers(4), 4)

// So many requests are on their way and no more; what waits goes when one has ended.
let running = 0, most = 0
const limited = together({ most: 1, requests: 2 }, async (all) => {
    most = Math.max(most, ++running)
    await after(5)
    running--
    return all
})
assert.deepEqual(await Promise.all([1, 2, 3, 4, 5].map(limited)), [1, 2, 3, 4, 5])
assert.equal(most, 2)
console.log("checked 4")
