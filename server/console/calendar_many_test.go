package console_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestCalendarOfSet asks for the calendar of 600 CMKs that expire on three days: each day has one
// entry and one for each lead time, however many CMKs there are.
func TestCalendarOfSet(t *testing.T) {
	s := newSite(t, nil)
	var lines strings.Builder
	base := time.Date(2031, 3, 1, 12, 0, 0, 0, time.UTC)
	for i := range 600 {
		fmt.Fprintf(&lines, "key-hzz%08d %d\n", i, base.AddDate(0, 0, i%3).Unix()+int64(i))
	}
	ask := func(keys string) (int, string) {
		t.Helper()
		response, err := http.PostForm(s.URL+"/en/calendar/many", url.Values{"Keys": {keys}, "Remind": {"30, 7"}})
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, strings.ReplaceAll(string(body), "\r\n ", "")
	}
	status, file := ask(lines.String())
	if events := strings.Count(file, "BEGIN:VEVENT"); status != 200 || events != 9 {
		t.Errorf("status %d and %d events, want 3 days with 3 each", status, events)
	}
	if !strings.Contains(file, "DTSTART:20310301T120000Z") || !strings.Contains(file, "200 CMKs") || !strings.Contains(file, "/many") {
		t.Errorf("an entry lacks its start, its count or the address of the page:\n%s", file)
	}
	if _, again := ask(lines.String()); uids(again) != uids(file) {
		t.Error("the same CMKs have other UIDs the second time")
	}
	for name, wrong := range map[string]string{
		"nothing":     "",
		"no CMK":      "0123456789abcdef0123456789abcdef 1999999999",
		"one twice":   "key-hzz1 1999999999\nkey-hzz1 1999999999",
		"no expiry":   "key-hzz1 ",
		"never":       "key-hzz1 0",
		"in the past": "key-hzz1 1000000000",
	} {
		if status, _ := ask(wrong); status != 400 {
			t.Errorf("%s: status %d, want 400", name, status)
		}
	}
}

func uids(file string) string {
	var all []string
	for line := range strings.Lines(file) {
		if strings.HasPrefix(line, "UID:") {
			all = append(all, line)
		}
	}
	return strings.Join(all, "")
}
