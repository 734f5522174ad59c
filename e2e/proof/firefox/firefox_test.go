package firefox

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"keyferry/components/text"
	"keyferry/e2e/browser"
	"keyferry/e2e/firefox"
	"keyferry/e2e/program"
	"keyferry/e2e/proof"
)

// fox is a person's visit to the console in Firefox.
type fox struct {
	t       *testing.T
	ctx     context.Context
	program *program.Program
	words   *text.Catalogue
	browser *firefox.Browser
	page    *firefox.Page
}

// openFirefox starts a visit at a path of the console. An error on the page's console fails the
// test.
func openFirefox(p *program.Program, t *testing.T, language, path string) *fox {
	t.Helper()
	return openFirefoxAt(p, t, language, p.Console+path)
}

// openFirefoxAt starts a visit at any address.
func openFirefoxAt(p *program.Program, t *testing.T, language, address string) *fox {
	t.Helper()
	f := &fox{t: t, ctx: t.Context(), program: p, words: text.Match(language), browser: browser.LaunchFirefox(t, language)}
	t.Cleanup(func() {
		for _, said := range f.browser.Said() {
			if said.Level == "error" || said.Level == "warn" {
				t.Errorf("the browser complained: %s: %s", said.Level, said.Text)
			}
		}
	})
	page, err := f.browser.Open(t.Context(), address)
	f.do(err)
	f.page = page
	return f
}

// do fails the test if a step of the visit failed, and keeps a picture of what the page showed.
func (f *fox) do(err error) {
	f.t.Helper()
	if err == nil {
		return
	}
	if f.page != nil {
		if picture, failed := f.page.Screenshot(f.ctx); failed == nil {
			file := filepath.Join(browser.TemporaryPictures(), "failed-"+strings.ReplaceAll(f.t.Name(), "/", "-")+".png")
			os.WriteFile(file, picture, 0o600)
		}
		notice, _ := f.page.Evaluate(f.ctx, `document.querySelector(".notice.error")?.innerText ?? "none"`)
		f.t.Logf("the error on the page: %s", notice)
	}
	f.t.Fatal(err)
}

func (f *fox) press(name string) {
	f.t.Helper()
	f.do(f.page.Click(f.ctx, "button", name))
}

func (f *fox) see(selector, want string) {
	f.t.Helper()
	f.do(f.page.See(f.ctx, selector, want))
}

func (f *fox) evaluate(expression string) string {
	f.t.Helper()
	value, err := f.page.Evaluate(f.ctx, expression)
	f.do(err)
	return value
}

// importGenerated does the main job: a generated key, its backup downloaded and proven, and the
// import.
func (f *fox) importGenerated(key, algorithm string) {
	f.t.Helper()
	f.press(f.words.CMK.Use)
	f.do(f.page.Click(f.ctx, "label[for=algorithm-"+algorithm+"]", ""))
	f.press(f.words.Params.Get)
	f.see("[data-step=material][data-state=open] h2", f.words.Material.Title)
	f.generate()
	f.see("[data-step=send] h3", f.words.Send.WhatIsSent)
	f.press(text.Fill(f.words.Send.ImportInto, "cmk", key))
	f.see("[data-part=result]", text.Fill(f.words.Result.Enabled, "cmk", key))
}

// generate does step 3: a generated key, its backup downloaded and proven.
func (f *fox) generate() {
	f.t.Helper()
	passphrase := f.offeredPassphrase()
	f.press(f.words.Material.Prepare)
	f.see("[data-part=backup] h3", f.words.Material.BackupTitle)
	f.press(f.words.Material.Stored)
	backup, err := f.page.Download(f.ctx, "[data-link=backup]")
	f.do(err)
	f.do(f.page.SetFiles(f.ctx, "#proof-age", backup))
	f.do(f.page.Type(f.ctx, "#proof-secret", passphrase))
	f.press(f.words.Material.ProveButton)
	f.see("[data-part=proven]", f.words.Material.Proven)
}

// The desk's file opens from a disk in Firefox too, and its files are what the KMS takes.
func TestProofFirefoxDesk(t *testing.T) {
	p := program.Start(t)
	key, algorithm := program.Seeded[0], "RSAES_OAEP_SHA_256"
	f := openFirefoxAt(p, t, "zh-CN", browser.FileAddress(program.WriteDesk(t, "--region=cn-hangzhou")))
	f.do(f.page.Type(f.ctx, "#key-reference", key))
	f.press(f.words.CMK.Use)
	answer := program.WriteFile(t, filepath.Join(t.TempDir(), key+"-"+algorithm+".json"), []byte(p.AnswerOf(t, key, algorithm)))
	f.do(f.page.SetFiles(f.ctx, "#answer-file", answer))
	f.press(f.words.Desk.Read)
	f.see("[data-step=params] h3", f.words.Desk.HaveRead)
	f.press(f.words.Import.Continue)
	f.generate()
	f.press(f.words.Desk.MakeFiles)
	f.see("[data-part=result]", f.words.Desk.NotImported)
	folder := t.TempDir()
	for _, link := range []string{"wrapped", "import-token"} {
		saved, err := f.page.Download(f.ctx, "[data-link="+link+"]")
		f.do(err)
		if err := os.Rename(saved, filepath.Join(folder, filepath.Base(saved))); err != nil {
			t.Fatal(err)
		}
	}
	p.ImportFiles(t, key, folder)
	for _, request := range f.browser.Requests() {
		if strings.HasPrefix(request.Address, "http") || strings.HasPrefix(request.Address, "ws") {
			t.Errorf("the desk asked for %s", request.Address)
		}
	}
}

