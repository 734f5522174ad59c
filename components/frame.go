// Package components has the parts of which pages are built: the header and footer of every page,
// notices, form parts, steps and icons. A part gets everything that it shows as an argument.
package components

import "keyferry/components/text"

// Frame is what the header and the footer of a page show.
type Frame struct {
	Text         *text.Catalogue
	Title        string // of this page, without the product's name
	Path         string // of this page with its query; a change of language or theme returns to it
	Page         string // which entry of the navigation is this page; empty for none
	Theme        string // "light", "dark", or empty for what the system prefers
	Region       string // of the KMS
	LocalKMSURL  string // of the embedded local KMS's own page; empty when calls go to Alibaba Cloud
	Static       string // where the static files are, such as /static/<digest>
	ModuleSHA256 string // of keyferry.wasm, in hexadecimal
	Version      string
	Sealed       bool // whether the page is a file that connects to nothing
}

// Local reports whether calls go to the embedded local KMS.
func (f Frame) Local() bool { return f.LocalKMSURL != "" }

// LocalKMSPage is the address of the local KMS's own page, in the language of this one.
func (f Frame) LocalKMSPage() string { return f.LocalKMSURL + "?lang=" + f.Text.Tag }

// Destination names where the calls go.
func (f Frame) Destination() string {
	if f.Sealed {
		return f.Text.Frame.Nowhere
	}
	if f.Local() {
		return f.Text.Frame.LocalKMS
	}
	return text.Fill(f.Text.Frame.AlibabaCloud, "region", f.Region)
}

// Grouped puts a hexadecimal digest into groups of four digits, so that two people can read it
// aloud.
func Grouped(digest string) []string {
	var groups []string
	for len(digest) > 4 {
		groups = append(groups, digest[:4])
		digest = digest[4:]
	}
	return append(groups, digest)
}

// themeChoice is one entry of the theme menu.
type themeChoice struct{ Value, Name string }

func (f Frame) themes() []themeChoice {
	words := f.Text.Frame
	return []themeChoice{{"", words.ThemeAuto}, {"light", words.ThemeLight}, {"dark", words.ThemeDark}}
}
