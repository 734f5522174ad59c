package person

import (
	"fmt"
	"testing"

	"keyferry/components/text"
	"keyferry/e2e/browser"
	"keyferry/e2e/program"
)

// TestPictures takes a picture of every step, in both languages and both themes, wide and narrow, and fails where a page
// is wider than the window. The wide ones in light colours are those of the README, which make pictures writes; the
// others are for looking at.
func TestPictures(t *testing.T) {
	p := program.Start(t)
	for _, language := range text.Languages {
		for _, how := range []browser.Look{{Width: 1280}, {Width: 1280, Dark: true}, {Width: 320}, {Width: 320, Dark: true}} {
			how.Language = language.Tag
			name := fmt.Sprintf("%s-%d", how.Language, how.Width)
			if how.Dark {
				name += "-dark"
			}
			t.Run(name, func(t *testing.T) {
				p.Ask(t, "POST", "/reset", nil, nil)
				key := program.Seeded[0]
				v := browser.Open(p, t, how, "/?KeyId="+key)
				v.Shots = browser.PictureFolder(how)
				v.MustFit()
				v.Shot(name + "-1-cmk")
				v.Press(v.Words.CMK.Use)
				v.Do(v.Page.Locator("#algorithm-RSAES_OAEP_SHA_256").WaitFor())
				v.Shot(name + "-2-parameters")
				v.Press(v.Words.Params.Get)
				v.See("[data-step=params] h3", v.Words.Params.Got)
				v.MustFit()
				v.Shot(name + "-2-received")
				v.Press(v.Words.Import.Continue)
				passphrase := v.OfferedPassphrase()
				v.MustFit()
				v.Shot(name + "-3-material")
				v.Press(v.Words.Material.Prepare)
				backup := v.SaveBackup()
				v.MustFit()
				v.Shot(name + "-3-backup")
				v.ProveBackup(backup, passphrase)
				v.Do(v.Page.Locator("#expiry-at").Check())
				v.Do(v.Page.Locator("#expiry-time").Fill("2036-01-02T03:04"))
				v.MustFit()
				v.Shot(name + "-4-import")
				v.Send(key)
				v.Imported(key)
				v.Do(v.Page.Locator("[data-link=receipt]").WaitFor())
				v.MustFit()
				v.Shot(name + "-5-result")
				for i, page := range []string{"proof", "reimport", "check", "renewal"} {
					v.Do(v.Page.Goto(p.Console + "/" + page))
					v.MustFit()
					v.Shot(fmt.Sprintf("%s-%d-%s", name, 6+i, page))
				}
			})
		}
	}
}