// offeredPassphrase waits for the passphrase that the page offers.
func (f *fox) offeredPassphrase() (passphrase string) {
	f.t.Helper()
	program.Eventually(f.t, 20*time.Second, "the page offers a passphrase", func() bool {
		passphrase = f.evaluate(`document.querySelector("#passphrase").value`)
		return passphrase != ""
	})
	return passphrase
}

// traces is everything that the visit left behind, by place, as far as this browser shows it.
func (f *fox) traces() map[string][]byte {
	f.t.Helper()
	places := map[string][]byte{
		"the program's log": f.program.Log.Bytes(),
		"firefox's output":  []byte(f.browser.Output()),
		"the console":       fmt.Append(nil, f.browser.Said()),
	}
	for place, script := range map[string]string{
		"the DOM":           `document.documentElement.outerHTML`,
		"the form fields":   `JSON.stringify(Array.from(document.querySelectorAll("input, textarea"), (field) => field.value))`,
		"the local storage": `JSON.stringify(localStorage) + JSON.stringify(sessionStorage)`,
		"the databases":     `indexedDB.databases().then((all) => JSON.stringify(all))`,
		"the caches":        `caches.keys().then((all) => JSON.stringify(all))`,
		"the cookies":       `document.cookie`,
		"the history state": `JSON.stringify(history.state)`,
		"the address":       `location.href`,
	} {
		places[place] = []byte(f.evaluate(script))
	}
	for i, r := range f.browser.Requests() {
		body, err := f.browser.Body(f.ctx, r)
		f.do(err)
		places[fmt.Sprintf("request %d", i+1)] = fmt.Appendf(nil, "%s %s\n%s\n%s", r.Method, r.Address, r.Headers, body)
	}
	return places
}

// ciphertexts are the fields in which wrapped key material travels.
var ciphertexts = regexp.MustCompile(`"EncryptedKeyMaterial":"([^"]+)"`)

// mustNotHaveLeaked looks for what arrived at the local KMS in everything that the visit left
// behind. The ciphertext, which must be in it, shows that the search finds what is there.
func (f *fox) mustNotHaveLeaked(key string) {
	f.t.Helper()
	material := f.program.Material(f.t, key)
	if len(material) != 32 {
		f.t.Fatalf("the local KMS has %d bytes of material for %s, want 32", len(material), key)
	}
	traces := f.traces()
	var sent []byte
	for place, content := range traces {
		if found := ciphertexts.FindSubmatch(content); found != nil && strings.HasPrefix(place, "request") {
			sent, _ = base64.StdEncoding.DecodeString(string(found[1]))
		}
		for _, found := range browser.Pieces(f.t, content, material) {
			f.t.Errorf("%s holds %s", place, found)
		}
	}
	seen := false
	for _, content := range traces {
		seen = seen || len(sent) == 256 && len(browser.Pieces(f.t, content, sent)) > 0
	}
	if !seen {
		f.t.Errorf("the record has no ciphertext of 256 bytes: %d places were searched, and the search proves nothing", len(traces))
	}
}

// The main job in a second engine, and the same attacks on the same policies.
func TestProofFirefox(t *testing.T) {
	p := program.Start(t)
	for i, job := range []struct{ language, algorithm string }{
		{"en", "RSAES_OAEP_SHA_256"},
		{"zh-CN", "RSAES_PKCS1_V1_5"},
	} {
		t.Run(job.algorithm+"/"+job.language, func(t *testing.T) {
			key := program.Seeded[i]
			began := time.Now()
			f := openFirefox(p, t, job.language, "/?KeyId="+key)
			f.importGenerated(key, job.algorithm)
			if got := p.State(t, key); got != "Enabled" {
				t.Errorf("the CMK is %s, want Enabled", got)
			}
			p.MustWork(t, key)
			f.mustNotHaveLeaked(key)
			for _, r := range f.browser.Requests() {
				address, local := strings.CutPrefix(r.Address, "blob:")
				local = local || strings.HasPrefix(address, "data:") // such as the dots of a password
				if !local && !strings.HasPrefix(address, p.Console+"/") {
					t.Errorf("the browser asked for %s", r.Address)
				}
			}
			proof.Findings.Add(proof.Findings.About("Firefox: the main job", "language", "algorithm", "requests", "seconds"),
				job.language, job.algorithm, fmt.Sprint(len(f.browser.Requests())), fmt.Sprintf("%.1f", time.Since(began).Seconds()))
		})
	}
}
