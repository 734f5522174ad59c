package policy

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// openAndLook opens a window and tells whether it can be held on to.
const openAndLook = `(async () => {
	const opened = window.open(%s)
	for (let i = 0; i < 200; i++) {
		await new Promise((done) => setTimeout(done, 30))
		if (opened === null || opened.closed) return "severed"
		// Its origin is another one for as long as it is held.
		try { if (opened.document.title === "elsewhere") return "read" } catch {}
	}
	return "held"
})()`

// loadAs loads an address in a way that needs no leave of its server, and tells whether that
// worked.
const loadAs = `(async () => {
	const address = %s
	const load = (name, field, more) => new Promise((done) => {
		const element = Object.assign(document.createElement(name), more, {[field]: address})
		element.onload = () => done("loaded")
		element.onerror = () => done("refused")
		document.body.append(element)
	})
	switch (%s) {
	case "fetch": return fetch(address, {mode: "no-cors"}).then(() => "loaded", () => "refused")
	case "fetch with credentials": return fetch(address, {mode: "no-cors", credentials: "include"}).then(() => "loaded", () => "refused")
	case "img": return load("img", "src")
	case "script": return load("script", "src")
	case "link": return load("link", "href", {rel: "stylesheet"})
	}
})()`

// attackOrigins tries what another site's page could do to the console: frame it, hold its window,
// load its files, post to it. It also tries what a page of the console could take along to another
// site. Each has a twin without the header, on which it works.
func attackOrigins(t *testing.T, in workingTab, engine, console string) {
	t.Helper()
	note := func(attack, header string) { noteRefusal("between sites", attack, engine, header) }
	e, way := startElsewhere(t), startBetween(t, console)
	plain := e.address + "/plain"
	must := func(what, page, script, want string) {
		t.Helper()
		if err := in.navigate(page); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if got, err := in.evaluate(script); err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", what, got, err, want)
		}
	}
	must("a window of the other site's own", plain, fmt.Sprintf(openAndLook, quote(e.address+"/reached/own.html")), "read")
	must("a window of the console, held by another site", plain, fmt.Sprintf(openAndLook, quote(way.address+"/en/")), "severed")

	// Such an address is refused before the console could set any header: a document of its origin
	// without a policy.
	must("a document without a policy, held by the console's page", console+"/en/proof",
		fmt.Sprintf(openAndLook, quote(console+"/"+strings.Repeat("x", 80<<10))), "severed")

	static := staticFolder(t, console)
	for _, load := range []struct{ how, own, console string }{
		{"fetch", "/reached/load.svg", "/healthz"},
		{"fetch with credentials", "/reached/load.svg", "/en/"},
		{"img", "/reached/load.svg", static + "/icon.svg"},
		{"script", "/reached/load.js", static + "/js/worker.js"},
		{"link", "/reached/load.css", static + "/app.css"},
	} {
		must(load.how+" of its own", plain, fmt.Sprintf(loadAs, quote(e.address+load.own), quote(load.how)), "loaded")
		must(load.how+" of the console's", plain, fmt.Sprintf(loadAs, quote(way.address+load.console), quote(load.how)), "refused")
	}

	must("isolation of a page without headers", plain, `String(crossOriginIsolated)`, "false")
	must("isolation of the console's page", way.address+"/en/", `String(crossOriginIsolated)`, "true")

	post := `fetch(%s, {method: "POST", mode: "no-cors", body: new URLSearchParams({theme: "dark"})}).then(() => "sent", () => "sent")`
	must("posting from the console's page", way.address+"/en/", fmt.Sprintf(post, quote(way.address+"/en/calendar?mine")), "sent")
	must("posting from another site", plain, fmt.Sprintf(post, quote(way.address+"/en/calendar?theirs")), "sent")
	if !way.saw(5*time.Second, "POST /en/calendar?mine", " 400") || !way.saw(5*time.Second, "POST /en/calendar?theirs", " 403") {
		t.Errorf("the console did not tell its own page's post from another site's: %v", way.passed)
	}

	t.Run("framing", func(t *testing.T) { attackFraming(t, in.fresh(t), e, startBetween(t, console)) })
	t.Run("referrer", func(t *testing.T) { attackReferrer(t, in, e, way.address) })
	t.Run("opener", func(t *testing.T) { attackOpener(t, in.fresh(t), e, way.address) })
	t.Run("nosniff", func(t *testing.T) { attackSniffing(t, in.fresh(t), e, way) })
	if t.Failed() {
		return
	}
	note("window of the console, held by another site", "Cross-Origin-Opener-Policy")
	note("document without a policy, held by a page", "Cross-Origin-Opener-Policy")
	note("files and pages, loaded by another site", "Cross-Origin-Resource-Policy")
	note("posting from another site", "403 by Origin and Sec-Fetch-Site")
	note("framing by another site", "frame-ancestors")
	note("address of a page, told to another site", "Referrer-Policy")
	note("way back from a window that a page opened", "Cross-Origin-Opener-Policy")
	note("script that is served as something else", "X-Content-Type-Options")
}

// staticFolder is where a page has its files.
func staticFolder(t *testing.T, console string) string {
	t.Helper()
	page := string(fetch(t, "GET", console+"/en/", nil).body)
	_, rest, _ := strings.Cut(page, `"/static/`)
	digest, _, found := strings.Cut(rest, "/")
	if !found {
		t.Fatal("the page names no static files")
	}
	return "/static/" + digest
}

