package account

import (
	"fmt"
	"math"
	"net/url"
	"strings"
	"time"

	"keyferry/components/text"
	"keyferry/e2e/proof/monitor"
	"keyferry/e2e/proof/reference"
)

const leadTimes = "1, 7"

// withCalendar imports a key that expires, and saves the calendar entries that remind of it.
func withCalendar(j *monitor.Journey, r *record) {
	bring(j, r, "file", "", elsewhere, reference.OAEPSHA256)
	expires := time.Now().AddDate(0, 0, 30).Truncate(time.Minute)
	r.Given.Expires, r.Given.Calendar = expires.Unix(), leadTimes
	j.Do(j.Page.Locator("#expiry-at").Check())
	j.Do(j.Page.Locator("#expiry-time").Fill(expires.Local().Format("2006-01-02T15:04")))
	finish(j, r)
	j.Do(j.Page.Locator("#remind").Fill(leadTimes))
	j.Download("[data-part=calendar] button")
}

// calendarForm is what the browser sends for the calendar.
func (ac *account) calendarForm() string {
	return fmt.Sprintf("KeyId=%s&KeyMaterialExpireUnix=%d&Remind=%s", ac.Given.CMK, ac.Given.Expires, url.QueryEscape(ac.Given.Calendar))
}

// calendar predicts the calendar file, but for the second in which the console wrote it, and for
// the places at which it breaks its lines.
func (ac *account) calendar() download {
	name := "keyferry-" + ac.Given.CMK + ".ics"
	var content string
	for _, d := range ac.Downloads {
		if d.Name == name {
			content = string(d.Content)
		}
	}
	for line := range strings.SplitSeq(content, "\r\n") {
		if len(line) > 75 {
			ac.leave("calendar", "a line has %d bytes", len(line))
		}
	}
	_, stamp, _ := strings.Cut(content, "\r\nDTSTAMP:")
	at, err := time.Parse("20060102T150405Z", stamp[:min(16, len(stamp))])
	if err != nil || !ac.isOfFlow(at) {
		ac.leave("calendar", "it was written at %.40q", stamp[:min(16, len(stamp))])
	}
	ac.draws("calendar", "the second of the calendar", ac.seconds())
	want := ac.calendarText(at)
	if got := strings.ReplaceAll(content, "\r\n ", ""); got != want {
		ac.leave("calendar", "%s", unlike(got, []string{want}))
	}
	folds := strings.Count(content, "\r\n ")
	events := strings.Count(want, "BEGIN:VEVENT")
	ac.draws("calendar", "line breaks of an event", math.Ceil(float64(folds)/float64(events))*math.Log2(75))
	return download{name, []byte(content)}
}

// calendarText is the file before its lines are broken (RFC 5545).
func (ac *account) calendarText(at time.Time) string {
	words := text.Match(ac.Given.Language).Calendar
	expires := time.Unix(ac.Given.Expires, 0).UTC()
	escape := strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\n", `\n`).Replace
	lines := []string{"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Keyferry//Golang ICS Library", "METHOD:PUBLISH"}
	for _, days := range []int{0, 1, 7} { // now, and the lead times
		uid, summary := ac.Given.CMK, text.Fill(words.Summary, "cmk", ac.Given.CMK)
		if days > 0 {
			uid, summary = fmt.Sprintf("%s-%dd", uid, days), text.Fill(words.Reminder, "cmk", ac.Given.CMK, "time", expires.Format("2006-01-02"))
		}
		start := expires.AddDate(0, 0, -days)
		lines = append(lines, "BEGIN:VEVENT", "UID:"+uid+"@keyferry",
			fmt.Sprintf("SEQUENCE:%d", at.Unix()-time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Unix()), "DTSTAMP:"+at.Format("20060102T150405Z"),
			"DTSTART:"+start.Format("20060102T150405Z"), "DTEND:"+start.Add(15*time.Minute).Format("20060102T150405Z"), "SUMMARY:"+escape(summary),
			"DESCRIPTION:"+escape(text.Fill(words.Description, "cmk", ac.Given.CMK, "region", "cn-hangzhou", "time", expires.Format("2006-01-02 15:04"),
				"console", "http://"+ac.Address+"/reimport?KeyId="+ac.Given.CMK)),
			"BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:PT0S", "DESCRIPTION:"+escape(summary), "END:VALARM", "END:VEVENT")
	}
	return strings.Join(append(lines, "END:VCALENDAR", ""), "\r\n")
}
