package person

import (
	"path/filepath"
	"testing"

	"keyferry/components/text"
	"keyferry/e2e/browser"
	"keyferry/e2e/program"
)

// Every page and every state of an import is without findings of axe-core, and none is wider than
// the window. The short form looks at each in one
// language and theme, the long form in all.
func TestAccessibility(t *testing.T) {
	p := program.Start(t)
	browser.InLooks(t, "en", func(t *testing.T, how browser.Look) {
		p.Ask(t, "POST", "/reset", nil, nil)
		key := program.Seeded[0]
		v := browser.Open(p, t, how, "/")
		look := func(state string) {
			t.Helper()
			v.MustHavePanel(state)
			v.MustLook(state)
		}
		look("step 1")
		v.OpenMenu()
		look("the menu")
		v.Do(v.Page.Keyboard().Press("Escape"))
		v.Press(v.Words.CMK.Use)
		v.Fault("key_reference_empty")
		look("error in step 1")
		v.ChooseCMK(key)
		look("step 2")
		v.Press(v.Words.Params.Get)
		passphrase := v.OfferedPassphrase()
		v.Do(v.Page.Locator("[data-part=parameters] summary").Click())
		look("step 3, parameters unfolded")
		v.Press(v.Words.Material.Prepare)
		v.See("[data-act=stored]", v.Words.Material.Stored)
		look("passphrase")
		backup := v.SaveBackup()
		look("backup")
		v.ProveBackup(backup, passphrase)
		v.Do(v.Page.Locator("#expiry-at").Check())
		look("step 4")
		v.Press(text.Fill(v.Words.Send.ImportInto, "cmk", key))
		v.Fault("expiry_missing")
		look("error in step 4")
		v.Do(v.Page.Locator("#expiry-never").Check())
		v.Send(key)
		v.Imported(key)
		look("result")
		for _, path := range []string{"/proof", "/reimport", "/many", "/check", "/renewal", "/desk"} {
			v.Do(v.Page.Goto(p.Console + path))
			look(path)
		}
		v.Expect("404")
		v.Do(v.Page.Goto(p.Console + "/nowhere"))
		look("no such page")
	})
}

// TestKeyboardAlone goes the whole way without a pointer: Tab, Shift+Tab, Space, Enter and typing.
func TestKeyboardAlone(t *testing.T) {
	p := program.Start(t)
	key := program.Seeded[0]
	v := browser.Open(p, t, browser.Look{}, "/")
	keyboard := v.Page.Keyboard()
	v.Reach("#key-reference")
	v.Do(keyboard.Type(key))
	v.Do(keyboard.Press("Enter"))
	v.See("[data-step=params][data-state=open] h2", v.Words.Params.Title)
	v.Reach("#algorithm-RSAES_OAEP_SHA_256")
	v.Do(keyboard.Press("ArrowDown"))
	v.Reach("[data-act=get-parameters]")
	v.Do(keyboard.Press("Enter"))
	passphrase := v.OfferedPassphrase()
	v.Reach("[data-act=prepare]")
	v.Do(keyboard.Press("Enter"))
	v.See("[data-part=backup] h3", v.Words.Material.BackupTitle)
	v.Reach("[data-act=stored]")
	v.Do(keyboard.Press("Space"))
	v.Reach("[data-link=backup]")
	saved, err := v.Page.ExpectDownload(func() error { return keyboard.Press("Enter") })
	v.Do(err)
	backup := filepath.Join(t.TempDir(), saved.SuggestedFilename())
	v.Do(saved.SaveAs(backup))
	// The system's file dialog is the one thing that a test cannot type into.
	v.Reach("#proof-age")
	v.Do(v.Page.Locator("#proof-age").SetInputFiles(backup))
	v.Reach("#proof-secret")
	v.Do(keyboard.Type(passphrase))
	v.Do(keyboard.Press("Enter"))
	v.See("[data-part=proven]", v.Words.Material.Proven)
	v.See("[data-step=send] h3", v.Words.Send.WhatIsSent)
	v.Reach("[data-act=import]")
	v.Do(keyboard.Press("Enter"))
	v.Imported(key)
	if got := p.State(t, key); got != "Enabled" {
		t.Errorf("the CMK is %s, want Enabled", got)
	}
	// The focus of someone who cannot see the page is on the news.
	focused, err := v.Page.Evaluate(`document.activeElement.id`)
	v.Do(err)
	if focused != "result-title" {
		t.Errorf("the focus is on %q, want the title of the result", focused)
	}
}
