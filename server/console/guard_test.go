package console_test

import (
	"context"
	"errors"
	"html"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"keyferry/components/text"
	"keyferry/server/console"
	"keyferry/server/kms"
	"keyferry/server/requests"
	"keyferry/web"
)

// Every answer has its policy and the security headers, whatever it is.
func TestEveryAnswerHasItsPolicy(t *testing.T) {
	s := newSite(t, nil)
	static := "/static/" + tree(t).Digest()
	host := strings.TrimPrefix(s.URL, "http://")
	page := "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; worker-src 'self'; " +
		"base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types keyferry"
	silent := strings.Replace(page, "connect-src 'self'", "connect-src 'none'", 1)
	quiet := "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
	worker := "default-src 'none'; script-src " + host + static + "/wasm/wasm_exec.js 'wasm-unsafe-eval'; connect-src " + host + static + "/wasm/keyferry.wasm " +
		host + static + "/wasm/strength.wasm; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
	const html = "text/html"
	for _, test := range []struct {
		method, path, accept string
		status               int
		policy               string
		cache                string
	}{
		{"GET", "/", html, 302, quiet, "no-store"},
		{"HEAD", "/proof", html, 302, quiet, "no-store"},
		{"GET", "/en", html, 302, quiet, "no-store"},
		{"GET", "/en/", html, 200, page, "no-store"},
		{"HEAD", "/zh-CN/", html, 200, page, "no-store"},
		{"GET", "/en/?KeyId=x", html, 200, page, "no-store"},
		{"GET", "/en/proof", html, 200, silent, "no-store"},
		{"GET", "/en/reimport", html, 200, page, "no-store"},
		{"GET", "/en/check", html, 200, silent, "no-store"},
		{"GET", "/en/renewal", html, 200, silent, "no-store"},
		{"GET", "/en/desk", html, 200, silent, "no-store"},
		{"GET", "/nowhere", html, 404, page, "no-store"},
		{"GET", "/en/nowhere", html, 404, page, "no-store"},
		{"HEAD", "/nowhere", html, 404, page, "no-store"},
		{"POST", "/nowhere", html, 404, quiet, "no-store"},
		{"GET", "/nowhere", "*/*", 404, quiet, "no-store"},
		{"GET", "/kms/ImportKeyMaterial", "*/*", 405, quiet, "no-store"},
		{"POST", "/en/", "*/*", 405, quiet, "no-store"},
		{"POST", "/kms/DeleteKeyMaterial", "*/*", 404, quiet, "no-store"},
		{"POST", "/kms/ImportKeyMaterial", "*/*", 415, quiet, "no-store"},
		{"POST", "/kms/ImportKeyMaterial/many", "*/*", 415, quiet, "no-store"},
		{"GET", "/kms/GetParametersForImport/many", "*/*", 405, quiet, "no-store"},
		{"GET", static + "/app.css", "*/*", 200, quiet, "public, max-age=31536000, immutable"},
		{"GET", static + "/pages/import.js", "*/*", 200, quiet, "public, max-age=31536000, immutable"},
		{"GET", static + "/js/worker.js", "*/*", 200, worker, "private, max-age=31536000, immutable"},
		{"GET", static + "/wasm/keyferry.wasm", "*/*", 200, quiet, "public, max-age=31536000, immutable"},
		{"GET", static + "/../../go.mod", "*/*", 404, quiet, "no-store"},
		{"GET", static + "/%2e%2e/web.go", "*/*", 404, quiet, "no-store"},
		{"GET", "/static/0000/app.css", "*/*", 404, quiet, "no-store"},
		{"GET", "/healthz", "*/*", 200, quiet, "no-store"},
		{"GET", "/readyz", "*/*", 200, quiet, "no-store"},
	} {
		t.Run(test.method+" "+test.path, func(t *testing.T) {
			a := s.do(t, test.method, test.path, "", "Accept", test.accept)
			if a.status != test.status {
				t.Errorf("status %d, want %d", a.status, test.status)
			}
			for name, want := range map[string]string{
				"Content-Security-Policy":      test.policy,
				"Cache-Control":                test.cache,
				"Cross-Origin-Opener-Policy":   "same-origin",
				"Cross-Origin-Embedder-Policy": "require-corp",
				"Cross-Origin-Resource-Policy": "same-origin",
				"Referrer-Policy":              "no-referrer",
				"X-Content-Type-Options":       "nosniff",
			} {
				if got := a.header.Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			if !strings.Contains(a.header.Get("Permissions-Policy"), "camera=()") || a.header.Get("X-Request-Id") == "" {
				t.Errorf("headers are missing: %v", a.header)
			}
		})
	}
}

func TestStaticFilesAreServedCompressed(t *testing.T) {
	s := newSite(t, nil)
	path := "/static/" + tree(t).Digest() + "/wasm/keyferry.wasm"
	for _, test := range []struct{ accepted, coding, body string }{
		{"gzip, deflate, br", "br", "brotli twin"},
		{"gzip", "gzip", "gzip twin"},
		{"br;q=0, gzip;q=0.5", "gzip", "gzip twin"},
		{"br;q=0.0", "", "\x00asm plain"},
		{"identity", "", "\x00asm plain"},
	} {
		a := s.do(t, http.MethodGet, path, "", "Accept-Encoding", test.accepted)
		if a.body != test.body || a.header.Get("Content-Encoding") != test.coding {
			t.Errorf("%q got %q as %q, want %q as %q", test.accepted, a.body, a.header.Get("Content-Encoding"), test.body, test.coding)
		}
		if a.header.Get("Content-Type") != "application/wasm" || a.header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%q: headers %v", test.accepted, a.header)
		}
	}
}

