package person

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
)

// Every figure of step 4, of the panel, of the result and of the receipt is the one that was sent,
// even where time passes between the choice of an expiry and the import.
func TestFiguresAreWhatIsSent(t *testing.T) {
	p := program.Start(t)
	key := program.Seeded[0]
	v := browser.Open(p, t, browser.Look{}, "/")
	v.ToStep4(key)
	v.Do(v.Page.Locator("#expiry-90").Check())
	_, err := v.Page.Evaluate("() => { const now = Date.now; Date.now = () => now() + 7000 }")
	v.Do(err)
	unfold := func() {
		v.Do(v.Page.Evaluate("for (const part of document.querySelectorAll('details')) part.open = true"))
	}
	unfold()
	digits := func(selector string) string { return strings.Join(strings.Fields(v.Text(selector)), "") }
	chosen, _, _ := strings.Cut(v.Text("[data-form=send] [data-fill=expiry]"), " ")
	ciphertext := digits("[data-form=send] [data-fill=ciphertext-digest]")
	token := digits("[data-form=send] [data-fill=token-digest]")
	kcv := digits("[data-form=send] [data-fill=kcv]")
	v.Send(key)
	v.Imported(key)

	var sent struct {
		EncryptedKeyMaterial  []byte
		ImportToken           string
		KeyMaterialExpireUnix int64
	}
	if err := json.Unmarshal(v.Posted("ImportKeyMaterial")[0], &sent); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(v.Download("[data-link=receipt]"))
	v.Do(err)
	var receipt struct {
		EncryptedKeyMaterialSHA256, ImportTokenSHA256, KeyCheckValue string
		KeyMaterialExpireUnix                                        int64
	}
	if err := json.Unmarshal(content, &receipt); err != nil {
		t.Fatal(err)
	}
	sum := func(content []byte) string { digest := sha256.Sum256(content); return hex.EncodeToString(digest[:]) }
	panel := digits("[data-part=sent-list]")
	after, _, _ := strings.Cut(v.Text("[data-part=result] [data-fill=expiry]"), " ")
	expiry := strconv.FormatInt(sent.KeyMaterialExpireUnix, 10)
	for _, test := range []struct{ what, got, want string }{
		{"step 4: expiry", chosen, expiry},
		{"result: expiry", after, expiry},
		{"receipt: expiry", strconv.FormatInt(receipt.KeyMaterialExpireUnix, 10), expiry},
		{"step 4: ciphertext", ciphertext, sum(sent.EncryptedKeyMaterial)},
		{"result: ciphertext", digits("[data-part=result] [data-fill=ciphertext-digest]"), sum(sent.EncryptedKeyMaterial)},
		{"receipt: ciphertext", receipt.EncryptedKeyMaterialSHA256, sum(sent.EncryptedKeyMaterial)},
		{"step 4: token", token, sum([]byte(sent.ImportToken))},
		{"receipt: token", receipt.ImportTokenSHA256, sum([]byte(sent.ImportToken))},
		{"step 4: KCV", strings.ToUpper(kcv), receipt.KeyCheckValue},
		{"result: KCV", strings.ToUpper(digits("[data-part=result] [data-fill=kcv]")), receipt.KeyCheckValue},
	} {
		if test.got != test.want {
			t.Errorf("%s: %q, want %q", test.what, test.got, test.want)
		}
	}
	for _, digest := range []string{sum(sent.EncryptedKeyMaterial), sum([]byte(sent.ImportToken))} {
		if !strings.Contains(panel, digest) {
			t.Errorf("the panel lacks %s:\n%s", digest, panel)
		}
	}
}
