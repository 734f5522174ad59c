package linked

import (
	"strings"
	"testing"

	"keyferry/components/text"
	"keyferry/e2e/browser"
	"keyferry/e2e/program"
	"keyferry/e2e/proof"
)

// openDesk opens a connected desk from the disk.
func openDesk(p *program.Program, t *testing.T, how browser.Look, file string) *browser.Visit {
	t.Helper()
	return browser.OpenAt(p, t, how, browser.FileAddress(file))
}

// made waits for a link that the console shows, and returns it.
func made(v *browser.Visit, name string) string {
	v.T.Helper()
	v.See("[data-part="+name+"-link] [data-fill=link-left]", "14")
	link := v.Text("#" + name + "-url")
	if !strings.HasPrefix(link, v.Program.Local+"/?") {
		v.T.Fatalf("the console shows the link %q", link)
	}
	return link
}

// bring gives the desk's file to the console, which checks it.
func bring(v *browser.Visit, file string) {
	v.T.Helper()
	v.Do(v.Page.Locator("#desk-import-file").SetInputFiles(file))
	v.Press(v.Words.Link.Read)
	v.See("[data-part=desk-got]", v.Words.Link.Got)
}

// The whole import of one's own: a link in the console, the desk from the disk, its file back, the
// second link, and the KMS's own answer. The CMK works, and the key was nowhere else.
func TestImportWithTheDesk(t *testing.T) {
	p := program.Start(t)
	file := program.WriteConnectedDesk(t, p.Local)
	for i, algorithm := range browser.Algorithms {
		for j, words := range text.Languages {
			if j != i%2 || !*proof.Full && i > 0 {
				continue // each algorithm in one language
			}
			t.Run(algorithm+"/"+words.Tag, func(t *testing.T) {
				p.Ask(t, "POST", "/reset", nil, nil)
				key, how := program.Seeded[i], browser.Look{Language: words.Tag}
				c := browser.Open(p, t, how, "/")
				c.ChooseCMK(key)
				c.Do(c.Page.Locator("#algorithm-" + algorithm).Check())
				c.Do(c.Page.Locator("[data-part=desk] > summary").Click())
				c.Press(c.Words.Link.Make)
				first := made(c, "desk-parameters")
				desk := openDesk(p, t, how, file)
				bring(c, desk.ByLink(key, first, algorithm))
				if got := p.State(t, key); got != "PendingImport" {
					t.Errorf("before the second link the CMK is %s", got)
				}
				c.Press(c.Words.Link.MakeImport)
				desk.GiveSecond(key, made(c, "desk-import"))
				desk.AcceptedByKMS(key)
				c.Press(c.Words.Link.Settle)
				c.See("[data-part=desk-result]", text.Fill(c.Words.Link.Settled, "cmk", key))
				if got := p.State(t, key); got != "Enabled" {
					t.Errorf("the CMK is %s, want Enabled", got)
				}
				p.MustWork(t, key)
				c.MustNotHaveLeaked(key)
				desk.MustNotHaveLeaked(key)
			})
		}
	}
}

// The console can make the second call too; a file for another CMK or region, or what is none, is
// refused on the page.
func TestTheConsoleSends(t *testing.T) {
	p := program.Start(t)
	key := program.Seeded[0]
	desk := openDesk(p, t, browser.Look{}, program.WriteConnectedDesk(t, p.Local))
	c := browser.Open(p, t, browser.Look{}, "/")
	c.ChooseCMK(program.Seeded[1])
	c.Do(c.Page.Locator("[data-part=desk] > summary").Click())
	made := desk.ByLink(key, program.ParametersLink(t, p.Local, key, browser.Algorithms[0]), browser.Algorithms[0])
	try := func(content, code string) {
		t.Helper()
		c.Do(c.Page.Locator("#desk-text").Fill(content))
		c.Press(c.Words.Link.Read)
		c.Fault(code)
	}
	content := string(program.ReadFile(t, made))
	try("", "import_file_missing")
	try("a sentence", "import_file_unreadable")
	try(strings.Repeat(strings.ReplaceAll(content, "\n", "")+"\n", 2), "import_file_many")
	try(content, "import_file_key")
	c.Do(c.Page.Reload())
	c.ChooseCMK(key)
	c.Do(c.Page.Locator("[data-part=desk] > summary").Click())
	try(strings.Replace(content, "cn-hangzhou", "cn-shanghai", 1), "import_file_region")
	bring(c, made)
	c.Do(c.Page.Locator("#sender-console").Check())
	c.Press(text.Fill(c.Words.Link.Import, "cmk", key))
	c.See("[data-part=desk-result]", text.Fill(c.Words.Link.Settled, "cmk", key))
	p.MustWork(t, key)
	c.MustNotHaveLeaked(key)
}
