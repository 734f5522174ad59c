package reminders_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"mime/quotedprintable"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keyferry/server/reminders"
	"keyferry/server/requests"
)

func readBody(m *mail.Message) (string, error) {
	var r io.Reader = m.Body
	switch strings.ToLower(m.Header.Get("Content-Transfer-Encoding")) {
	case "quoted-printable":
		r = quotedprintable.NewReader(r)
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, r)
	}
	text, err := io.ReadAll(r)
	return string(text), err
}

// More than a year in one run, six hours at a time, with two consoles: everybody concerned gets one
// mail at each lead time, and so does each webhook.
func TestAYearInOneRun(t *testing.T) {
	each(t, func(w *world) {
		w.signedIn(rita, ira)
		start := w.clock.now()
		w.imports(nthKey(0), "tests/expires", start.Add(100*day))
		w.imports(nthKey(1), "tests/lasts", time.Time{})
		second := w.reminders()
		type told struct {
			day     int
			to, key string
		}
		var got []told
		hooks := map[string]int{}
		drills := 0
		step := 6 * time.Hour
		if testing.Short() {
			step = day
		}
		for range 370 * day / step {
			w.clock.advance(step)
			if w.clock.now().Hour() == 6 { // hourly in a console; once a day is enough here
				if err := w.requests.KeepUp(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			w.round(w.service, second)
			today := int(w.clock.now().Sub(start) / day)
			for _, m := range w.mail.arrived() {
				key := nthKey(0)
				if !strings.Contains(m.subject, key) {
					key = nthKey(1)
				}
				if strings.Contains(m.subject, "Drill") {
					drills++
					continue
				}
				got = append(got, told{today, m.to, key})
			}
			for _, p := range w.hooks.arrived() {
				hooks[p.kind]++
			}
		}
		var want []told
		for _, on := range []int{10, 70, 93, 99} {
			want = append(want, told{on, "ira@example.com", nthKey(0)}, told{on, "rita@example.com", nthKey(0)})
		}
		slices.SortStableFunc(got, func(a, b told) int {
			if a.day != b.day {
				return a.day - b.day
			}
			return strings.Compare(a.to, b.to)
		})
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(told{})); diff != "" {
			w.t.Errorf("who was told when (-want +got):\n%s", diff)
		}
		if drills != 2*4 { // both keys, to their importer, 30, 7 and 1 days before, and when it was missed
			w.t.Errorf("%d mails about drills, want 8", drills)
		}
		for kind, n := range hooks {
			if n != 4+2*4 {
				w.t.Errorf("%s got %d messages, want 12", kind, n)
			}
		}
		if len(hooks) != 5 {
			w.t.Errorf("these got messages: %v", hooks)
		}
		if n := w.count("SELECT COUNT(*) FROM outbox WHERE address <> '' OR body <> '' OR due > 0"); n != 0 {
			w.t.Errorf("%d messages are kept after they were sent", n)
		}
	})
}

// What people read: the date, how to import again, and in both languages. Nothing secret.
func TestWhatAMailSays(t *testing.T) {
	each(t, func(w *world) {
		w.service = w.reminders(func(c *reminders.Config) {
			c.To, c.Zone = []string{"ops@example.com", "IRA@example.com"}, time.FixedZone("CST", 8*3600)
		})
		expires := w.clock.now().Add(29*day + time.Hour)
		w.imports(nthKey(0), "tests/支付", expires)
		w.round()
		got := w.mail.arrived()
		if len(got) != 2 { // ira is named twice and told once
			t.Fatalf("%d mails", len(got))
		}
		m := got[0]
		for _, want := range []string{"expires in 30 days", "将在 30 天后过期"} {
			if !strings.Contains(m.subject, want) {
				w.t.Errorf("the subject %q lacks %q", m.subject, want)
			}
		}
		for _, want := range []string{
			nthKey(0), "tests/支付", kcvOne, "Imported by ira", console + "/keys?KeyId=" + nthKey(0), expires.UTC().Format("2006-01-02 15:04") + " UTC",
			expires.In(time.FixedZone("CST", 8*3600)).Format("2006-01-02 15:04") + " CST", "重新导入相同的密钥材料",
		} {
			if !strings.Contains(m.text, want) {
				w.t.Errorf("the text lacks %q:\n%s", want, m.text)
			}
		}
		if !strings.Contains(m.raw, "Auto-Submitted: auto-generated") || strings.Contains(m.raw, commitment) {
			w.t.Errorf("the mail is\n%s", m.raw)
		}
	})
}

// Whoever may not import any more is not reminded to, nor is whoever may not see the key; others
// are.
func TestNobodyIsRemindedOfWhatTheyMayNotDo(t *testing.T) {
	each(t, func(w *world) {
		w.signedIn(rita, ira)
		w.imports(nthKey(0), "tests/a", w.clock.now().Add(29*day))
		w.setPolicy(strings.ReplaceAll(policies, `"payments", action == Action::"import"`, `"others", action == Action::"import"`))
		w.round()
		if got := recipients(w.mail.arrived()); !slices.Equal(got, []string{"rita@example.com"}) {
			w.t.Errorf("after the importer may not import, %v are told", got)
		}
		w.setPolicy(`forbid (principal, action, resource);`)
		w.clock.advance(25 * day)
		w.round()
		if got := recipients(w.mail.arrived()); len(got) != 0 {
			w.t.Errorf("after everything is forbidden, %v are told", got)
		}
		if got := w.hooks.arrived(); len(got) != 2*5 {
			w.t.Errorf("webhooks got %d messages, want 10", len(got))
		}
	})
}

func recipients(letters []letter) []string {
	var to []string
	for _, l := range letters {
		to = append(to, l.to)
	}
	slices.Sort(to)
	return to
}

// Those who can agree are asked to, once for each submission. Nobody else is: not who requested or
// imported, though they are in the group, nor somebody of another group.
func TestApproversAreReminded(t *testing.T) {
	each(t, func(w *world) {
		olga, otto := directory("olga", "officers"), directory("otto", "kitchen", "officers")
		both := directory("ira", "officers", "payments") // who imports
		also := directory("rita", "officers", "platform")
		w.signedIn(olga, otto, both, also, directory("sam", "security"), directory("offi", `officers of another kind`))
		v := w.imports(nthKey(0), "agreed/a", time.Time{})
		w.round()
		got := w.mail.arrived()
		if want := []string{"olga@example.com", "otto@example.com"}; !slices.Equal(recipients(got), want) {
			w.t.Fatalf("asked to agree are %v, want %v", recipients(got), want)
		}
		if !strings.Contains(got[0].text, console+"/request?id="+v.ID) || !strings.Contains(got[0].text, "ira") {
			w.t.Errorf("they read\n%s", got[0].text)
		}
		w.round()
		w.clock.advance(time.Hour)
		w.round()
		if again := w.mail.arrived(); len(again) != 0 {
			w.t.Errorf("they are asked again: %v", recipients(again))
		}
		w.mail.setRefusal(temporary)
		w.submits(v.ID, w.clock.now().Add(50*day)) // other bytes
		w.round()
		w.mail.setRefusal(nil)
		if _, err := w.requests.Cancel(w.as(rita), v.ID, ""); err == nil {
			w.t.Fatal("rita may cancel")
		}
		if _, err := w.requests.Refuse(w.as(olga), v.ID, "no"); err != nil {
			w.t.Fatal(err)
		}
		w.clock.advance(time.Hour)
		w.round()
		if late := w.mail.arrived(); len(late) != 0 {
			w.t.Errorf("they are asked after the request was refused: %v", recipients(late))
		}
	})
}

// After the key was imported again nobody is told of the old date, not even by a message that
// waited for the mail server.
func TestARenewedKeyIsNotReminded(t *testing.T) {
	each(t, func(w *world) {
		w.imports(nthKey(0), "tests/a", w.clock.now().Add(7*day))
		w.mail.setRefusal(temporary)
		w.round()
		w.mail.setRefusal(nil)
		v, err := w.requests.Renew(w.as(ira), region, nthKey(0))
		if err != nil {
			w.t.Fatal(err)
		}
		if v = w.submits(v.ID, w.clock.now().Add(300*day)); v.State != requests.Imported {
			w.t.Fatalf("the renewal is %s", v.State)
		}
		for range 10 {
			w.clock.advance(day)
			w.round()
		}
		if late := w.mail.arrived(); len(late) != 0 {
			w.t.Errorf("somebody is told of the old date: %s", late[0].subject)
		}
	})
}

// A console that was off for months tells once, of the lead time that counts now; others lead times
// after a restart tell nobody twice on a day.
func TestAfterALongPause(t *testing.T) {
	each(t, func(w *world) {
		w.imports(nthKey(0), "tests/a", w.clock.now().Add(100*day))
		w.clock.advance(95 * day)
		w.round()
		if got := w.mail.arrived(); len(got) != 1 || !strings.Contains(got[0].subject, "in 5 days") {
			w.t.Fatalf("after the pause: %v", got)
		}
		w.service = w.reminders(func(c *reminders.Config) { c.Leads, _ = reminders.ParseLeads("6d,5d,0d") })
		if err := w.db.Write(t.Context(), w.requests.RemindAnew); err != nil {
			w.t.Fatal(err)
		}
		w.round()
		if got := w.mail.arrived(); len(got) != 0 {
			w.t.Errorf("after the restart: %s", got[0].subject)
		}
		w.clock.advance(5*day + time.Hour)
		w.round()
		if got := w.mail.arrived(); len(got) != 1 || !strings.Contains(got[0].subject, "has expired") {
			w.t.Errorf("when it has expired: %v", got)
		}
	})
}

func TestLeads(t *testing.T) {
	for list, want := range map[string]string{
		"90d,30d,7d,1d": "[24h0m0s 168h0m0s 720h0m0s 2160h0m0s]", " 1d , 1d": "[24h0m0s]", "0d": "[0s]",
		"": "", "7": "", "1.5d": "", "-1d": "", "7d,": "", "4000d": "", "d": "", "90d;30d": "",
		"1d,2d,3d,4d,5d,6d,7d,8d,9d,10d,11d,12d,13d,14d,15d,16d,17d,18d,19d,20d,21d": "",
	} {
		got, err := reminders.ParseLeads(list)
		if said := fmt.Sprint(got); (err == nil) != (want != "") || err == nil && said != want {
			t.Errorf("ParseLeads(%q) = %s, %v, want %q", list, said, err, want)
		}
	}
}
