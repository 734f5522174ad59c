package person

import (
	"os"
	"testing"

	"keyferry/components/text"
	"keyferry/e2e/browser"
	"keyferry/e2e/program"
)

// TestPictures takes the pictures of the README, which make pictures asks for. What can be wrong on
// them, TestAccessibility and TestDeskLook find.
func TestPictures(t *testing.T) {
	folder := os.Getenv("KEYFERRY_SCREENSHOTS")
	if folder == "" {
		t.Skip("make pictures takes them")
	}
	p := program.Start(t)
	for _, language := range text.Languages {
		t.Run(language.Tag, func(t *testing.T) {
			p.Ask(t, "POST", "/reset", nil, nil)
			how := browser.Look{Language: language.Tag, Width: 1280}
			v := browser.Open(p, t, how, "/")
			v.ToStep3(program.Seeded[0])
			v.Generate()
			v.Do(v.Page.Locator("#expiry-at").Check())
			v.Do(v.Page.Locator("#expiry-time").Fill("2036-01-02T03:04"))
			v.Do(v.Page.Evaluate(`document.activeElement.blur(), scrollTo(0, 0)`)) // no focus ring; the panel is at the top
			v.Shots = folder
			v.Shot(how.Name() + "-4-import")
		})
	}
}
