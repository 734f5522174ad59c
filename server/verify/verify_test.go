package verify_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/andybalholm/brotli"

	"keyferry/server/console"
	"keyferry/server/kms"
	"keyferry/server/requests"
	"keyferry/server/signin"
	"keyferry/server/verify"
	"keyferry/server/verify/verifytest"
	"keyferry/web"
)

// tree returns readTree's, which is read once.
func tree(t *testing.T) *web.Tree {
	t.Helper()
	static, err := readOnce()
	if err != nil {
		t.Fatal(err)
	}
	return static
}

var readOnce = sync.OnceValues(readTree)

// readTree reads the real set of scripts and styles, with small files where the modules are.
func readTree() (*web.Tree, error) {
	files := fstest.MapFS{}
	for _, pattern := range []string{"*.css", "*.svg", "js/*.js", "pages/*.js"} {
		found, err := filepath.Glob("../../web/static/" + pattern)
		if err != nil || len(found) == 0 {
			return nil, fmt.Errorf("finding %s: %v, %v", pattern, found, err)
		}
		for _, file := range found {
			content, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			files[strings.TrimPrefix(filepath.ToSlash(file), "../../web/static/")] = &fstest.MapFile{Data: content}
		}
	}
	for _, name := range append([]string{"wasm/wasm_exec.js"}, web.Modules...) {
		files[name] = &fstest.MapFile{Data: bytes.Repeat([]byte(name+" stands here\n"), 40)}
	}
	for name, file := range files {
		var packed, zipped bytes.Buffer
		for _, writer := range []io.WriteCloser{brotli.NewWriterLevel(&packed, 1), gzip.NewWriter(&zipped)} {
			if _, err := writer.Write(file.Data); err != nil {
				return nil, err
			}
			if err := writer.Close(); err != nil {
				return nil, err
			}
		}
		files[name+".br"] = &fstest.MapFile{Data: packed.Bytes()}
		files[name+".gz"] = &fstest.MapFile{Data: zipped.Bytes()}
	}
	return web.ReadTree(files)
}

// idle is the KMS of a console that nobody imports with.
type idle struct{ requests.KMS }

const region, localKMS = "cn-hangzhou", "http://127.0.0.1:8788/"

func local(address string) (flags, login string) { return " --endpoint " + address, "LOGIN=1 " }

// like is a running console's configuration, which change may alter.
func like(static *web.Tree, change func(*console.Config)) console.Config {
	config := console.Config{KMS: requests.Direct(idle{}), Static: static, Region: region, Version: "1.2.3", LocalKMSURL: localKMS}
	config.LocalKMSFlags, config.LocalKMSLogin = local("127.0.0.1:8788")
	if change != nil {
		change(&config)
	}
	return config
}

func serve(t *testing.T, config console.Config) string {
	t.Helper()
	handler, err := console.New(config)
	if err != nil {
		t.Fatal(err)
	}
	site := httptest.NewServer(handler)
	t.Cleanup(site.Close)
	return site.URL
}

// check compares a console and returns the verdict and what was written.
func check(t *testing.T, address string, static *web.Tree, change func(*verify.Config)) (verify.Verdict, string, error) {
	t.Helper()
	var out bytes.Buffer
	config := verify.Config{URL: address, Static: static, Version: "1.2.3", Local: local, Out: &out, Timeout: time.Minute}
	if change != nil {
		change(&config)
	}
	verdict, err := verify.Run(t.Context(), config)
	return verdict, out.String(), err
}

func mustAgree(t *testing.T, address string, static *web.Tree, change func(*verify.Config)) string {
	t.Helper()
	verdict, out, err := check(t, address, static, change)
	if err != nil || verdict.Differing != 0 || strings.Contains(out, "DIFFERS") {
		t.Errorf("an honest console: %+v, %v\n%s", verdict, err, out)
	}
	if want := len(console.Pages(false)) + len(console.Addresses(false)) + 2 + 8 + 2 + 23 + len(static.Names()); verdict.Checked != want {
		t.Errorf("%d things were checked, want %d: what the pages name is not what is listed\n%s", verdict.Checked, want, out)
	}
	return out
}

