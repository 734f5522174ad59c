package desk

import (
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"keyferry/components/text"
	"keyferry/e2e/browser"
	"keyferry/e2e/program"
	"keyferry/e2e/proof"
)

// openFile opens a file from the disk, in a browser whose network is gone.
func openFile(p *program.Program, t *testing.T, how browser.Look, file string) *browser.Visit {
	t.Helper()
	how.Offline = true
	return browser.OpenAt(p, t, how, browser.FileAddress(file))
}

// bring does step 2 with the two files of the vendor's console.
func bring(v *browser.Visit, publicKey, token, algorithm string) {
	v.T.Helper()
	v.Do(v.Page.Locator("#algorithm-" + algorithm).Check())
	v.Do(v.Page.Locator("#brought-files").Check())
	v.See("label[for=public-key]", v.Words.Desk.PublicKeyFile)
	v.File("public-key", publicKey)
	v.File("token", token)
	v.Press(v.Words.Desk.Read)
}

// A receipt from the desk says what was prepared; the page that checks backups takes it, and
// another key is not that one.
func TestDeskReceipt(t *testing.T) {
	p := program.Start(t)
	key, algorithm := program.Seeded[0], browser.Algorithms[0]
	v := openFile(p, t, browser.Look{}, program.WriteDesk(t, "--region=cn-hangzhou"))
	prepared := func(key string, choose func() string) (receipt, backup, secret string) {
		t.Helper()
		v.ChooseCMK(key)
		v.Paste(p.AnswerOf(t, key, algorithm), algorithm)
		v.HaveRead()
		v.OfferedPassphrase()
		secret = choose()
		v.Press(v.Words.Material.Prepare)
		backup = v.SaveBackup()
		v.ProveBackup(backup, secret)
		v.Do(v.Page.Locator("#expiry-365").Check())
		v.Press(v.Words.Desk.MakeFiles)
		v.See("[data-part=result]", v.Words.Desk.NotImported)
		if command := v.Text("#import-key-material"); !regexp.MustCompile(`--KeyMaterialExpireUnix \d{10} `).MatchString(command) {
			t.Errorf("the command is %q", command)
		}
		return v.Download("[data-link=receipt]"), backup, secret
	}
	receipt, backup, passphrase := prepared(key, v.OfferedPassphrase)
	v.Do(v.Page.Reload())
	_, otherBackup, otherIdentity := prepared(program.Seeded[1], v.ForRecipient)
	c := browser.Open(p, t, browser.Look{}, "/check")
	check := func(backup, secret string) {
		t.Helper()
		c.File("check-receipt", receipt)
		c.File("check-age", backup)
		c.Do(c.Page.Locator("#check-secret").Fill(secret))
		c.Press(c.Words.Check.Button)
	}
	check(otherBackup, otherIdentity)
	c.Fault("not_the_receipts_key")
	check(backup, passphrase)
	prefix, _, _ := strings.Cut(c.Words.Check.MatchesPrepared, "{date}")
	c.See("[data-part=result] h2", text.Fill(prefix, "cmk", key))
	c.See("[data-fill=imported]", c.Words.Check.NotTold)
}

// The desk as a page of the console, as a file on a disk without any network, and in the folder of
// a static host. Each takes an import from its parameters to the files, and the vendor's own SDK
// imports those.
func TestDesk(t *testing.T) {
	p := program.Start(t)
	file := program.WriteDesk(t)
	folder := filepath.Join(t.TempDir(), "site")
	if output, err := exec.Command(program.Binary, "desk", "--dir", folder).CombinedOutput(); err != nil {
		t.Fatalf("writing the folder: %v\n%s", err, output)
	}
	host := httptest.NewServer(http.FileServer(http.Dir(folder)))
	defer host.Close()
	for _, place := range []struct {
		name string
		open func(*testing.T, browser.Look) *browser.Visit
	}{
		{"console", func(t *testing.T, how browser.Look) *browser.Visit { return browser.Open(p, t, how, "/desk") }},
		{"file", func(t *testing.T, how browser.Look) *browser.Visit { return openFile(p, t, how, file) }},
		{"static host", func(t *testing.T, how browser.Look) *browser.Visit { return browser.OpenAt(p, t, how, host.URL+"/") }},
	} {
		for i, algorithm := range browser.Algorithms {
			if place.name != "file" && i != 1 {
				continue // every algorithm goes through the file alone
			}
			if i == 2 && !*proof.Full {
				continue // the module wraps by each in e2e/proof/reference
			}
			language := text.Languages[i%2]
			t.Run(place.name+"/"+algorithm+"/"+language.Tag, func(t *testing.T) {
				p.Ask(t, "POST", "/reset", nil, nil)
				key := program.Seeded[i]
				v := place.open(t, browser.Look{Language: language.Tag})
				v.DeskCMK(key)
				if i == 1 {
					publicKey, token := p.HandOut(t, key, algorithm)
					bring(v, publicKey, token, algorithm)
				} else {
					v.Paste(p.AnswerOf(t, key, algorithm), algorithm)
				}
				v.HaveRead()
				if i == 0 {
					v.Generate()
				} else {
					v.GenerateForRecipient()
				}
				p.ImportFiles(t, key, v.TakeAway())
				v.MustNotHaveLeaked(key)
			})
		}
	}
}
