package browser

import (
	"path/filepath"
	"regexp"

	"filippo.io/age"
	"github.com/playwright-community/playwright-go"

	"keyferry/components/text"
)

// The three wrapping algorithms of the KMS.
var Algorithms = []string{"RSAES_OAEP_SHA_256", "RSAES_OAEP_SHA_1", "RSAES_PKCS1_V1_5"}

// ChooseCMK does step 1.
func (v *Visit) ChooseCMK(reference string) {
	v.T.Helper()
	v.Do(v.Page.GetByLabel(v.Words.CMK.Label).Fill(reference))
	v.Press(v.Words.CMK.Use)
}

// GetParameters does step 2.
func (v *Visit) GetParameters(algorithm string) {
	v.T.Helper()
	v.Do(v.Page.Locator("#algorithm-" + algorithm).Check())
	v.Press(v.Words.Params.Get)
	v.See("[data-step=params] h3", v.Words.Params.Got)
	v.See("[data-step=material][data-state=open] h2", "")
}

// Generate does step 3: it generates key material under the offered passphrase, saves the backup
// and proves it.
func (v *Visit) Generate() {
	v.T.Helper()
	passphrase := v.OfferedPassphrase()
	v.Press(v.Words.Material.Prepare)
	v.ProveBackup(v.SaveBackup(), passphrase)
}

// GenerateForRecipient does step 3 with a backup for an age recipient and returns the backup, and
// the identity that opens it. No passphrase has to be stretched twice, which takes two seconds: it
// is for tests of other steps.
func (v *Visit) GenerateForRecipient() (backup, secret string) {
	v.T.Helper()
	secret = v.ForRecipient()
	v.Press(v.Words.Material.Prepare)
	backup = v.SaveBackup()
	v.ProveBackup(backup, secret)
	return backup, secret
}

// ForRecipient chooses a backup for an age recipient, and returns the identity that opens it.
func (v *Visit) ForRecipient() (secret string) {
	v.T.Helper()
	identity, err := age.GenerateX25519Identity()
	v.Do(err)
	v.Do(v.Page.Locator("#protection-recipients").Check())
	v.Do(v.Page.Locator("#recipients").Fill(identity.Recipient().String()))
	return identity.String()
}

// OfferedPassphrase waits for the passphrase that the page offers.
func (v *Visit) OfferedPassphrase() string {
	v.T.Helper()
	field := v.Page.Locator("#passphrase")
	v.Do(playwright.NewPlaywrightAssertions(10_000).Locator(field).ToHaveValue(regexp.MustCompile(`\S`)))
	passphrase, err := field.InputValue()
	v.Do(err)
	return passphrase
}

// SaveBackup says that the passphrase is stored, downloads the backup and returns the file.
func (v *Visit) SaveBackup() string {
	v.T.Helper()
	title := v.Page.Locator("[data-part=backup] h3").Filter(playwright.LocatorFilterOptions{HasText: v.Words.Material.BackupTitle})
	v.Do(title.WaitFor(playwright.LocatorWaitForOptions{Timeout: playwright.Float(Examination)})) // of a key that was brought
	if shown, _ := v.Button(v.Words.Material.Stored).IsVisible(); shown {
		v.Press(v.Words.Material.Stored)
	}
	return v.Download("[data-link=backup]")
}

// Download clicks a link and returns the file that it saved, under the name that the page gave it.
func (v *Visit) Download(link string) string {
	v.T.Helper()
	saved, err := v.Page.ExpectDownload(func() error { return v.Page.Locator(link).Click() })
	v.Do(err)
	file := filepath.Join(v.T.TempDir(), saved.SuggestedFilename())
	v.Do(saved.SaveAs(file))
	return file
}

// ProveBackup opens the saved backup on the page, on which step 4 follows.
func (v *Visit) ProveBackup(file, secret string) {
	v.T.Helper()
	if open, _ := v.Page.Locator("[data-form=send]").IsVisible(); open {
		v.T.Error("the way to the import is open before the backup was proven")
	}
	v.Do(v.Page.Locator("#proof-age").SetInputFiles(file))
	v.Do(v.Page.Locator("#proof-secret").Fill(secret))
	v.Press(v.Words.Material.ProveButton)
	v.See("[data-part=proven]", v.Words.Material.Proven)
	v.See("[data-step=send][data-state=open] h3", "")
}

// Send does step 4.
func (v *Visit) Send(keyID string) {
	v.T.Helper()
	v.Press(text.Fill(v.Words.Send.ImportInto, "cmk", keyID))
}

// Imported waits for the result.
func (v *Visit) Imported(keyID string) {
	v.T.Helper()
	v.See("[data-part=result]", text.Fill(v.Words.Result.Enabled, "cmk", keyID))
}
