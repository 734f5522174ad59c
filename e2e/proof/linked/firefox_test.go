package linked

import (
	"context"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"keyferry/components/text"
	"keyferry/e2e/browser"
	"keyferry/e2e/firefox"
	"keyferry/e2e/program"
	"keyferry/e2e/proof"
)

// fox is a person at a connected desk in Firefox.
type fox struct {
	t       *testing.T
	ctx     context.Context
	words   *text.Catalogue
	browser *firefox.Browser
	page    *firefox.Page
}

func openFox(t *testing.T, file, language string) *fox {
	t.Helper()
	f := &fox{t: t, ctx: t.Context(), words: text.Match(language), browser: browser.LaunchFirefox(t, language)}
	page, err := f.browser.Open(t.Context(), browser.FileAddress(file))
	f.do(err)
	f.page = page
	return f
}

func (f *fox) do(err error) {
	f.t.Helper()
	if err != nil {
		shown, _ := f.page.Evaluate(f.ctx, `document.querySelector(".notice.error")?.innerText ?? "none"`)
		f.t.Fatalf("%v\nthe error on the page: %s", err, shown)
	}
}

func (f *fox) see(selector, want string) {
	f.t.Helper()
	f.do(f.page.See(f.ctx, selector, want))
}

func (f *fox) press(name string) {
	f.t.Helper()
	f.do(f.page.Click(f.ctx, "button", name))
}

// give brings a link as a text file.
func (f *fox) give(field, link, button string) {
	f.t.Helper()
	f.do(f.page.SetFiles(f.ctx, "#"+field+"-file", program.Kept(f.t, "link.txt", []byte(link+"\n"))))
	f.press(button)
}

// TestProofLinkedFirefox has Firefox refuse what Chromium refuses, and then make the whole import by
// two links. The KMS is on this computer, without TLS, or with a certificate that nobody trusts.
func TestProofLinkedFirefox(t *testing.T) {
	mustBeLong(t)
	kms := program.Start(t)
	key := program.Seeded[0]
	f := openFox(t, program.WriteConnectedDesk(t, kms.Local), "zh-CN")
	f.do(f.page.Type(f.ctx, "#key-reference", key))
	f.press(f.words.CMK.Use)
	good := func() string { return program.ParametersLink(t, kms.Local, key, algorithm) }
	host := strings.TrimPrefix(kms.Local, "http://")
	refused := 0
	for change, caught := range map[[2]string]string{
		{host, "127.0.0.1.keys.example"}:                      "link_other_host",
		{host, "localhost" + host[strings.Index(host, ":"):]}: "link_other_host",
		{host, host + "@keys.example"}:                        "link_other_host",
		{host, "a:b@" + host}:                                 "link_other_host",
		{host, "127.0.0.1:1"}:                                 "link_other_host",
		{host, strings.Replace(host, ":", ".:", 1)}:           "link_other_host",
		{host, strings.Replace(host, "1:", "\uff11:", 1)}:     "link_other_host",
		{host, "[::1]"}:                                       "link_other_host",
		{"http:", "https:"}:                                   "link_other_host",
		{"/?", "/keys?"}:                                      "link_unreadable",
		{"Action=Get", "Action=Set"}:                          "link_other_action",
		{key, program.Seeded[1]}:                              "link_other_cmk",
		{algorithm, "RSAES_OAEP_SHA_1"}:                       "link_other_algorithm",
		{"/?", "/?KeyId=x&"}:                                  "link_parameter_twice",
		{"/?", "/?Callback=x&"}:                               "link_parameter_unknown",
	} {
		link := good()
		if !strings.Contains(link, change[0]) {
			t.Fatalf("the link has no %q", change[0])
		}
		f.give("link", strings.Replace(link, change[0], change[1], 1), f.words.Desk.Read)
		f.see(`.notice.error[data-code="`+caught+`"]`, f.words.Fault(caught).What)
		refused++
	}
	f.give("link", good(), f.words.Desk.Read)
	f.see("[data-obtained=local]", host)
	f.press(f.words.Import.Continue)
	f.generate()
	f.press(f.words.Desk.MakeFiles)
	saved, err := f.page.Download(f.ctx, "[data-link=import-file]")
	f.do(err)
	made := program.ReadImportFile(t, saved)
	f.give("second", program.ImportLink(t, kms.Local, made), text.Fill(f.words.DeskLink.Confirm, "cmk", key))
	f.see("[data-part=accepted-by-kms] h2", text.Fill(f.words.DeskLink.Accepted, "cmk", key))
	if got := kms.State(t, key); got != "Enabled" {
		t.Errorf("the CMK is %s, want Enabled", got)
	}
	kms.MustWork(t, key)
	for _, request := range f.browser.Requests() {
		if strings.HasPrefix(request.Address, "http") && !strings.HasPrefix(request.Address, kms.Local+"/") {
			t.Errorf("the desk asked for %s", request.Address)
		}
	}
	proof.Findings.Add(proof.Findings.About("Firefox: a connected desk", "links refused", "imported by link"), strconv.Itoa(refused), "yes")
}

// An impostor in the place of the KMS has no certificate that Firefox accepts, and gets nothing.
func TestProofLinkedFirefoxImpostor(t *testing.T) {
	mustBeLong(t)
	kms := program.Start(t)
	thief := &operator{kms: kms}
	impostor := httptest.NewTLSServer(thief)
	defer impostor.Close()
	key := program.Seeded[0]
	f := openFox(t, program.WriteConnectedDesk(t, impostor.URL), "en")
	f.do(f.page.Type(f.ctx, "#key-reference", key))
	f.press(f.words.CMK.Use)
	f.give("link", program.ParametersLink(t, impostor.URL, key, algorithm), f.words.Desk.Read)
	f.see(`.notice.error[data-code="link_unreachable"]`, f.words.Fault("link_unreachable").What)
	if len(thief.seen) > 0 {
		t.Errorf("%d messages reached the impostor", len(thief.seen))
	}
}

// generate does step 3: a generated key, its backup downloaded and proven.
func (f *fox) generate() {
	f.t.Helper()
	var passphrase string
	program.Eventually(f.t, 20*time.Second, "the page offers a passphrase", func() bool {
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
}
