package browser

// OpenMenu opens the menu of the header, which has the language and the theme.
func (v *Visit) OpenMenu() {
	v.T.Helper()
	v.Do(v.Page.Locator("header details.menu:not([open]) > summary").Click())
}

// MustFit fails if the page has to be scrolled sideways, and names what sticks out.
func (v *Visit) MustFit() {
	v.T.Helper()
	wide, err := v.Page.Evaluate(`document.documentElement.scrollWidth <= innerWidth ? "" :
		Array.from(document.querySelectorAll("body *")).filter((e) => e.getBoundingClientRect().right > innerWidth)
			.map((e) => e.outerHTML.slice(0, 120)).join("\n")`)
	v.Do(err)
	if wide != "" {
		v.T.Errorf("the page is wider than the window because of\n%s", wide)
	}
}

// Reach presses Tab until the element has the focus.
func (v *Visit) Reach(selector string) {
	v.T.Helper()
	for range 60 {
		focused, err := v.Page.Evaluate(`(selector) => document.activeElement?.matches(selector) ?? false`, selector)
		v.Do(err)
		if focused == true {
			return
		}
		v.Do(v.Page.Keyboard().Press("Tab"))
	}
	v.T.Fatalf("the keyboard does not reach %s", selector)
}
