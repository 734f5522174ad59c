package faults

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"testing"

	"filippo.io/age"
	"github.com/playwright-community/playwright-go"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
	"keyferry/e2e/proof"
)

// imports is every import that the KMS accepted while things went wrong, with the backup that was
// proven before.
type imports struct {
	entries []entry
}

type entry struct {
	key, passphrase string
	backup          []byte
}

// enter notes an import that the page called done.
func (l *imports) enter(t testing.TB, key, file, passphrase string) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	l.entries = append(l.entries, entry{key, passphrase, content})
}

// settle opens every backup with age and compares it with what the KMS has. It returns how many
// keys the backups bring back, and how many they do not.
func (l *imports) settle(t *testing.T, p *program.Program) (kept, lost int) {
	t.Helper()
	for _, e := range l.entries {
		content, err := openedByAge(e.backup, e.passphrase)
		if material := p.Material(t, e.key); err != nil || len(content) != 32 || !bytes.Equal(content, material) {
			t.Errorf("the backup of %s does not hold what the KMS has: %v", e.key, err)
			lost++
		} else {
			kept++
		}
		if got := p.State(t, e.key); got != "Enabled" {
			t.Errorf("%s is %s, want Enabled", e.key, got)
		}
	}
	return kept, lost
}

func openedByAge(file []byte, passphrase string) ([]byte, error) {
	identity, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, err
	}
	r, err := age.Decrypt(bytes.NewReader(file), identity)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// survivor is a test of faults: two programs, and the list of what was imported through them.
type survivor struct {
	*program.Apart
	imports imports
}

// survived puts a line into the report.
func survived(fault, said, ended string) {
	proof.Findings.Add(proof.Findings.About("Faults survived", "fault", "what the page said", "how it ended"), fault, said, ended)
}

// newCMK makes a CMK that waits for key material.
func (s *survivor) newCMK(t *testing.T) string {
	t.Helper()
	return s.CreateCMKs(t, 1)[0]
}

// visit opens the console for an import into a new CMK, as somebody who will meet with failures.
func (s *survivor) visit(t *testing.T) (v *browser.Visit, key string) {
	t.Helper()
	v = browser.Open(&s.Program, t, browser.Look{}, "/")
	v.Expect("the server responded with a status of|failed request|Failed to load resource|Failed to fetch")
	return v, s.newCMK(t)
}

// failed waits for an error and returns its code.
func failed(v *browser.Visit) string {
	v.T.Helper()
	notice := v.Page.Locator(".notice.error[data-code]").First()
	v.Do(notice.WaitFor(playwright.LocatorWaitForOptions{Timeout: playwright.Float(40_000)}))
	code, err := notice.GetAttribute("data-code")
	v.Do(err)
	return code
}

// prepared saves the backup of generated material.
func prepared(v *browser.Visit) (backup, passphrase string) {
	v.T.Helper()
	passphrase = v.OfferedPassphrase()
	v.Press(v.Words.Material.Prepare)
	return v.SaveBackup(), passphrase
}

// TestProofRobustness makes everything go wrong that can, at each step of an import. Each time the
// person ends with the CMK enabled and a backup that holds what the KMS has.
func TestProofRobustness(t *testing.T) {
	s := &survivor{Apart: program.StartApart(t)} // which skips the short tests
	if *proof.Full {                             // each package tries the inputs that its fuzz targets begin with
		t.Run("parsers", fuzzParsers)
	}
	t.Run("the KMS", s.faultsOfTheKMS)
	if *proof.Full { // a person meets the console without network in e2e/person
		t.Run("offline", s.offline)
	}
	t.Run("the tab is killed", s.tabKilled)
	t.Run("the console is killed", s.consoleKilled)
	t.Run("the KMS is killed", s.kmsKilled)
	kept, lost := s.imports.settle(t, &s.Program)
	proof.Findings.Add(proof.Findings.About("Keys", "imports accepted", "backups that age opens, with what the KMS has", "keys lost"),
		fmt.Sprint(len(s.imports.entries)), fmt.Sprint(kept), fmt.Sprint(lost))
	least := 4
	if *proof.Full {
		least = 6
	}
	if len(s.imports.entries) < least {
		t.Errorf("only %d imports were made", len(s.imports.entries))
	}
}

// accepted waits for the result and adds it to the list.
func (s *survivor) accepted(v *browser.Visit, key, backup, passphrase string) {
	v.T.Helper()
	v.Imported(key)
	if got := s.Program.State(v.T, key); got != "Enabled" {
		v.T.Errorf("the CMK is %s, want Enabled", got)
	}
	s.imports.enter(v.T, key, backup, passphrase)
}

// startAgain imports from the proven backup in another browser profile, as on another computer.
func (s *survivor) startAgain(t *testing.T, key, backup, passphrase string) {
	t.Helper()
	v := browser.Open(&s.Program, t, browser.Look{}, "/")
	v.ChooseCMK(key)
	v.GetParameters("RSAES_OAEP_SHA_256")
	v.FromBackup(backup, passphrase)
	v.Send(key)
	s.accepted(v, key, backup, passphrase)
}
