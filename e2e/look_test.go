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
				v.shot(name + "-3-material")
				v.generate()
				v.do(v.page.Locator("#expiry-at").Check())
				v.do(v.page.Locator("#expiry-time").Fill("2036-01-02T03:04"))
				v.mustFit()
				v.shot(name + "-4-import")
				v.send(key)
				v.imported(key)
				v.mustFit()
				v.shot(name + "-5-result")
				v.do(v.page.Goto(p.console + "/proof"))
				v.mustFit()
				v.shot(name + "-6-proof")
			})
		}
	}
}

// mustFit fails if the page has to be scrolled sideways.
func (v *visit) mustFit() {
	v.t.Helper()
	over, err := v.page.Evaluate(`document.documentElement.scrollWidth - innerWidth`)
	v.do(err)
	if over, ok := over.(int); !ok || over > 0 {
		v.t.Errorf("the page is %v px wider than the window", over)
	}
}
