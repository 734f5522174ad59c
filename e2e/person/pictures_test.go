package person

import (
	"os"
	"testing"

	"keyferry/components/text"
	"keyferry/e2e/browser"
	"keyferry/e2e/program"
)

// TestPictures takes the pictures of the README, which make pictures asks for. What can be wrong on
// them, TestAccessibility and TestDeskLook find.
func TestPictures(t *testing.T) {
	folder := os.Getenv("KEYFERRY_SCREENSHOTS")
	if folder == "" {
		t.Skip("make pictures takes them")
	}
	p := program.Start(t)
	desk := program.WriteDesk(t, "--region=cn-hangzhou")
	for _, language := range text.Languages {
		t.Run(language.Tag, func(t *testing.T) {
			p.Ask(t, "POST", "/reset", nil, nil)
			how := browser.Look{Language: language.Tag, Width: 1280}
			v := browser.Open(p, t, how, "/?KeyId="+program.Seeded[0])
			v.Shots = folder
			picturesOfImport(v, how.Name())
			v.Do(v.Page.Goto(p.Local + "/"))
			v.Shot(how.Name() + "-localkms")

			p.Ask(t, "POST", "/reset", nil, nil)
			v = openFile(p, t, how, desk)
			v.Shots = folder
			picturesOfDesk(v, how.Name()+"-desk")
		})
	}
}

func picturesOfImport(v *browser.Visit, name string) {
	key := program.Seeded[0]
	v.Shot(name + "-1-cmk")
	v.Press(v.Words.CMK.Use)
	v.Do(v.Page.Locator("#algorithm-RSAES_OAEP_SHA_256").WaitFor())
	v.Shot(name + "-2-parameters")
	v.Press(v.Words.Params.Get)
	passphrase := v.OfferedPassphrase()
	v.Shot(name + "-3-material")
	v.Press(v.Words.Material.Prepare)
	v.See("[data-act=stored]", v.Words.Material.Stored)
	v.Shot(name + "-3-passphrase")
	backup := v.SaveBackup()
	v.Shot(name + "-3-backup")
	v.ProveBackup(backup, passphrase)
	v.Do(v.Page.Locator("#expiry-at").Check())
	v.Do(v.Page.Locator("#expiry-time").Fill("2036-01-02T03:04"))
	v.Shot(name + "-4-import")
	v.Send(key)
	v.Imported(key)
	v.Do(v.Page.Locator("[data-link=receipt]").WaitFor())
	v.Shot(name + "-5-result")
	for _, page := range []struct{ number, path string }{{"6", "proof"}, {"7", "reimport"}, {"8", "check"}, {"9", "renewal"}} {
		v.Do(v.Page.Goto(v.Program.Console + "/" + page.path))
		v.Shot(name + "-" + page.number + "-" + page.path)
	}
}

func picturesOfDesk(v *browser.Visit, name string) {
	key, algorithm := program.Seeded[0], "RSAES_OAEP_SHA_256"
	v.ChooseCMK(key)
	v.Paste(v.Program.AnswerOf(v.T, key, algorithm), algorithm)
	v.See("[data-step=params] h3", v.Words.Desk.HaveRead)
	v.Shot(name + "-2-read")
	v.Press(v.Words.Import.Continue)
	passphrase := v.OfferedPassphrase()
	v.Do(v.Page.Locator("#lane-hsm").Check())
	v.Shot(name + "-3-hsm")
	v.Do(v.Page.Locator("#lane-browser").Check())
	v.Press(v.Words.Material.Prepare)
	v.ProveBackup(v.SaveBackup(), passphrase)
	v.Press(v.Words.Desk.MakeFiles)
	v.See("[data-part=result]", v.Words.Desk.NotImported)
	v.Do(v.Page.Locator("[data-link=receipt]").WaitFor())
	v.Shot(name + "-5-result")
}
