package person

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"

	"keyferry/components/text"
	"keyferry/e2e/browser"
	"keyferry/e2e/program"
)

// TestDeskLook walks through the desk's file in both languages and both themes, wide and narrow: every state is without
// findings of axe-core, none is wider than the window, and the result can be read on A4.
func TestDeskLook(t *testing.T) {
	p := program.Start(t)
	file := program.WriteDesk(t, "--region=cn-hangzhou")
	for _, language := range text.Languages {
		for _, how := range []browser.Look{{Width: 1280}, {Width: 1280, Dark: true}, {Width: 320}} {
			how.Language = language.Tag
			name := fmt.Sprintf("%s-%d", how.Language, how.Width)
			if how.Dark {
				name += "-dark"
			}
			t.Run(name, func(t *testing.T) {
				p.Ask(t, "POST", "/reset", nil, nil)
				key, algorithm := program.Seeded[0], "RSAES_OAEP_SHA_256"
				v := openFile(p, t, how, file)
				stand := func(state string) {
					t.Helper()
					v.MustFit()
					v.MustBeAccessible(state)
					if v.Shots = browser.TemporaryPictures(); slices.Contains([]string{"2-read", "3-hsm", "5-result"}, state) {
						v.Shots = browser.PictureFolder(how)
					}
					v.Shot(name + "-desk-" + state)
				}
				stand("1-cmk")
				v.ChooseCMK(key)
				v.Do(v.Page.Locator("summary").First().Click())
				stand("2-parameters")
				v.Do(v.Page.Locator("#brought-files").Check())
				v.See("label[for=token]", v.Words.Desk.TokenFile)
				stand("2-files")
				v.Do(v.Page.Locator("#brought-answer").Check())
				v.Paste("{", algorithm)
				v.Fault("parameters_unreadable")
				stand("2-refused")
				v.Paste(p.AnswerOf(t, key, algorithm), algorithm)
				v.See("[data-step=params] h3", v.Words.Desk.HaveRead)
				stand("2-read")
				v.Press(v.Words.Import.Continue)
				passphrase := v.OfferedPassphrase()
				stand("3-material")
				v.Do(v.Page.Locator("#lane-hsm").Check())
				stand("3-hsm")
				v.Do(v.Page.Locator("#lane-browser").Check())
				v.Press(v.Words.Material.Prepare)
				backup := v.SaveBackup()
				stand("3-backup")
				v.ProveBackup(backup, passphrase)
				stand("4-files")
				v.Press(v.Words.Desk.MakeFiles)
				v.See("[data-part=result]", v.Words.Desk.NotImported)
				v.Do(v.Page.Locator("[data-link=receipt]").WaitFor())
				stand("5-result")
				if how.Width > 1000 && !how.Dark {
					mustPrint(v, name, key)
				}
			})
		}
	}
}

// mustPrint prints the page on A4 and looks for what a person needs on the paper: nothing of it may be cut off.
func mustPrint(v *browser.Visit, name, key string) {
	v.T.Helper()
	file := filepath.Join(v.T.TempDir(), name+".pdf")
	v.Do(v.Page.PDF(playwright.PagePdfOptions{Path: playwright.String(file), Format: playwright.String("A4")}))
	output, err := exec.Command("pdftotext", file, "-").Output()
	if err != nil {
		v.T.Fatalf("reading the print: %v", err)
	}
	paper := strings.Join(strings.Fields(string(output)), "")
	fingerprint := strings.Join(strings.Fields(v.Text("[data-part=result] [data-fill=ciphertext-digest]")), "")
	if len(fingerprint) != 64 {
		v.T.Errorf("the page shows %q for the digest of the ciphertext", fingerprint)
	}
	command := strings.Join(strings.Fields(v.Text("#import-key-material")), "")
	for _, want := range []string{key, fingerprint, command, v.Words.Desk.Ready, v.Words.Desk.WithCLI, v.Words.Material.KCV} {
		if !strings.Contains(paper, strings.Join(strings.Fields(want), "")) {
			v.T.Errorf("the print lacks %q", want)
		}
	}
	for _, unwanted := range []string{v.Words.Desk.DownloadWrapped, v.Words.Keep.Print} {
		if strings.Contains(paper, strings.Join(strings.Fields(unwanted), "")) {
			v.T.Errorf("the print shows the button %q", unwanted)
		}
	}
	if content, err := os.ReadFile(file); err == nil {
		os.WriteFile(filepath.Join(browser.TemporaryPictures(), name+"-desk.pdf"), content, 0o600) // for looking at; nothing depends on it
	}
}
