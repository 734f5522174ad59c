package verifytest

import (
	"net/http"
	"strings"
)

// set puts a header on every answer, or on those that the condition holds for.
func set(name, value string, when ...func(*Answer) bool) func(*Answer) {
	return func(a *Answer) {
		for _, condition := range when {
			if !condition(a) {
				return
			}
		}
		a.Header.Set(name, value)
	}
}

// rewrite changes the value of a header on the answers that the condition holds for.
func rewrite(name, old, new string, when func(*Answer) bool) func(*Answer) {
	return func(a *Answer) {
		if when(a) {
			a.Header.Set(name, strings.Replace(a.Header.Get(name), old, new, 1))
		}
	}
}

func drop(name string, when func(*Answer) bool) func(*Answer) {
	return func(a *Answer) {
		if when(a) {
			a.Header.Del(name)
		}
	}
}

func worker(a *Answer) bool { return a.isFile("js/worker.js") }
func module(a *Answer) bool { return a.isFile("wasm/keyferry.wasm") }
func aPage(a *Answer) bool  { return a.isPage() }

// inHeaders are lies in headers.
var inHeaders = []Lie{
	{"the worker's policy is weakened", rewrite("Content-Security-Policy", "connect-src ", "connect-src * ", worker), "header Content-Security-Policy: at byte", true, false},
	{"the worker's policy is missing", drop("Content-Security-Policy", worker), "header Content-Security-Policy: missing", false, false},
	{"the page's policy is weakened", rewrite("Content-Security-Policy", "script-src 'self'", "script-src 'self' 'unsafe-inline'", aPage), "header Content-Security-Policy", false, false},
	{"a second policy", func(a *Answer) { a.Header.Add("Content-Security-Policy", "img-src *") }, "header Content-Security-Policy: 2 times instead of 1", false, false},
	{"a policy that reports elsewhere", set("Content-Security-Policy-Report-Only", "default-src 'none'; report-uri https://elsewhere.example/"), "Content-Security-Policy-Report-Only", false, false},
	{"opener policy missing", drop("Cross-Origin-Opener-Policy", aPage), "header Cross-Origin-Opener-Policy: missing", false, false},
	{"embedder policy missing", drop("Cross-Origin-Embedder-Policy", worker), "header Cross-Origin-Embedder-Policy: missing", false, false},
	{"resource policy weakened", set("Cross-Origin-Resource-Policy", "cross-origin", module), "header Cross-Origin-Resource-Policy: at byte", false, false},
	{"sniffing allowed", drop("X-Content-Type-Options", module), "header X-Content-Type-Options: missing", false, false},
	{"referrers allowed", set("Referrer-Policy", "unsafe-url", aPage), "header Referrer-Policy", false, false},
	{"one feature allowed", rewrite("Permissions-Policy", "camera=(), ", "", aPage), "header Permissions-Policy", false, false},
	{"a preload", set("Link", "<https://elsewhere.example/x.js>; rel=preload; as=script", aPage), `header "Link": unexpected`, false, false},
	{"a cookie", set("Set-Cookie", "id=1"), `header "Set-Cookie": unexpected`, false, false},
	{"a refresh", set("Refresh", "5; url=https://elsewhere.example/", aPage), `header "Refresh": unexpected`, false, false},
	{"a wider service worker", set("Service-Worker-Allowed", "/", worker), `header "Service-Worker-Allowed": unexpected`, false, false},
	{"a source map", set("Sourcemap", "https://elsewhere.example/map", worker), `header "Sourcemap": unexpected`, false, false},
	{"reports elsewhere", set("Report-To", `{"endpoints":[{"url":"https://elsewhere.example/"}]}`), `header "Report-To": unexpected`, false, false},
	{"network error logging", set("Nel", `{"report_to":"default","max_age":1}`), `header "Nel": unexpected`, false, false},
	{"data is cleared", set("Clear-Site-Data", `"*"`, aPage), `header "Clear-Site-Data": unexpected`, false, false},
	{"other origins may read", set("Access-Control-Allow-Origin", "*"), `header "Access-Control-Allow-Origin": unexpected`, false, false},
	{"another service elsewhere", set("Alt-Svc", `h3="elsewhere.example:443"`), "header Alt-Svc", false, false},
	{"a header that nobody knows", set("X-Unknown", "a\u202eb"), `header "X-Unknown": unexpected, "a\u202eb"`, false, false},
	{"the kind of a page", set("Content-Type", "text/html; charset=utf-7", path("/en/")), "header Content-Type", false, false},
	{"the kind of a module", set("Content-Type", "text/javascript; charset=utf-8", module), "header Content-Type", false, false},
	{"pages may be kept", set("Cache-Control", "max-age=600", aPage), "header Cache-Control", false, false},
	{"files may not be kept", set("Cache-Control", "no-store", module), "header Cache-Control", false, false},
	{"caches may mix the languages", drop("Vary", func(a *Answer) bool { return a.Status == http.StatusFound }), "header Vary: missing", false, false},
}

// inTransit are lies in how an answer comes.
var inTransit = []Lie{
	{"a redirect", func(a *Answer) {
		if path("/en/proof")(a) {
			a.Status = http.StatusFound
			a.Header.Set("Location", "https://elsewhere.example/proof")
		}
	}, "status 302 instead of 200", false, false},
	{"a page in place of what is not there", func(a *Answer) {
		if a.Status == http.StatusNotFound {
			a.Status = http.StatusOK
		}
	}, "status 200 instead of 404", false, false},
	{"an early answer with a preload", func(a *Answer) {
		if a.isPage() {
			a.Early = http.Header{"Link": {"<https://elsewhere.example/x.js>; rel=preload; as=script"}}
		}
	}, "an answer before the answer: 103", false, false},
	{"headers behind the body", func(a *Answer) {
		if a.isFile("app.css") {
			a.Trailer = http.Header{"X-Late": {"1"}}
		}
	}, "headers behind the body", false, false},
	{"a body that breaks off", func(a *Answer) { a.Cut = a.isFile("pages/many.js") }, "breaks off", true, false},
	{"a body that ends early", func(a *Answer) {
		if a.isFile("pages/many.js") {
			whole := a.plain()
			a.pack(whole[:len(whole)/2], a.coding())
		}
	}, "there is its end and not", false, false},
	{"a body that goes on", func(a *Answer) {
		if a.isFile("pages/many.js") {
			a.pack(append(a.plain(), make([]byte, 2<<20)...), a.coding())
		}
	}, "is longer than", false, false},
}

// Honest are proxies that change what no browser can tell from the original.
var Honest = []Lie{
	{Name: "nothing is changed", Tell: func(*Answer) {}},
	{Name: "headers of a reverse proxy", Tell: func(a *Answer) {
		for name, value := range map[string]string{
			"Server": "proxy", "Via": "1.1 proxy", "Strict-Transport-Security": "max-age=1",
			"Alt-Svc": "clear", "Vary": a.Header.Get("Vary") + ", Origin", "X-Request-Id": "of-the-proxy",
		} {
			a.Header.Set(name, value)
		}
	}},
	{Name: "everything is packed anew", Tell: func(a *Answer) {
		if asks("Accept-Encoding", "gzip")(a) {
			a.pack(a.plain(), "gzip")
		}
	}},
	{Name: "everything is unpacked", Tell: func(a *Answer) { a.pack(a.plain(), "") }},
}
