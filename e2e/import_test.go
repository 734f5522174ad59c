package e2e

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keyferry/components/text"
)

// The three wrapping algorithms of the KMS.
var algorithms = []string{"RSAES_OAEP_SHA_256", "RSAES_OAEP_SHA_1", "RSAES_PKCS1_V1_5"}

// chooseCMK does step 1.
func (v *visit) chooseCMK(reference string) {
	v.t.Helper()
	v.do(v.page.GetByLabel(v.words.CMK.Label).Fill(reference))
	v.press(v.words.CMK.Use)
}

// getParameters does step 2.
func (v *visit) getParameters(algorithm string) {
	v.t.Helper()
	v.do(v.page.Locator("#algorithm-" + algorithm).Check())
	v.press(v.words.Params.Get)
	v.see("[data-step=params] h3", v.words.Params.Got)
	v.press(v.words.Import.Continue)
}

// generate does step 3: it generates key material under the offered passphrase, saves the backup and proves it.
func (v *visit) generate() {
	v.t.Helper()
	passphrase := v.offeredPassphrase()
	v.press(v.words.Material.Prepare)
	v.proveBackup(v.saveBackup(), passphrase)
}

// offeredPassphrase waits for the passphrase that the page offers.
func (v *visit) offeredPassphrase() string {
	v.t.Helper()
	for range 200 {
		passphrase, err := v.page.Locator("#passphrase").InputValue()
		v.do(err)
		if passphrase != "" {
			return passphrase
		}
		time.Sleep(50 * time.Millisecond)
	}
	v.t.Fatal("the page offers no passphrase")
	return ""
}

// saveBackup downloads the backup and returns the file.
func (v *visit) saveBackup() string {
	v.t.Helper()
	v.see("[data-part=backup] h3", v.words.Material.BackupTitle)
	return v.download("[data-link=backup]")
}

// download clicks a link and returns the file that it saved, under the name that the page gave it.
func (v *visit) download(link string) string {
	v.t.Helper()
	saved, err := v.page.ExpectDownload(func() error { return v.page.Locator(link).Click() })
	v.do(err)
	file := filepath.Join(v.t.TempDir(), saved.SuggestedFilename())
	v.do(saved.SaveAs(file))
	return file
}

// proveBackup opens the saved backup on the page and goes on to step 4.
func (v *visit) proveBackup(file, secret string) {
	v.t.Helper()
	if enabled, _ := v.button(v.words.Material.Continue).IsEnabled(); enabled {
		v.t.Error("the way to the import is open before the backup was proven")
	}
	v.do(v.page.Locator("#proof-age").SetInputFiles(file))
	v.do(v.page.Locator("#proof-secret").Fill(secret))
	v.press(v.words.Material.ProveButton)
	v.see("[data-part=proven]", v.words.Material.Proven)
	v.press(v.words.Material.Continue)
	v.see("[data-step=send][data-state=open] h3", "")
}

// send does step 4.
func (v *visit) send(keyID string) {
	v.t.Helper()
	v.press(text.Fill(v.words.Send.ImportInto, "cmk", keyID))
}

// imported waits for the result.
func (v *visit) imported(keyID string) {
	v.t.Helper()
	v.see("[data-part=result]", text.Fill(v.words.Result.Enabled, "cmk", keyID))
}

func TestImport(t *testing.T) {
	p := start(t)
	for i, algorithm := range algorithms {
		for _, language := range text.Languages {
			t.Run(algorithm+"/"+language.Tag, func(t *testing.T) {
				p.ask(t, "POST", "/reset", nil, nil)
				key := seeded[i]
				v := p.open(t, look{language: language.Tag}, "/?KeyId="+key)
				v.press(v.words.CMK.Use)
				v.getParameters(algorithm)
				v.generate()
				v.send(key)
				v.imported(key)
				if got := p.state(t, key); got != "Enabled" {
					t.Errorf("the CMK is %s, want Enabled", got)
				}
				p.mustWork(t, key)
				v.mustNotHaveLeaked(key)
				if id := v.text("[data-part=result] [data-fill=import-request-id]"); len(id) != 36 {
					t.Errorf("the result shows %q for the KMS's RequestId", id)
				}
				if command := v.text("#describe-key"); !strings.Contains(command, "aliyun kms DescribeKey --KeyId "+key) {
					t.Errorf("the result's command to check is %q", command)
				}
			})
		}
	}
}

// Six imports made six different keys; a generator that repeats itself would be the worst fault of all.
func TestGeneratedMaterialDiffers(t *testing.T) {
	p := start(t)
	seen := map[string]bool{}
	for _, key := range seeded {
		v := p.open(t, look{}, "/?KeyId="+key)
		v.press(v.words.CMK.Use)
		v.getParameters("RSAES_OAEP_SHA_256")
		v.generate()
		v.send(key)
		v.imported(key)
		material := string(p.material(t, key))
		if len(material) != 32 || seen[material] {
			t.Fatalf("the material of %s has %d bytes or stood before", key, len(material))
		}
		seen[material] = true
	}
}
