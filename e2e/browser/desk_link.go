package browser

import (
	"keyferry/components/text"
)

// GiveLink does step 2 with a link for an algorithm.
func (v *Visit) GiveLink(link, algorithm string) {
	v.T.Helper()
	v.Do(v.Page.Locator("#algorithm-" + algorithm).Check())
	v.Do(v.Page.Locator("#brought-link").Check())
	v.Do(v.Page.Locator("#link").Fill(link))
	v.Press(v.Words.Desk.Read)
}

// ByLink goes through a connected desk until its import file is ready, and returns that file.
func (v *Visit) ByLink(key, link, algorithm string) string {
	v.T.Helper()
	v.DeskCMK(key)
	v.GiveLink(link, algorithm)
	v.HaveRead()
	v.Generate()
	return v.MakeImportFile()
}

// MakeImportFile does step 4 of a connected desk and saves the import file.
func (v *Visit) MakeImportFile() string {
	v.T.Helper()
	v.Press(v.Words.Desk.MakeFiles)
	v.See("[data-part=result]", v.Words.DeskLink.NotConfirmed)
	return v.Download("[data-link=import-file]")
}

// GiveSecond brings the second link, by which the page imports.
func (v *Visit) GiveSecond(key, link string) {
	v.T.Helper()
	v.Do(v.Page.Locator("#second").Fill(link))
	v.Press(text.Fill(v.Words.DeskLink.Confirm, "cmk", key))
}

// AcceptedByKMS waits until the page says that the KMS accepted the key.
func (v *Visit) AcceptedByKMS(key string) {
	v.T.Helper()
	v.See("[data-part=accepted-by-kms] h2", text.Fill(v.Words.DeskLink.Accepted, "cmk", key))
}
