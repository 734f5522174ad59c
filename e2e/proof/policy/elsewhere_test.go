package policy

import (
	"bytes"
	"fmt"
	"io"
	"keyferry/e2e/program"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// elsewhere is the server of somebody else: another origin, which writes down everything that
// arrives. Its own pages have no policy, so that an attack that the console's policy refuses can be
// seen to work there.
type elsewhere struct {
	address string // such as http://127.0.0.1:40123
	silent  string // address of a port that only counts connections
	udp     string // host:port that only counts packets

	news        program.News // of everything below
	mu          sync.Mutex
	reached     map[string]http.Header // by the name of the attack
	markup      string                 // in the page /plain
	code        string                 // in the script /worker.js
	connections int
	packets     int
}

// startElsewhere starts it until the test ends.
func startElsewhere(t *testing.T) *elsewhere {
	t.Helper()
	e := &elsewhere{reached: map[string]http.Header{}}
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	e.address = server.URL
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	e.silent = "http://" + silent.Addr().String()
	go func() {
		for {
			connection, err := silent.Accept()
			if err != nil {
				return
			}
			e.mu.Lock()
			e.connections++
			e.mu.Unlock()
			e.news.Tell()
			connection.Close()
		}
	}()
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { packets.Close() })
	e.udp = packets.LocalAddr().String()
	go func() {
		for {
			if _, _, err := packets.ReadFrom(make([]byte, 1500)); err != nil {
				return
			}
			e.mu.Lock()
			e.packets++
			e.mu.Unlock()
			e.news.Tell()
		}
	}()
	return e
}

// kinds are what the paths of an attack end in, and what is served there.
var kinds = map[string]struct{ mediaType, body string }{
	".js":   {"text/javascript", "globalThis.attackRan = true; export {}"},
	".css":  {"text/css", "body { --attack: 1 }"},
	".svg":  {"image/svg+xml", `<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>`},
	".html": {"text/html", "<title>elsewhere</title>"},
	".raw":  {"text/plain", "globalThis.attackRan = true"},
	".txt":  {"text/event-stream", "data: hello\n\n"},
}

// ServeHTTP answers whatever is asked, as permissively as a server can.
func (e *elsewhere) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Access-Control-Allow-Origin", "*")
	header.Set("Cross-Origin-Resource-Policy", "cross-origin")
	header.Set("Cache-Control", "no-store")
	switch {
	case strings.HasPrefix(r.URL.Path, "/reached/"):
		asked := strings.TrimPrefix(r.URL.Path, "/reached/")
		name, _, _ := strings.Cut(asked, "/")
		e.mu.Lock()
		e.reached[strings.TrimSuffix(name, path.Ext(name))] = r.Header.Clone()
		e.mu.Unlock()
		e.news.Tell()
		kind := kinds[path.Ext(asked)]
		header.Set("Content-Type", kind.mediaType)
		io.WriteString(w, kind.body)
	case r.URL.Path == "/opened":
		header.Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, `<title>opened</title><script>fetch("/reached/opener-" + (opener === null ? "severed" : "kept") + ".txt")</script>`)
	case r.URL.Path == "/worker.js":
		header.Set("Content-Type", "text/javascript")
		e.mu.Lock()
		defer e.mu.Unlock()
		io.WriteString(w, "export {}"+e.code)
	case r.URL.Path == "/plain":
		header.Set("Content-Type", "text/html; charset=utf-8")
		e.mu.Lock()
		defer e.mu.Unlock()
		fmt.Fprintf(w, "<!DOCTYPE html><title>plain</title><body>%s<p class=\"rest\">rest</p></body>", e.markup)
	default:
		http.NotFound(w, r)
	}
}

// has tells whether an attack's request arrived, and forgets it.
func (e *elsewhere) has(name string) (http.Header, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	header, found := e.reached[name]
	delete(e.reached, name)
	return header, found
}

// arrival is how long something that was sent may take to arrive.
const arrival = 3 * time.Second

// wait waits until an attack's request has arrived.
func (e *elsewhere) wait(name string) (header http.Header, found bool) {
	e.news.Await(arrival, nil, func() bool {
		header, found = e.has(name)
		return found
	})
	return header, found
}

// names are the attacks whose requests arrived and that nobody asked about.
func (e *elsewhere) names() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var names []string
	for name := range e.reached {
		names = append(names, name)
	}
	return names
}

// show puts markup into the page /plain.
func (e *elsewhere) show(markup string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.markup = markup
}

// plant puts code into the script of the worker.
func (e *elsewhere) plant(code string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.code = code
}

// between is somebody between the browser and the console who adds to what is answered and changes
// no header, as a fault in a page that lets markup in would. Policies that name the console's host
// name this one.
type between struct {
	address string

	news   program.News // of what passed
	mu     sync.Mutex
	ending string // what an altered answer's address ends in; empty alters nothing
	change func([]byte) []byte
	passed []string // method, address and status of every request
}

// startBetween starts it until the test ends.
func startBetween(t *testing.T, console string) *between {
	t.Helper()
	target, err := url.Parse(console)
	if err != nil {
		t.Fatal(err)
	}
	b := &between{}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
			r.Out.Header.Del("Accept-Encoding")
		},
		ModifyResponse: b.alter,
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	b.address = server.URL
	return b
}

// begin has the body of the page at a path begin with more than the console wrote.
func (b *between) begin(path, markup string) {
	b.set(path, func(page []byte) []byte {
		return bytes.Replace(page, []byte("<body>"), []byte("<body>"+markup), 1)
	})
}

// end has the script at a path end in more than the console wrote.
func (b *between) end(path, code string) {
	b.set(path, func(script []byte) []byte { return append(script, code...) })
}

func (b *between) set(ending string, change func([]byte) []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ending, b.change = ending, change
}

// saw tells whether a request passed whose method, address and status contain all of these, and
// waits for it for a while.
func (b *between) saw(patience time.Duration, parts ...string) bool {
	return b.news.Await(patience, nil, func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return slices.ContainsFunc(b.passed, func(request string) bool {
			return !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(request, part) })
		})
	})
}

func (b *between) alter(response *http.Response) error {
	defer b.news.Tell()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.passed = append(b.passed, fmt.Sprint(response.Request.Method, " ", response.Request.URL.RequestURI(), " ", response.StatusCode))
	if b.ending == "" || !strings.HasSuffix(response.Request.URL.Path, b.ending) {
		return nil
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("reading the answer to alter: %v", err)
	}
	response.Body.Close()
	altered := b.change(body)
	response.Body = io.NopCloser(bytes.NewReader(altered))
	response.Header.Set("Content-Length", strconv.Itoa(len(altered)))
	response.Header.Set("Cache-Control", "no-store")
	return nil
}
