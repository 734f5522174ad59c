// @ts-check
// Times as the page shows them: year first, 24 hours, so that they read alike in every language.

/** @param {number} n */
const two = (n) => String(n).padStart(2, "0")

/** 15:04:05 in the person's time zone. @param {Date} date */
export function clock(date) {
    return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

/** 2006-01-02 15:04:05 in the person's time zone. @param {Date} date */
export function local(date) {
    return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock(date)}`
}

/** 2006-01-02 15:04:05 in UTC. @param {Date} date */
export function utc(date) {
    return date.toISOString().slice(0, 19).replace("T", " ")
}

/** The person's time zone, such as Asia/Shanghai. */
export function zone() {
    return Intl.DateTimeFormat().resolvedOptions().timeZone
}
