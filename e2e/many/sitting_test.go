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
	words      text.Many
	passphrase string
	archive    string // the saved file
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
	s.passphrase = s.OfferedPassphrase()
	s.Press(text.Fill(s.words.Make, "count", number(count)))
	s.saveAndTest()
}

func (s *sitting) saveAndTest() {
	s.T.Helper()
	s.See("[data-part=backup] h3", s.words.ArchiveTitle)
	if shown, _ := s.Button(s.Words.Material.Stored).IsVisible(); shown {
		s.Press(s.Words.Material.Stored)
	}
	s.archive = s.Download("[data-link=backup]")
	s.File("proof-age", s.archive)
	s.Do(s.Page.Locator("#proof-secret").Fill(s.passphrase))
	s.Press(s.words.ProveButton)
	s.See("[data-step=send][data-state=open] h2", "")
}

// open does steps 1 and 2 with an archive that the person has.
func (s *sitting) open(archive, secret, receipts string) {
	s.T.Helper()
	s.archive, s.passphrase = archive, secret
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
func opened(t testing.TB, archive, passphrase string) (map[string][]byte, manifest) {
	t.Helper()
	tar := filepath.Join(t.TempDir(), "archive.tar")
	// age asks for a passphrase on a terminal of its own alone, which script provides.
	decrypt := exec.Command("script", "-qec", "age -d -o '"+tar+"' '"+archive+"'", "/dev/null")
	decrypt.Stdin = strings.NewReader(passphrase + "\n")
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

// TestThreeKeys goes through the whole page: paste, generate, archive, test, import, receipts.
func TestThreeKeys(t *testing.T) {
	p := program.Start(t)
	ids := p.CreateCMKs(t, 3)
	s := sit(p, t, browser.Look{})
	s.list(ids[0] + "\n" + ids[1] + ", payments, 2031-05-06\nacs:kms:cn-hangzhou:1234567890123456:key/" + ids[2])
	s.make(3)
	s.send(3)
	s.done(time.Minute)
	keys, m := opened(t, s.archive, s.passphrase)
	if len(keys) != 3 || len(m.Keys) != 3 || m.Keys[1].Label != "payments" || m.Keys[1].KeyMaterialExpireUnix != 1935792000 {
		t.Errorf("the archive has %d keys and the manifest %+v", len(keys), m)
	}
	mustHoldArchive(t, p, keys, ids)
	receipts, err := os.ReadFile(s.Download("[data-part=receipts] [data-link=receipts]"))
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(receipts), "\n"); lines != 3 {
		t.Errorf("%d receipts, want 3:\n%s", lines, receipts)
	}
	for _, id := range ids {
		s.MustNotHaveLeaked(id)
	}
}
