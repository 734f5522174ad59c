// @ts-check
// What time it is. This computer's clock may be wrong, and two things tell: the console's answers
// carry its time, and an import token was issued before anyone brings it. Whatever counts from now
// on asks here, so that the token's life and the expiry use one time.

/** How long a token is valid, in milliseconds. */
export const tokenLife = 24 * 3600 * 1000

/** A clock that differs by less is called right, in milliseconds. */
const tolerance = 5 * 60 * 1000

/** What is added to this computer's clock, in milliseconds. */
let correction = 0

/** The time, in milliseconds since 1970. */
export const now = () => Date.now() + correction

/** A moment that this computer's clock gave, corrected. @param {Date} date */
export const corrected = (date) => new Date(date.getTime() + correction)

/** Whether this computer's clock was found to be wrong. */
export const isWrong = () => Math.abs(correction) > tolerance

/** Take the time of someone who knows it. @param {number} time in milliseconds */
export function setClock(time) {
    correction = time - Date.now()
}

/**
 * Take a time that has passed already for the present, if this computer's clock is behind even
 * that. What was found before is forgotten.
 * @param {number} time in milliseconds
 */
export function notBefore(time) {
    correction = Math.max(0, time - Date.now())
}

/**
 * Judge the time by a token that was issued just now. One that has expired, or lives for longer
 * than a token can, tells the time better than the clock that says so.
 * @param {number} expires when the token ends, in milliseconds
 */
export function judgeByNewToken(expires) {
    const left = expires - now()
    if (left <= 0 || left > tokenLife + tolerance) setClock(expires - tokenLife)
}
