package e2e

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
	"keyferry/e2e/firefox"
)

// fox is a person's visit to the console in Firefox.
type fox struct {
	t       *testing.T
	ctx     context.Context
	program *program
	words   *text.Catalogue
	browser *firefox.Browser
	page    *firefox.Page
}

// launchFirefox starts a Firefox that asks for pages in a language; it ends with the test.
func launchFirefox(t *testing.T, language string) *firefox.Browser {
	t.Helper()
	launched, err := firefox.Launch(t.Context(), firefox.Config{Folder: t.TempDir(), Language: language})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(launched.Close)
	return launched
}

// foxTab is a page in Firefox.
type foxTab struct {
	ctx     context.Context
	browser *firefox.Browser
	page    *firefox.Page
}

func (f foxTab) navigate(address string) error { return f.page.Navigate(f.ctx, address) }

func (f foxTab) evaluate(script string) (string, error) { return f.page.Evaluate(f.ctx, script) }

// attackFirefox opens a page in a fresh Firefox, with the watcher in every document.
func attackFirefox(t *testing.T) foxTab {
	t.Helper()
	launched := launchFirefox(t, "en")
	if err := launched.Preload(t.Context(), "() => {"+watcher+"}"); err != nil {
		t.Fatal(err)
	}
	page, err := launched.Open(t.Context(), "about:blank")
	if err != nil {
		t.Fatal(err)
	}
	return foxTab{t.Context(), launched, page}
}

// openFirefox starts a visit at a path of the console. An error on the page's console fails the test.
func (p *program) openFirefox(t *testing.T, language, path string) *fox {
	t.Helper()
	return p.openFirefoxAt(t, language, p.console+path)
}

