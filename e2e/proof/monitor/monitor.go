package monitor

import (
	"bytes"
	"cmp"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"keyferry/e2e/program"
	"keyferry/server/localkms"
)

// Place is something that a run left behind, and the monitor that caught it.
type Place struct {
	Monitor, Name string
	content       []byte
}

// Run is one run of the proof: a console, a local KMS and a browser that reach nothing but each
// other, and monitors around them. Journeys go through it, each with keys of its own, and at the
// end everything that the monitors hold is searched for every key.
type Run struct {
	T        *testing.T
	Space    *space // nil where the recording proxy is used
	wire     wire
	passages []*passage
	openers  []string                    // addresses to which consoles send their calls
	folder   string                      // of everything that the browser writes
	folders  map[*program.Program]string // of the consoles

	kms     *program.Program // the local KMS, in a process of its own
	every   []string         // addresses of all local KMSs that were started
	made    int              // how many CMKs they have
	taken   map[string]bool  // every address that anything listened at
	api     string           // where the test itself reaches it, as a person's other tools do
	Console *program.Program // the honest console
	Browser playwright.BrowserContext
	reader  string // address of a page that may read the clipboard
	netLog  string
	Forward http.RoundTripper // reaches what runs inside
	Unused  []string          // CMKs that no journey has taken yet

	mu       sync.Mutex
	Places   []Place
	Journeys []*Journey
	Streams  []stream
}

// Keep puts what a monitor caught aside for the search.
func (h *Run) Keep(monitor, name string, content []byte) {
	if len(content) == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.Places = append(h.Places, Place{monitor, name, content})
}

// Count is how much the monitors have caught so far.
func (h *Run) Count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.Places)
}

// Told holds if a message since then has this text in it.
func (h *Run) Told(text string, since int) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.ContainsFunc(h.Places[since:], func(p Place) bool {
		return p.Monitor == "messages" && bytes.Contains(p.content, []byte(text))
	})
}

// New starts everything. isolated asks for a network namespace; where none can be had, or none is
// asked for, a recording proxy is all that the browser can reach. The browser gets more arguments, of
// which the last one of a name counts.
func New(t *testing.T, isolated bool, more ...string) *Run {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a browser")
	}
	h := &Run{T: t, folder: t.TempDir(), folders: map[*program.Program]string{}, taken: map[string]bool{}}
	if isolated {
		var err error
		if h.Space, err = newSpace(t); err != nil {
			t.Logf("the wire is recorded by a proxy: %v", err)
		}
	}
	var proxy *recorder
	if h.Space != nil {
		h.wire = captures{newCapture(t, h.Space, "lo"), newCapture(t, h.Space, outside)}
	} else {
		proxy = newRecorder(t)
		h.wire = proxy
	}
	h.Forward = &http.Transport{DialContext: h.Space.dial, DisableCompression: true}
	h.startKMS(program.Binary, 1000)
	h.Console = h.StartConsole(program.Binary)
	h.reader = h.Serve(http.HandlerFunc(readClipboard))
	h.openBrowser(proxy, more)
	return h
}

// Serve answers on a port inside until the test ends.
func (h *Run) Serve(handler http.Handler) (address string) {
	h.T.Helper()
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	listener := h.listener()
	go server.Serve(listener)
	h.T.Cleanup(func() { server.Close() })
	return "http://" + listener.Addr().String()
}

// listener takes a port inside that nothing listened at before.
func (h *Run) listener() net.Listener {
	h.T.Helper()
	for {
		listener := h.Space.listen(h.T)
		if h.isNew(listener.Addr().String()) {
			return listener
		}
		listener.Close()
	}
}

// launch starts a program that listens where nothing listened before.
func (h *Run) launch(command func() *exec.Cmd) *program.Program {
	h.T.Helper()
	for {
		p := program.Launch(h.T, command(), &program.Log{})
		if h.isNew(strings.TrimPrefix(cmp.Or(p.Console, p.Local), "http://")) {
			return p
		}
		p.Stop(h.T)
	}
}

// isNew holds for an address at which nothing listened before, and never again. Consoles end while
// the run goes on, and the kernel gives their ports to others: what went to an address must not be
// taken for a request to whatever came after it.
func (h *Run) isNew(address string) bool {
	before := h.taken[address]
	h.taken[address] = true
	return !before
}

// UseKMS starts another local KMS, to which the consoles send that are started until back is
// called.
func (h *Run) UseKMS(executable string) (back func()) {
	h.T.Helper()
	kms, api, unused := h.kms, h.api, h.Unused
	h.Unused = nil
	h.startKMS(executable, 10)
	return func() { h.kms, h.api, h.Unused = kms, api, unused }
}