func TestOtherNamesAreRefused(t *testing.T) {
	s := newSite(t, func(c *console.Config) { c.Hosts = []string{"https://Keys.example.com:8443/"} })
	for host, want := range map[string]int{
		"127.0.0.1:8787":        200,
		"localhost":             200,
		"LOCALHOST:1":           200,
		"[::1]:8787":            200,
		"[::1]":                 200,
		"[0:0::1]:1":            200,
		"127.0.0.1:65535":       200,
		"127.0.0.2:8787":        200,
		"[::ffff:127.0.0.1]:1":  200,
		"128.0.0.1":             421,
		"localhost:*":           421,
		"localhost:1;x":         421,
		"localhost:":            421,
		"localhost:0":           421,
		"localhost:65536":       421,
		"localhost:+80":         421,
		"localhost:8787:1":      421,
		"localhost.":            421,
		"local host":            421,
		"[127.0.0.1":            421,
		"[127.0.0.1]":           421,
		"127.0.0.1]":            421,
		"[localhost]":           421,
		"::1":                   421,
		"[::1]]":                421,
		"127.1":                 421,
		"0x7f.0.0.1":            421,
		"127.0.0.01":            421,
		"keys.example.com:8443": 200,
		"keys.example.com;":     421,
		"*.example.com":         421,
		"keys.example.com,a":    421,
		"keys.example.com":      200,
		"Keys.Example.Com:443":  200,
		"evil.example":          421,
		"127.0.0.1.evil.ex":     421,
		"localhost.evil.ex:80":  421,
		"keys.example.com.evil": 421,
	} {
		if a := s.do(t, http.MethodGet, "/en/", "", "Host", host); a.status != want {
			t.Errorf("Host %s: %d, want %d", host, a.status, want)
		}
	}
}

func TestOtherSitesAreRefused(t *testing.T) {
	s := newSite(t, nil)
	for _, path := range []string{"/kms/GetParametersForImport", "/kms/ImportKeyMaterial", "/kms/GetParametersForImport/many", "/kms/ImportKeyMaterial/many", "/en/calendar", "/zh-CN/calendar"} {
		for _, headers := range [][]string{
			{"Sec-Fetch-Site", "cross-site"},
			{"Sec-Fetch-Site", "same-site"},
			{"Origin", "https://evil.example"},
			{"Origin", "null"},
		} {
			a := s.do(t, http.MethodPost, path, "{}", append(headers, "Content-Type", "application/json")...)
			if a.status != http.StatusForbidden || a.failure(t).Code != "Console.CrossOrigin" {
				t.Errorf("%s with %v: %d %s", path, headers, a.status, a.body)
			}
		}
	}
	if s.calls.Load() != 0 {
		t.Error("a request of another site reached the KMS")
	}
}

