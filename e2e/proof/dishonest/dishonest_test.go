package dishonest

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/playwright-community/playwright-go"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
	"keyferry/e2e/proof"
	"keyferry/server/localkms"
	"keyferry/wasm/keywrap"
	"keyferry/wasm/keywrap/keywraptest"
)

// dishonestConsole is a dishonest console: a proxy before an honest one that swaps the wrapping key
// for its own, opens what the page sends, and wraps it anew for the KMS.
type dishonestConsole struct {
	proxy *httputil.ReverseProxy

	mu        sync.Mutex
	genuine   []byte // the KMS's wrapping key, DER
	algorithm string
	stolen    [][]byte
	honest    bool // only listens
}

// fingerprint is the SHA-256 of the wrapping key that the KMS gave last.
func (l *dishonestConsole) fingerprint() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	sum := sha256.Sum256(l.genuine)
	return hex.EncodeToString(sum[:])
}

// has is what the dishonest console has stolen so far.
func (l *dishonestConsole) has() [][]byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.stolen)
}

// startDishonest puts a dishonest one before the console and returns a program that visits go to in
// its place.
func startDishonest(t *testing.T, honest *program.Program) (*dishonestConsole, *program.Program) {
	t.Helper()
	target, err := url.Parse(honest.Console)
	if err != nil {
		t.Fatal(err)
	}
	l := &dishonestConsole{proxy: &httputil.ReverseProxy{}}
	l.proxy.Rewrite = func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		if r.In.Header.Get("Origin") != "" {
			r.Out.Header.Set("Origin", honest.Console)
		}
	}
	l.proxy.ModifyResponse = func(r *http.Response) error {
		// The worker's policy names the host that it may fetch the modules from.
		policy := r.Header.Get("Content-Security-Policy")
		r.Header.Set("Content-Security-Policy", strings.ReplaceAll(policy, target.Host, r.Request.Header.Get("X-Host")))
		return nil
	}
	server := httptest.NewServer(l)
	t.Cleanup(server.Close)
	lying := *honest
	lying.Console = server.URL
	return l, &lying
}

func (l *dishonestConsole) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Header.Set("X-Host", r.Host)
	switch r.URL.Path {
	case "/kms/GetParametersForImport":
		l.swap(w, r)
	case "/kms/ImportKeyMaterial":
		l.steal(w, r)
	default:
		l.proxy.ServeHTTP(w, r)
	}
}

// swap gives the page the dishonest console's own wrapping key.
func (l *dishonestConsole) swap(w http.ResponseWriter, r *http.Request) {
	var asked struct{ WrappingAlgorithm string }
	body, _ := io.ReadAll(r.Body)
	json.Unmarshal(body, &asked)
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer := httptest.NewRecorder()
	l.proxy.ServeHTTP(answer, r)
	content := answer.Body.Bytes()
	var fields map[string]any
	if json.Unmarshal(content, &fields) == nil {
		der, _ := base64.StdEncoding.DecodeString(fields["PublicKey"].(string))
		l.mu.Lock()
		l.genuine, l.algorithm = der, asked.WrappingAlgorithm
		l.mu.Unlock()
		if !l.honest {
			fields["PublicKey"] = keywraptest.PublicKey()
			content, _ = json.Marshal(fields)
		}
	}
	program.Answered{Status: answer.Code, Kind: answer.Header().Get("Content-Type"), Body: content}.Write(w)
}

// steal keeps the plaintext and passes on what the KMS expects.
func (l *dishonestConsole) steal(w http.ResponseWriter, r *http.Request) {
	var fields map[string]any
	body, _ := io.ReadAll(r.Body)
	json.Unmarshal(body, &fields)
	l.mu.Lock()
	defer l.mu.Unlock()
	wrapped, _ := base64.StdEncoding.DecodeString(fields["EncryptedKeyMaterial"].(string))
	opened, err := keywraptest.Unwrap(l.algorithm, wrapped)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	l.stolen = append(l.stolen, opened.Material)
	again, err := wrapAgain(l.genuine, l.algorithm, opened.Material)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fields["EncryptedKeyMaterial"] = base64.StdEncoding.EncodeToString(again)
	body, _ = json.Marshal(fields)
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	r.Header.Set("Content-Length", strconv.Itoa(len(body)))
	l.proxy.ServeHTTP(w, r)
}

// wrapAgain wraps for the KMS, with the product's own code.
func wrapAgain(publicKey []byte, algorithm string, material []byte) ([]byte, error) {
	key, err := keywrap.ParseWrappingKey(publicKey)
	if err != nil {
		return nil, err
	}
	chosen, err := keywrap.ParseAlgorithm(algorithm)
	if err != nil {
		return nil, err
	}
	return key.Wrap(chosen, (*keywrap.Material)(material))
}

// dishonest puts a line into the report.
func dishonest(t *testing.T, does, notices string) {
	t.Helper()
	if !t.Failed() {
		proof.Findings.Add(proof.Findings.About("Dishonest server", "what it does", "can the page notice", "test"), does, notices, t.Name())
	}
}

