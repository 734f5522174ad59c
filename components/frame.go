// Package components has the parts of which pages are built: the header and footer of every page,
// notices, form parts, steps and icons. A part gets everything that it shows as an argument.
package components

import (
	"strings"

	"github.com/a-h/templ"

	"keyferry/components/text"
)

// Frame is what the header and the footer of a page show.
type Frame struct {
	Text         *text.Catalogue
	Title        string // of this page, without the product's name
	Path         string // of this page, without the language
	Page         string // which entry of the navigation is this page; empty for none
	Region       string // of the KMS
	LocalKMSURL  string // of the embedded local KMS's own page; empty when calls go to Alibaba Cloud
	Static       string // where the static files are, such as /static/<digest>
	ModuleSHA256 string // of keyferry.wasm, in hexadecimal
	Version      string
	Team         bool      // whether the console serves several people
	Quiet        bool      // whether the page may connect nowhere
	Sealed       bool      // whether the page is a file on a disk
	Reached      []Reached // what such a file may connect to; empty means nothing
}

// Reached is the KMS of a region, as a page calls it by itself.
type Reached struct {
	Region string
	Origin string // such as https://kms.cn-hangzhou.aliyuncs.com
}

// Host is the host, with its port if it has one.
func (r Reached) Host() string { return r.Origin[strings.Index(r.Origin, "://")+3:] }

// Link is the address of a page of the console in the language of this one: Link("/reimport") is
// /en/reimport.
func (f Frame) Link(path string) string { return "/" + f.Text.Tag + path }

// In is the address of this page in a language.
func (f Frame) In(language *text.Catalogue) string { return "/" + language.Tag + f.Path }

// Local reports whether calls go to the embedded local KMS.
func (f Frame) Local() bool { return f.LocalKMSURL != "" }

// LocalKMSPage is the address of the local KMS's own page, in the language of this one.
func (f Frame) LocalKMSPage() string { return f.LocalKMSURL + "?lang=" + f.Text.Tag }

// current marks the link to the page that is shown.
func current(shown bool) templ.Attributes {
	if shown {
		return templ.Attributes{"aria-current": "page"}
	}
	return nil
}

// menuName is what the menu is called where there is room for the pages beside it.
func menuName(frame Frame) string {
	if frame.Team && !frame.Quiet {
		return frame.Text.Frame.Menu
	}
	return frame.Text.Frame.Preferences
}

// Destination names where the calls go.
func (f Frame) Destination() string {
	if len(f.Reached) > 0 {
		return f.Text.DeskLink.Destination
	}
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
