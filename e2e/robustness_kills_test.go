package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"
)

// offline takes the browser off the network at each of the four steps of one import.
func (s *survivor) offline(t *testing.T) {
	v, key := s.visit(t)
	var said []string
	without := func(act func() string) {
		v.do(v.page.Context().SetOffline(true))
		code := act()
		said = append(said, orNothing(code))
		v.do(v.page.Context().SetOffline(false))
	}
	without(func() string {
		v.chooseCMK(key)
		v.see("[data-step=cmk][data-state=done] [data-summary]", key)
		return ""
	})
	without(func() string { v.press(v.words.Params.Get); return v.failed() })
	v.getParameters("RSAES_OAEP_SHA_256")
	passphrase := v.offeredPassphrase()
	without(func() string {
		v.press(v.words.Material.Prepare)
		return v.failedOr("[data-part=backup] h3")
	})
	if last := said[len(said)-1]; last != orNothing("") {
		v.press(v.words.Material.Prepare)
	}
	backup := v.saveBackup()
	v.proveBackup(backup, passphrase)
	without(func() string { v.send(key); return v.failed() })
	v.press(v.words.Import.TryAgain)
	s.accepted(v, key, backup, passphrase)
	survived("browser offline, at steps 1, 2, 3 and 4", strings.Join(said, ", "), "back online, tried again: Enabled")
}

// crash kills the renderer of the page's tab.
func (v *visit) crash() {
	v.t.Helper()
	gone := make(chan struct{})
	v.page.OnCrash(func(playwright.Page) { close(gone) })
	session, err := v.page.Context().NewCDPSession(v.page)
	v.do(err)
	go session.Send("Page.crash", nil) // never answered
	select {
	case <-gone:
	case <-time.After(20 * time.Second):
		v.t.Fatal("the tab did not crash")
	}
}

// tabKilled kills the tab at each step. Up to the proof of the backup the person starts anew and has lost nothing, since
// nothing was imported; after it the backup brings the same key.
func (s *survivor) tabKilled(t *testing.T) {
	if *full {
		t.Run("before the backup is proven", s.tabKilledEarly)
		t.Run("step 4, before the import", s.tabKilledProven)
	}
	t.Run("step 4, during the import", func(t *testing.T) {
		v, key := s.visit(t)
		v.chooseCMK(key)
		v.getParameters("RSAES_OAEP_SHA_256")
		backup, passphrase := v.prepared()
		v.proveBackup(backup, passphrase)
		began, release := make(chan struct{}, 1), make(chan struct{})
		s.door.put("ImportKeyMaterial", func(w http.ResponseWriter, pass func() answered) {
			a := pass()
			began <- struct{}{}
			<-release
			a.write(w)
		})
		v.send(key)
		<-began
		v.crash()
		close(release)
		s.door.put("", nil)
		s.startAgain(t, key, backup, passphrase)
		survived("tab killed while the import was under way", "", "started again from the proven backup: Enabled")
	})
}

func (s *survivor) tabKilledEarly(t *testing.T) {
	for step, upTo := range map[string]func(v *visit, key string){
		"step 1": func(v *visit, key string) { v.chooseCMK(key) },
		"step 2": func(v *visit, key string) { v.chooseCMK(key); v.getParameters("RSAES_OAEP_SHA_256") },
		"step 3": func(v *visit, key string) { v.chooseCMK(key); v.getParameters("RSAES_OAEP_SHA_256"); v.prepared() },
	} {
		v, key := s.visit(t)
		upTo(v, key)
		v.crash()
		if got := s.program.state(t, key); got != "PendingImport" {
			t.Errorf("%s: the CMK is %s", step, got)
		}
		next := s.open(t, look{}, "/")
		next.chooseCMK(key)
		next.getParameters("RSAES_OAEP_SHA_256")
		backup, passphrase := next.prepared()
		next.proveBackup(backup, passphrase)
		next.send(key)
		s.accepted(next, key, backup, passphrase)
		survived("tab killed at "+step, "", "nothing was imported; started anew: Enabled")
	}
}

func (s *survivor) tabKilledProven(t *testing.T) {
	v, key := s.visit(t)
	v.chooseCMK(key)
	v.getParameters("RSAES_OAEP_SHA_256")
	backup, passphrase := v.prepared()
	v.proveBackup(backup, passphrase)
	v.crash()
	s.startAgain(t, key, backup, passphrase)
	survived("tab killed at step 4, before the import", "", "started again from the proven backup: Enabled")
}

// consoleKilled kills the console with kill -9 between steps 2 and 4, and while an import is under way.
func (s *survivor) consoleKilled(t *testing.T) {
	v, key := s.visit(t)
	v.chooseCMK(key)
	v.getParameters("RSAES_OAEP_SHA_256")
	passphrase := v.offeredPassphrase()
	s.site.kill()
	s.startConsole()
	v.press(v.words.Material.Prepare)
	backup := v.saveBackup()
	v.proveBackup(backup, passphrase)
	for _, effect := range []bool{false, true} {
		began := make(chan struct{}, 1)
		s.door.put("ImportKeyMaterial", func(w http.ResponseWriter, pass func() answered) {
			if effect {
				pass()
			}
			began <- struct{}{}
			time.Sleep(time.Second)
			cut(w)
		})
		if effect {
			v.press(v.words.Import.TryAgain)
		} else {
			v.send(key)
		}
		<-began
		s.site.kill()
		said := v.failed()
		s.door.put("", nil)
		s.startConsole()
		when := map[bool]string{false: "before", true: "after"}[effect]
		survived("console killed during the import, "+when+" the effect", said, "tried again: Enabled")
	}
	v.press(v.words.Import.TryAgain)
	s.accepted(v, key, backup, passphrase)
	survived("console killed between steps 2 and 4", "", "started again, the page went on: Enabled")
}

// kmsKilled kills the local KMS with kill -9 after it gave parameters, and after it took the material but before it said
// so. It comes back from its journal each time.
func (s *survivor) kmsKilled(t *testing.T) {
	v, key := s.visit(t)
	v.chooseCMK(key)
	v.getParameters("RSAES_OAEP_SHA_256")
	s.kms.kill()
	s.startKMS()
	backup, passphrase := v.prepared()
	v.proveBackup(backup, passphrase)
	s.door.put("ImportKeyMaterial", func(w http.ResponseWriter, pass func() answered) {
		if a := pass(); a.status != http.StatusOK {
			t.Errorf("the KMS refused the import: %s", a.body)
		}
		s.kms.kill()
		cut(w)
	})
	v.send(key)
	said := v.failed()
	s.door.put("", nil)
	s.startKMS()
	if s.material(t, key) == nil {
		t.Error("the KMS took the material before it was killed, and came back without it")
	}
	v.press(v.words.Import.TryAgain)
	s.accepted(v, key, backup, passphrase)
	survived("KMS killed between steps 2 and 4, and after it took the material", said, "came back from its journal, tried again: Enabled")
}