// openFirefoxAt starts a visit at any address.
func (p *program) openFirefoxAt(t *testing.T, language, address string) *fox {
	t.Helper()
	f := &fox{t: t, ctx: t.Context(), program: p, words: text.Match(language), browser: launchFirefox(t, language)}
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
			file := filepath.Join(temporaryPictures(), "failed-"+strings.ReplaceAll(f.t.Name(), "/", "-")+".png")
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

// importGenerated does the main job: a generated key, its backup downloaded and proven, and the import.
func (f *fox) importGenerated(key, algorithm string) {
	f.t.Helper()
	f.press(f.words.CMK.Use)
	f.do(f.page.Click(f.ctx, "label[for=algorithm-"+algorithm+"]", ""))
	f.press(f.words.Params.Get)
	f.see("[data-step=params] h3", f.words.Params.Got)
	f.press(f.words.Import.Continue)
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
	backup, err := f.page.Download(f.ctx, "[data-link=backup]")
	f.do(err)
	f.do(f.page.SetFiles(f.ctx, "#proof-age", backup))
	f.do(f.page.Type(f.ctx, "#proof-secret", passphrase))
	f.press(f.words.Material.ProveButton)
	f.see("[data-part=proven]", f.words.Material.Proven)
	f.do(f.page.Click(f.ctx, "[data-act=to-import]", f.words.Material.Continue))
}

// The desk's file opens from a disk in Firefox too, and its files are what the KMS takes.
func TestProofFirefoxDesk(t *testing.T) {
	p := start(t)
	key, algorithm := seeded[0], "RSAES_OAEP_SHA_256"
	f := p.openFirefoxAt(t, "zh-CN", fileAddress(writeDesk(t, "--region=cn-hangzhou")))
	f.do(f.page.Type(f.ctx, "#key-reference", key))
	f.press(f.words.CMK.Use)
	answer := writeFile(t, filepath.Join(t.TempDir(), key+"-"+algorithm+".json"), []byte(p.answerOf(t, key, algorithm)))
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
	p.importFiles(t, key, folder)
	for _, request := range f.browser.Requests() {
		if strings.HasPrefix(request.Address, "http") || strings.HasPrefix(request.Address, "ws") {
			t.Errorf("the desk asked for %s", request.Address)
		}
	}
}

// offeredPassphrase waits for the passphrase that the page offers.
func (f *fox) offeredPassphrase() string {
	f.t.Helper()
	for range 400 {
		if passphrase := f.evaluate(`document.querySelector("#passphrase").value`); passphrase != "" {
			return passphrase
		}
		time.Sleep(50 * time.Millisecond)
	}
	f.t.Fatal("the page offers no passphrase")
	return ""
}

// traces is everything that the visit left behind, by place, as far as this browser shows it.
func (f *fox) traces() map[string][]byte {
	f.t.Helper()
	places := map[string][]byte{
		"the program's log": f.program.log.Bytes(),
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

// mustNotHaveLeaked looks for what arrived at the local KMS in everything that the visit left behind. The ciphertext,
// which must be in it, shows that the search finds what is there.
func (f *fox) mustNotHaveLeaked(key string) {
	f.t.Helper()
	material := f.program.material(f.t, key)
	if len(material) != 32 {
		f.t.Fatalf("the local KMS has %d bytes of material for %s, want 32", len(material), key)
	}
	traces := f.traces()
	var sent []byte
	for place, content := range traces {
		if found := ciphertexts.FindSubmatch(content); found != nil && strings.HasPrefix(place, "request") {
			sent, _ = base64.StdEncoding.DecodeString(string(found[1]))
		}
		for _, found := range pieces(f.t, content, material) {
			f.t.Errorf("%s holds %s", place, found)
		}
	}
	seen := false
	for _, content := range traces {
		seen = seen || len(sent) == 256 && len(pieces(f.t, content, sent)) > 0
	}
	if !seen {
		f.t.Errorf("the record has no ciphertext of 256 bytes: %d places were searched, and the search proves nothing", len(traces))
	}
}

// The main job in a second engine, and the same attacks on the same walls.
func TestProofFirefox(t *testing.T) {
	p := start(t)
	for i, job := range []struct{ language, algorithm string }{
		{"en", "RSAES_OAEP_SHA_256"},
		{"zh-CN", "RSAES_PKCS1_V1_5"},
	} {
		t.Run(job.algorithm+"/"+job.language, func(t *testing.T) {
			key := seeded[i]
			began := time.Now()
			f := p.openFirefox(t, job.language, "/?KeyId="+key)
			f.importGenerated(key, job.algorithm)
			if got := p.state(t, key); got != "Enabled" {
				t.Errorf("the CMK is %s, want Enabled", got)
			}
			p.mustWork(t, key)
			f.mustNotHaveLeaked(key)
			for _, r := range f.browser.Requests() {
				address, local := strings.CutPrefix(r.Address, "blob:")
				local = local || strings.HasPrefix(address, "data:") // such as the dots of a password
				if !local && !strings.HasPrefix(address, p.console+"/") {
					t.Errorf("the browser asked for %s", r.Address)
				}
			}
			findings.add(findings.about("Firefox: the main job", "language", "algorithm", "requests", "seconds"),
				job.language, job.algorithm, fmt.Sprint(len(f.browser.Requests())), fmt.Sprintf("%.1f", time.Since(began).Seconds()))
		})
	}
}

// fresh opens a further tab: one from which windows were opened may be in the background, where timers are slow.
func (f foxTab) fresh(t *testing.T) workingTab {
	t.Helper()
	page, err := f.browser.Open(f.ctx, "about:blank")
	if err != nil {
		t.Fatal(err)
	}
	return foxTab{f.ctx, f.browser, page}
}

// The same attacks as in Chromium, on the same walls.
func TestProofFirefoxPolicy(t *testing.T) {
	p := start(t)
	in := attackFirefox(t)
	e := startElsewhere(t)
	pages := attackedPages
	if !*full {
		pages = []string{"/", "/proof"}
	}
	for _, path := range pages {
		t.Run("page "+path, func(t *testing.T) {
			s := site{where: "in a page", elsewhere: e.address + "/reached/", own: p.console + "/healthz/reached/", engine: "Firefox", page: p.console + path}
			attackPage(t, in, s, pageAttacks, path)
		})
	}
	if names := e.names(); len(names) > 0 {
		t.Errorf("these reached elsewhere: %v", names)
	}
	t.Run("worker", func(t *testing.T) {
		attackWorker(t, in.fresh(t), "Firefox", p.console)
	})
	t.Run("markup", func(t *testing.T) {
		attackMarkup(t, in.fresh(t), "Firefox", p.console, "/")
	})
	t.Run("origins", func(t *testing.T) {
		attackOrigins(t, in.fresh(t), "Firefox", p.console)
	})
	t.Run("what no policy refuses", func(t *testing.T) {
		tryOpenings(t, in.fresh(t), "Firefox", p.console)
	})
	t.Run("without a policy", func(t *testing.T) {
		open := startElsewhere(t)
		plain := site{elsewhere: open.address + "/reached/", own: open.address + "/reached/", engine: "Firefox", page: open.address + "/plain"}
		attackControl(t, in.fresh(t), plain, open, pageAttacks)
	})
}
