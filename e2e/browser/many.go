package browser

// SaveArchive says that the passphrase is stored, if there is one, and saves the archive that the page
// for many keys made.
func (v *Visit) SaveArchive() string {
	v.T.Helper()
	v.See("[data-part=backup] h3", v.Words.Many.ArchiveTitle)
	if shown, _ := v.Button(v.Words.Material.Stored).IsVisible(); shown {
		v.Press(v.Words.Material.Stored)
	}
	return v.Download("[data-link=backup]")
}

// ProveArchive opens the saved archive on the page, on which the import follows.
func (v *Visit) ProveArchive(archive, secret string) {
	v.T.Helper()
	v.File("proof-age", archive)
	v.Do(v.Page.Locator("#proof-secret").Fill(secret))
	v.Press(v.Words.Many.ProveButton)
	v.See("[data-step=send][data-state=open] h2", "")
}
