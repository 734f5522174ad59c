package reminders_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"keyferry/server/reminders"
	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

// A child process is this test binary again, told by variables where to work and where to die.
const (
	childURL   = "KEYFERRY_TEST_URL"
	childFiles = "KEYFERRY_TEST_FILES"
	childMail  = "KEYFERRY_TEST_MAIL" // address and file of its certificate
	childHooks = "KEYFERRY_TEST_HOOKS"
	childTime  = "KEYFERRY_TEST_TIME"
	childDies  = "KEYFERRY_TEST_DIES" // a point, or "anywhere"
)

func (w *world) child(dies string) *exec.Cmd {
	command := exec.CommandContext(w.t.Context(), os.Args[0], "-test.run=^TestChild$", "-test.count=1")
	command.Env = append(os.Environ(), childURL+"="+w.url, childFiles+"="+w.folder, childMail+"="+w.mail.address+" "+w.mail.caFile,
		childHooks+"="+w.hooks.url, childTime+"="+w.clock.now().Format(time.RFC3339Nano), childDies+"="+dies)
	return command
}

// TestChild plans and sends once in a child process, and does nothing in this one.
func TestChild(t *testing.T) {
	if os.Getenv(childURL) == "" {
		return
	}
	server, certificate, _ := strings.Cut(os.Getenv(childMail), " ")
	w := &world{
		t: t, url: os.Getenv(childURL), folder: os.Getenv(childFiles), clock: &clock{}, log: &bytes.Buffer{},
		mail: &mailServer{address: server, caFile: certificate}, hooks: &hookServer{url: os.Getenv(childHooks)},
	}
	var err error
	if w.clock.fixed, err = time.Parse(time.RFC3339Nano, os.Getenv(childTime)); err != nil {
		t.Fatal(err)
	}
	w.open()
	dies := os.Getenv(childDies)
	w.round(w.reminders(func(c *reminders.Config) {
		c.Faults = func(point string) {
			if point == dies || dies == "anywhere" && rand.N(10) == 0 {
				syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {}
			}
		}
	}))
}

// killed reports whether a child was killed by itself.
func killed(t *testing.T, command *exec.Cmd) bool {
	t.Helper()
	output, err := command.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL {
		return true
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return false
}

// A process that is killed before it sends, or between sending and recording that, leaves nobody
// untold, and nobody is told twice on a day. What may have arrived comes on the next day, as the
// same message.
func TestKilledAroundSending(t *testing.T) {
	if testing.Short() {
		t.Skip("kills processes")
	}
	for _, point := range reminders.Points {
		t.Run(point, func(t *testing.T) {
			each(t, func(w *world) {
				w.service = w.reminders(func(c *reminders.Config) { c.Webhooks = nil })
				w.imports(nthKey(0), "tests/a", w.clock.now().Add(29*day))
				if !killed(w.t, w.child(point)) {
					w.t.Fatal("the child was not killed")
				}
				first := w.mail.arrived()
				w.hooks.arrived()
				if want := map[string]int{"taken": 0, "sent": 1}[point]; len(first) > want {
					w.t.Fatalf("killed at %s, %d mails", point, len(first))
				}
				w.round()
				w.clock.advance(10 * time.Minute) // the lease has ended
				w.round()
				if again := w.mail.arrived(); len(again) != 0 && len(first) != 0 {
					w.t.Error("somebody is told twice on a day")
				}
				w.clock.advance(day)
				w.round()
				w.round()
				second := w.mail.arrived()
				if len(first)+len(second) == 0 || len(second) > 1 {
					w.t.Fatalf("in the end %d and %d mails arrived", len(first), len(second))
				}
				if len(first) > 0 && len(second) > 0 && first[0].id != second[0].id {
					w.t.Errorf("the mails have the ids %s and %s", first[0].id, second[0].id)
				}
				if n := w.count("SELECT COUNT(*) FROM outbox WHERE channel = 'mail' AND (due > 0 OR sent = 0)"); n != 0 {
					w.t.Errorf("%d messages are left", n)
				}
			})
		})
	}
}

// Two consoles share the outbox, and one is killed again and again: everybody is told at least
// once, and nobody twice on a day.
func TestOneOfTwoReplicasIsKilledAgainAndAgain(t *testing.T) {
	if testing.Short() {
		t.Skip("starts PostgreSQL and many processes")
	}
	w := newWorld(t, storetest.URL(t, store.Postgres))
	const n = 40
	for i := range n {
		w.imports(nthKey(i), "tests/many", w.clock.now().Add(29*day))
	}
	told := map[string]map[int]int{} // by key, how often on which day
	deaths := 0
	for round := range 6 {
		for range 4 {
			if round < 4 && killed(t, w.child("anywhere")) {
				deaths++
			}
			if round%2 == 1 {
				w.round() // the steady one
			}
			w.clock.advance(3 * time.Minute)
		}
		for _, m := range w.mail.arrived() {
			for i := range n {
				if strings.Contains(m.subject, nthKey(i)) {
					if told[nthKey(i)] == nil {
						told[nthKey(i)] = map[int]int{}
					}
					told[nthKey(i)][round]++
				}
			}
		}
		w.clock.advance(day)
	}
	for i := range n {
		days := told[nthKey(i)]
		if len(days) == 0 {
			t.Errorf("nobody was told of %s", nthKey(i))
		}
		for on, times := range days {
			if times > 1 {
				t.Errorf("%s: told %d times on day %d", nthKey(i), times, on)
			}
		}
	}
	if deaths < 4 {
		t.Errorf("it was killed only %d times", deaths)
	}
	t.Logf("%d keys, one of two consoles was killed %d times", n, deaths)
}

// Several consoles at once tell everybody once.
func TestReplicasShareTheOutbox(t *testing.T) {
	each(t, func(w *world) {
		const n = 12
		for i := range n {
			w.imports(nthKey(i), "tests/many", w.clock.now().Add(29*day))
		}
		replicas := []*reminders.Service{w.service, w.reminders(), w.reminders(), w.reminders()}
		w.round(replicas...)
		w.round(replicas...)
		if m, h := len(w.mail.arrived()), len(w.hooks.arrived()); m != n || h != 5*n {
			w.t.Errorf("%d mails and %d webhooks, want %d and %d", m, h, n, 5*n)
		}
		if left, _, err := w.service.Waiting(w.t.Context()); left != 0 || err != nil {
			w.t.Errorf("%d wait, %v", left, err)
		}
	})
}
