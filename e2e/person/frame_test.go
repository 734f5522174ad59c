package person

import (
	"fmt"
	"testing"

	"github.com/playwright-community/playwright-go"

	"keyferry/components/text"
	"keyferry/e2e/browser"
	"keyferry/e2e/program"
)

// The header takes at most a sixth of a phone's screen, and of a laptop's at 200 %. It announces
// the local KMS once. Each page fits, and digits have one width.
func TestHeader(t *testing.T) {
	p := program.Start(t)
	for _, language := range text.Languages {
		v := browser.Open(p, t, browser.Look{Language: language.Tag}, "/")
		for _, size := range []playwright.Size{{Width: 320, Height: 568}, {Width: 390, Height: 844}, {Width: 640, Height: 400}, {Width: 1280, Height: 800}} {
			t.Run(fmt.Sprintf("%s-%d", language.Tag, size.Width), func(t *testing.T) {
				v.T = t
				v.Resize(size.Width, size.Height)
				height, err := v.Page.Evaluate(`document.querySelector("header").offsetHeight`)
				v.Do(err)
				if most := size.Height / 6; height.(int) > most {
					t.Errorf("the header is %d px high, at most %d are allowed", height, most)
				}
				if n, err := v.Page.GetByText(v.Words.Frame.LocalKMS).Count(); err != nil || n != 1 {
					t.Errorf("the local KMS is announced %d times, %v", n, err)
				}
				width, err := v.Page.Evaluate(`(() => {
					const code = document.querySelector("footer code"), probe = document.createElement("span")
					code.append(probe)
					const of = (text) => { probe.textContent = text; return probe.getBoundingClientRect().width }
					const size = parseFloat(getComputedStyle(probe).fontSize)
					const widths = [of("1111") / size, of("iiii") / size, of("MMMM") / size].map((w) => w.toFixed(2)).join(" ")
					probe.remove()
					return widths
				})()`)
				v.Do(err)
				var one, narrow, wide float64
				fmt.Sscan(width.(string), &one, &narrow, &wide)
				if one != narrow || one != wide || one < 4*0.58 { // a face made for Chinese has 0.5 em for each
					t.Errorf("four characters are %s em wide", width)
				}
				v.OpenMenu()
				v.MustFit()
				v.Do(v.Page.Keyboard().Press("Escape"))
			})
		}
		v.T = t
	}
}

// A field for a file says in the language of the page what it takes and what was chosen: by a
// press, by a drop, and by the keyboard, since it is an ordinary field.
func TestFileFields(t *testing.T) {
	p := program.Start(t)
	for _, language := range text.Languages {
		t.Run(language.Tag, func(t *testing.T) {
			v := browser.Open(p, t, browser.Look{Language: language.Tag, Width: 320}, "/check")
			zone := "#check-receipt-chosen"
			v.See(zone, v.Words.Files.None)
			chooser, err := v.Page.ExpectFileChooser(func() error { return v.Page.Locator("#check-receipt").Click() })
			v.Do(err)
			name := "keyferry-receipt-of-a-rather-long-name.json"
			v.Do(chooser.SetFiles(program.Kept(t, name, make([]byte, 1234))))
			size := text.Fill(v.Words.Files.Bytes, "count", "1,234")
			v.See(zone, text.Fill(v.Words.Files.Chosen, "name", name, "size", size, "kind", v.Words.Files.JSON))
			lines, err := v.Page.Locator(zone+" .word").Evaluate(`(name) => name.scrollWidth <= name.parentElement.clientWidth`, nil)
			if v.Do(err); lines != true {
				t.Error("the name of the file sticks out")
			}
			v.MustFit()
			v.MustBeAccessible("a chosen file")
			described, err := v.Page.Locator("#check-receipt").GetAttribute("aria-describedby")
			if v.Do(err); described != "check-receipt-hint check-receipt-chosen" {
				t.Errorf("the field is described by %q", described)
			}
			v.Do(v.Page.Locator("#check-receipt").SetInputFiles([]playwright.InputFile{}))
			v.See(zone, v.Words.Files.None)
		})
	}
}
