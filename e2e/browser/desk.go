package browser

import (
	"net/url"
	"os"
	"path/filepath"
)

// FileAddress is the address of a file, whose name may hold what means something in an address.
func FileAddress(name string) string { return (&url.URL{Scheme: "file", Path: name}).String() }

// DeskCMK does step 1 of the desk.
func (v *Visit) DeskCMK(key string) {
	v.T.Helper()
	v.Do(v.Page.Locator("#region").Fill("cn-hangzhou"))
	v.ChooseCMK(key)
}

// Paste does step 2 with a pasted answer.
func (v *Visit) Paste(answer, algorithm string) {
	v.T.Helper()
	v.Do(v.Page.Locator("#algorithm-" + algorithm).Check())
	v.See("label[for=answer]", v.Words.Desk.AnswerLabel)
	v.Do(v.Page.Locator("#answer").Fill(answer))
	v.Press(v.Words.Desk.Read)
}

// HaveRead goes on from step 2 to step 3.
func (v *Visit) HaveRead() {
	v.T.Helper()
	v.See("[data-step=params] h3", v.Words.Desk.HaveRead)
	v.Press(v.Words.Import.Continue)
}

// TakeAway makes the files of step 4 and saves them in one folder, under the names that the page
// gives them.
func (v *Visit) TakeAway() string {
	v.T.Helper()
	v.Press(v.Words.Desk.MakeFiles)
	v.See("[data-part=result]", v.Words.Desk.NotImported)
	return v.SaveAll("wrapped", "import-token")
}

// SaveAll downloads links of the page into one folder, under the names that the page gives.
func (v *Visit) SaveAll(links ...string) string {
	v.T.Helper()
	folder := v.T.TempDir()
	for _, link := range links {
		saved := v.Download("[data-link=" + link + "]")
		if err := os.Rename(saved, filepath.Join(folder, filepath.Base(saved))); err != nil {
			v.T.Fatal(err)
		}
	}
	return folder
}
