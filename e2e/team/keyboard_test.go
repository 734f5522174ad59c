package team

import (
	"path/filepath"
	"testing"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
)

// TestKeyboardAlone takes a request the whole way without a pointer: it is made, its key is
// submitted, and an approver agrees.
func TestKeyboardAlone(t *testing.T) {
	p := start(t)
	key := program.Seeded[0]
	robin := somebody{browser.Open(p, t, browser.Look{}, "/signin")}
	robin.Do(robin.Page.Locator(".people button").First().WaitFor())
	robin.choose(".people li:first-child button", "Enter")
	robin.See("h1", robin.Words.Team.List.Title)
	robin.choose(".list-head .button", "Enter")
	robin.See("[data-form=new]", "")
	robin.fill("#reference", key)
	robin.fill("#label", "payments/by keyboard")
	robin.choose("[name=importer]", "ArrowDown")
	for focused := ""; focused != "importer-group"; {
		id, err := robin.Page.Evaluate("document.activeElement.id")
		robin.Do(err)
		if focused = id.(string); focused != "importer-group" {
			robin.Do(robin.Page.Keyboard().Press("ArrowDown"))
		}
	}
	robin.fill("#group", "payments")
	robin.Do(robin.Page.Keyboard().Press("Enter"))
	id := robin.made()

	ines := signIn(t, p, browser.Look{}, "Ines")
	ines.sees(id, ines.Words.Team.Status.Open)
	ines.choose("[data-link=import]", "Enter")
	ines.See("[data-step=params][data-state=open] h2", "")
	ines.choose("[data-act=get-parameters]", "Enter")
	passphrase := ines.OfferedPassphrase()
	ines.choose("[data-act=prepare]", "Enter")
	ines.See("[data-part=backup] h3", ines.Words.Material.BackupTitle)
	ines.choose("[data-act=stored]", "Space")
	ines.Reach("[data-link=backup]")
	saved, err := ines.Page.ExpectDownload(func() error { return ines.Page.Keyboard().Press("Enter") })
	ines.Do(err)
	backup := filepath.Join(t.TempDir(), saved.SuggestedFilename())
	ines.Do(saved.SaveAs(backup))
	// The system's file dialog is the one thing that a test cannot type into.
	ines.Reach("#proof-age")
	ines.Do(ines.Page.Locator("#proof-age").SetInputFiles(backup))
	ines.fill("#proof-secret", passphrase)
	ines.Do(ines.Page.Keyboard().Press("Enter"))
	ines.See("[data-part=proven]", ines.Words.Material.Proven)
	ines.choose("[data-act=import]", "Enter")
	ines.See("[data-part=order-result]", "")

	olga := signIn(t, p, browser.Look{}, "Olga")
	olga.choose(".requests li a", "Enter")
	olga.See(".now h3", olga.Words.Team.One.Compare)
	olga.choose("[data-form=approve] > button", "Enter")
	olga.See(".now h2", olga.Words.Team.Status.Imported)
	// The focus of someone who cannot see the page is on the news.
	focused, err := olga.Page.Evaluate("document.activeElement.id")
	olga.Do(err)
	if focused != "now-state" {
		t.Errorf("the focus is on %q, want the state of the request", focused)
	}
}

// choose moves the focus to an element, and presses a key there.
func (s somebody) choose(selector, key string) {
	s.T.Helper()
	s.Reach(selector)
	s.Do(s.Page.Keyboard().Press(key))
}

// fill moves the focus to a field, and types.
func (s somebody) fill(selector, text string) {
	s.T.Helper()
	s.Reach(selector)
	s.Do(s.Page.Keyboard().Type(text))
}
