package components

import "github.com/a-h/templ"

// SealedFile is what a page consists of that is one file.
type SealedFile struct {
	Policy   string
	Title    string // while no language is chosen yet
	Style    string // the text of the styles
	Script   string // the text of the page's script
	Versions []SealedVersion
	Enclosed []Enclosure
	Confine  bool // whether the page starts its workers from a frame that may connect to nothing
}

// SealedVersion is the page in one language.
type SealedVersion struct {
	Frame Frame
	Body  templ.Component
}

// Enclosure is something that the page's script reads from the file: text without any markup in it.
type Enclosure struct{ Name, MediaType, Text string }

// element is inert: browsers run only the media types of scripts.
func (e Enclosure) element() string {
	return `<script type="` + e.MediaType + `" data-enclosed="` + e.Name + `">` + e.Text + "</script>\n"
}
