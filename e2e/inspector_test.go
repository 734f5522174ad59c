package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"

	"keyferry/components/text"
)

// The local KMS's own page stands in for the vendor's console: it creates an external CMK, brings the person to the
// import with its id, and shows afterwards that the CMK works.
func TestInspectorAndBack(t *testing.T) {
	p := start(t)
	for _, language := range text.Languages {
		t.Run(language.Tag, func(t *testing.T) {
			v := p.open(t, look{language: language.Tag}, "/")
			link := func(name string) playwright.Locator {
				return v.page.GetByRole("link", playwright.PageGetByRoleOptions{Name: name})
			}
			v.do(link(v.words.CMK.LocalOpen).Click())
			v.see(`html[lang="`+language.Tag+`"] .banner`, "KMS")
			v.mustBeAccessible("list of CMKs")
			v.do(v.page.Locator("#description").Fill("made in a test"))
			v.do(v.page.Locator("form[action='/keys'] button").Click())
			v.see("h1", "key-hzz")
			key := strings.TrimSpace(v.text("h1 code"))
			v.mustBeAccessible("a CMK that waits")
			v.do(v.page.Locator("a[href*='/?KeyId=']").First().Click())
			if value, err := v.page.Locator("#key-reference").InputValue(); err != nil || value != key {
				t.Fatalf("the console has the CMK %q, want %q", value, key)
			}
			v.press(v.words.CMK.Use)
			v.getParameters("RSAES_OAEP_SHA_256")
			v.generate()
			v.send(key)
			v.imported(key)
			v.do(link(v.words.Result.LocalLook).Click())
			v.do(v.page.Locator("a", playwright.PageLocatorOptions{HasText: key}).First().Click())
			v.see(".state-Enabled", "")
			v.do(v.page.Locator("form[action$='encrypt'] textarea").Fill("hello from the inspector"))
			v.do(v.page.Locator("form[action$='encrypt'] button").Click())
			blob := strings.TrimSpace(v.text(".notice pre"))
			v.do(v.page.Locator("form[action$='decrypt'] textarea").Fill(blob))
			v.do(v.page.Locator("form[action$='decrypt'] button").Click())
			v.see(".notice pre", "hello from the inspector")
			v.mustBeAccessible("a CMK that is enabled")
		})
	}
}

func TestPicturesOfTheInspector(t *testing.T) {
	p := start(t)
	for _, language := range text.Languages {
		for _, how := range []look{{width: 1280}, {width: 320, dark: true}} {
			how.language = language.Tag
			v := p.open(t, how, "/")
			v.shots = pictureFolder(how)
			v.do(v.page.Goto(p.local + "/"))
			v.mustFit()
			v.shot(fmt.Sprintf("%s-%d-localkms", how.language, how.width))
		}
	}
}
