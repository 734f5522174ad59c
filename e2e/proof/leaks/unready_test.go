package leaks

import (
	"bytes"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
)

// A page whose script did not arrive sends nothing of what is typed into it, neither to the server
// nor into its address, and says after a while what is wrong. A browser left to itself would put
// every field behind a question mark.
func TestProofNothingIsSentWithoutTheScript(t *testing.T) {
	p := program.Start(t)
	const secret = "nine-brisk-otters-polish-the-gong"
	for _, test := range []struct{ path, script, field string }{
		{"/", "import.js", "#key-reference"},
		{"/reimport", "import.js", "#key-reference"},
		{"/check", "check.js", "#check-secret"},
		{"/desk", "desk.js", "#key-reference"},
	} {
		t.Run(strings.TrimPrefix(test.path, "/"), func(t *testing.T) {
			t.Parallel() // each waits until the page says so
			v := browser.Open(p, t, browser.Look{}, "/proof")
			v.Expect("failed request|Failed to load resource")
			v.Do(v.Page.Route("**/"+test.script, func(r playwright.Route) { r.Abort() }))
			v.Do(v.Page.Goto(p.Console + test.path))
			v.Do(v.Page.Locator(test.field).Fill(secret))
			v.Do(v.Page.Locator(test.field).Press("Enter"))
			v.Do(v.Page.Locator("main form button:not([type=button])").First().Click())
			// Forms that only the script shows are no safer for being hidden.
			v.Do(v.Page.Evaluate(`document.querySelectorAll("form[data-form]").forEach((form) => {
				for (const field of form.querySelectorAll("input[type=text], input[type=password], textarea")) field.value = "` + secret + `"
				form.requestSubmit()
			})`))
			v.See("[data-unready]", v.Words.Frame.NotLoaded)
			if address := v.Page.URL(); address != p.Console+"/en"+test.path {
				t.Errorf("the page went to %s", address)
			}
			v.Mu.Lock()
			defer v.Mu.Unlock()
			for _, sent := range v.Sent {
				line, _, _ := bytes.Cut(sent, []byte("\n"))
				if bytes.Contains(sent, []byte(secret)) || bytes.Contains(line, []byte("?")) {
					t.Errorf("this was sent: %.120s", sent)
				}
			}
		})
	}
}
