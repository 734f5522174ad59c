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
	words, expires := language(e.Request()), time.Unix(unix, 0).UTC()
	file := newCalendar()
	reminders{
		uid: keyID, expires: expires, now: time.Now().UTC(),
		summary:  text.Fill(words.Calendar.Summary, "cmk", keyID),
		reminder: text.Fill(words.Calendar.Reminder, "cmk", keyID, "time", expires.Format("2006-01-02")),
		description: text.Fill(words.Calendar.Description, "cmk", keyID, "region", c.Region,
			"time", expires.Format("2006-01-02 15:04"), "console", pageAddress(e)+"/reimport?KeyId="+keyID),
	}.addTo(file, days)
	return sendCalendar(e, file, "keyferry-"+keyID)
}

// pageAddress is the address of the console as the browser has it.
func pageAddress(e echo.Context) string { return scheme(e.Request()) + "://" + e.Request().Host }

func sendCalendar(e echo.Context, file *ics.Calendar, name string) error {
	e.Response().Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s.ics"`, name))
	return e.Blob(http.StatusOK, "text/calendar; charset=utf-8", []byte(file.Serialize(ics.WithNewLineWindows)))
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

// reminders is what a calendar file says of one expiry.
type reminders struct {
	uid                            string    // of the events, which stays the same when material is imported again
	expires, now                   time.Time // in UTC
	summary, reminder, description string
}

func newCalendar() *ics.Calendar {
	file := ics.NewCalendarFor("Keyferry")
	file.SetMethod(ics.MethodPublish)
	return file
}

// addTo adds the events to a file, whose lines end in CRLF and have at most 75 bytes. Each lead time
// has an event of its own, since Google Calendar leaves out the alarms of imported events, and
// Outlook takes one at most. A lead time that has passed has none.
func (r reminders) addTo(file *ics.Calendar, days []int) {
	r.add(file, 0, r.summary)
	for _, day := range days {
		if r.expires.AddDate(0, 0, -day).After(r.now) {
			r.add(file, day, r.reminder)
		}
	}
}

// eventLength is how long each event lasts. An event without any length is left out by some
// programs.
const eventLength = 15 * time.Minute

// add adds the event of some days before the expiry, with an alarm at its start. Its UID follows
// from the CMK and the number of days, and its SEQUENCE rises with the time of writing (RFC 5545,
// 3.8.7.4): when the material was imported again, the file of the new expiry replaces the events of
// the old one.
func (r reminders) add(file *ics.Calendar, days int, summary string) {
	uid := r.uid + "@keyferry"
	if days > 0 {
		uid = fmt.Sprintf("%s-%dd@keyferry", r.uid, days)
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
	event.SetDescription(r.description)
	alarm := event.AddAlarm()
	alarm.SetAction(ics.ActionDisplay)
	alarm.SetTrigger("PT0S")
	alarm.SetDescription(summary)
}

// sequenceEpoch is the start of 2026 in Unix seconds. A SEQUENCE that counts from there fits into
// 31 bits until 2094.
const sequenceEpoch = 1767225600
