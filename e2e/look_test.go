package e2e

import (
	"fmt"
	"testing"

	"keyferry/components/text"
)

// TestPictures takes a picture of every step, in both languages and both themes, wide and narrow, and fails where a page
// is wider than the window. The wide ones in light colours are those of the README, which make pictures writes; the
// others are for looking at.
func TestPictures(t *testing.T) {
	p := start(t)
	for _, language := range text.Languages {
		for _, how := range []look{{width: 1280}, {width: 1280, dark: true}, {width: 320}, {width: 320, dark: true}} {
			how.language = language.Tag
			name := fmt.Sprintf("%s-%d", how.language, how.width)
			if how.dark {
				name += "-dark"
			}
			t.Run(name, func(t *testing.T) {
				p.ask(t, "POST", "/reset", nil, nil)
				key := seeded[0]
				v := p.open(t, how, "/?KeyId="+key)
				v.shots = pictureFolder(how)
				v.mustFit()
				v.shot(name + "-1-cmk")
				v.press(v.words.CMK.Use)
				v.do(v.page.Locator("#algorithm-RSAES_OAEP_SHA_256").WaitFor())
				v.shot(name + "-2-parameters")
				v.press(v.words.Params.Get)
				v.see("[data-step=params] h3", v.words.Params.Got)
				v.mustFit()
				v.shot(name + "-2-received")
				v.press(v.words.Import.Continue)
				passphrase := v.offeredPassphrase()
				v.mustFit()
				v.shot(name + "-3-material")
				v.press(v.words.Material.Prepare)
				backup := v.saveBackup()
				v.mustFit()
				v.shot(name + "-3-backup")
				v.proveBackup(backup, passphrase)
				v.do(v.page.Locator("#expiry-at").Check())
				v.do(v.page.Locator("#expiry-time").Fill("2036-01-02T03:04"))
				v.mustFit()
				v.shot(name + "-4-import")
				v.send(key)
				v.imported(key)
				v.do(v.page.Locator("[data-link=receipt]").WaitFor())
				v.mustFit()
				v.shot(name + "-5-result")
				for i, page := range []string{"proof", "reimport", "check", "renewal"} {
					v.do(v.page.Goto(p.console + "/" + page))
					v.mustFit()
					v.shot(fmt.Sprintf("%s-%d-%s", name, 6+i, page))
				}
			})
		}
	}
}

// mustFit fails if the page has to be scrolled sideways, and names what sticks out.
func (v *visit) mustFit() {
	v.t.Helper()
	wide, err := v.page.Evaluate(`document.documentElement.scrollWidth <= innerWidth ? "" :
		Array.from(document.querySelectorAll("body *")).filter((e) => e.getBoundingClientRect().right > innerWidth)
			.map((e) => e.outerHTML.slice(0, 120)).join("\n")`)
	v.do(err)
	if wide != "" {
		v.t.Errorf("the page is wider than the window because of\n%s", wide)
	}
}
