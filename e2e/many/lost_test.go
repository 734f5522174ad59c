package many

import (
	"bytes"
	"encoding/json"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
	"keyferry/e2e/proof"
	"keyferry/server/localkms"
)

// TestNothingIsLost imports a set with faults of every kind, kills the tab or the browser at random
// moments, and goes on with the archive each time, now and then with receipts. Afterwards each CMK
// holds what the archive says, apart from the one that is deleted and the one that had other
// material, and nothing of any key is anywhere but in the archive.
func TestNothingIsLost(t *testing.T) {
	if *proof.Full {
		t.Run("with quotas", func(t *testing.T) {
			nothingIsLost(t, localkms.Config{ReadsPerSecond: 50, WritesPerSecond: 30}, 500, 10)
		})
	}
	t.Run("without quotas", func(t *testing.T) { nothingIsLost(t, localkms.Config{}, 40, 2) })
}

// nothingIsLost imports so many CMKs' keys, and kills the tab or the browser so often.
func nothingIsLost(t *testing.T, config localkms.Config, cmks, kills int) {
	mark := browser.OwnShell(t) // which skips the short tests
	config.StateFile = filepath.Join(t.TempDir(), "kms.state")
	p := program.StartBeside(t, config)
	ids := p.CreateCMKs(t, cmks)
	had, gone, good := ids[0], ids[1], ids[2:]
	other := p.ImportElsewhere(t, had)
	deleted(t, p, gone)
	sprinkle(t, p, good)

	traces := &traces{}
	s := sit(p, t, browser.Look{}).quiet()
	s.list(strings.Join(ids, "\n"))
	s.make(cmks)
	archive, passphrase := s.archive, s.secret
	if sent := len(s.Posted("GetParametersForImport")); sent != 0 {
		t.Errorf("%d calls were made before the archive was tested", sent)
	}
	keys, m := opened(t, archive, passphrase)
	if len(keys) != cmks || len(m.Keys) != cmks {
		t.Fatalf("the archive has %d keys and %d in its manifest, want %d", len(keys), len(m.Keys), cmks)
	}
	if values := distinct(keys); values != cmks {
		t.Errorf("%d different keys for %d CMKs", values, cmks)
	}
	s.send(cmks)
	receipts := ""
	left := cmks
	for i := range kills {
		after := 1 + mathrand.IntN(max(1, min(left, 2*cmks/kills)))
		s.sends(after / 2)
		if i%4 == 1 {
			p.Advance(t, 25*time.Hour) // no token lives that long
		}
		s.sends(after)
		if i%3 == 2 {
			receipts = s.receiptsSoFar(t, receipts)
		}
		traces.keep(s)
		if i%2 == 0 {
			s.Do(s.Page.Close(playwright.PageCloseOptions{RunBeforeUnload: playwright.Bool(false)}))
		} else {
			mark = killBrowser(t, mark)
		}
		if i%3 == 2 {
			sprinkle(t, p, good)
		}
		s = sit(p, t, browser.Look{Language: []string{"zh-CN", "en"}[i%2]}).quiet()
		s.open(archive, passphrase, receipts)
		left = s.counted(t, s.words.ImportAll)
		s.send(left)
	}
	s.done(10 * time.Minute)
	for _, id := range good {
		if !bytes.Equal(p.Material(t, id), keys[id]) {
			t.Errorf("%s does not hold what the archive says", id)
		}
	}
	if !bytes.Equal(p.Material(t, had), other) || p.Material(t, gone) != nil {
		t.Error("the CMK with other material or the deleted one was changed")
	}
	s.failed(t, had, "InvalidKeyMaterial")
	s.failed(t, gone, "Rejected.StateModifiedFailed")
	receipts = s.receipts(t, cmks-2)
	traces.keep(s)

	again := sit(p, t, browser.Look{}).quiet()
	again.open(archive, passphrase, receipts)
	if count := again.counted(t, again.words.ImportAll); count != 2 {
		t.Errorf("with all receipts %d CMKs are left, want 2", count)
	}
	traces.keep(again)
	traces.keepFiles(t, filepath.Dir(config.StateFile))
	traces.keepFile(t, receipts)
	traces.mustNotHold(t, keys)
}

// quiet expects what the browser says of answers that are errors.
func (s *sitting) quiet() *sitting {
	s.Expect("Failed to load resource")
	s.Expect("failed request")
	return s
}

// sends waits until so many imports were sent in this sitting.
func (s *sitting) sends(count int) {
	s.T.Helper()
	if !s.News.Await(5*time.Minute, nil, func() bool { return len(s.Posted("ImportKeyMaterial")) >= count }) {
		s.T.Fatalf("%d imports were not sent in time", count)
	}
}

// killBrowser ends every process of the browser at once, and starts another in its place.
func killBrowser(t testing.TB, mark string) string {
	t.Helper()
	for _, one := range browser.BrowserProcesses(t, mark) {
		syscall.Kill(one.ID, syscall.SIGKILL)
	}
	return browser.OwnShell(t)
}

// failed fails unless the table says why a CMK was not imported.
func (s *sitting) failed(t testing.TB, id, code string) {
	t.Helper()
	s.See("tr[data-key='"+id+"'][data-state=failed]", code)
}

// counted is the number on the button that imports.
func (s *sitting) counted(t testing.TB, sentence string) int {
	t.Helper()
	shown := s.Text("[data-act=import]")
	before, after, _ := strings.Cut(sentence, "{count}")
	var count int
	if _, err := fmt.Sscan(strings.TrimSuffix(strings.TrimPrefix(shown, before), after), &count); err != nil {
		t.Fatalf("the button says %q", shown)
	}
	return count
}

// receiptsSoFar saves the receipts that there are while the import goes on; those from before where
// there are none yet.
func (s *sitting) receiptsSoFar(t testing.TB, before string) string {
	t.Helper()
	link := s.Page.Locator("[data-part=so-far] [data-link=receipts]")
	if link.WaitFor(playwright.LocatorWaitForOptions{Timeout: playwright.Float(20_000)}) != nil {
		return before
	}
	return s.Download("[data-part=so-far] [data-link=receipts]")
}

// receipts saves the receipts, and fails unless there are so many, each a receipt of today.
func (s *sitting) receipts(t testing.TB, count int) string {
	t.Helper()
	file := s.Download("[data-part=receipts] [data-link=receipts]")
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for line := range strings.Lines(string(content)) {
		var receipt struct{ Format, KeyId, ImportRequestId, BackupSHA256 string }
		if err := json.Unmarshal([]byte(line), &receipt); err != nil || receipt.Format != "keyferry receipt" || receipt.ImportRequestId == "" {
			t.Errorf("a line of the receipts is %s: %v", line, err)
		}
		lines++
	}
	if lines != count {
		t.Errorf("%d receipts, want %d", lines, count)
	}
	return file
}

func distinct(keys map[string][]byte) int {
	seen := map[string]bool{}
	for _, key := range keys {
		seen[string(key)] = true
	}
	return len(seen)
}
