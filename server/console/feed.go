package console

import (
	"context"
	"net/http"
	"regexp"
	"time"

	ics "github.com/arran4/golang-ical"
	"github.com/labstack/echo/v4"

	"keyferry/components/text"
	"keyferry/server/feeds"
	"keyferry/server/limit"
	"keyferry/server/requests"
)

// Feeds is what the pages need of calendar addresses. Who asks is in the context, but for Open,
// which is for whoever has the address.
type Feeds interface {
	List(ctx context.Context) ([]feeds.Feed, error)
	Make(ctx context.Context, group, language string) (secret string, err error)
	Revoke(ctx context.Context, id string) error
	Open(ctx context.Context, from, secret string) (feeds.Calendar, error)
}

type shownFeed struct{ Id, Group, Made, Until, Read string }

// listFeeds answers with the calendar addresses of the person, without what makes them work.
func (c *console) listFeeds(e echo.Context) error {
	if _, err := asker(e); err != nil {
		return err
	}
	list, err := c.Team.Feeds.List(c.context(e))
	if err != nil {
		return err
	}
	shown := []shownFeed{}
	for _, f := range list {
		shown = append(shown, shownFeed{f.ID, f.Group, stamp(f.Made), stamp(f.Until), stamp(f.Read)})
	}
	return e.JSON(http.StatusOK, struct{ Feeds []shownFeed }{shown})
}

// makeFeed makes an address for the person's keys, or for those of a group. It is shown this once.
func (c *console) makeFeed(e echo.Context) error {
	if _, err := asker(e); err != nil {
		return err
	}
	var group string
	if err := readObject(e, fields{"Group": &group}); err != nil {
		return err
	}
	if !readable(group, maxLine) {
		return errMalformed
	}
	secret, err := c.Team.Feeds.Make(c.context(e), group, language(e.Request()).Tag)
	if err != nil {
		return err
	}
	return e.JSON(http.StatusCreated, struct{ Path string }{"/calendar/" + secret + ".ics"})
}

func (c *console) revokeFeed(e echo.Context) error {
	if _, err := asker(e); err != nil {
		return err
	}
	var id string
	if err := readObject(e, fields{"Id": &id}); err != nil {
		return err
	}
	if !requestIDs.MatchString(id) {
		return errMalformed
	}
	if err := c.Team.Feeds.Revoke(c.context(e), id); err != nil {
		return err
	}
	return e.NoContent(http.StatusNoContent)
}

// feedName is the last part of a calendar's address.
var feedName = regexp.MustCompile(`^([A-Z0-9]{26})\.ics$`)

// feed answers a calendar program with the expiry of keys. Neither log nor error has the address.
func (c *console) feed(e echo.Context) error {
	named := feedName.FindStringSubmatch(e.Param("feed"))
	if named == nil {
		return errNotFound
	}
	shown, err := c.Team.Feeds.Open(c.context(e), limit.Name(e.Request().RemoteAddr), named[1])
	if err == requests.ErrNotFound {
		return errNotFound
	}
	if err != nil {
		return err
	}
	return e.Blob(http.StatusOK, "text/calendar; charset=utf-8", []byte(c.feedFile(e, shown)))
}

// feedFile writes the calendar of a feed: each key's expiry with its lead times, as a single
// calendar file has them, and the drills that are due.
func (c *console) feedFile(e echo.Context, shown feeds.Calendar) string {
	words := text.Match(shown.Language)
	file := newCalendar()
	file.SetXWRCalName(text.Fill(words.Keys.FeedCalendar, "name", shown.Name))
	file.SetRefreshInterval("P1D", ics.WithValue(string(ics.ValueDataTypeDuration)))
	file.SetXPublishedTTL("P1D")
	now := c.now().UTC()
	for _, k := range shown.Keys {
		label := ""
		if k.Label != "" {
			label = " (" + k.Label + ")"
		}
		described := func(at time.Time) string {
			return text.Fill(words.Calendar.Description, "cmk", k.ID, "region", k.Region,
				"time", at.Format("2006-01-02 15:04"), "console", pageAddress(e)+"/keys?KeyId="+k.ID)
		}
		if !k.Expires.IsZero() {
			reminders{
				uid: k.ID, expires: k.Expires, now: now, description: described(k.Expires),
				summary:  text.Fill(words.Keys.FeedSummary, "cmk", k.ID) + label,
				reminder: text.Fill(words.Calendar.Reminder, "cmk", k.ID, "time", k.Expires.Format("2006-01-02")) + label,
			}.addTo(file, inDays(c.Team.Leads))
		}
		if !k.DrillDue.IsZero() && k.DrillDue.Before(now.AddDate(1, 1, 0)) {
			reminders{
				uid: k.ID + "-drill", expires: k.DrillDue, now: now, description: described(k.DrillDue),
				summary: text.Fill(words.Keys.FeedDrill, "cmk", k.ID) + label,
			}.addTo(file, nil)
		}
	}
	return file.Serialize(ics.WithNewLineWindows)
}

// inDays returns lead times in whole days, without those below one.
func inDays(leads []time.Duration) (days []int) {
	for _, lead := range leads {
		if day := int(lead / (24 * time.Hour)); day > 0 {
			days = append(days, day)
		}
	}
	return days
}