// A frame of the console's page on another site stays empty: nothing that the page would load is
// asked for.
func attackFraming(t *testing.T, in tab, e *elsewhere, way *between) {
	if err := in.navigate(e.address + "/plain"); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"/reached/framed.html", way.address + "/en/"} {
		frame := `(() => { document.body.append(Object.assign(document.createElement("iframe"), {src: %s})); return "framed" })()`
		if _, err := in.evaluate(fmt.Sprintf(frame, quote(address))); err != nil {
			t.Fatal(err)
		}
	}
	if _, arrived := e.wait("framed"); !arrived || !way.saw(5*time.Second, "GET /en/ 200") {
		t.Error("the frames were not asked for")
	}
	if way.saw(700*time.Millisecond, "GET /static/") {
		t.Errorf("a framed page of the console was shown: %v", way.passed)
	}
	if err := in.navigate(way.address + "/"); err != nil {
		t.Fatal(err)
	}
	if !way.saw(5*time.Second, "GET /static/") {
		t.Error("a page that is not framed loads no files either, so that this shows nothing")
	}
}

// features tells which of some features a page may not use, of those that the browser knows.
const features = `(() => {
	const known = new Set(document.featurePolicy.features())
	return %s.filter((name) => known.has(name) && document.featurePolicy.allowsFeature(name)).join(" ")
})()`

// The features that no page needs are denied to all of them, and a call says so. Firefox does not
// read the header.
func attackFeatures(t *testing.T, in tab, e *elsewhere, console string) {
	if err := in.navigate(e.address + "/plain"); err != nil {
		t.Fatal(err)
	}
	ask := fmt.Sprintf(features, `["`+strings.Join(denied, `", "`)+`"]`)
	allowed, err := in.evaluate(ask)
	if err != nil || len(strings.Fields(allowed)) < 15 {
		t.Fatalf("a page without headers may use %q, %v", allowed, err)
	}
	locate := `new Promise((done) => navigator.geolocation.getCurrentPosition(() => done("found"), (error) => done(error.message)))`
	for _, path := range attackedPages {
		if err := in.navigate(console + path); err != nil {
			t.Fatal(err)
		}
		if got, err := in.evaluate(ask); err != nil || got != "" {
			t.Errorf("%s may use %q, %v", path, got, err)
		}
		if got, err := in.evaluate(locate); err != nil || !strings.Contains(got, "permissions policy") {
			t.Errorf("%s: asking where it is: %q, %v", path, got, err)
		}
	}
	if t.Failed() {
		return
	}
	noteRefusal("between sites", fmt.Sprintf("%d features of the browser", len(strings.Fields(allowed))), "Chromium", "Permissions-Policy")
}

// leave has a page go to another address.
const leave = `(() => { setTimeout(() => { location.href = %s }); return "leaving" })()`

// Another site that a page of the console leads to does not learn from where.
func attackReferrer(t *testing.T, of workingTab, e *elsewhere, console string) {
	for _, from := range []struct {
		name, page string
		tells      bool
	}{{"referrer-plain", e.address + "/plain", true}, {"referrer-console", console + "/en/?KeyId=key-hzz1", false}} {
		in := of.fresh(t)
		if err := in.navigate(from.page); err != nil {
			t.Fatal(err)
		}
		in.evaluate(fmt.Sprintf(leave, quote(e.address+"/reached/"+from.name+".html")))
		header, arrived := e.wait(from.name)
		if !arrived {
			t.Fatalf("%s: nothing arrived", from.name)
		}
		if told := header.Get("Referer"); (told != "") != from.tells {
			t.Errorf("%s: the other site learnt %q", from.name, told)
		}
	}
}

// A window that a page of the console opens on another site has no way back to it.
func attackOpener(t *testing.T, in tab, e *elsewhere, console string) {
	for page, want := range map[string]string{e.address + "/plain": "opener-kept", console + "/en/proof": "opener-severed"} {
		if err := in.navigate(page); err != nil {
			t.Fatal(err)
		}
		if _, err := in.evaluate(`(() => { window.open(` + quote(e.address+"/opened") + `); return "opened" })()`); err != nil {
			t.Fatal(err)
		}
		if _, arrived := e.wait(want); !arrived {
			t.Errorf("from %s: want %s, got %v", page, want, e.names())
		}
	}
}

// What is not served as a script is not run as one.
func attackSniffing(t *testing.T, in tab, e *elsewhere, way *between) {
	e.show(`<script src="/reached/sniff.raw"></script>`)
	script := `(async () => { await new Promise((done) => setTimeout(done, 200)); return String(Boolean(globalThis.attackRan)) })()`
	way.set("/healthz", func([]byte) []byte { return []byte(kinds[".raw"].body) })
	for page, want := range map[string]string{e.address + "/plain": "true", way.address + "/en/proof": "false"} {
		if err := in.navigate(page); err != nil {
			t.Fatal(err)
		}
		if want == "false" { // a page of the console lets scripts of its own in, whatever their type
			script = `import("/healthz").then(() => "true", () => String(Boolean(globalThis.attackRan)))`
		}
		if got, err := in.evaluate(script); err != nil || got != want {
			t.Errorf("on %s a script served as text/plain ran: %s, %v; want %s", page, got, err, want)
		}
	}
}
