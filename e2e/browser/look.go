package browser

import (
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"
)

// Looks are the ways to look at a page that the tests of its appearance use: each language, each
// theme and each width. Contrast depends on the theme alone, and MustLook tries both widths.
var Looks = []Look{{Language: "en", Width: wide}, {Language: "zh-CN", Width: narrow, Dark: true}}

const narrow, wide = 320, 1280

// MustLook fails if axe-core finds anything on the page, or if it has to be scrolled sideways, in
// the window as it is or in one of the other width.
func (v *Visit) MustLook(state string) {
	v.T.Helper()
	v.MustFit()
	v.MustBeAccessible(state)
	size := v.Page.ViewportSize()
	v.Do(v.Page.SetViewportSize(narrow+wide-size.Width, size.Height))
	v.MustFit()
	v.Do(v.Page.SetViewportSize(size.Width, size.Height))
}

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

// SetClock sets the browser's clock wrong by an offset, and begins the visit again.
func (v *Visit) SetClock(offset time.Duration) {
	v.T.Helper()
	v.Do(v.Page.Clock().Install(playwright.ClockInstallOptions{Time: time.Now().Add(offset).UnixMilli()}))
	v.Do(v.Page.Reload())
}

// MustBeIn fails unless an expiry is that many days from now, give or take ten minutes.
func MustBeIn(t testing.TB, unix int64, days int) {
	t.Helper()
	if off := time.Until(time.Unix(unix, 0)) - time.Duration(days)*24*time.Hour; off.Abs() > 10*time.Minute {
		t.Errorf("the expiry %d is %s from %d days", unix, off, days)
	}
}

// MustHaveOnePrimary fails if a person sees more than one primary button, or none.
func (v *Visit) MustHaveOnePrimary() {
	v.T.Helper()
	found, err := v.Page.Evaluate(`Array.from(document.querySelectorAll("main button, main .button"))
		.filter((b) => b.checkVisibility() && !b.matches(".quiet, .secondary")).map((b) => b.textContent.trim())`)
	v.Do(err)
	if list := found.([]any); len(list) != 1 {
		v.T.Errorf("the primary buttons are %q, want one", list)
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
