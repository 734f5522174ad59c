package e2e

import (
	"bytes"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"
)

// A page whose script did not arrive sends nothing of what is typed into it, neither to the server nor into its address,
// and says after a while what is wrong. A browser left to itself would put every field behind a question mark.
func TestProofNothingIsSentWithoutTheScript(t *testing.T) {
	p := start(t)
	const secret = "nine-brisk-otters-polish-the-gong"
	for _, test := range []struct{ path, script, field string }{
		{"/", "import.js", "#key-reference"},
		{"/reimport", "import.js", "#key-reference"},
		{"/check", "check.js", "#check-secret"},
		{"/desk", "desk.js", "#key-reference"},
	} {
		t.Run(strings.TrimPrefix(test.path, "/"), func(t *testing.T) {
			v := p.open(t, look{}, "/proof")
			v.expect("failed request|Failed to load resource")
			v.do(v.page.Route("**/"+test.script, func(r playwright.Route) { r.Abort() }))
			v.do(v.page.Goto(p.console + test.path))
			v.do(v.page.Locator(test.field).Fill(secret))
			v.do(v.page.Locator(test.field).Press("Enter"))
			v.do(v.page.Locator("main form button:not([type=button])").First().Click())
			// Forms that only the script shows are no safer for being hidden.
			v.do(v.page.Evaluate(`document.querySelectorAll("form[data-form]").forEach((form) => {
				for (const field of form.querySelectorAll("input[type=text], input[type=password], textarea")) field.value = "` + secret + `"
				form.requestSubmit()
			})`))
			v.see("[data-unready]", v.words.Frame.NotLoaded)
			if address := v.page.URL(); address != p.console+test.path {
				t.Errorf("the page went to %s", address)
			}
			v.mu.Lock()
			defer v.mu.Unlock()
			for _, sent := range v.sent {
				line, _, _ := bytes.Cut(sent, []byte("\n"))
				if bytes.Contains(sent, []byte(secret)) || bytes.Contains(line, []byte("?")) {
					t.Errorf("this was sent: %.120s", sent)
				}
			}
		})
	}
}
