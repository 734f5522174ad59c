package person

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aliyun/alibaba-cloud-sdk-go/services/kms"
	"github.com/playwright-community/playwright-go"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
)

// A chosen expiry reaches the KMS as the moment that the page showed, and when it has come the CMK
// waits again. What is typed into the fields of step 4 is refused on the page: a year that the KMS
// does not know, and what is no list of days, which may be a key.
func TestExpiry(t *testing.T) {
	p := program.Start(t)
	key := program.Seeded[0]
	v := browser.Open(p, t, browser.Look{}, "/") // the visitor's clock is on Shanghai time, eight hours ahead of UTC
	v.ToStep4(key)
	v.Do(v.Page.Locator("#expiry-at").Check())
	for _, test := range []struct{ time, utc, code string }{
		{"", "", "expiry_missing"}, {"2020-01-02T03:04", "2020-01-01 19:04:00 UTC", "expiry_past"},
		{"1970-01-01T00:00", "", "expiry_past"}, {"12026-01-01T00:00", "", "expiry_far"},
	} {
		v.Do(v.Page.Locator("#expiry-time").Fill(test.time))
		if test.utc != "" {
			v.See("#expiry-utc", test.utc)
		}
		v.Send(key)
		v.Fault(test.code)
	}
	v.Do(v.Page.Locator("#expiry-time").Fill("2036-01-02T03:04"))
	v.See("#expiry-utc", "2036-01-01 19:04:00 UTC")
	v.See("[data-form=send] [data-fill=expiry]", "2082827040")
	v.Send(key)
	v.Imported(key)
	for _, typed := range []string{"soon", "0", "366", strings.Repeat("0f", 32), "1 2 3 4 5 6 7 8 9 10 11"} {
		v.Do(v.Page.Locator("#remind").Fill(typed))
		v.Press(v.Words.Keep.Calendar)
		v.Fault("reminder_days")
	}
	for _, sent := range v.Sent {
		if strings.HasPrefix(string(sent), "POST ") && strings.Contains(string(sent), "/calendar") {
			t.Errorf("the page sent %q", sent)
		}
	}

	request := kms.CreateDescribeKeyRequest()
	request.KeyId = key
	described, err := p.SDK(t).DescribeKey(request)
	if err != nil {
		t.Fatal(err)
	}
	if got := described.KeyMetadata.MaterialExpireTime; got != "2036-01-01T19:04:00Z" {
		t.Errorf("the KMS has the expiry %s", got)
	}
	p.Ask(t, "PUT", "/clock", map[string]string{"set": "2036-01-01T19:04:01Z"}, nil)
	if got := p.State(t, key); got != "PendingImport" {
		t.Errorf("after the expiry the CMK is %s, want PendingImport", got)
	}
}

// The panel lists exactly the requests that the browser made after the page was loaded, and shows
// no secret.
func TestWhatLeftThisBrowser(t *testing.T) {
	p := program.Start(t)
	key := program.Seeded[0]
	v := browser.Open(p, t, browser.Look{}, "/")
	v.See("[data-part=sent-nothing]", v.Words.Sent.Nothing)
	v.ToStep4(key)
	v.Send(key)
	v.Imported(key)
	v.Mu.Lock()
	var posts []string
	for _, sent := range v.Sent {
		line, _, _ := strings.Cut(string(sent), "\n")
		if method, address, _ := strings.Cut(line, " "); method != "GET" {
			posts = append(posts, strings.TrimPrefix(address, p.Console+"/kms/"))
		} else if !strings.HasPrefix(address, p.Console+"/static/") && address != p.Console+"/" && address != p.Console+"/en/" {
			t.Errorf("the browser asked for %s", address)
		}
	}
	v.Mu.Unlock()
	var listed []string
	entries, err := v.Page.Locator("[data-part=sent-list] li strong").AllInnerTexts()
	v.Do(err)
	listed = append(listed, entries...)
	slices.Reverse(listed) // the newest comes first
	if fmt.Sprint(listed) != fmt.Sprint(posts) || len(posts) != 2 {
		t.Errorf("the panel lists %v, the browser sent %v", listed, posts)
	}
	var body struct{ EncryptedKeyMaterial, ImportToken string }
	if err := json.Unmarshal(v.Posted("ImportKeyMaterial")[0], &body); err != nil {
		t.Fatal(err)
	}
	panel := strings.ReplaceAll(v.Text("[data-part=sent]"), "\u00a0", " ")
	for _, secret := range []string{body.EncryptedKeyMaterial, body.ImportToken} {
		if strings.Contains(panel, secret[:24]) {
			t.Error("the panel shows a token or a ciphertext")
		}
	}
	for _, want := range []string{key, "256 bytes", "RSAES_OAEP_SHA_256", "RSA_2048"} {
		if !strings.Contains(panel, want) {
			t.Errorf("the panel lacks %q:\n%s", want, panel)
		}
	}
	if !strings.Contains(panel, v.Words.Sent.NothingElse) {
		t.Error("the panel does not close with what else was sent")
	}
}

