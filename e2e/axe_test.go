package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"keyferry/components/text"
)

// mustBeAccessible runs axe-core on the page as it stands. It finds a part of the problems that there can be; the test
// by keyboard alone finds others.
func (v *visit) mustBeAccessible(state string) {
	v.t.Helper()
	source, err := os.ReadFile(filepath.Join("node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		v.t.Fatal("npm's axe-core is missing: run make tools")
	}
	v.do(v.page.Evaluate(string(source)))
	result, err := v.page.Evaluate(`axe.run(document, {
		runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
	}).then((found) => JSON.stringify(found.violations.map((violation) =>
		({rule: violation.id, help: violation.help, where: violation.nodes.map((node) => node.html)}))))`)
	v.do(err)
	var violations []struct {
		Rule, Help string
		Where      []string
	}
	if err := json.Unmarshal([]byte(result.(string)), &violations); err != nil {
		v.t.Fatal(err)
	}
	for _, violation := range violations {
		v.t.Errorf("%s: %s (%s):\n%s", state, violation.Help, violation.Rule, strings.Join(violation.Where, "\n"))
	}
}

func TestAccessibility(t *testing.T) {
	p := start(t)
	for _, language := range text.Languages {
		for _, dark := range []bool{false, true} {
			name := language.Tag
			if dark {
				name += "/dark"
			}
			t.Run(name, func(t *testing.T) {
				p.ask(t, "POST", "/reset", nil, nil)
				key := seeded[0]
				v := p.open(t, look{language: language.Tag, dark: dark}, "/")
				v.mustBeAccessible("step 1")
				v.press(v.words.CMK.Use)
				v.fault("key_reference_empty")
				v.mustBeAccessible("error in step 1")
				v.chooseCMK(key)
				v.mustBeAccessible("step 2")
				v.press(v.words.Params.Get)
				v.see("[data-step=params] h3", v.words.Params.Got)
				v.mustBeAccessible("parameters received")
				v.press(v.words.Import.Continue)
				v.mustBeAccessible("step 3")
				passphrase := v.offeredPassphrase()
				v.press(v.words.Material.Prepare)
				backup := v.saveBackup()
				v.mustBeAccessible("backup")
				v.proveBackup(backup, passphrase)
				v.do(v.page.Locator("#expiry-at").Check())
				v.mustBeAccessible("step 4")
				v.press(text.Fill(v.words.Send.ImportInto, "cmk", key))
				v.fault("expiry_missing")
				v.mustBeAccessible("error in step 4")
				v.do(v.page.Locator("#expiry-never").Check())
				v.send(key)
				v.imported(key)
				v.mustBeAccessible("result")
				for _, path := range []string{"/proof", "/reimport", "/check", "/renewal", "/desk"} {
					v.do(v.page.Goto(p.console + path))
					v.mustBeAccessible(path)
				}
				v.expect("404")
				v.do(v.page.Goto(p.console + "/nowhere"))
				v.mustBeAccessible("no such page")
			})
		}
	}
}

// TestKeyboardAlone goes the whole way without a pointer: Tab, Shift+Tab, Space, Enter and typing.
func TestKeyboardAlone(t *testing.T) {
	p := start(t)
	key := seeded[0]
	v := p.open(t, look{}, "/")
	keyboard := v.page.Keyboard()
	// reach presses Tab until the element has the focus.
	reach := func(selector string) {
		t.Helper()
		for range 60 {
			focused, err := v.page.Evaluate(`(selector) => document.activeElement?.matches(selector) ?? false`, selector)
			v.do(err)
			if focused == true {
				return
			}
			v.do(keyboard.Press("Tab"))
		}
		t.Fatalf("the keyboard does not reach %s", selector)
	}
	reach("#key-reference")
	v.do(keyboard.Type(key))
	v.do(keyboard.Press("Enter"))
	v.see("[data-step=params][data-state=open] h2", v.words.Params.Title)
	reach("#algorithm-RSAES_OAEP_SHA_256")
	v.do(keyboard.Press("ArrowDown"))
	reach("[data-act=get-parameters]")
	v.do(keyboard.Press("Enter"))
	v.see("[data-step=params] h3", v.words.Params.Got)
	reach("[data-act=continue]")
	v.do(keyboard.Press("Space"))
	passphrase := v.offeredPassphrase()
	reach("[data-act=prepare]")
	v.do(keyboard.Press("Enter"))
	v.see("[data-part=backup] h3", v.words.Material.BackupTitle)
	reach("[data-link=backup]")
	saved, err := v.page.ExpectDownload(func() error { return keyboard.Press("Enter") })
	v.do(err)
	backup := filepath.Join(t.TempDir(), saved.SuggestedFilename())
	v.do(saved.SaveAs(backup))
	// The system's file dialog is the one thing that a test cannot type into.
	reach("#proof-age")
	v.do(v.page.Locator("#proof-age").SetInputFiles(backup))
	reach("#proof-secret")
	v.do(keyboard.Type(passphrase))
	v.do(keyboard.Press("Enter"))
	v.see("[data-part=proven]", v.words.Material.Proven)
	reach("[data-act=to-import]")
	v.do(keyboard.Press("Enter"))
	v.see("[data-step=send] h3", v.words.Send.WhatIsSent)
	reach("[data-act=import]")
	v.do(keyboard.Press("Enter"))
	v.imported(key)
	if got := p.state(t, key); got != "Enabled" {
		t.Errorf("the CMK is %s, want Enabled", got)
	}
	// Someone who cannot see the page stands where the news is.
	focused, err := v.page.Evaluate(`document.activeElement.id`)
	v.do(err)
	if focused != "result-title" {
		t.Errorf("the focus is on %q, want the title of the result", focused)
	}
}
