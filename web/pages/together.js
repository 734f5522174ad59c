// @ts-check
// One request for what several ask for.

import { isProblem } from "./words.js"

/** How many requests are on their way at once, at most. */
const mostRequests = 3

/** How long somebody waits for others to ask too, in milliseconds. */
const patience = 25

/**
 * Put together what is asked for within a moment. A request goes when it is full, or when somebody has
 * waited long enough.
 * @template Asked, Answer
 * @param {number} most how many one request may be about
 * @param {(all: Asked[]) => Promise<(Answer | import("./words.js").Problem)[]>} request answers each of all
 * @returns {(asked: Asked) => Promise<Answer>}
 */
export function together(most, request) {
    /** @type {{asked: Asked, since: number, resolve: (answer: Answer) => void, reject: (fault: unknown) => void}[]} */
    const waiting = []
    let running = 0

    const next = () => {
        if (waiting.length === 0 || running === mostRequests) return
        const waited = performance.now() - waiting[0].since
        if (waiting.length >= most || waited >= patience) send(waiting.splice(0, most))
        else setTimeout(next, patience - waited)
    }

    const send = async (/** @type {typeof waiting} */ some) => {
        running++
        try {
            const answers = await request(some.map(({ asked }) => asked))
            some.forEach(({ resolve, reject }, i) => isProblem(answers[i]) ? reject(answers[i]) : resolve(answers[i]))
        } catch (thrown) {
            for (const { reject } of some) reject(thrown)
        } finally {
            running--
            next()
        }
    }

    return (asked) => new Promise((resolve, reject) => {
        waiting.push({ asked, since: performance.now(), resolve, reject })
        queueMicrotask(next)
    })
}