// What a dishonest server can do, and what of it the page can notice.
func TestProofDishonest(t *testing.T) {
	p := program.Start(t)
	t.Run("swaps nothing", func(t *testing.T) { showsTheKey(t, p) })
	t.Run("swaps the wrapping key and wraps anew", func(t *testing.T) { swapsTheKey(t, p) })
	t.Run("gives a wrapping key that is not the token's", func(t *testing.T) {
		p.Ask(t, "POST", "/reset", nil, nil)
		defer p.ClearFaults(t)
		p.Fault(t, localkms.Fault{Kind: localkms.FaultSwappedKey})
		v := browser.Open(p, t, browser.Look{}, "/")
		v.Expect("the server responded with a status of 400")
		v.ToStep4(program.Seeded[0])
		v.Send(program.Seeded[0])
		v.Fault("InvalidKeyMaterial")
		if p.Material(t, program.Seeded[0]) != nil {
			t.Error("the KMS took something")
		}
		dishonest(t, "gives a wrapping key other than the token's, and wraps nothing anew", "no, but the KMS does: InvalidKeyMaterial, nothing imported")
	})
	t.Run("changes the module", func(t *testing.T) {
		v := browser.Open(p, t, browser.Look{}, "/")
		v.Expect("integrity|failed request|Failed to fetch")
		v.Page.SetDefaultTimeout(30_000) // the module goes through the test
		v.Alter("**/keyferry.wasm", func(body []byte) []byte { return append(bytes.Clone(body), 0) })
		v.ChooseCMK(program.Seeded[0])
		v.Press(v.Words.Params.Get)
		v.Fault("module_integrity")
		dishonest(t, "changes the module, and not the page", "yes: the browser compares its SHA-256, module_integrity")
	})
	t.Run("changes the worker's script", func(t *testing.T) { changesScript(t, p, "**/worker.js", "the worker's script") })
	t.Run("changes the page's script", func(t *testing.T) { changesScript(t, p, "**/import.js", "the page's script") })
}

// fingerprint is what a step of the page shows of the wrapping key, among its details.
func fingerprint(v *browser.Visit, step string) string {
	v.T.Helper()
	v.Do(v.Page.Locator("[data-step=" + step + "] details:has([data-fill=fingerprint]) > summary").Click())
	return strings.Join(strings.Fields(v.Text("[data-step="+step+"] [data-fill=fingerprint]")), "")
}

// showsTheKey: without a swap, the page shows the fingerprint of the key that the KMS gave.
func showsTheKey(t *testing.T, honest *program.Program) {
	l, through := startDishonest(t, honest)
	l.honest = true
	v := browser.Open(through, t, browser.Look{}, "/")
	v.ChooseCMK(program.Seeded[0])
	v.Press(v.Words.Params.Get)
	v.See("[data-step=params] h3", v.Words.Params.Got)
	if shown := fingerprint(v, "params"); shown != l.fingerprint() || len(shown) != 64 {
		t.Errorf("the page shows %q, and the KMS gave %s", shown, l.fingerprint())
	}
}

// swapsTheKey: every import succeeds, and the dishonest console has each key. The fingerprint that
// the page shows is the only trace.
func swapsTheKey(t *testing.T, honest *program.Program) {
	l, lying := startDishonest(t, honest)
	for i, algorithm := range browser.Algorithms {
		if !*proof.Full && i > 0 {
			break
		}
		honest.Ask(t, "POST", "/reset", nil, nil)
		key := program.Seeded[i]
		v := browser.Open(lying, t, browser.Look{}, "/")
		v.ChooseCMK(key)
		v.GetParameters(algorithm)
		v.Generate()
		shown := fingerprint(v, "send")
		v.Send(key)
		v.Imported(key)
		material := honest.Material(t, key)
		if stolen := l.has(); len(stolen) != i+1 || !bytes.Equal(stolen[i], material) || len(material) != 32 {
			t.Errorf("%s: the dishonest console does not have what the KMS has", algorithm)
		}
		if got := honest.State(t, key); got != "Enabled" {
			t.Errorf("the CMK is %s, want Enabled", got)
		}
		liars := sha256.Sum256(keywraptest.PublicKeyDER())
		if shown != hex.EncodeToString(liars[:]) {
			t.Errorf("the page shows the fingerprint %q, and used a wrapping key with %x", shown, liars)
		}
		if shown == l.fingerprint() {
			t.Error("the page shows the fingerprint of the wrapping key that the KMS gave")
		}
	}
	dishonest(t, "swaps the wrapping key, opens what the page sends, wraps it anew for the KMS",
		"no: the import succeeds, and the server has the key. The fingerprint on the page is that of the server's own key, "+
			"not of the one that the KMS gave; but the KMS gives another with each call, so only somebody who got the parameters from the KMS can compare")
}

// changesScript appends a statement to a script on its way: it runs, and nothing on the page says
// so.
func changesScript(t *testing.T, p *program.Program, script, name string) {
	p.Ask(t, "POST", "/reset", nil, nil)
	v := browser.Open(p, t, browser.Look{}, "/")
	v.Do(v.Page.AddInitScript(playwright.Script{Content: playwright.String(
		`globalThis.ran = 0; globalThis.heard = new BroadcastChannel("ran"); heard.onmessage = () => ran++`)}))
	v.Alter(script, func(body []byte) []byte {
		return append(bytes.Clone(body), "\n{ const line = new BroadcastChannel(\"ran\"); line.postMessage(1) }\n"...)
	})
	v.Do(v.Page.Reload())
	v.ToStep3(program.Seeded[0])
	if *proof.Full {
		v.Generate()
		v.Send(program.Seeded[0])
		v.Imported(program.Seeded[0])
	}
	ran, err := v.Page.Evaluate(`ran > 0`)
	v.Do(err)
	if ran != true {
		t.Errorf("the change to %s did not run", name)
	}
	dishonest(t, "changes "+name, "no: it runs, and the page goes on as ever")
}
