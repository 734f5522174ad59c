package console_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"keyferry/server/console"
)

// download asks for a calendar file and expects to get one.
func (s *site) download(t *testing.T, expires time.Time, remind, language string) answer {
	t.Helper()
	form := url.Values{"KeyId": {keyID()}, "KeyMaterialExpireUnix": {fmt.Sprint(expires.Unix())}, "Remind": {remind}}
	a := s.do(t, http.MethodPost, "/"+language+"/calendar", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	if a.status != http.StatusOK || a.header.Get("Content-Type") != "text/calendar; charset=utf-8" {
		t.Fatalf("answered %d %s", a.status, a.body)
	}
	return a
}

// events reads a calendar file as RFC 5545, 3.1, has it, and returns the properties of each event
// by name. Alarms are not part of them.
func events(t *testing.T, file string) []map[string]string {
	t.Helper()
	for line := range strings.SplitSeq(strings.TrimSuffix(file, "\r\n"), "\r\n") {
		if len(line) > 75 || strings.ContainsAny(line, "\r\n") || !utf8.ValidString(line) {
			t.Errorf("a line of %d bytes: %q", len(line), line)
		}
	}
	if !strings.HasSuffix(file, "\r\n") {
		t.Error("the last line has no end")
	}
	var all []map[string]string
	alarm := false
	for line := range strings.SplitSeq(strings.ReplaceAll(file, "\r\n ", ""), "\r\n") {
		name, value, _ := strings.Cut(line, ":")
		switch {
		case line == "BEGIN:VEVENT":
			all = append(all, map[string]string{})
		case line == "BEGIN:VALARM", line == "END:VALARM":
			alarm = line == "BEGIN:VALARM"
		case alarm:
			name = "VALARM " + name
			fallthrough
		case len(all) > 0:
			all[len(all)-1][name] = value
		}
	}
	return all
}

func TestCalendar(t *testing.T) {
	s := newSite(t, nil)
	expires := time.Now().AddDate(0, 3, 0).UTC().Truncate(time.Second)
	for language, words := range map[string]string{"zh-CN": "密钥材料", "en": "Key material of"} {
		a := s.download(t, expires, "1, 30，7", language)
		if got, want := a.header.Get("Content-Disposition"), `attachment; filename="keyferry-`+keyID()+`.ics"`; got != want {
			t.Errorf("Content-Disposition is %s, want %s", got, want)
		}
		all := events(t, a.body)
		if len(all) != 4 {
			t.Fatalf("%d events, want one for the expiry and one for each lead time:\n%s", len(all), a.body)
		}
		for i, days := range []int{0, 1, 7, 30} {
			const form = "20060102T150405Z"
			event, start := all[i], expires.AddDate(0, 0, -days)
			if event["DTSTART"] != start.Format(form) || event["DTEND"] <= event["DTSTART"] {
				t.Errorf("%d days before: from %s to %s, want %s", days, event["DTSTART"], event["DTEND"], start.Format(form))
			}
			if !strings.Contains(event["SUMMARY"], keyID()) || !strings.Contains(event["SUMMARY"], words) {
				t.Errorf("%d days before: it is called %q", days, event["SUMMARY"])
			}
			if days > 0 && !strings.Contains(event["SUMMARY"], expires.Format("2006-01-02")) {
				t.Errorf("%d days before: %q does not say when it expires", days, event["SUMMARY"])
			}
			if !strings.Contains(event["DESCRIPTION"], s.URL+"/reimport?KeyId="+keyID()) {
				t.Errorf("%d days before: it does not lead back: %q", days, event["DESCRIPTION"])
			}
			if event["VALARM TRIGGER"] != "PT0S" || event["VALARM ACTION"] != "DISPLAY" || event["VALARM DESCRIPTION"] == "" {
				t.Errorf("%d days before: the alarm is %v", days, event)
			}
		}
	}
	if s.calls.Load() != 0 {
		t.Error("the KMS was asked")
	}
}

// After a new import, the events of the new file replace those of the old one: same UIDs, higher
// SEQUENCE.
func TestCalendarAfterANewImport(t *testing.T) {
	s := newSite(t, nil)
	old := events(t, s.download(t, time.Now().AddDate(0, 3, 0), "30,7", "en").body)
	began := time.Now().Unix()
	for time.Now().Unix() == began { // SEQUENCE counts seconds
		<-time.After(20 * time.Millisecond)
	}
	next := events(t, s.download(t, time.Now().AddDate(1, 0, 0), "30,7", "zh-CN").body)
	if len(old) != 3 || len(next) != 3 {
		t.Fatalf("%d and %d events", len(old), len(next))
	}
	uids := map[string]bool{}
	for i := range old {
		before, err := strconv.ParseInt(old[i]["SEQUENCE"], 10, 32)
		after, err2 := strconv.ParseInt(next[i]["SEQUENCE"], 10, 32)
		if old[i]["UID"] != next[i]["UID"] || err != nil || err2 != nil || after <= before || old[i]["DTSTART"] == next[i]["DTSTART"] {
			t.Errorf("%v is not replaced by %v", old[i], next[i])
		}
		uids[old[i]["UID"]] = true
	}
	if len(uids) != 3 {
		t.Errorf("the UIDs are %v", uids)
	}
}

// A lead time that has passed has no event, and an event for the expiry is always there.
func TestCalendarOfAShortTime(t *testing.T) {
	s := newSite(t, nil)
	all := events(t, s.download(t, time.Now().AddDate(0, 0, 10), "1,7,30,365", "en").body)
	var uids []string
	for _, event := range all {
		uids = append(uids, event["UID"])
	}
	if want := []string{keyID() + "@keyferry", keyID() + "-1d@keyferry", keyID() + "-7d@keyferry"}; !slices.Equal(uids, want) {
		t.Errorf("the events are %v, want %v", uids, want)
	}
}

// The link back has the scheme that a proxy names, and no other word of its header.
func TestCalendarLink(t *testing.T) {
	s := newSite(t, func(c *console.Config) { c.Hosts = []string{"kf.example"} })
	for proto, want := range map[string]string{"": "http", "https": "https", "http": "http", "javascript": "http", "https\tx": "http"} {
		form := url.Values{"KeyId": {keyID()}, "KeyMaterialExpireUnix": {"4000000000"}, "Remind": {"7"}}
		a := s.do(t, http.MethodPost, "/en/calendar", form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Host", "KF.example:8443", "X-Forwarded-Proto", proto)
		if link := want + "://kf.example:8443/reimport?KeyId=" + keyID(); !strings.Contains(strings.ReplaceAll(a.body, "\r\n ", ""), " "+link) {
			t.Errorf("X-Forwarded-Proto %q: no %s in\n%s", proto, link, a.body)
		}
	}
}

func TestCalendarRefuses(t *testing.T) {
	s := newSite(t, nil)
	later := fmt.Sprint(time.Now().Add(time.Hour).Unix())
	for _, test := range []struct{ key, expires, remind, code string }{
		{"a/b", later, "1", "Console.KeyId"},
		{"k\r\nATTENDEE:x", later, "1", "Console.KeyId"},
		{keyID(), "", "1", "Console.ExpireUnix"},
		{keyID(), "0", "1", "Console.ExpireUnix"},
		{keyID(), "-1", "1", "Console.ExpireUnix"},
		{keyID(), "+1", "1", "Console.ExpireUnix"},
		{keyID(), "1e12", "1", "Console.ExpireUnix"},
		{keyID(), "soon", "1", "Console.ExpireUnix"},
		{keyID(), fmt.Sprint(time.Now().Unix() - 1), "1", "Console.ExpireUnix"},
		{keyID(), fmt.Sprint(time.Now().Add(time.Hour).UnixMilli()), "1", "Console.ExpireFar"},
		{keyID(), "253402300800", "1", "Console.ExpireFar"},
		{keyID(), "9223372036854775807", "1", "Console.ExpireFar"},
		{keyID(), "9223372036854775808", "1", "Console.ExpireFar"},
		{keyID(), strings.Repeat("9", 60), "1", "Console.ExpireFar"},
		{keyID(), later, "", "Console.Remind"},
		{keyID(), later, "0", "Console.Remind"},
		{keyID(), later, "366", "Console.Remind"},
		{keyID(), later, "1,2,3,4,5,6,7,8,9,10,11", "Console.Remind"},
		{keyID(), later, "1;DROP", "Console.Remind"},
	} {
		form := url.Values{"KeyId": {test.key}, "KeyMaterialExpireUnix": {test.expires}, "Remind": {test.remind}}
		a := s.do(t, http.MethodPost, "/en/calendar", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
		if a.status != http.StatusBadRequest || a.failure(t).Code != test.code {
			t.Errorf("%v: answered %d %s, want %s", test, a.status, a.body, test.code)
		}
	}
}

// An event that would end after the year 9999 has no end.
func TestCalendarOfTheLastYear(t *testing.T) {
	s := newSite(t, nil)
	for expires, want := range map[int64]string{253402300799: "", 253402300799 - 899: "", 253402300799 - 900: "99991231T235959Z"} {
		event := events(t, s.download(t, time.Unix(expires, 0), "365", "en").body)[0]
		if start := time.Unix(expires, 0).UTC().Format("20060102T150405Z"); event["DTSTART"] != start || event["DTEND"] != want {
			t.Errorf("it is written as %v, want from %s to %q", event, start, want)
		}
	}
}
