package e2e

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"testing"

	"filippo.io/age"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/kms"
	"github.com/playwright-community/playwright-go"
)

// ledger is every import that the KMS accepted while things went wrong, with the backup that was proven before.
type ledger struct {
	entries []entry
}

type entry struct {
	key, passphrase string
	backup          []byte
}

// enter notes an import that the page called done.
func (l *ledger) enter(t *testing.T, key, file, passphrase string) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	l.entries = append(l.entries, entry{key, passphrase, content})
}

// settle opens every backup with age and compares it with what the KMS has. It returns how many keys the backups bring
// back, and how many they do not.
func (l *ledger) settle(t *testing.T, p *program) (kept, lost int) {
	t.Helper()
	for _, e := range l.entries {
		content, err := openedByAge(e.backup, e.passphrase)
		if material := p.material(t, e.key); err != nil || len(content) != 32 || !bytes.Equal(content, material) {
			t.Errorf("the backup of %s does not hold what the KMS has: %v", e.key, err)
			lost++
		} else {
			kept++
		}
		if got := p.state(t, e.key); got != "Enabled" {
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

// survivor is a test of faults: two programs, and the ledger of what was imported through them.
type survivor struct {
	*apart
	ledger ledger
}

// survived puts a line into the report.
func survived(fault, said, ended string) {
	findings.add(findings.about("Faults survived", "fault", "what the page said", "how it ended"), fault, said, ended)
}

// newCMK makes a CMK that waits for key material.
func (s *survivor) newCMK(t *testing.T) string {
	t.Helper()
	request := kms.CreateCreateKeyRequest()
	request.Origin = "EXTERNAL"
	answer, err := s.sdk(t).CreateKey(request)
	if err != nil {
		t.Fatal(err)
	}
	return answer.KeyMetadata.KeyId
}

// visit opens the console for an import into a new CMK, as somebody who will meet with failures.
func (s *survivor) visit(t *testing.T) (v *visit, key string) {
	t.Helper()
	v = s.open(t, look{}, "/")
	v.expect("the server responded with a status of|failed request|Failed to load resource|Failed to fetch")
	return v, s.newCMK(t)
}

// failed waits for an error and returns its code.
func (v *visit) failed() string {
	v.t.Helper()
	v.do(v.page.Locator(".notice.error code[data-fill=code]").First().WaitFor(playwright.LocatorWaitForOptions{Timeout: playwright.Float(40_000)}))
	return v.text(".notice.error code[data-fill=code]")
}

// prepared saves the backup of generated material.
func (v *visit) prepared() (backup, passphrase string) {
	v.t.Helper()
	passphrase = v.offeredPassphrase()
	v.press(v.words.Material.Prepare)
	return v.saveBackup(), passphrase
}

// TestProofRobustness makes everything go wrong that can, at each step of an import. Each time the person ends with the
// CMK enabled and a backup that holds what the KMS has.
func TestProofRobustness(t *testing.T) {
	t.Run("parsers", fuzzParsers)
	s := &survivor{apart: startApart(t)}
	t.Run("the KMS", s.faultsOfTheKMS)
	t.Run("offline", s.offline)
	t.Run("the tab is killed", s.tabKilled)
	t.Run("the console is killed", s.consoleKilled)
	t.Run("the KMS is killed", s.kmsKilled)
	kept, lost := s.ledger.settle(t, &s.program)
	findings.add(findings.about("Keys", "imports accepted", "backups that age opens, with what the KMS has", "keys lost"),
		fmt.Sprint(len(s.ledger.entries)), fmt.Sprint(kept), fmt.Sprint(lost))
	if len(s.ledger.entries) < 7 {
		t.Errorf("only %d imports were made", len(s.ledger.entries))
	}
}

// accepted waits for the result and enters it into the ledger.
func (s *survivor) accepted(v *visit, key, backup, passphrase string) {
	v.t.Helper()
	v.imported(key)
	if got := s.program.state(v.t, key); got != "Enabled" {
		v.t.Errorf("the CMK is %s, want Enabled", got)
	}
	s.ledger.enter(v.t, key, backup, passphrase)
}

// startAgain imports from the proven backup in another browser profile, as on another computer.
func (s *survivor) startAgain(t *testing.T, key, backup, passphrase string) {
	t.Helper()
	v := s.open(t, look{}, "/")
	v.chooseCMK(key)
	v.getParameters("RSAES_OAEP_SHA_256")
	v.fromBackup(backup, passphrase)
	v.send(key)
	s.accepted(v, key, backup, passphrase)
}
