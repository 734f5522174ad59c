package account

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"keyferry/e2e/program"
	"keyferry/e2e/proof/monitor"
)

// harness lets persons go through flows, and keeps a record of each.
type harness struct {
	*monitor.Run
	mu       sync.Mutex
	current  *record
	records  []*record
	consoles map[*record]*program.Program
	journeys map[*record]*monitor.Journey
	usual    string          // address of the page that shows what the browser does by itself
	known    map[string]bool // addresses at which something of the test listens
}

func newHarness(t *testing.T) *harness {
	t.Helper()
	h := &harness{
		Run: monitor.New(t, true), consoles: map[*record]*program.Program{}, journeys: map[*record]*monitor.Journey{}, known: map[string]bool{},
	}
	if h.Space == nil {
		t.Skip("the account needs a network namespace, which only root can make")
	}
	if err := h.Browser.ExposeBinding("keyferryAccount", h.report); err != nil {
		t.Fatal(err)
	}
	h.script(t, "watch.js")
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

func (h *harness) script(t *testing.T, name string) {
	t.Helper()
	if err := h.Browser.AddInitScript(playwright.Script{Content: playwright.String(testdata(t, name))}); err != nil {
		t.Fatal(err)
	}
}

func testdata(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// usualPage makes the browser send a request of every kind that the console's pages make it send.
func usualPage(w http.ResponseWriter, r *http.Request) {
	kind, body := "text/html", ""
	switch r.URL.Path {
	case "/":
		http.Redirect(w, r, "/page", http.StatusFound)
		return
	case "/page":
		body = `<!doctype html><title>Usual</title><script src="/p.js"></script><link rel="icon" href="/i.svg" type="image/svg+xml"><link rel="stylesheet" href="/s.css">` +
			`<script type="module" src="/a.js"></script><p>Usual`
	case "/a.js":
		kind, body = "text/javascript", `import "./b.js"
fetch("/post", { method: "POST", headers: { "Content-Type": "application/json", "Accept-Language": "en" }, body: "{}", credentials: "same-origin", redirect: "error" })
const worker = new Worker("/w.js", { type: "module", name: "usual" })
worker.onmessage = () => document.body.append(Object.assign(document.createElement("a"), { id: "done", textContent: "Done", href: "/other" }))`
	case "/other":
		body = `<!doctype html><title>Other</title><link rel="icon" href="/i.svg">` +
			`<form method="post" action="/form"><button id="other" name="x" value="1">Other</button></form>`
	case "/form":
		kind, body = "text/calendar", "x"
		w.Header().Set("Content-Disposition", `attachment; filename="x"`)
	case "/b.js", "/p.js", "/x.js":
		kind = "text/javascript"
	case "/w.js":
		kind, body = "text/javascript", `import "./x.js"
fetch("/m.wasm", { integrity: "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" }).then(() => postMessage("done"))`
	case "/s.css":
		kind = "text/css"
	case "/i.svg":
		kind, body = "image/svg+xml", `<svg xmlns="http://www.w3.org/2000/svg"/>`
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Referrer-Policy", "no-referrer") // as the console says
	io.WriteString(w, body)
}

// report takes what the script in a page tells.
func (h *harness) report(_ *playwright.BindingSource, values ...any) any {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.current == nil || len(values) != 5 {
		return nil
	}
	r := report{Kind: fmt.Sprint(values[0]), Life: fmt.Sprint(values[1]), Value: json.RawMessage(fmt.Sprint(values[2]))}
	for i, into := range []*float64{&r.Page, &r.Number} {
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
func (h *harness) listen(page playwright.Page) {
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

// serving is what stands between the browser and the console: files in place of the real ones, and
// the recorder.
type serving struct {
	files    map[string][]byte // by their names below web/static
	modules  map[string][]byte // WebAssembly modules, whose digests the pages are told
	recorded bool
	console  string // executable; empty is the honest one
}

// run lets a person go through a flow of their own console.
func (h *harness) run(t *testing.T, name string, s serving, walk func(*monitor.Journey, *record)) *record {
	t.Helper()
	executable := s.console
	if executable == "" {
		executable = program.Binary
	}
	console := h.StartConsole(executable)
	r := &record{Name: name, Began: time.Now(), Wire: map[string][]byte{}}
	r.Address = strings.TrimPrefix(h.Serve(h.relay(t, r, console, s)), "http://")
	h.known[r.Address], h.known[strings.TrimPrefix(console.Console, "http://")] = true, true
	r.Given.Recorded = s.recorded
	h.mu.Lock()
	h.current = r
	h.mu.Unlock()
	h.records = append(h.records, r)
	h.consoles[r] = console
	h.journeys[r] = h.Travel(t, name, "http://"+r.Address, func(j *monitor.Journey) {
		r.Given.CMK, r.Given.Pages, r.Given.Language = j.Key, []string{"/en/"}, "en"
		r.look = func() {
			r.Storage, r.Pages, r.Titles = nil, nil, nil
			h.snapshot(j, r)
		}
		h.snapshot(j, r) // before there is any secret
		walk(j, r)
		h.snapshot(j, r)
		r.Material = j.Program.Material(t, j.Key)
	})
	time.Sleep(200 * time.Millisecond) // for what the browser still tells
	cookies, err := h.Browser.Cookies()
	if err != nil {
		t.Fatal(err)
	}
	for _, cookie := range cookies {
		r.Cookies = append(r.Cookies, cookie.Name+"="+cookie.Value)
	}
	if err := h.Browser.ClearCookies(); err != nil { // ports share them
		t.Fatal(err)
	}
	h.mu.Lock()
	h.current = nil
	h.mu.Unlock()
	slices.SortStableFunc(r.Reports, func(a, b report) int { return cmp.Or(cmp.Compare(a.Page, b.Page), cmp.Compare(a.Number, b.Number)) })
	console.Stop(t)
	r.Log, r.Ended = string(console.Log.Bytes()), time.Now()
	return r
}

// relay passes everything on between the browser and its console, and notes what came in which
// order.
func (h *harness) relay(t *testing.T, r *record, console *program.Program, s serving) http.Handler {
	to, err := url.Parse(console.Console)
	if err != nil {
		t.Fatal(err)
	}
	recorder := []byte(testdata(t, "recorder.js"))
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		h.mu.Lock()
		at := len(r.Arrivals)
		r.Arrivals = append(r.Arrivals, arrival{From: request.RemoteAddr, Method: request.Method, Path: request.URL.RequestURI()})
		h.mu.Unlock()
		(&httputil.ReverseProxy{
			Transport: h.Forward,
			Rewrite: func(pr *httputil.ProxyRequest) {
				pr.SetURL(to)
				pr.Out.Host = pr.In.Host // the console's policies name it
				if s.changes(pr.In.URL.Path) {
					pr.Out.Header.Del("Accept-Encoding")
				}
			},
			ModifyResponse: func(response *http.Response) error {
				keep := strings.HasPrefix(request.URL.Path, "/kms/")
				if !keep && !s.changes(request.URL.Path) {
					return nil
				}
				body, err := io.ReadAll(response.Body)
				if err != nil {
					return err
				}
				body = s.changed(t, request.URL.Path, body, recorder)
				response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
				response.Header.Set("Content-Length", fmt.Sprint(len(body)))
				h.mu.Lock()
				defer h.mu.Unlock()
				r.Arrivals[at].Date = response.Header.Get("Date")
				if keep {
					r.Arrivals[at].Answer = body
				}
				return nil
			},
			ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		}).ServeHTTP(w, request)
	})
}

// changes holds if what stands at a path is not passed on as it is.
func (s serving) changes(path string) bool {
	name := staticName(path)
	return s.files[name] != nil || s.modules[name] != nil || name == "js/worker.js" && s.recorded || len(s.modules) > 0 && name == ""
}

func (s serving) changed(t *testing.T, path string, body, recorder []byte) []byte {
	name := staticName(path)
	if content := s.files[name]; content != nil {
		body = content
	}
	if content := s.modules[name]; content != nil {
		body = content
	}
	if name == "js/worker.js" && s.recorded {
		body = append(bytes.Clone(recorder), body...)
	}
	for module, content := range s.modules {
		if name == "" {
			body = bytes.ReplaceAll(body, []byte(integrity(t, module)), []byte(integrityOf(content)))
		}
	}
	return body
}

// staticName is the name of a static file below web/static; empty for what is none.
func staticName(path string) string {
	_, rest, _ := strings.Cut(path, "/static/")
	_, name, _ := strings.Cut(rest, "/")
	return name
}

// snapshot notes what the page has at this moment. A page that is gone has nothing.
func (h *harness) snapshot(j *monitor.Journey, r *record) {
	j.T.Helper()
	if j.Page.IsClosed() {
		return
	}
	state, err := os.ReadFile(program.Source("e2e/proof/monitor/testdata/state.js"))
	j.Do(err)
	_, function, _ := strings.Cut(string(state), "\n")
	result, err := j.Page.Evaluate(function)
	j.Do(err)
	var found struct{ Storage string }
	j.Do(json.Unmarshal([]byte(fmt.Sprint(result)), &found))
	r.Storage = append(r.Storage, found.Storage)
	html, err := j.Page.Content()
	j.Do(err)
	r.Pages = append(r.Pages, html)
	title, err := j.Page.Title()
	j.Do(err)
	r.Titles = append(r.Titles, title)
	r.History = nil
	session, err := h.Browser.NewCDPSession(j.Page)
	j.Do(err)
	defer session.Detach()
	history, err := session.Send("Page.getNavigationHistory", nil)
	j.Do(err)
	var walked struct {
		Entries []struct{ URL, Title string }
	}
	text, err := json.Marshal(history)
	j.Do(err)
	j.Do(json.Unmarshal(text, &walked))
	for _, entry := range walked.Entries {
		r.History = append(r.History, entry.URL)
	}
	listed, err := j.Page.Evaluate(`JSON.stringify(Array.from(document.querySelectorAll("[data-part=sent-list] > li"), (li) => ({
		Action: li.querySelector("strong")?.textContent, Outcome: li.querySelector("p")?.lastElementChild?.textContent,
		Fields: Array.from(li.querySelectorAll("dt"), (dt) => [dt.textContent, dt.nextElementSibling?.textContent]),
	})))`)
	j.Do(err)
	r.Panel = nil
	j.Do(json.Unmarshal([]byte(fmt.Sprint(listed)), &r.Panel))
	slices.Reverse(r.Panel) // it lists the last request first
}

// close ends everything, and sorts what the wire and the disk hold into the records.
func (h *harness) close(t *testing.T) {
	t.Helper()
	h.KeepClipboard()
	h.Close()
	usual := map[string][]string{}
	h.known[h.usual], h.known[h.LocalKMS()], h.known[h.Reader()] = true, true, true
	for _, address := range h.Openers() {
		h.known[address] = true
	}
	byAddress := map[string]*record{}
	for _, r := range h.records {
		byAddress[r.Address] = r
		r.Usual = usual
	}
	answers := map[string][]byte{}
	for _, s := range h.Streams {
		from, to := s.Ends()
		answers[from+" "+to] = s.Content
	}
	for _, s := range h.Streams {
		from, to := s.Ends()
		switch {
		case to == h.usual:
			for _, sent := range split(s.Content) {
				kind, head := sent.kind(h.usual), sent.plainHead(h.usual)
				if !slices.Contains(usual[kind], head) {
					usual[kind] = append(usual[kind], head)
				}
			}
		case byAddress[to] != nil:
			byAddress[to].Wire[from] = s.Content
		case to == h.LocalKMS():
			h.sortCalls(t, s.Content, answers[to+" "+from])
		case h.known[to] || h.known[from]:
		default:
			for _, r := range h.records { // whose it is cannot be told
				r.Strangers = append(r.Strangers, fmt.Sprintf("a connection from %s to %s", from, to))
			}
		}
	}
	h.sortPlaces()
}

// sortCalls gives the calls of one connection to the KMS to their records, by the CMK.
func (h *harness) sortCalls(t *testing.T, requests, answers []byte) {
	t.Helper()
	reader := bufio.NewReader(bytes.NewReader(answers))
	for _, sent := range split(requests) {
		answer, err := http.ReadResponse(reader, nil)
		var body []byte
		if err == nil {
			body, _ = io.ReadAll(answer.Body)
		}
		for _, r := range h.records {
			if bytes.Contains(append(bytes.Clone(sent.head), sent.body...), []byte(r.Given.CMK)) {
				r.Calls = append(r.Calls, call{append(append(bytes.Clone(sent.head), "\r\n\r\n"...), sent.body...), body})
			}
		}
	}
}
