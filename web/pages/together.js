// @ts-check
// One request for what several ask for.

import { isProblem } from "./words.js"

/**
 * Put together what is asked for within a moment. A request goes when it is full, or when somebody has
 * waited long enough.
 * @template Asked, Answer
 * @param {{most: number, patience?: number, requests?: number}} limits how many one request may be about;
 *   how long somebody waits for others to ask too, in milliseconds, where 0 means those who ask in the
 *   same moment; how many requests are on their way at once, at most
 * @param {(all: Asked[]) => Promise<(Answer | import("./words.js").Problem)[]>} request answers each of all
 * @returns {(asked: Asked) => Promise<Answer>}
 */
export function together({ most, patience = 0, requests = 1 }, request) {
    /** @type {{asked: Asked, since: number, resolve: (answer: Answer) => void, reject: (fault: unknown) => void}[]} */
    const waiting = []
    let running = 0
    let due = false

    const next = () => {
        if (waiting.length === 0 || running === requests) return
        const left = waiting[0].since + patience - performance.now()
        if (waiting.length >= most || left <= 0) {
            send(waiting.splice(0, most))
            next()
        } else later(left)
    }

    /** @param {number} time in milliseconds */
    const later = (time) => {
        if (due) return
        due = true
        const go = () => {
            due = false
            next()
        }
        if (patience === 0) queueMicrotask(go)
        else setTimeout(go, time)
    }

    const send = async (/** @type {typeof waiting} */ some) => {
        running++
        try {
            const answers = await request(some.map(({ asked }) => asked))
            some.forEach(({ resolve, reject }, i) => isProblem(answers[i]) ? reject(answers[i]) : resolve(/** @type {Answer} */ (answers[i])))
        } catch (thrown) {
            for (const { reject } of some) reject(thrown)
        } finally {
            running--
            if (waiting.length > 0) later(0)
        }
    }

    return (asked) => new Promise((resolve, reject) => {
        waiting.push({ asked, since: performance.now(), resolve, reject })
        if (waiting.length >= most) next()
        else later(patience)
    })
}
