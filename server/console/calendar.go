package console

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"
	"github.com/labstack/echo/v4"

	"keyferry/components/text"
	"keyferry/server/kms"
)

// calendar answers with a calendar file (RFC 5545) for the expiry of imported key material: an
// event at the expiry, and one for each of the chosen lead times. The server knows the CMK and the
// expiry already, from the import.
func (c *console) calendar(e echo.Context) error {
	e.Request().Body = http.MaxBytesReader(e.Response(), e.Request().Body, maxBody)
	if e.Request().ParseForm() != nil {
		return errMalformed
	}
	form := e.Request().PostForm
	keyID := form.Get("KeyId")
	if !kms.KeyIDs.MatchString(keyID) {
		return errKeyID
	}
	unix, err := wholeNumber(form.Get("KeyMaterialExpireUnix"))
	if err != nil {
		return err
	}
	if err := checkExpiry(unix); err != nil {
		return err
	}
	days, ok := leadTimes(form.Get("Remind"))
	if !ok {
		return errRemind
	}
	r := reminders{
		words: language(e.Request()), keyID: keyID, region: c.Region, expires: time.Unix(unix, 0).UTC(), now: time.Now().UTC(),
		page: scheme(e.Request()) + "://" + e.Request().Host + "/reimport?KeyId=" + keyID,
	}
	e.Response().Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="keyferry-%s.ics"`, keyID))
	return e.Blob(http.StatusOK, "text/calendar; charset=utf-8", []byte(r.calendar(days)))
}

// wholeNumber reads a decimal number. One that is too large for an int64 is a time that is too far
// away.
func wholeNumber(digits string) (int64, error) {
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, errExpireUnix
	}
	number, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0, errExpireFar
	}
	return number, nil
}

// scheme is how the browser reached the console, as far as a proxy in front says so.
func scheme(r *http.Request) string {
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		return "https"
	}
	return "http"
}

// maxLeadTimes is more than anyone reads.
const maxLeadTimes = 10

// leadTimes reads numbers of days, 1 to 365, separated by commas of either script or by blanks.
func leadTimes(list string) ([]int, bool) {
	var days []int
	for _, field := range strings.FieldsFunc(list, func(r rune) bool { return strings.ContainsRune(",，、; ", r) }) {
		day, err := strconv.Atoi(field)
		if err != nil || day < 1 || day > 365 || len(days) == maxLeadTimes {
			return nil, false
		}
		days = append(days, day)
	}
	slices.Sort(days)
	return slices.Compact(days), len(days) > 0
}

// reminders is what a calendar file says.
type reminders struct {
	words         *text.Catalogue
	keyID, region string
	expires, now  time.Time // in UTC
	page          string    // address of the page for importing again
}

// calendar writes the file: lines end in CRLF and have at most 75 bytes. Each lead time has an
// event of its own, since Google Calendar leaves out the alarms of imported events, and Outlook
// takes one at most. A lead time that has passed has none.
func (r reminders) calendar(days []int) string {
	file := ics.NewCalendarFor("Keyferry")
	file.SetMethod(ics.MethodPublish)
	r.add(file, 0, text.Fill(r.words.Calendar.Summary, "cmk", r.keyID))
	for _, day := range days {
		if r.expires.AddDate(0, 0, -day).After(r.now) {
			r.add(file, day, text.Fill(r.words.Calendar.Reminder, "cmk", r.keyID, "time", r.expires.Format("2006-01-02")))
		}
	}
	return file.Serialize(ics.WithNewLineWindows)
}

// eventLength is how long each event lasts. An event without any length is left out by some
// programs.
const eventLength = 15 * time.Minute

// add adds the event of some days before the expiry, with an alarm at its start. Its UID follows
// from the CMK and the number of days, and its SEQUENCE rises with the time of writing (RFC 5545,
// 3.8.7.4): when the material was imported again, the file of the new expiry replaces the events of
// the old one.
func (r reminders) add(file *ics.Calendar, days int, summary string) {
	uid := r.keyID + "@keyferry"
	if days > 0 {
		uid = fmt.Sprintf("%s-%dd@keyferry", r.keyID, days)
	}
	event := file.AddEvent(uid)
	event.SetSequence(int(max(0, r.now.Unix()-sequenceEpoch)))
	event.SetDtStampTime(r.now)
	start := r.expires.AddDate(0, 0, -days)
	event.SetStartAt(start)
	if end := start.Add(eventLength); end.Unix() <= maxTimeUnix {
		event.SetEndAt(end)
	}
	event.SetSummary(summary)
	event.SetDescription(text.Fill(r.words.Calendar.Description,
		"cmk", r.keyID, "region", r.region, "time", r.expires.Format("2006-01-02 15:04"), "console", r.page))
	alarm := event.AddAlarm()
	alarm.SetAction(ics.ActionDisplay)
	alarm.SetTrigger("PT0S")
	alarm.SetDescription(summary)
}

// sequenceEpoch is the start of 2026 in Unix seconds. A SEQUENCE that counts from there fits into
// 31 bits until 2094.
const sequenceEpoch = 1767225600