// An address without a language leads to the page in the language that was chosen, or else in one
// that the browser asks for. The CMK's id goes along, and nothing else.
func TestAddressesWithoutALanguage(t *testing.T) {
	s := newSite(t, nil)
	const chinese, english = "zh-CN,zh;q=0.9,en;q=0.1", "en-GB,en;q=0.9"
	for _, test := range []struct{ path, cookie, accepted, location string }{
		{"/", "", english, "/en/"},
		{"/", "", chinese, "/zh-CN/"},
		{"/", "", "", "/en/"},
		{"/", "", "fr", "/en/"},
		{"/", "keyferry_language=zh-CN; keyferry_theme=dark", english, "/zh-CN/"},
		{"/", "keyferry_language=en", chinese, "/en/"},
		{"/", "keyferry_language=//evil.example", chinese, "/zh-CN/"},
		{"/en", "keyferry_language=zh-CN", chinese, "/en/"},
		{"/zh-CN", "", english, "/zh-CN/"},
		{"/reimport?KeyId=" + keyID(), "", chinese, "/zh-CN/reimport?KeyId=" + keyID()},
		{"/?more=x&KeyId=" + keyID(), "", english, "/en/?KeyId=" + keyID()},
		{"/check", "keyferry_language=zh-CN", english, "/zh-CN/check"},
		{"/renewal", "", english, "/en/renewal"},
		{"/desk", "", english, "/en/desk"},
		{"/proof?KeyId=x", "", english, "/en/proof"},
	} {
		a := s.do(t, http.MethodGet, test.path, "", "Accept", "text/html", "Accept-Language", test.accepted, "Cookie", test.cookie)
		if a.status != http.StatusFound || a.header.Get("Location") != test.location || a.header.Get("Vary") != "Accept-Language, Cookie" {
			t.Errorf("%s with %q and %q: %d to %q, Vary %q", test.path, test.cookie, test.accepted, a.status, a.header.Get("Location"), a.header.Get("Vary"))
		}
		if a.header.Get("Set-Cookie") != "" {
			t.Errorf("%s sets a cookie", test.path)
		}
	}
}

