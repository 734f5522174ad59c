package many

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/kms"
	"github.com/playwright-community/playwright-go"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
	"keyferry/e2e/proof"
	"keyferry/server/localkms"
)

// size is how large the set is, and how often the tab is killed.
func size() (cmks, kills int) {
	if *proof.Full {
		return 500, 10
	}
	return 40, 2
}

// elsewhere imports other material into a CMK, as another program would.
func elsewhere(t testing.TB, p *program.Program, id string) []byte {
	t.Helper()
	client := p.SDK(t)
	ask := kms.CreateGetParametersForImportRequest()
	ask.KeyId, ask.WrappingAlgorithm, ask.WrappingKeySpec = id, "RSAES_OAEP_SHA_256", "RSA_2048"
	parameters, err := client.GetParametersForImport(ask)
	if err != nil {
		t.Fatal(err)
	}
	der, err := base64.StdEncoding.DecodeString(parameters.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		t.Fatal(err)
	}
	other := make([]byte, 32)
	rand.Read(other)
	wrapped, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, public.(*rsa.PublicKey), other, nil)
	if err != nil {
		t.Fatal(err)
	}
	send := kms.CreateImportKeyMaterialRequest()
	send.KeyId, send.ImportToken = id, parameters.ImportToken
	send.EncryptedKeyMaterial = base64.StdEncoding.EncodeToString(wrapped)
	if _, err := client.ImportKeyMaterial(send); err != nil {
		t.Fatal(err)
	}
	return other
}

// deleted schedules the deletion of a CMK, which then takes no material.
func deleted(t testing.TB, p *program.Program, id string) {
	t.Helper()
	request := kms.CreateScheduleKeyDeletionRequest()
	request.KeyId, request.PendingWindowInDays = id, requests.NewInteger(7)
	if _, err := p.SDK(t).ScheduleKeyDeletion(request); err != nil {
		t.Fatal(err)
	}
}

// sprinkle lets calls fail in every way in which they can.
func sprinkle(t testing.TB, p *program.Program, ids []string) {
	t.Helper()
	p.ClearFaults(t)
	some := func() string { return ids[mathrand.IntN(len(ids))] }
	for _, fault := range []localkms.Fault{
		{Kind: localkms.FaultThrottle, Action: "ImportKeyMaterial", Times: 6},
		{Kind: localkms.FaultThrottle, Action: "GetParametersForImport", Times: 4},
		{Kind: localkms.FaultError, Action: "ImportKeyMaterial", KeyID: some(), Times: 5},
		{Kind: localkms.FaultError, Action: "GetParametersForImport", KeyID: some(), Times: 5, Status: 503},
		{Kind: localkms.FaultHTML, Action: "ImportKeyMaterial", KeyID: some(), Times: 3},
		{Kind: localkms.FaultCutAfter, Action: "ImportKeyMaterial", KeyID: some(), Times: 4},
		{Kind: localkms.FaultCutAfter, Action: "ImportKeyMaterial", KeyID: some(), Times: 1},
		{Kind: localkms.FaultCutBefore, Action: "ImportKeyMaterial", KeyID: some(), Times: 3},
		{Kind: localkms.FaultExpiredToken, Action: "ImportKeyMaterial", KeyID: some(), Times: 2},
		{Kind: localkms.FaultForeignToken, Action: "ImportKeyMaterial", KeyID: some(), Times: 1},
		{Kind: localkms.FaultDelay, Action: "ImportKeyMaterial", KeyID: some(), Times: 1, Delay: localkms.Duration(2 * time.Second)},
	} {
		p.Fault(t, fault)
	}
}

// quiet expects what the browser says of answers that are errors.
func (s *sitting) quiet() *sitting {
	s.Expect("Failed to load resource")
	s.Expect("failed request")
	return s
}

// kill ends the tab at once, as a crash does, when so many imports were sent.
func (s *sitting) kill(after int) {
	s.T.Helper()
	ended := s.News.Await(5*time.Minute, nil, func() bool { return len(s.Posted("ImportKeyMaterial")) >= after })
	if !ended {
		s.T.Fatalf("%d imports were not sent in time", after)
	}
	s.Do(s.Page.Close(playwright.PageCloseOptions{RunBeforeUnload: playwright.Bool(false)}))
}

// TestNothingIsLost imports a set with faults of every kind, kills the tab at random moments, and
// goes on with the archive each time, now and then with receipts. Afterwards each CMK holds what the
// archive says, apart from the one that is deleted and the one that had other material.
func TestNothingIsLost(t *testing.T) {
	cmks, kills := size()
	p := program.Start(t)
	ids := created(t, p, cmks)
	had, gone, good := ids[0], ids[1], ids[2:]
	other := elsewhere(t, p, had)
	deleted(t, p, gone)
	sprinkle(t, p, good)

	s := sit(p, t, browser.Look{}).quiet()
	s.list(strings.Join(ids, "\n"))
	s.make(cmks)
	archive, passphrase := s.archive, s.passphrase
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
		s.kill(1 + mathrand.IntN(max(1, min(left, 2*cmks/kills))))
		if i%3 == 2 {
			sprinkle(t, p, good)
		}
		s = sit(p, t, browser.Look{Language: []string{"zh-CN", "en"}[i%2]}).quiet()
		s.open(archive, passphrase, receipts)
		count := s.counted(t, s.Words.Many.ImportAll)
		left = count
		s.send(count)
	}
	s.done(5 * time.Minute)
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
	s.mustNotHoldKeys(t, keys)

	again := sit(p, t, browser.Look{}).quiet()
	again.open(archive, passphrase, receipts)
	if count := again.counted(t, again.words.ImportAll); count != 2 {
		t.Errorf("with all receipts %d CMKs are left, want 2", count)
	}
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

// mustNotHoldKeys looks for pieces of every key in what the browser sent and said, in the page, and
// in the program's log.
func (s *sitting) mustNotHoldKeys(t testing.TB, keys map[string][]byte) {
	t.Helper()
	page, err := s.Page.Evaluate(`document.documentElement.outerHTML + JSON.stringify(Array.from(document.querySelectorAll("input, textarea"), (i) => i.value))`)
	s.Do(err)
	s.Mu.Lock()
	defer s.Mu.Unlock()
	all := []byte(page.(string) + strings.Join(s.Said, "\n"))
	all = append(all, bytes.Join(s.Sent, nil)...)
	all = append(all, s.Program.Log.Bytes()...)
	lower := bytes.ToLower(all)
	for id, key := range keys {
		for _, form := range [][]byte{key[:8], key[24:], []byte(fmt.Sprintf("%x", key[:8])), []byte(fmt.Sprintf("%x", key[24:]))} {
			if bytes.Contains(all, form) || bytes.Contains(lower, form) {
				t.Errorf("a piece of the key of %s was found outside the archive", id)
			}
		}
		if bytes.Contains(all, []byte(base64.StdEncoding.EncodeToString(key)[:12])) {
			t.Errorf("the key of %s was found outside the archive, in base64", id)
		}
	}
}