// startKMS starts the local KMS with that many CMKs that wait for material.
func (h *Run) startKMS(executable string, count int) {
	h.T.Helper()
	seed := localkms.Seed{}
	for range count {
		id := fmt.Sprintf("key-hzzproof%012d", h.made)
		h.made++
		h.Unused = append(h.Unused, id)
		seed.Keys = append(seed.Keys, localkms.SeedKey{KeyID: id, Origin: "EXTERNAL"})
	}
	content, err := json.Marshal(seed)
	if err != nil {
		h.T.Fatal(err)
	}
	seeds := program.Kept(h.T, "seed.json", content)
	h.kms = h.launch(func() *exec.Cmd {
		return h.Space.command(executable, "localkms", "--listen=127.0.0.1:0", "--control-listen=127.0.0.1:0", "--seed="+seeds)
	})
	h.every = append(h.every, strings.TrimPrefix(h.kms.Local, "http://"))
	h.api = h.kms.Local
	if h.Space != nil {
		api := newPassage(h.T, h.Space, h.kms.Local[len("http://"):])
		h.passages = append(h.passages, api)
		h.api = "http://" + api.address
		control := newPassage(h.T, h.Space, h.kms.Control[len("http://"):])
		h.passages = append(h.passages, control)
		h.kms.Control = "http://" + control.address
	}
}

// KMS is the address of the local KMS as the browser reaches it.
func (h *Run) KMS() string { return h.kms.Local }

// StartConsole starts a console in front of the local KMS, the honest one or a sabotaged one. It
// speaks TLS to an opener that the monitors watch, and the opener speaks plainly to the local KMS.
func (h *Run) StartConsole(executable string) *program.Program {
	h.T.Helper()
	folder := h.T.TempDir()
	opener := httptest.NewUnstartedServer(h.opener())
	opener.Listener.Close()
	opener.Listener = h.listener()
	h.openers = append(h.openers, opener.Listener.Addr().String())
	opener.StartTLS()
	h.T.Cleanup(opener.Close)
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: opener.Certificate().Raw})
	trusted := program.Kept(h.T, "authority.pem", authority)
	p := h.launch(func() *exec.Cmd {
		command := h.Space.command(executable,
			"serve", "--listen=127.0.0.1:0", "--kms=alibaba", "--allow-unauthenticated", "--endpoint="+opener.Listener.Addr().String(), "--ca-file="+trusted)
		command.Env = append(os.Environ(),
			"ALIBABA_CLOUD_ACCESS_KEY_ID="+localkms.DefaultAccessKeyID,
			"ALIBABA_CLOUD_ACCESS_KEY_SECRET="+localkms.DefaultAccessKeySecret,
			"HOME="+folder, "TMPDIR="+folder)
		command.Dir = folder
		return command
	})
	h.folders[p] = folder
	p.Control, p.Local = h.kms.Control, h.api
	return p
}

// FilesOf are the files that a console wrote where programs write what nobody asks for: its working
// folder, its home and the folder of temporary files, which are one.
func (h *Run) FilesOf(console *program.Program) (names []string) {
	h.T.Helper()
	for name, content := range FilesIn(h.T, h.folders[console]) {
		h.Keep("console's files", name, content)
		names = append(names, name)
	}
	return names
}

// opener passes the console's calls on to the local KMS and keeps them for the search.
func (h *Run) opener() http.Handler {
	to, err := url.Parse(h.kms.Local)
	if err != nil {
		h.T.Fatal(err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		dumped, err := httputil.DumpRequest(r, true)
		if err != nil {
			h.T.Errorf("reading what the console sent to the KMS: %v", err)
		}
		h.Keep("calls to the KMS", r.URL.Path, dumped)
		(&httputil.ReverseProxy{
			Transport: h.Forward,
			Rewrite: func(pr *httputil.ProxyRequest) {
				pr.SetURL(to)
				pr.Out.Host = pr.In.Host // the signature covers it
			},
			ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		}).ServeHTTP(w, r)
	})
}

// Close ends the browser, and gathers what is complete only then.
func (h *Run) Close() {
	h.T.Helper()
	h.keepFolder("downloads", filepath.Join(h.folder, "downloads")) // gone once the browser is closed
	if err := h.Browser.Close(); err != nil {
		h.T.Fatalf("closing the browser: %v", err)
	}
	h.Keep("network log", "the browser's", withoutRepeats(h.T, h.netLog))
	h.keepFolder("profile", filepath.Join(h.folder, "profile"))
	h.keepFolder("profile", filepath.Join(h.folder, "home"))
	h.KeepMemory(h.Console, "at the end")
	h.Console.Stop(h.T)
	h.Keep("console's log", "the honest console's", h.Console.Log.Bytes())

	streams, others := h.wire.stop(h.T)
	h.Places = append(h.Places, others...)
	for _, s := range streams {
		if slices.ContainsFunc(h.passages, func(d *passage) bool { return d.passed(s) }) {
			continue
		}
		h.Streams = append(h.Streams, s)
		h.Keep("wire", s.from+" to "+s.to, s.Content)
		h.Keep("wire", s.from+" to "+s.to+", opened", frames(s.Content))
	}
}
