package account

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/playwright-community/playwright-go"

	"keyferry/e2e/program"
	"keyferry/e2e/proof/monitor"
)

// observer lets persons go through flows, and keeps a record of each.
type observer struct {
	*monitor.Run
	mu       sync.Mutex
	current  *record
	records  []*record
	consoles map[*record]*program.Program
	journeys map[*record]*monitor.Journey
	usual    string          // address of the page that shows what the browser does by itself
	known    map[string]bool // addresses at which something of the test listens
}

// newObserver starts a browser, and lets it show what it sends by itself.
func newObserver(t *testing.T) *observer {
	t.Helper()
	h := &observer{
		// The network log leaves out bodies, which the wire has byte for byte: with the modules they
		// are 30 MB for each flow.
		Run: monitor.New(t, true, "--net-log-capture-mode=IncludeSensitive"), consoles: map[*record]*program.Program{}, journeys: map[*record]*monitor.Journey{}, known: map[string]bool{},
	}
	if h.Space == nil {
		t.Skip("the account needs a network namespace, which only root can make")
	}
	if err := h.Browser.ExposeBinding("keyferryAccount", h.report); err != nil {
		t.Fatal(err)
	}
	watch := playwright.Script{Content: playwright.String(testdata(t, "watch.js"))}
	if err := h.Browser.AddInitScript(watch); err != nil {
		t.Fatal(err)
	}
	h.Browser.OnPage(h.listen)
	h.usual = strings.TrimPrefix(h.Serve(http.HandlerFunc(usualPage)), "http://")
	page, err := h.Browser.NewPage()
	if err != nil {
		t.Fatal(err)
	}
	defer page.Close()
	if _, err := page.Goto("http://" + h.usual + "/"); err != nil {
		t.Fatal(err)
	}
	if err := page.Locator("#done").Click(); err != nil {
		t.Fatal(err)
	}
	if _, err := page.ExpectDownload(func() error { return page.Locator("#other").Click() }); err != nil {
		t.Fatal(err)
	}
	return h
}

func testdata(t testing.TB, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// report takes what the script in a page tells.
func (h *observer) report(_ *playwright.BindingSource, values ...any) any {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.current == nil || len(values) != 6 {
		return nil
	}
	r := report{Kind: fmt.Sprint(values[0]), Life: fmt.Sprint(values[1]), Value: json.RawMessage(fmt.Sprint(values[2]))}
	for i, into := range []*float64{&r.Page, &r.Number, &r.At} {
		switch number := values[3+i].(type) {
		case float64:
			*into = number
		case int:
			*into = float64(number)
		}
	}
	h.current.Reports = append(h.current.Reports, r)
	return nil
}

// listen notes what a page says and saves.
func (h *observer) listen(page playwright.Page) {
	say := func(what string) {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.current != nil {
			h.current.Said = append(h.current.Said, what)
		}
	}
	page.OnConsole(func(m playwright.ConsoleMessage) { say(m.Type() + ": " + m.Text()) })
	page.OnPageError(func(err error) { say("page error: " + err.Error()) })
	page.OnDialog(func(d playwright.Dialog) { say("dialog " + d.Type() + ": " + d.Message()) })
	page.OnPopup(func(playwright.Page) { say("a window was opened") })
	page.OnDownload(func(d playwright.Download) {
		// The content is read once the flow is over: Playwright waits for it.
		h.mu.Lock()
		at := h.current
		h.mu.Unlock()
		if at == nil {
			return
		}
		go func() {
			var content []byte
			if path, err := d.Path(); err == nil {
				content, _ = os.ReadFile(path)
			}
			h.mu.Lock()
			defer h.mu.Unlock()
			at.Downloads = append(at.Downloads, download{d.SuggestedFilename(), content})
		}()
	})
}
