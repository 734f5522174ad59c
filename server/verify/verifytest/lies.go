package verifytest

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
)

// Lie is one way to pass on something else than what a console said.
type Lie struct {
	Name    string
	Tell    func(*Answer)
	Shows   string // what a report that caught it has in a line with DIFFERS
	Typical bool   // whether a short run tries it: one of each of the lists below
	TLS     bool   // whether the proxy must speak https
}

// Shown reports whether a report has the line that is meant for the lie.
func (l Lie) Shown(report string) bool {
	for line := range strings.Lines(report) {
		if strings.HasPrefix(line, "DIFFERS") && strings.Contains(line, l.Shows) {
			return true
		}
	}
	return false
}

// Lies are all lies that must be caught.
var Lies = slices.Concat(inPages, inFiles, inHeaders, inTransit, inVisits, inEndpoints)

// page changes every page that the condition holds for; nil means each.
func page(when func(*Answer) bool, change func(string) string) func(*Answer) {
	return func(a *Answer) {
		if a.isPage() && (when == nil || when(a)) {
			a.edit(change)
		}
	}
}

// swap replaces the first old by new.
func swap(old, new string) func(string) string {
	return func(body string) string { return strings.Replace(body, old, new, 1) }
}

// asks is the condition that a request's header has these words in it.
func asks(header, words string) func(*Answer) bool {
	return func(a *Answer) bool { return strings.Contains(a.Request.Header.Get(header), words) }
}

func path(want string) func(*Answer) bool {
	return func(a *Answer) bool { return a.Request.URL.Path == want }
}

// inPages are lies in HTML.
var inPages = []Lie{
	{"a script is added", page(nil, swap("</head>", `<script src="https://elsewhere.example/x.js"></script></head>`)),
		`it names "https://elsewhere.example/x.js" in <script src>`, true, false},
	{"a script of the console's own address is added", page(nil, swap("</head>", `<script src="/x.js"></script></head>`)), `it names "/x.js"`, false, false},
	{"a file is referenced from a template", page(nil, swap("</template>", `<img src="//elsewhere.example/a.png"></template>`)), `it names "//elsewhere.example/a.png"`, false, false},
	{"an attribute is changed", page(path("/en/"), swap(`spellcheck="false"`, `spellcheck="true"`)), "/en/: ", false, false},
	{"the integrity of a module is changed", page(path("/en/"), swap(`data-integrity="sha256-`, `data-integrity="sha256-A`)), "body: at byte", false, false},
	{"a space is added", page(path("/en/renewal"), swap("<h1>", "<h1> ")), "/en/renewal: ", false, false},
	{"a space is added behind the end", page(path("/zh-CN/check"), func(body string) string { return body + " " }), `there is " " and not its end`, false, false},
	{"an inline handler is added", page(path("/en/proof"), swap("<body>", `<body onload="go()">`)), "/en/proof: ", false, false},
	{"a second policy is added as an element", page(nil, swap("<title>", `<meta http-equiv="Content-Security-Policy" content="img-src *"><title>`)), "body: at byte", false, false},
	{"a refresh is added as an element", page(nil, swap("<title>", `<meta http-equiv="refresh" content="0;url=https://elsewhere.example/"><title>`)), `in <meta content>`, false, false},
	{"a base is added", page(nil, swap("<title>", `<base href="https://elsewhere.example/"><title>`)), `in <base href>`, false, false},
	{"a form goes elsewhere", page(nil, swap(`action="/en/calendar"`, `action="https://elsewhere.example/"`)), `in <form action>`, false, false},
	{"Chinese alone is altered", page(func(a *Answer) bool { return strings.Contains(string(a.plain()), `<html lang="zh-CN">`) }, swap("<main", "<main hidden")), "zh-CN", false, false},
	{"Chinese as the browser's language alone is altered", page(func(a *Answer) bool {
		return a.Request.Header.Get("Cookie") == "" && asks("Accept-Language", "zh-CN")(a)
	}, swap("<main", "<main hidden")), "zh-CN as the browser asks: ", false, false},
	{"the dark theme alone is altered", page(asks("Cookie", "theme=dark"), swap("<main", "<main hidden")), "zh-CN dark: body", false, false},
	{"links with a key id alone are altered", page(func(a *Answer) bool { return a.Request.URL.Query().Has("KeyId") }, swap("<main", "<main hidden")), "/en/?KeyId=… (", false, false},
	{"the page for what is not there is altered", page(func(a *Answer) bool { return a.Status == http.StatusNotFound }, swap("<main", "<main hidden")), "a page that is not there: ", false, false},
	{"the region is wrong in one place", page(path("/en/"), swap(`data-region="cn-hangzhou"`, `data-region="cn-shanghai"`)), "it has the region cn-shanghai", false, false},
	{"the region is wrong throughout", page(nil, func(body string) string { return strings.ReplaceAll(body, "cn-hangzhou", "cn-shanghai") }), `should have "cn-hangzhou"`, false, false},
	{"what upsets a terminal is added", page(nil, swap("<h1>", "\x1b[2J<h1>")), `there is "\x1b[2J`, false, false},
	{"the region is a command", page(nil, func(body string) string { return strings.ReplaceAll(body, "cn-hangzhou", "a; curl elsewhere.example") }), "is not one", false, false},
	{"the local KMS is elsewhere", page(nil, func(body string) string {
		return strings.ReplaceAll(body, "http://127.0.0.1:", "http://elsewhere.example:")
	}), "not on a loopback address", false, false},
	{"the version is another", page(nil, swap(`data-version="`, `data-version="9.`)), "the version: the console says", false, false},
	{"the set of files is another", page(nil, func(body string) string { return strings.ReplaceAll(body, `="/static/`, `="/static/0`) }), "body: at byte", false, false},
}

