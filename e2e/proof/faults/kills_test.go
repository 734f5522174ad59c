package faults

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
	"keyferry/e2e/proof"
)

// offline takes the browser off the network at each of the four steps of one import.
func (s *survivor) offline(t *testing.T) {
	v, key := s.visit(t)
	var said []string
	without := func(act func() string) {
		v.Do(v.Page.Context().SetOffline(true))
		code := act()
		said = append(said, orNothing(code))
		v.Do(v.Page.Context().SetOffline(false))
	}
	without(func() string {
		v.ChooseCMK(key)
		v.See("[data-step=cmk][data-state=done] [data-summary]", key)
		return ""
	})
	without(func() string { v.Press(v.Words.Params.Get); return failed(v) })
	v.GetParameters("RSAES_OAEP_SHA_256")
	passphrase := v.OfferedPassphrase()
	without(func() string {
		v.Press(v.Words.Material.Prepare)
		return failedOr(v, "[data-part=backup] h3")
	})
	if last := said[len(said)-1]; last != orNothing("") {
		v.Press(v.Words.Material.Prepare)
	}
	backup := v.SaveBackup()
	v.ProveBackup(backup, passphrase)
	without(func() string { v.Send(key); return failed(v) })
	v.Press(v.Words.Import.TryAgain)
	s.accepted(v, key, backup, passphrase)
	survived("browser offline, at steps 1, 2, 3 and 4", strings.Join(said, ", "), "back online, tried again: Enabled")
}

// crash kills the renderer of the page's tab.
func crash(v *browser.Visit) {
	v.T.Helper()
	gone := make(chan struct{})
	v.Page.OnCrash(func(playwright.Page) { close(gone) })
	session, err := v.Page.Context().NewCDPSession(v.Page)
	v.Do(err)
	go session.Send("Page.crash", nil) // never answered
	select {
	case <-gone:
	case <-time.After(20 * time.Second):
		v.T.Fatal("the tab did not crash")
	}
}

// tabKilled kills the tab at each step. Up to the proof of the backup the person starts anew and
// has lost nothing, since nothing was imported; after it the backup brings the same key.
func (s *survivor) tabKilled(t *testing.T) {
	if *proof.Full {
		t.Run("before the backup is proven", s.tabKilledEarly)
		t.Run("step 4, before the import", s.tabKilledProven)
	}
	t.Run("step 4, during the import", func(t *testing.T) {
		v, key := s.visit(t)
		v.ChooseCMK(key)
		v.GetParameters("RSAES_OAEP_SHA_256")
		backup, passphrase := prepared(v)
		v.ProveBackup(backup, passphrase)
		began, release := make(chan struct{}, 1), make(chan struct{})
		s.Proxy.Put("ImportKeyMaterial", func(w http.ResponseWriter, pass func() program.Answered) {
			a := pass()
			began <- struct{}{}
			<-release
			a.Write(w)
		})
		v.Send(key)
		<-began
		crash(v)
		close(release)
		s.Proxy.Put("", nil)
		s.startAgain(t, key, backup, passphrase)
		survived("tab killed while the import was under way", "", "started again from the proven backup: Enabled")
	})
}

func (s *survivor) tabKilledEarly(t *testing.T) {
	for step, upTo := range map[string]func(v *browser.Visit, key string){
		"step 1": func(v *browser.Visit, key string) { v.ChooseCMK(key) },
		"step 2": func(v *browser.Visit, key string) { v.ChooseCMK(key); v.GetParameters("RSAES_OAEP_SHA_256") },
		"step 3": func(v *browser.Visit, key string) {
			v.ChooseCMK(key)
			v.GetParameters("RSAES_OAEP_SHA_256")
			prepared(v)
		},
	} {
		v, key := s.visit(t)
		upTo(v, key)
		crash(v)
		if got := s.Program.State(t, key); got != "PendingImport" {
			t.Errorf("%s: the CMK is %s", step, got)
		}
		next := browser.Open(&s.Program, t, browser.Look{}, "/")
		next.ChooseCMK(key)
		next.GetParameters("RSAES_OAEP_SHA_256")
		backup, passphrase := prepared(next)
		next.ProveBackup(backup, passphrase)
		next.Send(key)
		s.accepted(next, key, backup, passphrase)
		survived("tab killed at "+step, "", "nothing was imported; started anew: Enabled")
	}
}

func (s *survivor) tabKilledProven(t *testing.T) {
	v, key := s.visit(t)
	v.ChooseCMK(key)
	v.GetParameters("RSAES_OAEP_SHA_256")
	backup, passphrase := prepared(v)
	v.ProveBackup(backup, passphrase)
	crash(v)
	s.startAgain(t, key, backup, passphrase)
	survived("tab killed at step 4, before the import", "", "started again from the proven backup: Enabled")
}

// consoleKilled kills the console with kill -9 between steps 2 and 4, and while an import is under
// way.
func (s *survivor) consoleKilled(t *testing.T) {
	v, key := s.visit(t)
	v.ChooseCMK(key)
	v.GetParameters("RSAES_OAEP_SHA_256")
	passphrase := v.OfferedPassphrase()
	s.Kill()
	s.StartConsole()
	v.Press(v.Words.Material.Prepare)
	backup := v.SaveBackup()
	v.ProveBackup(backup, passphrase)
	for _, effect := range []bool{false, true} {
		began, killed := make(chan struct{}, 1), make(chan struct{})
		s.Proxy.Put("ImportKeyMaterial", func(w http.ResponseWriter, pass func() program.Answered) {
			if effect {
				pass()
			}
			began <- struct{}{}
			<-killed
			program.Cut(w)
		})
		if effect {
			v.Press(v.Words.Import.TryAgain)
		} else {
			v.Send(key)
		}
		<-began
		s.Kill()
		close(killed)
		said := failed(v)
		s.Proxy.Put("", nil)
		s.StartConsole()
		when := map[bool]string{false: "before", true: "after"}[effect]
		survived("console killed during the import, "+when+" the effect", said, "tried again: Enabled")
	}
	v.Press(v.Words.Import.TryAgain)
	s.accepted(v, key, backup, passphrase)
	survived("console killed between steps 2 and 4", "", "started again, the page went on: Enabled")
}

// kmsKilled kills the local KMS with kill -9 after it gave parameters, and after it took the
// material but before it said so. It comes back from its journal each time.
func (s *survivor) kmsKilled(t *testing.T) {
	v, key := s.visit(t)
	v.ChooseCMK(key)
	v.GetParameters("RSAES_OAEP_SHA_256")
	s.KMS.Kill()
	s.StartKMS()
	backup, passphrase := prepared(v)
	v.ProveBackup(backup, passphrase)
	s.Proxy.Put("ImportKeyMaterial", func(w http.ResponseWriter, pass func() program.Answered) {
		if a := pass(); a.Status != http.StatusOK {
			t.Errorf("the KMS refused the import: %s", a.Body)
		}
		s.KMS.Kill()
		program.Cut(w)
	})
	v.Send(key)
	said := failed(v)
	s.Proxy.Put("", nil)
	s.StartKMS()
	if s.Material(t, key) == nil {
		t.Error("the KMS took the material before it was killed, and came back without it")
	}
	v.Press(v.Words.Import.TryAgain)
	s.accepted(v, key, backup, passphrase)
	survived("KMS killed between steps 2 and 4, and after it took the material", said, "came back from its journal, tried again: Enabled")
}
