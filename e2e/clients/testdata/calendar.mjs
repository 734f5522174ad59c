// Reads a calendar file with ical.js and writes what it found as JSON.

import { readFileSync } from "node:fs"
import ICAL from "ical.js"

const strict = { strictExceptions: true }
const calendar = new ICAL.Component(ICAL.parse(readFileSync(process.argv[2], "utf8")))
const events = calendar.getAllSubcomponents("vevent").map((component) => {
    const event = new ICAL.Event(component, strict)
    return {
        uid: event.uid,
        sequence: event.sequence,
        start: event.startDate.toUnixTime(),
        end: event.endDate.toUnixTime(),
        summary: event.summary,
        description: event.description,
        alarms: component.getAllSubcomponents("valarm").map((alarm) =>
            event.startDate.toUnixTime() + alarm.getFirstPropertyValue("trigger").toSeconds()),
    }
})
console.log(JSON.stringify({
    version: calendar.getFirstPropertyValue("version"),
    method: calendar.getFirstPropertyValue("method"),
    events,
}))
