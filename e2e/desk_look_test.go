package e2e

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
)

// TestDeskLook walks through the desk's file in both languages and both themes, wide and narrow: every state is without
// findings of axe-core, none is wider than the window, and the result can be read on A4.
func TestDeskLook(t *testing.T) {
	p := start(t)
	file := writeDesk(t, "--region=cn-hangzhou")
	for _, language := range text.Languages {
		for _, how := range []look{{width: 1280}, {width: 1280, dark: true}, {width: 320}} {
			how.language = language.Tag
			name := fmt.Sprintf("%s-%d", how.language, how.width)
			if how.dark {
				name += "-dark"
			}
			t.Run(name, func(t *testing.T) {
				p.ask(t, "POST", "/reset", nil, nil)
				key, algorithm := seeded[0], "RSAES_OAEP_SHA_256"
				v := p.openFile(t, how, file)
				stand := func(state string) {
					t.Helper()
					v.mustFit()
					v.mustBeAccessible(state)
					if v.shots = temporaryPictures(); slices.Contains([]string{"2-read", "3-hsm", "5-result"}, state) {
						v.shots = pictureFolder(how)
					}
					v.shot(name + "-desk-" + state)
				}
				stand("1-cmk")
				v.chooseCMK(key)
				v.do(v.page.Locator("summary").First().Click())
				stand("2-parameters")
				v.do(v.page.Locator("#brought-files").Check())
				v.see("label[for=token]", v.words.Desk.TokenFile)
				stand("2-files")
				v.do(v.page.Locator("#brought-answer").Check())
				v.paste("{", algorithm)
				v.fault("parameters_unreadable")
				stand("2-refused")
				v.paste(p.answerOf(t, key, algorithm), algorithm)
				v.see("[data-step=params] h3", v.words.Desk.HaveRead)
				stand("2-read")
				v.press(v.words.Import.Continue)
				passphrase := v.offeredPassphrase()
				stand("3-material")
				v.do(v.page.Locator("#lane-hsm").Check())
				stand("3-hsm")
				v.do(v.page.Locator("#lane-browser").Check())
				v.press(v.words.Material.Prepare)
				backup := v.saveBackup()
				stand("3-backup")
				v.proveBackup(backup, passphrase)
				stand("4-files")
				v.press(v.words.Desk.MakeFiles)
				v.see("[data-part=result]", v.words.Desk.NotImported)
				v.do(v.page.Locator("[data-link=receipt]").WaitFor())
				stand("5-result")
				if how.width > 1000 && !how.dark {
					v.mustPrint(name, key)
				}
			})
		}
	}
}

// mustPrint prints the page on A4 and looks for what a person needs on the paper: nothing of it may be cut off.
func (v *visit) mustPrint(name, key string) {
	v.t.Helper()
	file := filepath.Join(v.t.TempDir(), name+".pdf")
	v.do(v.page.PDF(playwright.PagePdfOptions{Path: playwright.String(file), Format: playwright.String("A4")}))
	output, err := exec.Command("pdftotext", file, "-").Output()
	if err != nil {
		v.t.Fatalf("reading the print: %v", err)
	}
	paper := strings.Join(strings.Fields(string(output)), "")
	fingerprint := strings.Join(strings.Fields(v.text("[data-part=result] [data-fill=ciphertext-digest]")), "")
	if len(fingerprint) != 64 {
		v.t.Errorf("the page shows %q for the digest of the ciphertext", fingerprint)
	}
	command := strings.Join(strings.Fields(v.text("#import-key-material")), "")
	for _, want := range []string{key, fingerprint, command, v.words.Desk.Ready, v.words.Desk.WithCLI, v.words.Material.KCV} {
		if !strings.Contains(paper, strings.Join(strings.Fields(want), "")) {
			v.t.Errorf("the print lacks %q", want)
		}
	}
	for _, unwanted := range []string{v.words.Desk.DownloadWrapped, v.words.Keep.Print} {
		if strings.Contains(paper, strings.Join(strings.Fields(unwanted), "")) {
			v.t.Errorf("the print shows the button %q", unwanted)
		}
	}
	if content, err := os.ReadFile(file); err == nil {
		os.WriteFile(filepath.Join(temporaryPictures(), name+"-desk.pdf"), content, 0o600) // for looking at; nothing depends on it
	}
}
