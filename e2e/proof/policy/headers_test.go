package policy

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"keyferry/e2e/program"
	"keyferry/e2e/proof"
	"keyferry/server/localkms"
	"keyferry/web"
)

// answer is an answer of the program.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// fetch asks the program, and follows no redirection.
func fetch(t *testing.T, method, address string, headers map[string]string, body ...string) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(strings.Join(body, "")))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range headers {
		request.Header.Set(name, value)
		if name == "Host" {
			request.Host = value
		}
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, content}
}

// The policies of the console, directive by directive.
var (
	pageRules = []string{
		"default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'", "worker-src 'self'",
		"base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types keyferry",
	}
	// Of the pages that never send.
	silentRules = strings.Split(strings.Replace(strings.Join(pageRules, "; "), "connect-src 'self'", "connect-src 'none'", 1), "; ")
	quietRules  = []string{"default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "sandbox"}
)

// workerRules are those of the worker's script.
func workerRules(host, static string) []string {
	connect := "connect-src"
	for _, module := range web.Modules {
		connect += " " + host + static + "/" + module
	}
	return []string{
		"default-src 'none'", "script-src " + host + static + "/" + web.Runtime + " 'wasm-unsafe-eval'", connect, "base-uri 'none'", "form-action 'none'",
		"frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'",
	}
}

// denied are features of a browser that no page of the console may use.
var denied = []string{
	"accelerometer", "autoplay", "browsing-topics", "camera", "clipboard-read", "display-capture", "encrypted-media", "fullscreen",
	"geolocation", "gyroscope", "hid", "idle-detection", "local-fonts", "magnetometer", "microphone", "midi", "payment",
	"picture-in-picture", "publickey-credentials-get", "screen-wake-lock", "serial", "storage-access", "usb", "window-management",
	"xr-spatial-tracking",
}

// mustBeSecured fails unless an answer carries every header of the console, with exactly these
// rules.
func (a answer) mustBeSecured(t *testing.T, rules []string) {
	t.Helper()
	for name, want := range map[string]string{
		"Content-Security-Policy":      strings.Join(rules, "; "),
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Embedder-Policy": "require-corp",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Permissions-Policy":           strings.Join(denied, "=(), ") + "=()",
		"Referrer-Policy":              "no-referrer",
		"X-Content-Type-Options":       "nosniff",
	} {
		if got := a.header.Values(name); len(got) != 1 || got[0] != want {
			t.Errorf("%s is %q, want once %q", name, got, want)
		}
	}
	for _, never := range []string{"Access-Control-Allow-Origin", "Server", "X-Powered-By", "Content-Security-Policy-Report-Only"} {
		if got := a.header.Get(never); got != "" {
			t.Errorf("there is a header %s: %q", never, got)
		}
	}
}

// question is a request and what its answer must be.
type question struct {
	name, method, path string
	status             int
	headers            map[string]string
	body               string
	rules              []string // nil means those of an answer that is no page
}

const (
	asJSON = "application/json"
	asForm = "application/x-www-form-urlencoded"
)

func typed(mediaType string) map[string]string { return map[string]string{"Content-Type": mediaType} }

// parametersOf asks for the parameters of a CMK.
func parametersOf(key string) string {
	return fmt.Sprintf(`{"KeyId":%q,"WrappingAlgorithm":"RSAES_OAEP_SHA_256","WrappingKeySpec":"RSA_2048"}`, key)
}

func parametersOfMany(keys ...string) string {
	ids, _ := json.Marshal(keys)
	return fmt.Sprintf(`{"KeyIds":%s,"WrappingAlgorithm":"RSAES_OAEP_SHA_256","WrappingKeySpec":"RSA_2048"}`, ids)
}

// questions are all routes of the console and all ways in which they refuse.
func questions(static string) []question {
	page := map[string]string{"Accept": "text/html"}
	all := []question{
		{name: "healthz", method: "GET", path: "/healthz", status: 200},
		{name: "readyz", method: "GET", path: "/readyz", status: 200},
		{name: "no page, asked by a person", method: "GET", path: "/nowhere", status: 404, headers: page, rules: pageRules},
		{name: "no page, asked by a program", method: "GET", path: "/nowhere", status: 404},
		{name: "no static file", method: "GET", path: static + "/none.js", status: 404},
		{name: "static file of another build", method: "GET", path: "/static/0000/app.css", status: 404},
		{name: "page of another host", method: "GET", path: "/en/", status: 421, headers: map[string]string{"Host": "evil.example", "Accept": "text/html"}, rules: pageRules},
		{name: "endpoint of another host", method: "POST", path: "/kms/ImportKeyMaterial", status: 421, headers: map[string]string{"Host": "evil.example"}},
		{name: "page without a language", method: "GET", path: "/reimport?KeyId=key-hzz1", status: 302, headers: page},
		{name: "page in Chinese", method: "GET", path: "/zh-CN/", status: 200, headers: page, rules: pageRules},
		{name: "calendar of another site", method: "POST", path: "/en/calendar", status: 403, headers: map[string]string{"Origin": "http://evil.example"}},
		{name: "calendar too long", method: "POST", path: "/en/calendar", status: 400, headers: typed(asForm), body: strings.Repeat("x", 1<<20)},
		{name: "calendar", method: "POST", path: "/en/calendar", status: 200, headers: typed(asForm), body: "KeyId=key-hzz1&KeyMaterialExpireUnix=4000000000&Remind=7"},
		{name: "calendar without a CMK", method: "POST", path: "/en/calendar", status: 400, headers: typed(asForm)},
		{name: "parameters", method: "POST", path: "/kms/GetParametersForImport", status: 200, headers: typed(asJSON), body: parametersOf(program.Seeded[0])},
		{name: "parameters of no CMK", method: "POST", path: "/kms/GetParametersForImport", status: 404, headers: typed(asJSON), body: parametersOf("key-hzz0")},
		{name: "parameters, malformed", method: "POST", path: "/kms/GetParametersForImport", status: 400, headers: typed(asJSON), body: "{"},
		{name: "import of nothing", method: "POST", path: "/kms/ImportKeyMaterial", status: 400, headers: typed(asJSON), body: "{}"},
		{name: "parameters of several CMKs", method: "POST", path: "/kms/GetParametersForImport/many", status: 200, headers: typed(asJSON), body: parametersOfMany(program.Seeded[0], "key-hzz0")},
		{name: "several imports of nothing", method: "POST", path: "/kms/ImportKeyMaterial/many", status: 400, headers: typed(asJSON), body: "{}"},
		{name: "import as text", method: "POST", path: "/kms/ImportKeyMaterial", status: 415, headers: typed("text/plain"), body: "{}"},
		{name: "import of another site", method: "POST", path: "/kms/ImportKeyMaterial", status: 403, headers: map[string]string{"Sec-Fetch-Site": "cross-site"}},
		{name: "action that is not relayed", method: "POST", path: "/kms/DeleteKeyMaterial", status: 404, headers: typed(asJSON), body: "{}"},
	}
	for _, path := range attackedPages[:len(attackedPages)-1] {
		rules := silentRules
		if path == "/en/" || path == "/en/reimport" || path == "/en/many" {
			rules = pageRules
		}
		all = append(all,
			question{name: "page", method: "GET", path: path, status: 200, headers: page, rules: rules},
			question{name: "page with a CMK", method: "GET", path: path + "?KeyId=key-hzz1", status: 200, headers: page, rules: rules},
			question{name: "head of a page", method: "HEAD", path: path, status: 200, headers: page, rules: rules})
	}
	for _, path := range []string{"/", "/en/", "/en/proof", "/en/calendar", "/kms/ImportKeyMaterial", "/healthz", static + "/app.css"} {
		for _, method := range []string{"PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"} {
			status := 405
			if method == "OPTIONS" {
				status = 204
			}
			all = append(all, question{name: method, method: method, path: path, status: status})
		}
	}
	return all
}

// Every answer of the program carries every header, directive by directive: pages, files,
// endpoints, refusals, faults.
func TestProofHeaders(t *testing.T) {
	p := program.Start(t)
	host := strings.TrimPrefix(p.Console, "http://")
	static := staticFolder(t, p.Console)
	asked := 0
	ask := func(t *testing.T, q question) {
		t.Helper()
		asked++
		a := fetch(t, q.method, p.Console+q.path, q.headers, q.body)
		if a.status != q.status {
			t.Errorf("status %d, want %d: %s", a.status, q.status, a.body)
		}
		if q.rules == nil {
			q.rules = quietRules
		}
		a.mustBeSecured(t, q.rules)
	}
	for _, q := range questions(static) {
		t.Run(q.name+" "+q.method+" "+q.path, func(t *testing.T) { ask(t, q) })
	}
	tree, err := web.ReadTree(os.DirFS(program.Source("web/static")))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range tree.Names() {
		rules := quietRules
		if name == web.Worker {
			rules = workerRules(host, static)
		}
		for _, coding := range []string{"identity", "gzip", "br"} {
			t.Run("file "+name+" "+coding, func(t *testing.T) {
				ask(t, question{method: "GET", path: static + "/" + name, status: 200, headers: map[string]string{"Accept-Encoding": coding}, rules: rules})
			})
		}
		t.Run("head of "+name, func(t *testing.T) {
			ask(t, question{method: "HEAD", path: static + "/" + name, status: 200, rules: rules})
		})
	}
	for _, fault := range []struct {
		fault  localkms.Fault
		status int
	}{
		{localkms.Fault{Kind: localkms.FaultError}, 500},
		{localkms.Fault{Kind: localkms.FaultError, Status: 403, Code: "Forbidden.NoPermission"}, 403},
		{localkms.Fault{Kind: localkms.FaultThrottle}, 429},
		{localkms.Fault{Kind: localkms.FaultHTML}, 502},
	} {
		t.Run(fmt.Sprintf("fault of the KMS %s %d", fault.fault.Kind, fault.status), func(t *testing.T) {
			p.ClearFaults(t)
			p.Fault(t, fault.fault)
			ask(t, question{method: "POST", path: "/kms/GetParametersForImport", status: fault.status, headers: typed(asJSON), body: parametersOf(program.Seeded[0])})
		})
	}
	proof.Findings.Add(proof.Findings.About("Policy: headers", "answers of the program asked for", "headers on each"), fmt.Sprint(asked), "7")
}

// Everything that a page of the console refers to is its own, and is there.
func TestProofPagesReferToTheirOwn(t *testing.T) {
	p := program.Start(t)
	references := regexp.MustCompile(`(?:href|src|action|data-(?:module|custody|strength|worker))="([^"#]+)"`)
	for _, path := range attackedPages {
		a := fetch(t, "GET", p.Console+path, map[string]string{"Accept": "text/html"})
		found := references.FindAllSubmatch(a.body, -1)
		if len(found) < 8 {
			t.Errorf("%s: only %d references were found", path, len(found))
		}
		for _, reference := range found {
			address := string(reference[1])
			if strings.HasPrefix(address, p.Local) {
				continue // the local KMS's page, which is another site
			}
			if !strings.HasPrefix(address, "/") || strings.HasPrefix(address, "//") {
				t.Errorf("%s refers to %s", path, address)
			} else if got := fetch(t, "GET", p.Console+address, nil).status; got != 200 && got != 405 {
				t.Errorf("%s refers to %s, which answers %d", path, address, got)
			}
		}
		if bytes.Contains(a.body, []byte("<style")) || regexp.MustCompile(`\son[a-z]+=|\sstyle=`).Match(a.body) {
			t.Errorf("%s has something inline", path)
		}
	}
}

// What is no request that a handler could see is answered before any header can be set. No browser
// shows such an answer to a page: it names no type but text, and holds nothing of the console.
func TestProofAnswersBelowTheConsole(t *testing.T) {
	p := program.Start(t)
	for _, test := range []struct{ name, request, status string }{
		{"about the server as a whole", "OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "200"},
		{"malformed", "GET\r\n\r\n", "400"},
		{"without a host", "GET / HTTP/1.1\r\n\r\n", "400"},
		{"with headers too long", "GET /" + strings.Repeat("x", 80<<10) + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "431"},
	} {
		t.Run(test.name, func(t *testing.T) {
			connection, err := net.Dial("tcp", strings.TrimPrefix(p.Console, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer connection.Close()
			connection.SetDeadline(time.Now().Add(10 * time.Second))
			go io.WriteString(connection, test.request)
			response, err := http.ReadResponse(bufio.NewReader(connection), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(response.Status, test.status) {
				t.Errorf("answered %s, want %s", response.Status, test.status)
			}
			if len(body) > 0 && (!strings.HasPrefix(string(body), response.Status) || response.Header.Get("Content-Type") != "text/plain; charset=utf-8") {
				t.Errorf("the answer holds more than its status: %q, %v", body, response.Header)
			}
		})
	}
}
