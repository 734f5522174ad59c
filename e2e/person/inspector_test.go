package person

import (
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
)

// The local KMS's own page takes the part of the vendor's console: it creates an external CMK,
// brings the person to the import with its id, and shows afterwards that the CMK works.
func TestInspectorAndBack(t *testing.T) {
	p := program.Start(t)
	browser.InLooks(t, "zh-CN", func(t *testing.T, how browser.Look) {
		v := browser.Open(p, t, how, "/")
		link := func(name string) playwright.Locator {
			return v.Page.GetByRole("link", playwright.PageGetByRoleOptions{Name: name})
		}
		v.Do(link(v.Words.CMK.LocalOpen).Click())
		v.See(`html[lang="`+how.Language+`"] .banner`, "KMS")
		v.MustLook("list of CMKs")
		v.Do(v.Page.Locator("#description").Fill("made in a test"))
		v.Do(v.Page.Locator("form[action='/keys'] button").Click())
		v.See("h1", "key-hzz")
		key := strings.TrimSpace(v.Text("h1 code"))
		v.MustLook("a CMK that waits")
		v.Do(v.Page.Locator("a[href*='/?KeyId=']").First().Click())
		v.Do(playwright.NewPlaywrightAssertions(10_000).Locator(v.Page.Locator("#key-reference")).ToHaveValue(key))
		v.Press(v.Words.CMK.Use)
		v.GetParameters("RSAES_OAEP_SHA_256")
		v.GenerateForRecipient()
		v.Send(key)
		v.Imported(key)
		beside, err := v.Page.ExpectPopup(func() error { return link(v.Words.Result.LocalLook).Click() })
		v.Do(err)
		v.Page = beside
		v.Do(v.Page.Locator("a", playwright.PageLocatorOptions{HasText: key}).First().Click())
		v.See(".state-Enabled", "")
		v.Do(v.Page.Locator("form[action$='encrypt'] textarea").Fill("hello from the inspector"))
		v.Do(v.Page.Locator("form[action$='encrypt'] button").Click())
		blob := strings.TrimSpace(v.Text(".notice pre"))
		v.Do(v.Page.Locator("form[action$='decrypt'] textarea").Fill(blob))
		v.Do(v.Page.Locator("form[action$='decrypt'] button").Click())
		v.See(".notice pre", "hello from the inspector")
		v.MustLook("a CMK that is enabled")
		// A first import would be refused after the whole ceremony: the link leads to the other
		// page.
		v.Do(v.Page.Locator("a[href*='/reimport?KeyId=']").First().Click())
		v.See("h1", v.Words.Reimport.Title)
	})
}
