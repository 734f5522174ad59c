package browser

import (
	"slices"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"keyferry/e2e/proof"
)

// Looks are the ways to look at a page that the tests of its appearance use: each language, each
// theme and each width. Contrast depends on the theme alone, and MustLook tries every width.
var Looks = []Look{{Language: "en", Width: wide}, {Language: "zh-CN", Width: narrow, Dark: true}}

// InLooks walks through the states of a page in each of Looks. In the short form it walks once, in one
// language.
func InLooks(t *testing.T, language string, walk func(*testing.T, Look)) {
	for _, how := range Looks {
		if *proof.Full || how.Language == language {
			t.Run(how.Name(), func(t *testing.T) { walk(t, how) })
		}
	}
}

const narrow, wide, widest = 320, 1280, 1920

// MustLook fails if axe-core finds anything on the page, and if at some width it has to be scrolled
// sideways, half of it is empty, or the narrow one breaks a date, an id or the name of a file. In the
// short form the themes take turns, from one call to the next, and so do the two wider windows.
func (v *Visit) MustLook(state string) {
	v.T.Helper()
	widths := []int{narrow, wide, widest}
	if !*proof.Full {
		v.theme(v.dark != (v.looked%2 == 1))
		left := 1 + v.looked/2%2
		widths = slices.Delete(widths, left, left+1)
		v.looked++
	}
	v.MustBeAccessible(state)
	size := v.Page.ViewportSize()
	for _, width := range widths {
		v.Resize(width, size.Height)
		v.MustFit()
		if width == narrow {
			v.MustKeepWhole(state)
			continue
		}
		if off := v.OffCentre(); off != "" {
			v.T.Errorf("%s, %d px wide: %s", state, width, off)
		}
	}
	v.Resize(size.Width, size.Height)
}

// theme has the browser ask for the dark theme, or for the light one.
func (v *Visit) theme(dark bool) {
	v.T.Helper()
	v.Do(v.Page.EmulateMedia(playwright.PageEmulateMediaOptions{ColorScheme: scheme(dark)}))
}

func scheme(dark bool) *playwright.ColorScheme {
	if dark {
		return playwright.ColorSchemeDark
	}
	return playwright.ColorSchemeLight
}

// Resize gives the window another size, and waits until the page has drawn itself in it: until its
// scripts have heard of the width too, which open and close the panel. A browser tells them while it
// draws, before it asks for the next frame, so on a slow machine well after it has the size.
func (v *Visit) Resize(width, height int) {
	v.T.Helper()
	v.Do(v.Page.SetViewportSize(width, height))
	v.Do(v.Page.Evaluate(`async ([width, height]) => {
		const frame = () => new Promise(requestAnimationFrame)
		do await frame()
		while (innerWidth !== width || innerHeight !== height)
		await frame()
	}`, []int{width, height}))
}

// OffCentre says how far the middle of what main holds is from the middle of the window, if that is
// more than a twelfth of the width: then one half of the page is nearly empty. A line of text counts
// with the width that it may have.
func (v *Visit) OffCentre() string {
	v.T.Helper()
	off, err := v.Page.Evaluate(`() => {
		let left = Infinity, right = -Infinity
		for (const element of document.querySelectorAll("main *")) {
			const own = Array.from(element.childNodes).some((n) => n.nodeType === Node.TEXT_NODE && n.textContent.trim() !== "")
			if (!own && !element.matches("input, select, textarea, button, img") || !element.checkVisibility()) continue
			const box = element.getBoundingClientRect()
			if (box.width === 0) continue
			left = Math.min(left, box.left)
			right = Math.max(right, box.right)
		}
		const middle = (left + right) / 2, width = document.documentElement.clientWidth
		return Math.abs(middle - width / 2) <= width / 12 ? "" : "what main holds goes from " + Math.round(left) + " to " + Math.round(right)
	}`)
	v.Do(err)
	return off.(string)
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

// MustHavePanel fails unless the page has its panel that says what left the browser.
func (v *Visit) MustHavePanel(state string) {
	v.T.Helper()
	if panels, err := v.Page.Locator("aside.sent > [data-part=sent]").Count(); err != nil || panels != 1 {
		v.T.Errorf("%s: %d panels say what left the browser (%v)", state, panels, err)
	}
}

// Reach presses Tab until the element has the focus.
func (v *Visit) Reach(selector string) {
	v.T.Helper()
	v.Do(v.Page.Locator(selector).First().WaitFor()) // nobody looks for what is not there yet
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
