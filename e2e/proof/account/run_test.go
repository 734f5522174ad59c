package account

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"keyferry/e2e/program"
	"keyferry/e2e/proof/monitor"
)

// serving is what the relay between the browser and the console changes: files in place of the real
// ones, and the recorder.
type serving struct {
	files    map[string][]byte // by their names below web/static
	modules  map[string][]byte // WebAssembly modules, whose digests the pages are told
	recorded bool
	console  string // executable; empty is the honest one
}

// run lets a person go through a flow of their own console.
func (h *observer) run(t *testing.T, name string, s serving, walk func(*monitor.Journey, *record)) *record {
	t.Helper()
	executable := s.console
	if executable == "" {
		executable = program.Binary
	}
	console := h.StartConsole(executable)
	r := &record{Name: name, Began: time.Now(), Wire: map[string][]byte{}}
	r.Address = strings.TrimPrefix(h.Serve(h.relay(t, r, console, s)), "http://")
	h.known[r.Address], h.known[strings.TrimPrefix(console.Console, "http://")] = true, true
	r.Given.Recorded, r.Modules = s.recorded, map[string]string{}
	for name, content := range s.modules {
		r.Modules[name] = integrityOf(content)
	}
	h.now(r)
	h.records = append(h.records, r)
	defer h.drop(r) // if the flow does not come to its end
	h.consoles[r], r.Started = console, console.Args()
	h.journeys[r] = h.Travel(t, name, "http://"+r.Address, func(j *monitor.Journey) {
		r.Given.CMK, r.Given.Pages, r.Given.Language = j.Key, []string{"/en/"}, "en"
		r.look = func() {
			r.Moments = nil
			h.snapshot(j, r)
		}
		r.settle = func() {
			j.Until("the icon", func() bool {
				h.mu.Lock()
				defer h.mu.Unlock()
				return slices.ContainsFunc(r.Arrivals, func(a arrival) bool { return strings.HasSuffix(a.Path, "/icon.svg") && a.Status != 0 })
			})
		}
		if s.recorded {
			h.recordBlobs(j)
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
	h.now(nil)
	slices.SortStableFunc(r.Reports, func(a, b report) int { return cmp.Or(cmp.Compare(a.Page, b.Page), cmp.Compare(a.Number, b.Number)) })
	console.Stop(t)
	r.Log, r.Ended = string(console.Log.Bytes()), time.Now()
	return r
}

// recordBlobs puts the recorder before the script of a worker that a page on a disk makes.
func (h *observer) recordBlobs(j *monitor.Journey) {
	j.T.Helper()
	recorder, err := json.Marshal(testdata(j.T, "recorder.js"))
	j.Do(err)
	j.Do(j.Page.AddInitScript(playwright.Script{Content: playwright.String(`globalThis[Symbol.for("keyferry recorder")] = ` + string(recorder))}))
}

// now tells which record takes what the browser tells.
func (h *observer) now(r *record) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.current = r
}

// drop forgets the record of a flow that failed, and closes its page, so that the next flow has
// nothing of it. The flow's own test tells that it failed.
func (h *observer) drop(r *record) {
	if !r.Ended.IsZero() {
		return
	}
	h.now(nil)
	h.records = slices.DeleteFunc(h.records, func(other *record) bool { return other == r })
	for _, page := range h.Browser.Pages()[1:] { // the first one keeps the browser open
		page.Close()
	}
	h.Browser.ClearCookies()
}

// relay passes everything on between the browser and its console, and notes what came in which
// order.
func (h *observer) relay(t *testing.T, r *record, console *program.Program, s serving) http.Handler {
	to, err := url.Parse(console.Console)
	if err != nil {
		t.Fatal(err)
	}
	recorder := []byte(testdata(t, "recorder.js"))
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		h.mu.Lock()
		at := len(r.Arrivals)
		r.Arrivals = append(r.Arrivals, arrival{From: request.RemoteAddr, Method: request.Method, Path: request.URL.RequestURI(), At: time.Now()})
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
				return h.answered(t, r, s, response, at, recorder)
			},
			ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		}).ServeHTTP(w, request)
	})
}

// answered notes what the console answered to the request with a number, and changes it where this
// serving does.
func (h *observer) answered(t *testing.T, r *record, s serving, response *http.Response, at int, recorder []byte) error {
	path := response.Request.URL.Path
	keep := strings.HasPrefix(path, "/kms/")
	var answer []byte
	if keep || s.changes(path) {
		body, err := io.ReadAll(response.Body)
		if err != nil {
			return err
		}
		answer = s.changed(t, path, body, recorder)
		response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(answer)), int64(len(answer))
		response.Header.Set("Content-Length", fmt.Sprint(len(answer)))
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !s.changes(path) { // which is asked for in another coding
		for name, values := range response.Header {
			r.Arrivals[at].Headers = append(r.Arrivals[at].Headers, fmt.Sprintf("%s: %s", name, strings.Join(values, ", ")))
		}
	}
	if r.Arrivals[at].Status = response.StatusCode; keep {
		r.Arrivals[at].Answer = answer
	}
	return nil
}

// changes holds if what has this path is not passed on as it is.
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
