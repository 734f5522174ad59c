package linked

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"keyferry/components/text"
	"keyferry/e2e/browser"
	"keyferry/e2e/firefox"
	"keyferry/e2e/program"
	"keyferry/e2e/proof"
)

// fox is a desk in Firefox.
type fox struct {
	scene   *scene
	ctx     context.Context
	words   *text.Catalogue
	browser *firefox.Browser
	page    *firefox.Page
}

// openFox opens a desk in Firefox as far as step 2.
func openFox(t *testing.T, kms *program.Program, how reach, language string) *scene {
	t.Helper()
	s := prepareScene(t, kms, how)
	words := text.Match(language)
	s.Visit = &browser.Visit{T: t, Program: kms, Words: words}
	network := world.listener.Addr().String()
	_, port, _ := strings.Cut(network, ":")
	f := &fox{scene: s, ctx: t.Context(), words: words, browser: browser.LaunchFirefoxWith(t, firefox.Config{
		Language: language, Network: network, Trusted: map[string][]byte{kmsHost + ":" + port: world.kms.Certificate[0]},
	})}
	page, err := f.browser.Open(f.ctx, browser.FileAddress(how.desk(t)))
	f.do(err)
	f.page, s.page = page, f
	f.do(f.page.Type(f.ctx, "#key-reference", s.key))
	f.press(words.CMK.Use)
	return s
}

func (f *fox) do(err error) {
	f.scene.T.Helper()
	if err != nil {
		shown := "none"
		if f.page != nil {
			shown, _ = f.page.Evaluate(f.ctx, `document.querySelector(".notice.error")?.innerText ?? "none"`)
		}
		f.scene.T.Fatalf("%v\nthe error on the page: %s", err, shown)
	}
}

func (f *fox) see(selector, want string) {
	f.scene.T.Helper()
	f.do(f.page.See(f.ctx, selector, want))
}

func (f *fox) press(name string) {
	f.scene.T.Helper()
	f.do(f.page.Click(f.ctx, "button", name))
}

// give pastes a link, and waits for an error or for something else.
func (f *fox) give(field, link, button, otherwise string) string {
	f.scene.T.Helper()
	quoted, err := json.Marshal(link)
	f.do(err)
	_, err = f.page.Evaluate(f.ctx, fmt.Sprintf(`(() => {
		document.querySelector(".notice.error")?.remove()
		const field = document.querySelector("#%s")
		field.value = %s
		field.dispatchEvent(new Event("input", { bubbles: true }))
		return ""
	})()`, field, quoted))
	f.do(err)
	f.press(button)
	f.see(".notice.error, "+otherwise, "")
	code, err := f.page.Evaluate(f.ctx, codeShown)
	f.do(err)
	return code
}

func (f *fox) giveLink(link string) string {
	f.scene.T.Helper()
	return f.give("link", link, f.words.Desk.Read, "[data-part=parameters]:not([hidden]) h3")
}

func (f *fox) giveSecond(link string) string {
	f.scene.T.Helper()
	return f.give("second", link, text.Fill(f.words.DeskLink.Confirm, "cmk", f.scene.key), "[data-part=accepted-by-kms]:not([hidden]) h2")
}

func (f *fox) caught(code string) {
	f.scene.T.Helper()
	says := f.words.Fault(code).What
	if code == refused {
		says = f.words.Fault(unknownAccount).What
	}
	f.see(`.notice.error[data-code="`+code+`"]`, says)
	claimed, err := f.page.Evaluate(f.ctx, `String([...document.querySelectorAll("`+claims+`")].some((claim) => claim.checkVisibility()))`)
	f.do(err)
	if claimed != "false" {
		f.scene.T.Error("the page offers to go on, or says that the KMS accepted")
	}
}

// makeFile generates a key, downloads and proves its backup, and saves the import file.
func (f *fox) makeFile() string {
	f.scene.T.Helper()
	f.press(f.words.Import.Continue)
	var passphrase string
	program.Eventually(f.scene.T, 20*time.Second, "the page offers a passphrase", func() bool {
		var err error
		passphrase, err = f.page.Evaluate(f.ctx, `document.querySelector("#passphrase").value`)
		f.do(err)
		return passphrase != ""
	})
	f.press(f.words.Material.Prepare)
	f.see("[data-part=backup] h3", f.words.Material.BackupTitle)
	f.press(f.words.Material.Stored)
	backup, err := f.page.Download(f.ctx, "[data-link=backup]")
	f.do(err)
	f.do(f.page.SetFiles(f.ctx, "#proof-age", backup))
	f.do(f.page.Type(f.ctx, "#proof-secret", passphrase))
	f.press(f.words.Material.ProveButton)
	f.see("[data-part=proven]", f.words.Material.Proven)
	f.press(f.words.Desk.MakeFiles)
	saved, err := f.page.Download(f.ctx, "[data-link=import-file]")
	f.do(err)
	return saved
}

func (f *fox) sent() (all [][]byte) {
	f.scene.T.Helper()
	for _, request := range f.browser.Requests() {
		body, err := f.browser.Body(f.ctx, request)
		f.do(err)
		all = append(all, []byte(request.Method+" "+request.Address+"\n"+request.Headers), body)
	}
	return all
}

// TestProofLinkedFirefox has Firefox refuse everything that Chromium refuses, over TLS and on this
// computer, and then make an import by two links.
func TestProofLinkedFirefox(t *testing.T) {
	mustBeLong(t)
	kms := program.Start(t)
	for how, language := range map[reach]string{overTLS: "en", overLoopback: "zh-CN"} {
		t.Run(how.name, func(t *testing.T) {
			s := openFox(t, kms, how, language)
			mustCatch(t, s, "Firefox over "+how.name)
			mustCatchSeconds(t, s, "Firefox over "+how.name)
			s = openFox(t, kms, how, language)
			f := s.page.(*fox)
			made := program.ReadImportFile(t, s.toSecond())
			if code := s.giveSecond(goodSecond(s, made)); code != "" {
				t.Fatalf("the import is refused: %s", code)
			}
			f.see("[data-part=accepted-by-kms] h2", text.Fill(f.words.DeskLink.Accepted, "cmk", s.key))
			if got := kms.State(t, s.key); got != "Enabled" {
				t.Errorf("the CMK is %s, want Enabled", got)
			}
			kms.MustWork(t, s.key)
			for _, request := range f.browser.Requests() {
				if strings.HasPrefix(request.Address, "http") && !strings.HasPrefix(request.Address, s.origin()+"/") {
					t.Errorf("the desk asked for %s", request.Address)
				}
			}
			proof.Findings.Add(proof.Findings.About("Firefox: a connected desk", "over", "imported by link"), how.name, "yes")
		})
	}
}
