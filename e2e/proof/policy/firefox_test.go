package policy

import (
	"context"
	"testing"

	"keyferry/e2e/browser"
	"keyferry/e2e/firefox"
	"keyferry/e2e/program"
	"keyferry/e2e/proof"
)

// foxTab is a page in Firefox.
type foxTab struct {
	ctx     context.Context
	browser *firefox.Browser
	page    *firefox.Page
}

func (f foxTab) navigate(address string) error { return f.page.Navigate(f.ctx, address) }

func (f foxTab) evaluate(script string) (string, error) { return f.page.Evaluate(f.ctx, script) }

// attackFirefox opens a page in a fresh Firefox, with the watcher in every document.
func attackFirefox(t *testing.T) foxTab {
	t.Helper()
	launched := browser.LaunchFirefox(t, "en")
	if err := launched.Preload(t.Context(), "() => {"+watcher+"}"); err != nil {
		t.Fatal(err)
	}
	page, err := launched.Open(t.Context(), "about:blank")
	if err != nil {
		t.Fatal(err)
	}
	return foxTab{t.Context(), launched, page}
}

// fresh opens a further tab: one from which windows were opened may be in the background, where
// timers are slow.
func (f foxTab) fresh(t *testing.T) workingTab {
	t.Helper()
	page, err := f.browser.Open(f.ctx, "about:blank")
	if err != nil {
		t.Fatal(err)
	}
	return foxTab{f.ctx, f.browser, page}
}

// The same attacks as in Chromium, on the same policies.
func TestProofFirefoxPolicy(t *testing.T) {
	p := program.Start(t)
	in := attackFirefox(t)
	e := startElsewhere(t)
	pages := attackedPages
	if !*proof.Full {
		pages = []string{"/en/", "/en/proof"}
	}
	for _, path := range pages {
		t.Run("page "+path, func(t *testing.T) {
			s := site{where: "in a page", elsewhere: e.address + "/reached/", own: p.Console + "/healthz/reached/", engine: "Firefox", page: p.Console + path}
			attackPage(t, in, s, pageAttacks, path)
		})
	}
	if names := e.names(); len(names) > 0 {
		t.Errorf("these reached elsewhere: %v", names)
	}
	t.Run("worker", func(t *testing.T) {
		attackWorker(t, in.fresh(t), "Firefox", p.Console)
	})
	t.Run("markup", func(t *testing.T) {
		attackMarkup(t, in.fresh(t), "Firefox", p.Console, "/en/")
	})
	t.Run("origins", func(t *testing.T) {
		attackOrigins(t, in.fresh(t), "Firefox", p.Console)
	})
	t.Run("what no policy refuses", func(t *testing.T) {
		tryOpenings(t, in.fresh(t), "Firefox", p.Console)
	})
	t.Run("without a policy", func(t *testing.T) {
		open := startElsewhere(t)
		plain := site{elsewhere: open.address + "/reached/", own: open.address + "/reached/", engine: "Firefox", page: open.address + "/plain"}
		attackControl(t, in.fresh(t), plain, open, pageAttacks)
	})
}
