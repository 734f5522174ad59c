package policy

import (
	"fmt"
	"testing"

	"github.com/playwright-community/playwright-go"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
)

// chromiumTab is a page in Chromium.
type chromiumTab struct{ page playwright.Page }

func (c chromiumTab) navigate(address string) error {
	_, err := c.page.Goto(address)
	return err
}

func (c chromiumTab) evaluate(script string) (string, error) {
	value, err := c.page.Evaluate(script)
	return fmt.Sprint(value), err
}

func (c chromiumTab) fresh(t *testing.T) workingTab {
	t.Helper()
	page, err := c.page.Context().NewPage()
	if err != nil {
		t.Fatal(err)
	}
	return chromiumTab{page}
}

// attackTab opens a page in a fresh profile of Chromium, with the watcher in every document.
func attackTab(t *testing.T) chromiumTab {
	t.Helper()
	context, err := browser.Shared.NewContext()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { context.Close() })
	context.SetDefaultTimeout(20_000)
	if err := context.AddInitScript(playwright.Script{Content: playwright.String(watcher)}); err != nil {
		t.Fatal(err)
	}
	page, err := context.NewPage()
	if err != nil {
		t.Fatal(err)
	}
	return chromiumTab{page}
}

// attackedPages are the pages of the console, and the one that it shows where there is none.
var attackedPages = []string{"/en/", "/en/reimport", "/en/many", "/en/check", "/en/renewal", "/en/desk", "/en/proof", "/en/nowhere"}

// scripted are the pages with a script that takes the name of the Trusted Types policy.
var scripted = map[string]bool{"/en/": true, "/en/reimport": true, "/en/many": true, "/en/check": true, "/en/desk": true}

// Every attack is refused on every page, and the browser says so; without a policy every one of
// them works.
func TestProofPolicy(t *testing.T) {
	p := program.Start(t)
	t.Run("without a policy", func(t *testing.T) {
		t.Parallel()
		e, in := startElsewhere(t), attackTab(t)
		plain := site{elsewhere: e.address + "/reached/", own: e.address + "/reached/", engine: "Chromium", page: e.address + "/plain"}
		attackControl(t, in, plain, e, pageAttacks)
	})
	t.Run("markup", func(t *testing.T) {
		t.Parallel()
		attackMarkup(t, attackTab(t), "Chromium", p.Console, "/en/")
	})
	t.Run("origins", func(t *testing.T) {
		t.Parallel()
		attackOrigins(t, attackTab(t), "Chromium", p.Console)
	})
	t.Run("features", func(t *testing.T) {
		t.Parallel()
		attackFeatures(t, attackTab(t), startElsewhere(t), p.Console)
	})
	t.Run("what no policy refuses", func(t *testing.T) {
		t.Parallel()
		tryOpenings(t, attackTab(t), "Chromium", p.Console)
	})
	t.Run("worker", func(t *testing.T) {
		t.Parallel()
		attackWorker(t, attackTab(t), "Chromium", p.Console)
	})
	e := startElsewhere(t)
	for _, path := range attackedPages {
		t.Run("page "+path, func(t *testing.T) {
			t.Parallel()
			s := site{where: "in a page", elsewhere: e.address + "/reached/", own: p.Console + "/healthz/reached/", engine: "Chromium", page: p.Console + path}
			attackPage(t, attackTab(t), s, pageAttacks, path)
		})
	}
	t.Cleanup(func() {
		if names := e.names(); len(names) > 0 {
			t.Errorf("these reached elsewhere: %v", names)
		}
	})
}

// attackPage tries all attacks on one page of the console.
func attackPage(t *testing.T, in tab, s site, attacks []attack, path string) {
	t.Helper()
	if err := in.navigate(s.page); err != nil {
		t.Fatal(err)
	}
	for _, a := range attacks {
		if a.only == "scripted" && !scripted[path] {
			continue
		}
		s.mustRefuse(t, in, a)
	}
}

// attackControl tries all attacks on a page without a policy.
func attackControl(t *testing.T, in tab, s site, e *elsewhere, attacks []attack) {
	t.Helper()
	if err := in.navigate(s.page); err != nil {
		t.Fatal(err)
	}
	for _, a := range attacks {
		s.mustWork(t, in, a, e)
	}
}