// file changes a static file where it is sent in one of the codings; none means each.
func file(name string, change func(string) string, codings ...string) func(*Answer) {
	return func(a *Answer) {
		if !a.isFile(name) {
			return
		}
		for _, coding := range codings {
			if a.coding() == coding {
				a.edit(change)
			}
		}
		if len(codings) == 0 {
			a.edit(change)
		}
	}
}

// oneByte changes the case of one letter near the end.
func oneByte(body string) string {
	at := len(body) - 3
	return body[:at] + string(rune(body[at]^1)) + body[at+1:]
}

// oneBit changes one bit of a binary file.
func oneBit(body string) string {
	changed := []byte(body)
	changed[len(changed)/2] ^= 1
	return string(changed)
}

// inFiles are lies in scripts, styles and modules.
var inFiles = []Lie{
	{"one byte of a script, plain alone", file("pages/import.js", oneByte, ""), "plain: body", false, false},
	{"one byte of a script, brotli alone", file("pages/import.js", oneByte, "br"), "br, as browsers ask: body", true, false},
	{"one byte of a script, gzip alone", file("pages/import.js", oneByte, "gzip"), "gzip: body", false, false},
	{"one byte of the worker, for browsers alone", func(a *Answer) {
		if a.isFile("js/worker.js") && asks("Accept-Encoding", "zstd")(a) {
			a.edit(oneByte)
		}
	}, "as browsers ask: body", false, false},
	{"the worker as a worker alone", func(a *Answer) {
		if asks("Sec-Fetch-Dest", "worker")(a) {
			a.edit(oneByte)
		}
	}, "js/worker.js: ", false, false},
	{"one bit of a module", file("wasm/keyferry.wasm", oneBit), "wasm/keyferry.wasm: ", false, false},
	{"one byte of the start-up script", file("wasm/wasm_exec.js", oneByte), "wasm/wasm_exec.js: ", false, false},
	{"an import is added", file("pages/check.js", func(body string) string { return "import \"https://elsewhere.example/y.js\"\n" + body }), `it names "https://elsewhere.example/y.js" in an import`, false, false},
	{"a style loads from elsewhere", file("app.css", func(body string) string { return body + "p{background:url(https://elsewhere.example/z)}" }), `it names "https://elsewhere.example/z" in a style`, false, false},
	{"an icon has a script", file("icon.svg", swap("</svg>", "<script/></svg>")), "icon.svg: ", false, false},
	{"bytes behind the end of brotli", func(a *Answer) {
		if a.coding() == "br" {
			a.Body = append(bytes.Clone(a.Body), 0)
		}
	}, "brotli", false, false},
	{"a second part behind the end of gzip", func(a *Answer) {
		if a.isFile("js/worker.js") && a.coding() == "gzip" {
			whole := a.plain()
			a.pack(whole[:len(whole)/2], "gzip")
			half := a.Body
			a.pack(whole[len(whole)/2:], "gzip")
			a.Body = append(bytes.Clone(half), a.Body...)
		}
	}, "goes on after the end", false, false},
	{"a coding that no console uses", func(a *Answer) {
		if a.isFile("app.css") {
			a.Header.Set("Content-Encoding", "zstd")
		}
	}, `coding "zstd"`, false, false},
}
