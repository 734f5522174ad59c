package e2e

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"keyferry/server/localkms"
)

// place is something that a run left behind, and the net that caught it.
type place struct {
	net, name string
	content   []byte
}

// harness is one run of the proof: a console, a local KMS and a browser that reach nothing but each other, and nets
// around them. Journeys go through it, each with keys of its own, and at the end everything that the nets hold is
// searched for every key.
type harness struct {
	t        *testing.T
	space    *space // nil where the recording proxy stands in
	wire     wire
	passages []*passage
	folder   string // of everything that the browser writes

	kms     *program // the local KMS, in a process of its own
	api     string   // where the harness itself reaches it, as a person's other tools do
	console *program // the honest console
	browser playwright.BrowserContext
	reader  string // address of a page that may read the clipboard
	netLog  string
	forward http.RoundTripper // reaches what runs inside
	unused  []string          // CMKs that no journey has taken yet

	mu       sync.Mutex
	places   []place
	journeys []*journey
	streams  []stream
}

// keep puts what a net caught aside for the search.
func (h *harness) keep(net, name string, content []byte) {
	if len(content) == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.places = append(h.places, place{net, name, content})
}

// count is how much the nets have caught so far.
func (h *harness) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.places)
}

// told holds if a message since then has this text in it.
func (h *harness) told(text string, since int) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.ContainsFunc(h.places[since:], func(p place) bool {
		return p.net == "messages" && bytes.Contains(p.content, []byte(text))
	})
}

// newHarness starts everything. isolated asks for a network namespace; where none can be had, or none is asked for, a
// recording proxy is all that the browser can reach.
func newHarness(t *testing.T, isolated bool) *harness {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a browser")
	}
	h := &harness{t: t, folder: t.TempDir()}
	if isolated {
		var err error
		if h.space, err = newSpace(t); err != nil {
			t.Logf("the wire is recorded by a proxy: %v", err)
		}
	}
	var proxy *recorder
	if h.space != nil {
		h.wire = captures{newCapture(t, h.space, "lo"), newCapture(t, h.space, outside)}
	} else {
		proxy = newRecorder(t)
		h.wire = proxy
	}
	h.forward = &http.Transport{DialContext: h.space.dial, DisableCompression: true}
	h.startKMS(500)
	h.console = h.startConsole(binary)
	h.reader = h.serve(http.HandlerFunc(readClipboard))
	h.openBrowser(proxy)
	return h
}

// serve answers on a port inside until the test ends.
func (h *harness) serve(handler http.Handler) (address string) {
	h.t.Helper()
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	listener := h.space.listen(h.t)
	go server.Serve(listener)
	h.t.Cleanup(func() { server.Close() })
	return "http://" + listener.Addr().String()
}

var (
	saysKMS     = regexp.MustCompile(`(?m)^LOCAL KMS on (http://[^:]+:\d+)`)
	saysControl = regexp.MustCompile(`(?m)^Control API of the local KMS on (http://\S+)`)
	saysConsole = regexp.MustCompile(`(?m)^Keyferry \S+: console on (http://\S+)`)
)

// startKMS starts the local KMS with that many CMKs that wait for material.
func (h *harness) startKMS(count int) {
	h.t.Helper()
	seed := localkms.Seed{}
	for i := range count {
		id := fmt.Sprintf("key-hzzproof%012d", i)
		h.unused = append(h.unused, id)
		seed.Keys = append(seed.Keys, localkms.SeedKey{KeyID: id, Origin: "EXTERNAL"})
	}
	content, err := json.Marshal(seed)
	if err != nil {
		h.t.Fatal(err)
	}
	h.kms = h.start(binary, nil, []string{
		"localkms", "--listen=127.0.0.1:0", "--control-listen=127.0.0.1:0", "--seed=" + kept(h.t, "seed.json", content),
	}, saysKMS, saysControl)
	h.kms.local = saysKMS.FindStringSubmatch(string(h.kms.log.Bytes()))[1]
	h.kms.control = saysControl.FindStringSubmatch(string(h.kms.log.Bytes()))[1]
	h.api = h.kms.local
	if h.space != nil {
		api := newPassage(h.t, h.space, h.kms.local[len("http://"):])
		h.passages = append(h.passages, api)
		h.api = "http://" + api.address
		control := newPassage(h.t, h.space, h.kms.control[len("http://"):])
		h.passages = append(h.passages, control)
		h.kms.control = "http://" + control.address
	}
}