// Leaving asks first with wrapped material that was not imported, and after the import until the
// receipt is saved. Whoever stays has lost nothing.
func TestLeavingAsksFirst(t *testing.T) {
	p := program.Start(t)
	key := program.Seeded[0]
	v := browser.Open(p, t, browser.Look{}, "/")
	var asked []string
	v.Page.OnDialog(func(dialog playwright.Dialog) {
		asked = append(asked, dialog.Type())
		if len(asked) == 2 {
			dialog.Dismiss()
		} else {
			dialog.Accept()
		}
	})
	v.ToStep4(key)
	v.Do(v.Page.Reload())
	if len(asked) != 1 || asked[0] != "beforeunload" {
		t.Errorf("leaving with wrapped material asked %v", asked)
	}
	v.ToStep4(key)
	v.Send(key)
	v.Imported(key)
	another := v.Page.Locator("[data-link=another]")
	v.Do(v.Page.Locator("[data-link=receipt]").WaitFor())
	v.Do(v.Page.ExpectEvent("dialog", func() error {
		return another.DispatchEvent("click", nil) // waits for no navigation, which is refused
	}))
	v.Download("[data-link=receipt]")
	if len(asked) != 2 {
		t.Errorf("leaving without the receipt asked %v", asked[1:])
	}
	v.Do(another.Click())
	v.See("[data-step=cmk][data-state=open] h2", "")
	if len(asked) != 2 {
		t.Errorf("leaving with the receipt saved asked %v", asked[2:])
	}
}

// The theme changes in place and for every page, and the language leads to the same page in it,
// with the CMK of the address. Both are kept: no page shows first in the other theme, and the plain
// address leads to the language.
func TestLanguageAndTheme(t *testing.T) {
	p := program.Start(t)
	v := browser.Open(p, t, browser.Look{}, "/?KeyId=key-hzz1")
	loads := 0
	v.Page.OnDOMContentLoaded(func(playwright.Page) { loads++ })
	field := v.Page.Locator("#key-reference")
	if value, err := field.InputValue(); err != nil || value != "key-hzz1" || v.Page.URL() != p.Console+"/en/?KeyId=key-hzz1" {
		t.Errorf("the CMK in the field is %q, %v, at %s", value, err, v.Page.URL())
	}
	v.Do(field.Fill("typed"))
	surface := func() any {
		colour, err := v.Page.Evaluate(`getComputedStyle(document.documentElement).backgroundColor`)
		v.Do(err)
		return colour
	}
	light := surface()
	v.OpenMenu()
	v.Press(v.Words.Frame.ThemeDark)
	v.See("html[data-theme=dark] h1", v.Words.Import.Title)
	if value, _ := field.InputValue(); surface() == light || value != "typed" || loads != 0 {
		t.Errorf("the dark theme: the surface is %v as before, or %q is in the field, or the page was loaded %d times", surface(), value, loads)
	}
	v.Do(v.Page.GetByRole("link", playwright.PageGetByRoleOptions{Name: "简体中文"}).Click())
	v.See("html[lang=zh-CN][data-theme=dark] h1", "导入密钥材料")
	if value, _ := field.InputValue(); value != "key-hzz1" || v.Page.URL() != p.Console+"/zh-CN/?KeyId=key-hzz1" {
		t.Errorf("in Chinese the field has %q, at %s", value, v.Page.URL())
	}
	v.Do(v.Page.Goto(p.Console + "/check"))
	v.See("html[lang=zh-CN][data-theme=dark] h1", "核对备份")
	cookies, err := v.Page.Context().Cookies()
	v.Do(err)
	kept := map[string]string{}
	for _, cookie := range cookies {
		kept[cookie.Name] = cookie.Value
		if *cookie.SameSite != *playwright.SameSiteAttributeStrict || cookie.Path != "/" {
			t.Errorf("the cookie %+v", cookie)
		}
	}
	if len(kept) != 2 || kept["keyferry_language"] != "zh-CN" || kept["keyferry_theme"] != "dark" {
		t.Errorf("the cookies are %v", kept)
	}
	v.OpenMenu()
	v.Press("跟随系统")
	v.See("html:not([data-theme]) h1", "核对备份")
	if cookies, _ := v.Page.Context().Cookies(); len(cookies) != 1 {
		t.Errorf("the theme is still kept: %v", cookies)
	}
}

// Changing the language asks first while something would be lost; whoever stays has lost nothing
// and chosen nothing.
func TestLanguageAsksFirst(t *testing.T) {
	p := program.Start(t)
	v := browser.Open(p, t, browser.Look{}, "/")
	v.ToStep4(program.Seeded[0])
	asked := 0
	v.Page.OnDialog(func(d playwright.Dialog) {
		asked++
		if asked == 1 {
			d.Dismiss()
		} else {
			d.Accept()
		}
	})
	chinese := v.Page.GetByRole("link", playwright.PageGetByRoleOptions{Name: "简体中文"})
	v.OpenMenu()
	v.Press(v.Words.Frame.ThemeDark)
	v.Do(chinese.DispatchEvent("click", nil)) // waits for no navigation, which is refused
	v.See("[data-step=send][data-state=open] h3", "")
	if cookies, _ := v.Page.Context().Cookies(); asked != 1 || len(cookies) != 1 {
		t.Errorf("asked %d times, and kept %v", asked, cookies)
	}
	v.Do(chinese.Click())
	v.See("html[lang=zh-CN][data-theme=dark] h1", "导入密钥材料")
	if asked != 2 {
		t.Errorf("asked %d times", asked)
	}
}

// Step 3 needs no network once the module was loaded, as the page says.
func TestGeneratingOffline(t *testing.T) {
	p := program.Start(t)
	v := browser.Open(p, t, browser.Look{}, "/")
	v.ChooseCMK(program.Seeded[0])
	v.GetParameters("RSAES_OAEP_SHA_256")
	v.OfferedPassphrase() // by the module, which is loaded now
	v.Do(v.Page.Context().SetOffline(true))
	v.Generate()
}
