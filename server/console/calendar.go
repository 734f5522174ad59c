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
)

// calendar answers with a calendar file (RFC 5545) for the expiry of imported key material: one event, and a reminder
// for each of the chosen lead times. The server knows the CMK and the expiry already, since both pass it with the import.
func (c *console) calendar(e echo.Context) error {
	e.Request().Body = http.MaxBytesReader(e.Response(), e.Request().Body, maxBody)
	if e.Request().ParseForm() != nil {
		return errMalformed
	}
	form := e.Request().PostForm
	keyID := form.Get("KeyId")
	if !keyIDs.MatchString(keyID) {
		return errKeyID
	}
	unix, err := strconv.ParseInt(form.Get("KeyMaterialExpireUnix"), 10, 64)
	if err != nil || unix <= time.Now().Unix() || unix > maxTimeUnix {
		return errExpireUnix
	}
	days, ok := leadTimes(form.Get("Remind"))
	if !ok {
		return errRemind
	}
	body := reminders(language(e.Request()), keyID, c.Region, time.Unix(unix, 0), days, e.Scheme()+"://"+e.Request().Host)
	e.Response().Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="keyferry-%s.ics"`, keyID))
	return e.Blob(http.StatusOK, "text/calendar; charset=utf-8", []byte(body))
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

// reminders writes the calendar. The event's identity follows from the CMK and the moment, so that importing the file
// twice gives one event.
func reminders(words *text.Catalogue, keyID, region string, expires time.Time, days []int, console string) string {
	what := text.Fill(words.Calendar.Summary, "cmk", keyID)
	calendar := ics.NewCalendarFor("Keyferry")
	calendar.SetMethod(ics.MethodPublish)
	event := calendar.AddEvent(fmt.Sprintf("%s-%d@keyferry", keyID, expires.Unix()))
	event.SetDtStampTime(time.Now())
	event.SetStartAt(expires)
	event.SetDuration(0)
	event.SetSummary(what)
	event.SetDescription(text.Fill(words.Calendar.Description,
		"cmk", keyID, "region", region, "time", expires.UTC().Format("2006-01-02 15:04"), "console", console+"/reimport?KeyId="+keyID))
	for _, day := range days {
		alarm := event.AddAlarm()
		alarm.SetAction(ics.ActionDisplay)
		alarm.SetTrigger(fmt.Sprintf("-P%dD", day))
		alarm.SetDescription(what)
	}
	return calendar.Serialize()
}
