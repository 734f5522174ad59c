package person

import (
	"testing"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
)

// From the page to Enabled it takes at most eight clicks, apart from those for pasting the id. The
// browser counts them: clicks of the pointer, and the choice of a file as one.
func TestClicksToEnabled(t *testing.T) {
	p := program.Start(t)
	key := program.Seeded[0]
	v := browser.Open(p, t, browser.Look{}, "/?KeyId="+key)
	v.Do(v.Page.Evaluate(`() => {
		window.clicks = []
		const note = (event) => { if (event.isTrusted) window.clicks.push(event.target.textContent.trim() || event.target.id) }
		addEventListener("click", note, true)
		document.querySelector("#proof-age").addEventListener("change", (event) => window.clicks.push(event.target.id))
	}`))
	v.Press(v.Words.CMK.Use)
	v.Press(v.Words.Params.Get)
	passphrase := v.OfferedPassphrase()
	v.Press(v.Words.Material.Prepare)
	v.Press(v.Words.Material.Stored)
	backup := v.Download("[data-link=backup]")
	v.File("proof-age", backup)
	v.Do(v.Page.Keyboard().Type(passphrase)) // the field has the focus once a file is chosen
	v.Press(v.Words.Material.ProveButton)
	v.Send(key)
	v.Imported(key)
	if got := p.State(t, key); got != "Enabled" {
		t.Errorf("the CMK is %s, want Enabled", got)
	}
	clicks, err := v.Page.Evaluate("window.clicks")
	v.Do(err)
	if list := clicks.([]any); len(list) < 7 || len(list) > 8 {
		t.Errorf("%d clicks, want 7 or 8: %q", len(list), list)
	}
}
