package account

import (
	"slices"
)

// downloads checks the files that were saved.
func (ac *account) downloads() {
	want := []download{}
	if ac.prepared != nil && ac.prepared.Backup != nil {
		want = append(want, download{ac.prepared.BackupFile, ac.prepared.Backup})
	}
	if ac.archive != nil {
		want = append(want, *ac.archive)
	}
	if ac.Given.Pasted != "" && ac.prepared != nil {
		want = append(want, download{"EncryptedKeyMaterial_base64.txt", []byte(ac.prepared.EncryptedKeyMaterial)},
			download{"ImportToken.txt", []byte(ac.parameters.ImportToken)})
	}
	if ac.Given.Calendar != "" {
		want = append(want, ac.calendar())
	}
	if ac.Given.Receipt {
		ac.predictReceipt()
		want = append(want, download{ac.receiptAs, ac.receipt})
	}
	for _, d := range want {
		if !slices.ContainsFunc(ac.Downloads, func(got download) bool { return got.Name == d.Name && string(got.Content) == string(d.Content) }) {
			ac.leave("downloads", "%s was not saved as predicted", d.Name)
		}
	}
	if len(ac.Downloads) != len(want) {
		ac.leave("downloads", "%d files were saved, want %d", len(ac.Downloads), len(want))
	}
}
