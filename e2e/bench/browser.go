package main

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"keyferry/wasm/keywrap/keywraptest"
)

// module is a module that a page loads, and what is asked of it; 0 asks nothing.
type module struct {
	name, file   string
	largest      float64 // bytes of brotli
	slowestStart float64 // in times of the empty module's
}

// modules are those that hold key material.
var modules = []module{
	{"Module", "keyferry.wasm", 1.05e6, 1.7},
}

//go:embed site/ready.js
var readyScript string

// measureBrowser measures the modules: their size, their start, their speed.
func (b *bench) measureBrowser(ctx context.Context) ([]row, error) {
	program, err := b.startConsole(ctx, b.built.program)
	if err != nil {
		return nil, err
	}
	defer program.stop()
	floor, err := b.startConsole(ctx, b.built.floorProgram)
	if err != nil {
		return nil, err
	}
	defer floor.stop()
	chromium, err := b.startChromium(ctx)
	if err != nil {
		return nil, err
	}
	defer chromium.close()
	b.engine = chromium.browser.Version()
	var sizes, starts []row
	for _, m := range modules {
		if _, err := os.Stat(filepath.Join(b.root, "web", "static", "wasm", m.file)); m != modules[0] && os.IsNotExist(err) {
			continue
		}
		size, err := m.measureSize(ctx, program, floor)
		if err != nil {
			return nil, err
		}
		start, err := m.measureReady(ctx, chromium, program, floor, b.starts)
		if err != nil {
			return nil, err
		}
		sizes, starts = append(sizes, size...), append(starts, start)
	}
	opened, err := b.measureDesk(ctx, chromium, program)
	if err != nil {
		return nil, err
	}
	starts = append(starts, opened...)
	program.stop() // neither is needed any more, nor shall it take part in what follows
	floor.stop()
	wraps, err := b.measureWraps(ctx, chromium)
	return append(append(sizes, starts...), wraps...), err
}

// measureSize weighs the module as the console sends it.
func (m module) measureSize(ctx context.Context, shipped, floor *program) ([]row, error) {
	var rows []row
	for _, form := range []struct{ name, coding string }{{"raw", "identity"}, {"brotli", "br"}} {
		var sizes [2]float64
		for i, p := range []*program{shipped, floor} {
			sent, err := p.fetchModule(ctx, m.file, form.coding)
			if err != nil {
				return nil, err
			}
			sizes[i] = float64(len(sent.body))
		}
		r := row{
			what: m.name + ", size, " + form.name, value: megabytes(sizes[0]),
			against: "empty module: " + megabytes(sizes[1]), ratio: times(sizes[0], sizes[1]),
		}
		if form.coding == "br" && m.largest > 0 {
			r = r.aim(fmt.Sprintf("≤ %.2f MB", m.largest/1e6), sizes[0], m.largest)
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// measureReady starts the worker of both consoles in turn.
func (m module) measureReady(ctx context.Context, chromium *chromium, shipped, floor *program, starts int) (row, error) {
	contenders := []*program{shipped, floor}
	var took [2][]float64
	var requests [2]map[string]any
	for i, p := range contenders {
		sent, err := p.fetchModule(ctx, m.file, "identity")
		if err != nil {
			return row{}, err
		}
		digest := sha256.Sum256(sent.body)
		requests[i] = map[string]any{
			"worker": sent.prefix + "js/worker.js", "module": sent.prefix + "wasm/" + m.file,
			"integrity": "sha256-" + base64.StdEncoding.EncodeToString(digest[:]), "publicKey": keywraptest.PublicKey(),
		}
	}
	for round := range starts + 1 {
		for i, p := range contenders {
			result, err := chromium.evaluate(p.console+"/proof", readyScript, requests[i])
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return row{}, fmt.Errorf("starting the worker: %v", err)
			}
			if round > 0 { // the first warms the browser up
				took[i] = append(took[i], number(result))
			}
		}
	}
	loaded, least := median(took[0]), median(took[1])
	r := row{
		what: m.name + ", ready, cold", value: fmt.Sprintf("%.0f ms", loaded),
		against: fmt.Sprintf("empty module: %.0f ms", least), ratio: times(loaded, least),
	}
	if m.slowestStart == 0 {
		return r, nil
	}
	return r.aim(fmt.Sprintf("≤ %.1f×", m.slowestStart), loaded/least, m.slowestStart), nil
}

// sentModule is what a console sends for a module.
type sentModule struct {
	prefix string // of static files
	body   []byte // as it is on the wire
}

var moduleAddress = regexp.MustCompile(`data-module="(/static/[^"/]+/)`)

// fetchModule fetches a module in a content coding.
func (p *program) fetchModule(ctx context.Context, file, coding string) (*sentModule, error) {
	page, err := fetch(ctx, p.console+"/", "identity")
	if err != nil {
		return nil, err
	}
	address := moduleAddress.FindSubmatch(page)
	if address == nil {
		return nil, fmt.Errorf("the console's page names no module")
	}
	prefix := string(address[1])
	body, err := fetch(ctx, p.console+prefix+"wasm/"+file, coding)
	return &sentModule{prefix, body}, err
}

// fetch gets a body as it is on the wire, in that coding and no other.
func fetch(ctx context.Context, address, coding string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept-Encoding", coding) // set by hand, so that the client leaves the body alone
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetching %s: %s", request.URL.Path, response.Status)
	}
	if got := response.Header.Get("Content-Encoding"); got != strings.TrimPrefix(coding, "identity") {
		return nil, fmt.Errorf("fetching %s: it came as %q and not as %s: run make wasm", request.URL.Path, got, coding)
	}
	return io.ReadAll(response.Body)
}

// number is a JavaScript number, which arrives as an int where it is whole.
func number(value any) float64 {
	switch n := value.(type) {
	case int:
		return float64(n)
	case float64:
		return n
	}
	return 0
}