// A page is the same for everybody: nothing that a browser sends changes a byte or a header of it.
func TestPagesAreFixedBytes(t *testing.T) {
	s := newSite(t, func(c *console.Config) { c.Hosts = []string{"kf.example"} })
	digests := map[string]string{}
	for _, path := range console.Pages(false) {
		plain := s.do(t, http.MethodGet, path, "", "Accept", "text/html")
		tag := strings.Split(path, "/")[1]
		if plain.status != http.StatusOK || !strings.Contains(plain.body, `<html lang="`+tag+`">`) {
			t.Errorf("%s: %d, and its language is not %s", path, plain.status, tag)
		}
		if other, known := digests[plain.body]; known {
			t.Errorf("%s and %s are the same page", path, other)
		}
		digests[plain.body] = path
		for _, headers := range [][]string{
			{"Cookie", "keyferry_language=zh-CN; keyferry_theme=dark"},
			{"Cookie", "keyferry_language=en; keyferry_theme=light", "Accept-Language", "zh-CN"},
			{"Accept-Language", "en"},
			{"Host", "KF.example:8443", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "evil.example"},
			{"User-Agent", "Mozilla/5.0", "Accept", "*/*", "Accept-Encoding", "br"},
			{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"},
		} {
			for _, query := range []string{"", "?KeyId=" + keyID(), "?theme=dark&lang=zh-CN"} {
				a := s.do(t, http.MethodGet, path+query, "", append([]string{"Accept", "text/html"}, headers...)...)
				for _, one := range []answer{a, plain} {
					one.header.Del("X-Request-Id")
					one.header.Del("Date")
				}
				if !reflect.DeepEqual(a, plain) {
					t.Errorf("%s%s with %v differs: %d %v", path, query, headers, a.status, a.header)
				}
			}
		}
	}
}

// What was refused is said in the language of the page that asked, whatever was chosen elsewhere.
func TestLanguageOfRefusals(t *testing.T) {
	s := newSite(t, nil)
	for accepted, words := range map[string]string{"zh-CN": "控制台", "en": "console"} {
		a := s.call(t, "GetParametersForImport", map[string]any{"KeyId": ""}, "Accept-Language", accepted,
			"Cookie", "keyferry_language="+map[string]string{"en": "zh-CN", "zh-CN": "en"}[accepted])
		if f := a.failure(t); !strings.Contains(f.Message+f.Advice, words) {
			t.Errorf("in %s: %+v", accepted, f)
		}
	}
	for path, words := range map[string]string{"/en/nowhere": "There is", "/zh-CN/nowhere": "页面"} {
		if a := s.do(t, http.MethodGet, path, "", "Accept", "text/html", "Cookie", "keyferry_language=zh-CN"); !strings.Contains(a.body, words) {
			t.Errorf("%s does not say %q", path, words)
		}
	}
}

// Of an address, only what has the form of a key id is repeated: not in the page, not in links, not
// in the log.
func TestAddressIsNoWayIn(t *testing.T) {
	s := newSite(t, nil)
	for _, pasted := range append(slices.Collect(maps.Values(keyIDTable(t).Refused)), `"><script>alert(1)</script>`) {
		for _, path := range []string{"/", "/reimport", "/en/", "/en/reimport", "/nowhere", "/en/nowhere"} {
			a := s.do(t, http.MethodGet, path+"?KeyId="+url.QueryEscape(pasted)+"&other="+url.QueryEscape(pasted), "", "Accept", "text/html")
			for _, told := range []string{a.body, a.header.Get("Location")} {
				if strings.Contains(told, pasted) || strings.Contains(told, url.QueryEscape(pasted)) {
					t.Errorf("%s repeats %q", path, pasted)
				}
			}
		}
		if strings.Contains(s.log.String(), pasted) {
			t.Errorf("the log holds %q", pasted)
		}
	}
	for _, id := range keyIDTable(t).Taken {
		if a := s.do(t, http.MethodGet, "/?KeyId="+id, ""); a.header.Get("Location") != "/en/?KeyId="+id {
			t.Errorf("%s leads to %s", id, a.header.Get("Location"))
		}
	}
}

// What is cached for everybody is the same for everybody; the worker's script is not, since its
// policy names the host.
func TestCachedAnswersAreTheSameForEverybody(t *testing.T) {
	s := newSite(t, func(c *console.Config) { c.Hosts = []string{"keys.example.com"} })
	for _, name := range tree(t).Names() {
		path := "/static/" + tree(t).Digest() + "/" + name
		one, other := s.do(t, http.MethodGet, path, ""), s.do(t, http.MethodGet, path, "", "Host", "KEYS.example.com:8443", "X-Forwarded-Host", "evil.example")
		for _, a := range []answer{one, other} {
			a.header.Del("X-Request-Id")
			a.header.Del("Date")
		}
		same := reflect.DeepEqual(one, other)
		cache, vary := one.header.Get("Cache-Control"), one.header.Get("Vary")
		if shared := strings.Contains(cache, "public"); shared && !same || !shared && (cache != "private, max-age=31536000, immutable" || vary != "Accept-Encoding, Host") {
			t.Errorf("%s: Cache-Control %q, Vary %q, the same for another host: %v", name, cache, vary, same)
		}
		if name == web.Worker && !strings.Contains(other.header.Get("Content-Security-Policy"), " keys.example.com:8443/static/") {
			t.Errorf("the worker's policy is %q", other.header.Get("Content-Security-Policy"))
		}
	}
}

func TestReadiness(t *testing.T) {
	s := newSite(t, func(c *console.Config) {
		c.Ready = func(context.Context) error { return errors.New("no credentials in /etc/secret") }
	})
	a := s.do(t, http.MethodGet, "/readyz", "")
	if a.status != http.StatusServiceUnavailable || strings.Contains(a.body, "secret") {
		t.Errorf("answered %d %q", a.status, a.body)
	}
	if !strings.Contains(s.log.String(), "no credentials") {
		t.Error("the log does not say why")
	}
	if a := s.do(t, http.MethodGet, "/healthz", ""); a.status != http.StatusOK {
		t.Errorf("healthz answered %d", a.status)
	}
}

// panicking stands for a fault in the console's own code.
type panicking struct{}

func (panicking) ImportParameters(context.Context, string, kms.WrappingSpec) (*kms.Parameters, error) {
	panic("token=very-secret")
}
func (panicking) ImportKeyMaterial(context.Context, *kms.Import) (string, error) { panic("ciphertext") }

func TestPanicIsAnAnswerAndTellsNothing(t *testing.T) {
	s := newSite(t, func(c *console.Config) { c.KMS = requests.Direct(panicking{}) })
	a := s.call(t, "GetParametersForImport", map[string]any{
		"KeyId": keyID(), "WrappingAlgorithm": "RSAES_OAEP_SHA_1", "WrappingKeySpec": "RSA_2048",
	})
	if f := a.failure(t); a.status != http.StatusInternalServerError || f.Code != "Console.Internal" {
		t.Errorf("answered %d %+v", a.status, f)
	}
	if log := s.log.String(); strings.Contains(log, "very-secret") || !strings.Contains(log, "msg=panic") {
		t.Errorf("the log is %s", log)
	}
}

// failing is a KMS client with an error that the console does not know.
type failing struct{ panicking }

func (failing) ImportParameters(context.Context, string, kms.WrappingSpec) (*kms.Parameters, error) {
	return nil, errors.New("cause in /etc/secret")
}

// The log has one line for each request, with the pattern of its route, and the cause of an error
// that is not known. The answer does not have the cause.
func TestWhatTheLogSays(t *testing.T) {
	s := newSite(t, func(c *console.Config) { c.KMS = requests.Direct(failing{}) })
	a := s.call(t, "GetParametersForImport", map[string]any{
		"KeyId": keyID(), "WrappingAlgorithm": "RSAES_OAEP_SHA_1", "WrappingKeySpec": "RSA_2048",
	})
	if f := a.failure(t); a.status != http.StatusInternalServerError || f.Code != "Console.Internal" || strings.Contains(a.body, "secret") {
		t.Errorf("answered %d %s", a.status, a.body)
	}
	s.do(t, http.MethodPost, "/kms/ImportKeyMaterial", "")
	s.do(t, http.MethodGet, "/static/x/y", "")
	s.do(t, http.MethodGet, "/nowhere", "", "Accept", "text/html")
	if failed := s.log.lines("failed"); len(failed) != 1 || !strings.Contains(failed[0], `error="cause in /etc/secret"`) {
		t.Errorf("the failures in the log are %q", failed)
	}
	requests := s.log.lines("request")
	for i, want := range []string{
		"method=POST route=/kms/GetParametersForImport status=500", "method=POST route=/kms/ImportKeyMaterial status=415",
		"method=GET route=/static/:digest/* status=404", "method=GET route=- status=404",
	} {
		if i >= len(requests) || !strings.Contains(requests[i], want) {
			t.Errorf("line %d of %q does not say %s", i, requests, want)
		}
	}
	if lines := strings.Count(s.log.String(), "\n"); lines != 6 { // and the audit
		t.Errorf("the log has %d lines, want 6:\n%s", lines, s.log)
	}
}

// A page that says what is wrong says what it is.
func TestErrorPages(t *testing.T) {
	s := newSite(t, nil)
	words := text.Match("en")
	for path, want := range map[string]string{"/nowhere": words.Lost.Title, "/kms/ImportKeyMaterial": words.Fault("Console.Method").What} {
		if a := s.do(t, http.MethodGet, path, "", "Accept", "text/html"); !strings.Contains(a.body, html.EscapeString(want)) {
			t.Errorf("%s: %d, and the page does not say %q", path, a.status, want)
		}
	}
}

func TestConsoleNeedsItsModule(t *testing.T) {
	static, err := web.ReadTree(fstest.MapFS{"js/worker.js": {Data: []byte("export {}")}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = console.New(console.Config{KMS: requests.Direct(panicking{}), Static: static, Region: "cn-hangzhou"})
	if !errors.Is(err, web.ErrNoModule) {
		t.Errorf("New said %v, want %v", err, web.ErrNoModule)
	}
}
