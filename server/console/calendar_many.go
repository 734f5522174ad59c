package console

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"keyferry/components/text"
	"keyferry/server/kms"
)

// Limits of a set of CMKs.
const (
	maxSet         = 5000
	maxSetBody     = 1 << 20 // of the form: twice what the largest set needs
	maxSetListed   = 50      // CMKs that an entry names
	calendarOfDays = "2006-01-02"
)

// expiring is the CMKs whose key material expires on one day, and when the first does.
type expiring struct {
	cmks  []string
	first int64
}

// calendarOfSet answers with a calendar file for many CMKs: one entry for each day (of UTC) on which
// key material expires, and not one for each CMK.
func (c *console) calendarOfSet(e echo.Context) error {
	e.Request().Body = http.MaxBytesReader(e.Response(), e.Request().Body, maxSetBody)
	if e.Request().ParseForm() != nil {
		return errMalformed
	}
	form := e.Request().PostForm
	byDay, err := readExpiries(form.Get("Keys"))
	if err != nil {
		return err
	}
	days, ok := leadTimes(form.Get("Remind"))
	if !ok {
		return errRemind
	}
	words, now := language(e.Request()), time.Now().UTC()
	file := newCalendar()
	for _, day := range slices.Sorted(maps.Keys(byDay)) {
		c.remindOfDay(e, words, byDay[day], now).addTo(file, days)
	}
	return sendCalendar(e, file, "keyferry-"+now.Format(calendarOfDays))
}

// remindOfDay is the entry of one day. Its UID follows from the CMKs, so that the file of a later
// expiry of the same CMKs replaces it.
func (c *console) remindOfDay(e echo.Context, words *text.Catalogue, set *expiring, now time.Time) reminders {
	slices.Sort(set.cmks)
	sum := sha256.Sum256([]byte(strings.Join(set.cmks, "\n")))
	listed := set.cmks
	if len(listed) > maxSetListed {
		listed = append(slices.Clone(listed[:maxSetListed]), "…")
	}
	expires, count := time.Unix(set.first, 0).UTC(), strconv.Itoa(len(set.cmks))
	return reminders{
		uid: hex.EncodeToString(sum[:12]), expires: expires, now: now,
		summary:  text.Fill(words.Many.CalendarSummary, "count", count),
		reminder: text.Fill(words.Many.CalendarReminder, "count", count, "time", expires.Format(calendarOfDays)),
		description: text.Fill(words.Many.CalendarDescription, "count", count, "region", c.Region,
			"time", expires.Format("2006-01-02 15:04"), "console", pageAddress(e)+"/many", "cmks", strings.Join(listed, "\n")),
	}
}

// readExpiries reads lines of a CMK's ID and a time of expiry, by day.
func readExpiries(text string) (map[string]*expiring, error) {
	byDay, seen := map[string]*expiring{}, map[string]bool{}
	for line := range strings.Lines(text) {
		keyID, digits, _ := strings.Cut(strings.TrimSpace(line), " ")
		if !kms.KeyIDs.MatchString(keyID) || seen[keyID] || len(seen) == maxSet {
			return nil, errKeyID
		}
		seen[keyID] = true
		unix, err := wholeNumber(digits)
		if err != nil {
			return nil, err
		}
		if err := checkExpiry(unix); err != nil {
			return nil, err
		}
		day := time.Unix(unix, 0).UTC().Format(calendarOfDays)
		if byDay[day] == nil {
			byDay[day] = &expiring{first: unix}
		}
		byDay[day].cmks = append(byDay[day].cmks, keyID)
		byDay[day].first = min(byDay[day].first, unix)
	}
	if len(byDay) == 0 {
		return nil, errKeyID
	}
	return byDay, nil
}
