package many

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"keyferry/components/text"
	"keyferry/e2e/browser"
	"keyferry/e2e/program"
	"keyferry/wasm/keywrap"
)

// sitting is a person at the page for many keys.
type sitting struct {
	*browser.Visit
	words   text.Many
	archive string // the saved file
	secret  string // what opens it: a passphrase or an age identity
}

func sit(p *program.Program, t testing.TB, how browser.Look) *sitting {
	t.Helper()
	v := browser.Open(p, t, how, "/many")
	v.Page.SetDefaultTimeout(60_000)
	return &sitting{Visit: v, words: v.Words.Many}
}

// list does step 1.
func (s *sitting) list(written string) {
	s.T.Helper()
	s.Do(s.Page.Locator("#many-list").Fill(written))
	s.Press(s.words.UseList)
	s.See("[data-step=keys][data-state=open] h2", "")
}

// make does step 2: an archive with a passphrase, saved and tested.
func (s *sitting) make(count int) {
	s.T.Helper()
	s.secret = s.OfferedPassphrase()
	s.Press(text.Fill(s.words.Make, "count", number(count)))
	s.saveAndTest()
}

// makeForRecipient does step 2 with an archive for an age recipient. No passphrase has to be stretched
// twice: it is for tests of other steps.
func (s *sitting) makeForRecipient(count int) {
	s.T.Helper()
	s.secret = s.ForRecipient()
	s.Press(text.Fill(s.words.Make, "count", number(count)))
	s.saveAndTest()
}

func (s *sitting) saveAndTest() {
	s.T.Helper()
	s.archive = s.SaveArchive()
	s.ProveArchive(s.archive, s.secret)
}

// open does steps 1 and 2 with an archive that the person has.
func (s *sitting) open(archive, secret, receipts string) {
	s.T.Helper()
	s.archive, s.secret = archive, secret
	s.Press(s.words.HaveArchive)
	s.File("source-age", archive)
	s.Do(s.Page.Locator("#source-secret").Fill(secret))
	if receipts != "" {
		s.File("receipts", receipts)
	}
	s.Do(s.Page.Locator("#expiry-kept").Check())
	s.Press(s.words.Open)
	s.See("[data-step=send][data-state=open] h2", "")
}

// send begins step 3.
func (s *sitting) send(count int) {
	s.T.Helper()
	s.Press(text.Fill(s.words.ImportAll, "count", number(count)))
	s.See("[data-part=work] h2", "")
}

// done waits for the end of the import.
func (s *sitting) done(limit time.Duration) {
	s.T.Helper()
	s.Do(s.Page.Locator("[data-part=result] h2").WaitFor(playwright.LocatorWaitForOptions{Timeout: playwright.Float(float64(limit.Milliseconds()))}))
}

func number(n int) string {
	digits, _ := json.Marshal(n)
	return string(digits)
}

// opened is what Debian's age and tar make of an archive: its keys by CMK, and its manifest.
func opened(t testing.TB, archive, secret string) (map[string][]byte, manifest) {
	t.Helper()
	tar := filepath.Join(t.TempDir(), "archive.tar")
	line := "age -d -o '" + tar + "' "
	if strings.HasPrefix(secret, "AGE-SECRET-KEY-") {
		line += "-i '" + program.Kept(t, "identity.txt", []byte(secret)) + "' "
	}
	// age asks for a passphrase on a terminal of its own alone, which script provides.
	decrypt := exec.Command("script", "-qec", line+"'"+archive+"'", "/dev/null")
	decrypt.Stdin = strings.NewReader(secret + "\n")
	if output, err := decrypt.CombinedOutput(); err != nil {
		t.Fatalf("age -d: %v\n%s", err, output)
	}
	folder := t.TempDir()
	if output, err := exec.Command("tar", "-x", "-f", tar, "-C", folder).CombinedOutput(); err != nil || len(output) > 0 {
		t.Fatalf("tar -x: %v\n%s", err, output)
	}
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	keys, m := map[string][]byte{}, manifest{}
	for _, file := range files {
		content, err := os.ReadFile(filepath.Join(folder, file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if id, isKey := strings.CutSuffix(file.Name(), ".key"); isKey {
			keys[id] = content
		} else if err := json.Unmarshal(content, &m); err != nil {
			t.Fatalf("%s: %v", file.Name(), err)
		}
	}
	return keys, m
}

type manifest struct {
	Format string
	Region string
	Keys   []struct {
		KeyId, Label, KeyCheckValue, Commitment, CommitmentSalt, Origin string
		KeyMaterialExpireUnix                                           int64
	}
}

// mustHoldArchive fails unless each CMK holds what the archive says, by the local KMS's own view.
func mustHoldArchive(t testing.TB, p *program.Program, keys map[string][]byte, ids []string) {
	t.Helper()
	for _, id := range ids {
		p.MustHave(t, id, keywrap.Material(keys[id]))
	}
}
