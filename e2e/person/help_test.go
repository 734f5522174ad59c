package person

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"

	"keyferry/components/text"
	"keyferry/e2e/browser"
	"keyferry/e2e/program"
)

// mustOffer fails unless the error on the page offers exactly these acts, in this order.
func mustOffer(v *browser.Visit, acts ...string) {
	v.T.Helper()
	found, err := v.Page.Evaluate(`Array.from(document.querySelectorAll(".notice.error [data-help]"), (b) => b.dataset.help).join(" ")`)
	v.Do(err)
	if want := strings.Join(acts, " "); found != want {
		v.T.Errorf("the error offers %q, want %q", found, want)
	}
	v.MustHaveOnePrimary()
}

// A CMK that cannot be imported into is a fault of step 1, whichever call said so.
func TestFaultOfTheCMKIsStep1s(t *testing.T) {
	p := program.Start(t)
	v := browser.Open(p, t, browser.Look{}, "/")
	v.Expect("the server responded with a status of")
	v.ChooseCMK("key-hzz0000000000000000000")
	v.Press(v.Words.Params.Get)
	v.Fault("Forbidden.KeyNotFound")
	v.See("[data-step=cmk][data-state=open] .field .notice.error", "")
	mustOffer(v, "cmk")
	described, err := v.Page.Evaluate(`(() => {
		const field = document.querySelector("#key-reference")
		const fault = document.getElementById(field.getAttribute("aria-describedby").split(" ")[0])
		return field.getAttribute("aria-invalid") + " " + fault?.textContent.trim()
	})()`)
	v.Do(err)
	if got, _ := described.(string); !strings.HasPrefix(got, "true "+v.Words.Fault("Forbidden.KeyNotFound").What) {
		t.Errorf("the field is described as %q", got)
	}
	v.MustBeAccessible("fault of the CMK")
	v.ChooseCMK(program.Seeded[0])
	if marked, _ := v.Page.Locator("[aria-invalid]").Count(); marked != 0 {
		t.Error("a field is still marked as wrong")
	}
	v.Press(v.Words.Params.Get)
	v.See("[data-step=material][data-state=open] h2", "")
}

// Material that the KMS refuses leads to the page for importing again. An expired token and what
// may succeed with the same bytes are in the tests of these faults.
func TestOtherMaterialLeadsToReimporting(t *testing.T) {
	p := program.Start(t)
	key := program.Seeded[0]
	v := browser.Open(p, t, browser.Look{Language: "zh-CN"}, "/")
	v.Expect("the server responded with a status of")
	v.ToStep4(key)
	v.Send(key)
	v.Imported(key)
	v.Download("[data-link=receipt]")
	v.Do(v.Page.Goto(p.Console + "/"))
	v.ToStep4(key)
	v.Send(key)
	v.Fault("InvalidKeyMaterial")
	mustOffer(v, "reimport", "parameters")
	beside, err := v.Page.ExpectPopup(func() error { return v.Button(v.Words.Help.Reimport).Click() })
	v.Do(err)
	v.Do(beside.WaitForURL("**/reimport?KeyId=" + key))
}

// The passphrase stays until the person says that it is stored, and may be entered in capitals,
// with blanks and without hyphens.
func TestPassphraseIsStoredAndEnteredForgivingly(t *testing.T) {
	p := program.Start(t)
	v := browser.Open(p, t, browser.Look{}, "/")
	v.ToStep3(program.Seeded[0])
	passphrase := v.OfferedPassphrase()
	v.Press(v.Words.Material.Prepare)
	v.See("#passphrase-shown", passphrase)
	v.MustHaveOnePrimary()
	backup := v.SaveBackup()
	if left := v.Text("[data-part=backup]"); strings.Contains(left, passphrase) {
		t.Error("the passphrase is still shown")
	}
	v.ProveBackup(backup, "  "+strings.ToUpper(strings.ReplaceAll(passphrase, "-", " "))+" ")
	v.MustHaveOnePrimary()
	if text, _ := v.Page.Locator("[data-paper=sheet]").TextContent(); strings.Contains(text, passphrase) {
		t.Error("the recovery sheet has the passphrase in print")
	}
}

// On paper an import is one page: what was imported, with digests and ids, and two lines to sign.
// Nothing on it is for pressing, warns, or counts down.
func TestPrintedRecord(t *testing.T) {
	p := program.Start(t)
	for _, language := range text.Languages {
		t.Run(language.Tag, func(t *testing.T) {
			p.Ask(t, "POST", "/reset", nil, nil)
			key := program.Seeded[0]
			v := browser.Open(p, t, browser.Look{Language: language.Tag}, "/")
			v.ToStep4(key)
			v.Send(key)
			v.Imported(key)
			v.Do(v.Page.Locator("[data-link=receipt]").WaitFor())
			id := v.Text("[data-part=result] [data-fill=kcv]")
			file := filepath.Join(t.TempDir(), "record.pdf")
			_, err := v.Page.PDF(playwright.PagePdfOptions{Path: playwright.String(file), Format: playwright.String("A4")})
			v.Do(err)
			content, err := exec.Command("pdftotext", "-layout", file, "-").Output()
			v.Do(err)
			printed := string(content)
			if pages := strings.Count(printed, "\f"); pages != 1 {
				t.Errorf("the record has %d pages, want 1", pages)
			}
			joined := strings.Join(strings.Fields(printed), "")
			for _, want := range []string{
				key, "cn-hangzhou", "RSAES_OAEP_SHA_256", id, ".age", "UTC",
				v.Words.Record.Title, v.Words.Record.Signature, v.Words.Record.Second,
			} {
				if !strings.Contains(joined, strings.Join(strings.Fields(want), "")) {
					t.Errorf("the record lacks %q:\n%s", want, printed)
				}
			}
			if requestIDs := regexp.MustCompile(`[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}`).FindAllString(joined, -1); len(requestIDs) != 2 {
				t.Errorf("the record has the request ids %q, want two", requestIDs)
			}
			for _, unwanted := range []string{v.Words.Keep.Receipt, v.Words.Send.IfLost, v.Words.Result.Another, v.Words.Send.WhoCanRead} {
				if strings.Contains(joined, strings.Join(strings.Fields(unwanted), "")) {
					t.Errorf("the record has %q", unwanted)
				}
			}
		})
	}
}
