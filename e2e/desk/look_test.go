package desk

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
)

// TestDeskLook goes through the desk's file in every look: no state has findings of axe-core, none
// is wider than the window, and the record is one page of A4. The short form looks at each state in
// one look.
func TestDeskLook(t *testing.T) {
	p := program.Start(t)
	file := program.WriteDesk(t, "--region=cn-hangzhou")
	browser.InLooks(t, "zh-CN", func(t *testing.T, how browser.Look) {
		p.Ask(t, "POST", "/reset", nil, nil)
		key, algorithm := program.Seeded[0], "RSAES_OAEP_SHA_256"
		v := openFile(p, t, how, file)
		v.MustLook("1-cmk")
		mustCloseMenu(v)
		v.ChooseCMK(key)
		v.Do(v.Page.Locator("main summary").First().Click())
		v.MustLook("2-parameters")
		v.Do(v.Page.Locator("#brought-files").Check())
		v.See("label[for=token]", v.Words.Desk.TokenFile)
		v.MustLook("2-files")
		v.Do(v.Page.Locator("#brought-answer").Check())
		v.Paste("{", algorithm)
		v.Fault("parameters_unreadable")
		v.MustLook("2-refused")
		v.Paste(p.AnswerOf(t, key, algorithm), algorithm)
		v.See("[data-step=params] h3", v.Words.Desk.HaveRead)
		v.MustLook("2-read")
		v.Press(v.Words.Import.Continue)
		passphrase := v.OfferedPassphrase()
		v.MustLook("3-material")
		v.Do(v.Page.Locator("#lane-hsm").Check())
		v.MustLook("3-hsm")
		v.Do(v.Page.Locator("#lane-browser").Check())
		v.Press(v.Words.Material.Prepare)
		backup := v.SaveBackup()
		v.MustLook("3-backup")
		v.ProveBackup(backup, passphrase)
		v.MustLook("4-files")
		v.Press(v.Words.Desk.MakeFiles)
		v.See("[data-part=result]", v.Words.Desk.NotImported)
		v.Do(v.Page.Locator("[data-link=receipt]").WaitFor())
		v.MustLook("5-result")
		v.MustHaveOnePrimary()
		mustKeepNamesWhole(v)
		mustPrint(v, key)
	})
}

// mustCloseMenu opens the menu and closes it by Escape, and again by a press elsewhere.
func mustCloseMenu(v *browser.Visit) {
	v.T.Helper()
	opened := v.Page.Locator("header details[open]")
	for _, closes := range []func() error{
		func() error { return v.Page.Keyboard().Press("Escape") },
		func() error { return v.Page.Locator("footer p").First().Click() },
	} {
		v.OpenMenu()
		v.Do(closes())
		v.Do(opened.WaitFor(playwright.LocatorWaitForOptions{State: playwright.WaitForSelectorStateDetached}))
	}
}

// mustKeepNamesWhole fails if a button breaks the name of its file where the window is narrow.
func mustKeepNamesWhole(v *browser.Visit) {
	v.T.Helper()
	v.Resize(320, 800)
	broken, err := v.Page.Evaluate(`Array.from(document.querySelectorAll("[data-part=result] .button")).filter((button) => {
		const text = button.firstChild, [name] = text.data.match(/\S+\.txt/) ?? [""], range = document.createRange()
		range.setStart(text, text.data.indexOf(name))
		range.setEnd(text, text.data.indexOf(name) + name.length)
		return new Set(Array.from(range.getClientRects(), (line) => line.top)).size > 1
	}).map((button) => button.textContent)`)
	v.Do(err)
	if list := broken.([]any); len(list) > 0 {
		v.T.Errorf("these buttons break the name of a file: %q", list)
	}
}

// mustPrint prints on A4 and looks for the record on the paper: one page, of which nothing is cut off.
func mustPrint(v *browser.Visit, key string) {
	v.T.Helper()
	file := filepath.Join(v.T.TempDir(), "desk.pdf")
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
	for _, want := range []string{
		key, fingerprint[:32], fingerprint[32:], ".age", v.Words.Record.OfflineTitle, v.Words.Record.ImportedByHand, v.Words.Record.Signature, v.Words.Material.KCV,
	} {
		if !strings.Contains(paper, strings.Join(strings.Fields(want), "")) {
			v.T.Errorf("the print lacks %q", want)
		}
	}
	if pages := strings.Count(string(output), "\f"); pages != 1 {
		v.T.Errorf("the record has %d pages, want 1", pages)
	}
	for _, unwanted := range []string{v.Words.Desk.DownloadWrapped, v.Words.Keep.Print, v.Words.Desk.WithCLI} {
		if strings.Contains(paper, strings.Join(strings.Fields(unwanted), "")) {
			v.T.Errorf("the print shows %q", unwanted)
		}
	}
}
