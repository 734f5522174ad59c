package text

// Frame is the header and the footer of every page.
type Frame struct {
	SkipToContent string
	LocalKMS      string
	LocalWarning  string
	AlibabaCloud  string
	CallsGoTo     string
	Pages         string
	Import        string
	Reimport      string
	Check         string
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
	LocalKMSPage  string
}

// Lost is the page for an address that does not exist, and for a page that could not be shown.
type Lost struct {
	Title  string
	Body   string
	Broken string
	Back   string
}
