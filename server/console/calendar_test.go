package console_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"
)

func TestCalendar(t *testing.T) {
	s := newSite(t, nil)
	expires := time.Now().AddDate(0, 3, 0).Truncate(time.Second)
	form := url.Values{"KeyId": {keyID()}, "KeyMaterialExpireUnix": {fmt.Sprint(expires.Unix())}, "Remind": {"1, 30，7"}}
	a := s.do(t, http.MethodPost, "/calendar", form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Accept-Language", "zh-CN")
	if a.status != http.StatusOK || a.header.Get("Content-Type") != "text/calendar; charset=utf-8" {
		t.Fatalf("answered %d %s", a.status, a.body)
	}
	if got, want := a.header.Get("Content-Disposition"), `attachment; filename="keyferry-`+keyID()+`.ics"`; got != want {
		t.Errorf("Content-Disposition is %s, want %s", got, want)
	}
	calendar, err := ics.ParseCalendar(strings.NewReader(a.body))
	if err != nil || len(calendar.Events()) != 1 {
		t.Fatalf("the calendar cannot be read: %v\n%s", err, a.body)
	}
	event := calendar.Events()[0]
	if start, err := event.GetStartAt(); err != nil || !start.Equal(expires) {
		t.Errorf("the event is at %v (%v), want %v", start, err, expires)
	}
	if summary := event.GetProperty(ics.ComponentPropertySummary).Value; !strings.Contains(summary, keyID()) || !strings.Contains(summary, "密钥材料") {
		t.Errorf("the event is called %q", summary)
	}
	if what := event.GetProperty(ics.ComponentPropertyDescription).Value; !strings.Contains(what, s.URL+"/reimport?KeyId="+keyID()) {
		t.Errorf("the event does not lead back: %q", what)
	}
	var triggers []string
	for _, alarm := range event.Alarms() {
		triggers = append(triggers, alarm.GetProperty(ics.ComponentPropertyTrigger).Value)
	}
	if fmt.Sprint(triggers) != "[-P1D -P7D -P30D]" {
		t.Errorf("the reminders are %v", triggers)
	}
	if s.calls.Load() != 0 {
		t.Error("the KMS was asked")
	}
}

func TestCalendarRefuses(t *testing.T) {
	s := newSite(t, nil)
	later := fmt.Sprint(time.Now().Add(time.Hour).Unix())
	for _, test := range []struct{ key, expires, remind, code string }{
		{"a/b", later, "1", "Console.KeyId"},
		{"k\r\nATTENDEE:x", later, "1", "Console.KeyId"},
		{keyID(), "0", "1", "Console.ExpireUnix"},
		{keyID(), "soon", "1", "Console.ExpireUnix"},
		{keyID(), later, "", "Console.Remind"},
		{keyID(), later, "0", "Console.Remind"},
		{keyID(), later, "366", "Console.Remind"},
		{keyID(), later, "1,2,3,4,5,6,7,8,9,10,11", "Console.Remind"},
		{keyID(), later, "1;DROP", "Console.Remind"},
	} {
		form := url.Values{"KeyId": {test.key}, "KeyMaterialExpireUnix": {test.expires}, "Remind": {test.remind}}
		a := s.do(t, http.MethodPost, "/calendar", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
		if a.status != http.StatusBadRequest || a.failure(t).Code != test.code {
			t.Errorf("%v: answered %d %s, want %s", test, a.status, a.body, test.code)
		}
	}
}