// startConsole starts a console in front of the local KMS, the honest one or a sabotaged one. It speaks TLS to an opener
// that the nets watch, and the opener speaks plainly to the local KMS.
func (h *harness) startConsole(executable string) *program {
	h.t.Helper()
	opener := httptest.NewUnstartedServer(h.opener())
	opener.Listener.Close()
	opener.Listener = h.space.listen(h.t)
	opener.StartTLS()
	h.t.Cleanup(opener.Close)
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: opener.Certificate().Raw})
	environment := []string{
		"ALIBABA_CLOUD_ACCESS_KEY_ID=" + localkms.DefaultAccessKeyID,
		"ALIBABA_CLOUD_ACCESS_KEY_SECRET=" + localkms.DefaultAccessKeySecret,
	}
	p := h.start(executable, environment, []string{
		"serve", "--listen=127.0.0.1:0", "--kms=alibaba", "--endpoint=" + opener.Listener.Addr().String(),
		"--ca-file=" + kept(h.t, "authority.pem", authority),
	}, saysConsole)
	p.console = saysConsole.FindStringSubmatch(string(p.log.Bytes()))[1]
	p.control, p.local = h.kms.control, h.api
	return p
}

// opener passes the console's calls on to the local KMS and keeps them for the search.
func (h *harness) opener() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		dumped, err := httputil.DumpRequest(r, true)
		if err != nil {
			h.t.Errorf("reading what the console sent to the KMS: %v", err)
		}
		h.keep("calls to the KMS", r.URL.Path, dumped)
		to, err := url.Parse(h.kms.local)
		if err != nil {
			panic(err) // the program printed it
		}
		(&httputil.ReverseProxy{
			Transport: h.forward,
			Rewrite: func(pr *httputil.ProxyRequest) {
				pr.SetURL(to)
				pr.Out.Host = pr.In.Host // the signature covers it
			},
			ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		}).ServeHTTP(w, r)
	})
}

// start runs a program inside until the test ends, and waits until it has said everything that it is expected to say.
func (h *harness) start(executable string, environment, arguments []string, says ...*regexp.Regexp) *program {
	h.t.Helper()
	p := &program{process: h.space.command(executable, arguments...), log: &record{}}
	p.process.Stdout, p.process.Stderr = p.log, p.log
	p.process.Env = append(os.Environ(), environment...)
	if err := p.process.Start(); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { p.stop(h.t) })
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if !slices.ContainsFunc(says, func(line *regexp.Regexp) bool { return !line.Match(p.log.Bytes()) }) {
			return p
		}
		if time.Since(began) > 30*time.Second {
			h.t.Fatalf("%s is not ready after 30 s:\n%s", arguments[0], p.log.Bytes())
		}
	}
}

// close ends the browser, and gathers what is complete only then.
func (h *harness) close() {
	h.t.Helper()
	h.keepFolder("downloads", filepath.Join(h.folder, "downloads")) // gone once the browser is closed
	if err := h.browser.Close(); err != nil {
		h.t.Fatalf("closing the browser: %v", err)
	}
	h.keep("network log", "the browser's", withoutRepeats(h.t, h.netLog))
	h.keepFolder("profile", filepath.Join(h.folder, "profile"))
	h.keepFolder("profile", filepath.Join(h.folder, "home"))
	h.keepMemory(h.console, "at the end")
	h.console.stop(h.t)
	h.keep("console's log", "the honest console's", h.console.log.Bytes())

	streams, others := h.wire.stop(h.t)
	h.places = append(h.places, others...)
	for _, s := range streams {
		if slices.ContainsFunc(h.passages, func(d *passage) bool { return d.passed(s) }) {
			continue
		}
		h.streams = append(h.streams, s)
		h.keep("wire", s.from+" to "+s.to, s.content)
		h.keep("wire", s.from+" to "+s.to+", opened", frames(s.content))
	}
}