// A console that asks whoever runs it to sign in is compared with a twin that asks too. Other honest
// consoles come with TestTLS, TestHonestProxies and the lies.
func TestConsoleForWhoeverRunsIt(t *testing.T) {
	static := tree(t)
	mustAgree(t, serve(t, like(static, func(c *console.Config) { c.Operator = operator(t) })), static, nil)
}

// operator lets nobody import who has not signed in by the address that a terminal shows.
func operator(t *testing.T) *signin.Service {
	t.Helper()
	service, err := signin.New(signin.Config{
		BaseURL: "http://127.0.0.1", OneTime: true, Announce: func(string) {},
		Fail: func(w http.ResponseWriter, r *http.Request, f *signin.Fault) {
			console.FailSignIn(w, r, f.Status, f.Code)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return service
}

// ofSeveral is behind a console for several people, of whom none is signed in.
type ofSeveral struct {
	console.Requests
	console.Ledger
}

func (ofSeveral) Handler() http.Handler { return http.NotFoundHandler() }

// A console for several people has more pages, which are compared too: one that is altered is found,
// and nothing else.
func TestConsolesForSeveralPeople(t *testing.T) {
	static := tree(t)
	handler, err := console.New(like(static, func(c *console.Config) {
		c.Team = &console.Team{Requests: ofSeveral{}, Ledger: ofSeveral{}}
	}))
	if err != nil {
		t.Fatal(err)
	}
	bent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/zh-CN/ledger" {
			r.URL.Path = "/en/ledger"
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(bent.Close)
	verdict, out, err := check(t, bent.URL, static, nil)
	if err != nil || verdict.Differing != 1 || !strings.Contains(out, "DIFFERS  /zh-CN/ledger: ") {
		t.Errorf("want another ledger page and nothing else: %+v, %v\n%s", verdict, err, out)
	}
	for _, path := range append(console.Pages(true), "the ledger, for nobody", "a request by nobody") {
		if !strings.Contains(out, path) {
			t.Errorf("%s was not compared:\n%s", path, out)
		}
	}
}

func TestHonestProxies(t *testing.T) {
	if testing.Short() {
		t.Skip("the short tests ask consoles directly")
	}
	static := tree(t)
	address := serve(t, like(static, nil))
	for _, honest := range verifytest.Honest {
		t.Run(honest.Name, func(t *testing.T) {
			proxy := httptest.NewServer(verifytest.Proxy(address, honest.Tell))
			defer proxy.Close()
			mustAgree(t, proxy.URL, static, nil)
		})
	}
}

var all = flag.Bool("all", false, "tell all lies")

// A comparison makes much that lasts for one answer: with fewer collections the tests take a
// quarter less time.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	m.Run()
}

// A lie is caught, and by the line that is meant for it. Here the typical ones are told and every
// tenth, with -short two of the typical ones, and with -all each; the long form of
// e2e/proof/dishonest tells each of them to the built program.
func TestLies(t *testing.T) {
	static := tree(t)
	address := serve(t, like(static, nil))
	typical := 0
	for i, lie := range verifytest.Lies {
		told := *all || i%10 == 0 && !testing.Short()
		if lie.Typical {
			told = told || typical%4 == 0 || !testing.Short()
			typical++
		}
		if !told {
			continue
		}
		t.Run(lie.Name, func(t *testing.T) {
			t.Parallel()
			proxy := verifytest.Serve(address, lie)
			defer proxy.Close()
			verdict, out, err := check(t, proxy.URL, static, func(c *verify.Config) {
				c.Region = region
				if lie.TLS {
					c.CAFile = certificate(t, proxy)
				}
			})
			if err != nil || verdict.Differing == 0 {
				t.Fatalf("it was not caught: %+v, %v\n%s", verdict, err, out)
			}
			if !lie.Shown(out) {
				t.Errorf("no line with DIFFERS has %q:\n%s", lie.Shows, out)
			}
			if strings.ContainsRune(out, '\x1b') || len(out) > 64<<10 {
				t.Errorf("%d bytes were written, with escapes of the terminal or more than anyone reads", len(out))
			}
		})
	}
}

// What the console says of itself is believed where nobody says better, and shown.
func TestARegionThatNobodyGave(t *testing.T) {
	if testing.Short() {
		t.Skip("compares three times")
	}
	static := tree(t)
	address := serve(t, like(static, func(c *console.Config) { c.Region = "cn-shanghai" }))
	if out := mustAgree(t, address, static, nil); !strings.Contains(out, `region "cn-shanghai"`) {
		t.Errorf("the region is not shown:\n%s", out)
	}
	for name, change := range map[string]func(*verify.Config){
		"another region": func(c *verify.Config) { c.Region = region },
		"another KMS":    func(c *verify.Config) { c.KMS = "alibaba" },
	} {
		if verdict, out, err := check(t, address, static, change); err != nil || verdict.Differing < 2 {
			t.Errorf("%s: %+v, %v\n%s", name, verdict, err, out)
		}
	}
}

// A console of another version is compared file by file all the same, and the version comes first.
func TestAnotherVersion(t *testing.T) {
	if testing.Short() {
		t.Skip("every answer differs, which takes longest")
	}
	static := tree(t)
	changed, err := web.ReadTree(fstest.MapFS{
		"app.css": {Data: []byte("body{}")}, web.Worker: {Data: []byte("export {}")}, web.Module: {Data: []byte("a")},
		web.Strength: {Data: []byte("c")},
	})
	if err != nil {
		t.Fatal(err)
	}
	address := serve(t, like(changed, func(c *console.Config) { c.Version = "1.3.0" }))
	verdict, out, err := check(t, address, static, nil)
	if err != nil || verdict.Differing < len(static.Names()) {
		t.Fatalf("%+v, %v\n%s", verdict, err, out)
	}
	_, first, _ := strings.Cut(out, "DIFFERS  ")
	if !strings.HasPrefix(first, `the version: the console says "1.3.0", this binary is 1.2.3`) {
		t.Errorf("the version does not come first:\n%s", out)
	}
	if !strings.Contains(out, "app.css: plain, br, gzip, as browsers ask: body: at byte ") {
		t.Errorf("files are not compared one by one:\n%s", out)
	}
}

// TestTLS has a console in front of Alibaba Cloud, and one with a local KMS behind a proxy.
func TestTLS(t *testing.T) {
	static := tree(t)
	handler, err := console.New(like(static, func(c *console.Config) {
		c.Region, c.LocalKMSURL, c.LocalKMSFlags, c.LocalKMSLogin = "ap-southeast-1", "", "", ""
	}))
	if err != nil {
		t.Fatal(err)
	}
	site := httptest.NewUnstartedServer(handler)
	site.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains of the client that does not trust it
	site.StartTLS()
	defer site.Close()
	if _, _, err := check(t, site.URL, static, nil); !errors.Is(err, verify.ErrUnreachable) {
		t.Errorf("a certificate that nobody trusts: %v", err)
	}
	if testing.Short() {
		return
	}
	mustAgree(t, site.URL, static, func(c *verify.Config) { c.CAFile = certificate(t, site) })
	proxy := verifytest.Serve(serve(t, like(static, nil)), verifytest.Lie{TLS: true}) // does not name the scheme
	defer proxy.Close()
	mustAgree(t, proxy.URL, static, func(c *verify.Config) { c.CAFile = certificate(t, proxy) })
}

// certificate writes the certificate of a site into a file.
func certificate(t *testing.T, site *httptest.Server) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.Block{Type: "CERTIFICATE", Bytes: site.Certificate().Raw}
	if err := os.WriteFile(file, pem.EncodeToMemory(&block), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// never is a KMS that must not be reached.
type never struct{ t *testing.T }

func (n never) ImportParameters(context.Context, string, kms.WrappingSpec) (*kms.Parameters, error) {
	n.t.Error("GetParametersForImport reached the KMS")
	return nil, kms.ErrUnreachable
}

func (n never) ImportKeyMaterial(context.Context, *kms.Import) (string, error) {
	n.t.Error("ImportKeyMaterial reached the KMS")
	return "", kms.ErrUnreachable
}

// mostRequests is how many requests a comparison may take; of fewRequests the order shows whether
// it is fixed.
const (
	mostRequests = 1500
	fewRequests  = 100
)

// What is sent: a bounded number of requests, over several connections, by each browser, in no
// fixed order, with no cookies but the two choices, and nothing that reaches the KMS. The second
// comparison does not come to its end, which is neither to find nothing nor to find something.
func TestWhatIsSent(t *testing.T) {
	static := tree(t)
	handler, err := console.New(like(static, func(c *console.Config) { c.KMS = requests.Direct(never{t}) }))
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var orders [2][]string
	connections, agents, methods := map[string]bool{}, map[string]int{}, map[string]int{}
	run := 0
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		if orders[run] = append(orders[run], r.Method+" "+r.URL.Path); run == 1 && len(orders[run]) == fewRequests {
			stop()
		}
		connections[r.RemoteAddr] = true
		methods[r.Method]++
		for _, browser := range []string{"Firefox/", "Version/", "Chrome/"} {
			if strings.Contains(r.UserAgent(), browser) {
				agents[browser]++
				break
			}
		}
		if r.Header.Get("Sec-Ch-Ua") != "" {
			agents["hints"]++
		}
		mu.Unlock()
		for _, cookie := range r.Cookies() {
			if cookie.Name != "keyferry_language" && cookie.Name != "keyferry_theme" {
				t.Errorf("the cookie %s was sent", cookie.Name)
			}
		}
		http.SetCookie(w, &http.Cookie{Name: "follow", Value: "me"})
		handler.ServeHTTP(w, r)
	}))
	defer site.Close()
	verdict, _, err := check(t, site.URL, static, nil)
	sent := len(orders[0])
	if err != nil || verdict.Requests != sent || sent < 500 || sent > mostRequests {
		t.Errorf("%d requests arrived, %d were counted, %v", sent, verdict.Requests, err)
	}
	t.Logf("%d requests: %v, over %d connections, %v", sent, methods, len(connections), agents)
	if len(connections) < 10 || methods[http.MethodPost] < 25 || len(methods) != 2 {
		t.Errorf("connections %d, methods %v", len(connections), methods)
	}
	for _, browser := range []string{"Firefox/", "Version/", "Chrome/", "hints"} {
		if agents[browser] < 100 {
			t.Errorf("%d requests with %s", agents[browser], browser)
		}
	}
	mu.Lock()
	run = 1
	mu.Unlock()
	_, err = verify.Run(ctx, verify.Config{URL: site.URL, Static: static, Version: "1.2.3", Local: local, Out: io.Discard})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("stopped in the middle: %v", err)
	}
	mu.Lock()
	defer mu.Unlock()
	if slices.Equal(orders[0][:fewRequests], orders[1][:fewRequests]) {
		t.Error("the order is fixed")
	}
}

// What is no address of a console is refused with what is wrong with it.
func TestNoAddress(t *testing.T) {
	static := tree(t)
	for address, words := range map[string]string{
		"127.0.0.1:8787": "it ", "ftp://localhost": "http://", "http://localhost/console": "no path", "http://a:b@localhost": "alone",
	} {
		if _, _, err := check(t, address, static, nil); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v, want %q in it", address, err, words)
		}
	}
}
