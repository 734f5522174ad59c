package person

import (
	"strings"
	"testing"

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
	p.ImportElsewhere(t, key)
	v := browser.Open(p, t, browser.Look{Language: "zh-CN"}, "/")
	v.Expect("the server responded with a status of")
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
