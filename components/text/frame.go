package text

// Frame is the header and the footer of every page.
type Frame struct {
	SkipToContent string
	LocalKMS      string
	AlibabaCloud  string
	CallsGoTo     string
	Pages         string
	Import        string
	Reimport      string
	Check         string
	Many          string
	Renewal       string
	Proof         string
	Desk          string
	Nowhere       string
	Language      string
	Theme         string
	ThemeAuto     string
	ThemeLight    string
	ThemeDark     string
	ModuleSHA256  string
	Version       string
	NoScript      string
	NotLoaded     string
	Copy          string
	Copied        string
	Menu          string
	Preferences   string
}

// Files is what a field for a file says. Chosen has the holes name, size and kind, Bytes the hole
// count; the others are kinds of files, by the end of their names.
type Files struct {
	None   string
	Chosen string
	Bytes  string
	Age    string
	JSON   string
	Text   string
	PEM    string
	Other  string
}

// Lost is the page for an address that does not exist, and for a page that could not be shown.
type Lost struct {
	Title  string
	Body   string
	Broken string
	Back   string
}
