// Sets this computer's clock wrong, and expects the page's scripts to notice:
//
//   node clock.mjs <folder of the scripts>

import { expect, script } from "./page.mjs"

const clock = await script("clock.js")
const hour = 3600 * 1000
const day = 24 * hour
const right = Date.UTC(2026, 10, 26, 12)
const until = (time) => (time - right) / hour

let wrong = 0
Date.now = () => right + wrong

// The offset of this computer's clock in hours, what is known, and then: the time in hours from the
// right one, and whether the clock is called wrong.
for (const [name, offset, tell, hours, called] of [
    ["the console's time, 200 days behind", -200 * 24, () => clock.setClock(right), 0, true],
    ["the console's time, 2 days ahead", 48, () => clock.setClock(right), 0, true],
    ["the console's time, a minute behind", -1 / 60, () => clock.setClock(right), 0, false],
    ["a token issued just now", 0, () => clock.notBefore(right + day - day), 0, false],
    ["a token issued 6 hours ago", 0, () => clock.notBefore(right + 18 * hour - day), 0, false],
    ["a token issued just now, 6 years behind", -6 * 365 * 24, () => clock.notBefore(right + day - day), 0, true],
    ["a token issued 6 hours ago, 6 years behind", -6 * 365 * 24, () => clock.notBefore(right + 18 * hour - day), -6, true],
    ["a token issued 6 hours ago, 5 hours behind", -5, () => clock.notBefore(right + 18 * hour - day), -5, false],
    ["a token issued just now, 5 hours ahead", 5, () => clock.notBefore(right + day - day), 5, false],
    ["a file without a time of its token, after a wrong clock", 0, () => clock.notBefore(0), 0, false],
    ["a new token, console and computer 30 days behind", -720, () => { clock.setClock(Date.now()); clock.judgeByNewToken(right + day) }, 0, true],
    ["a new token, console and computer 30 days ahead", 720, () => { clock.setClock(Date.now()); clock.judgeByNewToken(right + day) }, 0, true],
    ["a new token, a minute behind", -1 / 60, () => { clock.setClock(Date.now()); clock.judgeByNewToken(right + day) }, -1 / 60, false],
]) {
    wrong = offset * hour
    tell()
    expect(`${name}: the time`, Math.round(hours * 60), () => Math.round(until(clock.now()) * 60))
    expect(`${name}: called wrong`, called, clock.isWrong)
    expect(`${name}: a moment of this clock`, Math.round(hours * 60), () => Math.round(until(clock.corrected(new Date(Date.now())).getTime()) * 60))
}
