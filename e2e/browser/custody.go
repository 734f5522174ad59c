package browser

import (
	"github.com/playwright-community/playwright-go"
)

// FromBackup takes the key material from a backup, of which a copy is kept elsewhere, and goes on
// to step 4.
func (v *Visit) FromBackup(backup, secret string) {
	v.T.Helper()
	v.Source("backup")
	v.File("source-age", backup)
	v.Do(v.Page.Locator("#source-secret").Fill(secret))
	v.Elsewhere()
	v.Brought()
	v.ToImport()
}

// ToStep3 goes on to the choice of the key material.
func (v *Visit) ToStep3(key string) {
	v.T.Helper()
	v.ChooseCMK(key)
	v.GetParameters("RSAES_OAEP_SHA_256")
	v.OfferedPassphrase()
}

func (v *Visit) Source(name string) {
	v.T.Helper()
	v.Do(v.Page.Locator("#source-" + name).Check())
}

func (v *Visit) File(field, file string) {
	v.T.Helper()
	v.Do(v.Page.Locator("#" + field).WaitFor()) // what is hidden, nobody can choose a file in
	v.Do(v.Page.Locator("#" + field).SetInputFiles(file))
}

// Elsewhere says that a copy is kept elsewhere, and goes on.
func (v *Visit) Elsewhere() {
	v.T.Helper()
	v.Do(v.Page.Locator("#protection-elsewhere").Check())
	v.Do(v.Page.Locator("#elsewhere").Fill(v.Words.Material.ElsewhereSentence))
}

// Brought prepares key material that the person brought, which is examined first and takes as long
// as that takes.
func (v *Visit) Brought() {
	v.T.Helper()
	v.Press(v.Words.Material.PrepareBrought)
}

// ToImport waits for step 4, which follows on prepared material whose copy is kept elsewhere.
func (v *Visit) ToImport() {
	v.T.Helper()
	v.Do(v.Page.Locator("[data-step=send][data-state=open] h3").WaitFor(playwright.LocatorWaitForOptions{Timeout: playwright.Float(Examination)}))
}

// Examination is how long comparing a key with those of weak generators may take here, in
// milliseconds. It takes less than a second on an idle machine.
const Examination = 60_000

// Reimport goes through the page for importing again, as far as the material.
func (v *Visit) Reimport(receipt, backup, secret string) {
	v.T.Helper()
	v.Press(v.Words.CMK.Use)
	v.GetParameters("RSAES_OAEP_SHA_256")
	v.File("source-age", backup)
	v.Do(v.Page.Locator("#source-secret").Fill(secret))
	if receipt != "" {
		v.File("receipt-file", receipt)
	}
	v.Elsewhere()
	v.Brought()
}
