// @ts-check
// Times as the page shows them: year first, 24 hours, so that they read alike in every language.
// And times as others write them.

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

/** 2006-01-02T15:04:05Z, as the KMS and receipts write it. @param {Date} date */
export function stamp(date) {
    return `${date.toISOString().slice(0, 19)}Z`
}

/** The person's time zone, such as Asia/Shanghai. */
export function zone() {
    return Intl.DateTimeFormat().resolvedOptions().timeZone
}

/** The last second of the year 9999, in seconds since 1970. The KMS takes nothing later. */
export const lastSecond = 253402300799

const date = String.raw`(\d{4})-(\d\d)-(\d\d)`
const hour = String.raw`(\d\d):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?`
const offset = String.raw`(?:Z|UTC|GMT|([+\-\u2212])(\d\d)(?::?(\d\d))?)`
const written = new RegExp(`^${date}[T ]${hour} ?${offset}?$`, "i")

/**
 * Read a time in ISO 8601: to the minute, the second or a part of it, in any time zone. One without
 * a time zone is UTC, as the KMS's times are. What the calendar does not have is no time, and
 * neither is what is not from 1970 to 9999.
 * @param {string} text
 * @returns {number} in milliseconds, whole seconds; NaN where it is no time
 */
export function readTime(text) {
    const found = written.exec(text.trim())
    if (!found) return NaN
    const [, year, month, day, hours, minutes, seconds = "00", sign = "+", offsetHours = "00", offsetMinutes = "00"] = found
    const asUTC = `${year}-${month}-${day}T${hours}:${minutes}:${seconds}Z`
    const moment = new Date(asUTC)
    // Date takes 30 February and 24:00, and makes another day of them.
    if (Number.isNaN(moment.getTime()) || stamp(moment) !== asUTC || +offsetHours > 23 || +offsetMinutes > 59) return NaN
    const ahead = (Number(offsetHours) * 60 + Number(offsetMinutes)) * 60_000
    const time = moment.getTime() - (sign === "+" ? ahead : -ahead)
    return time >= 0 && time <= lastSecond * 1000 ? time : NaN
}

/**
 * Read a moment as a field for date and time has it, in the person's time zone.
 * @param {string} text such as 2026-01-02T15:04
 * @returns {number} in seconds, never 0; NaN where it is no moment, Infinity where it is beyond the
 *   year 9999
 */
export function readLocal(text) {
    if (/^\d{5,}-/.test(text)) return Infinity // browsers take years of up to six digits, Date does not
    const seconds = Math.floor(new Date(text).getTime() / 1000)
    if (seconds > lastSecond) return Infinity
    return seconds === 0 ? -1 : seconds // as an expiry, 0 means never
}
