package policy

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// markupAttacks are what somebody could write into a page through a fault that lets markup in. The
// script of such an attack is the markup; {to} in it is an address elsewhere, and an element with
// the id go is pressed.
var markupAttacks = []attack{
	{name: "m-script", what: "inline script", script: `<script>attackRan = true</script>`, report: "script-src-elem inline"},
	{name: "m-nonce", what: "inline script with a nonce", script: `<script nonce="attack">attackRan = true</script>`, report: "script-src-elem inline"},
	{name: "m-import-map", what: "import map", script: `<script type="importmap">{"imports": {"attack": "{to}.js"}}</script><script type="module">import "attack"</script>`, report: "script-src-elem inline"},
	{name: "m-src", what: "script from elsewhere", script: `<script src="{to}.js"></script>`, report: "script-src-elem {to}"},
	{name: "m-src-data", what: "script from a data: address", script: `<script src="data:text/javascript,attackRan=true"></script>`, report: "script-src-elem data"},
	{name: "m-handler", what: "handler of an image's error", script: `<img src="/static/none" onerror="attackRan = true">`, report: "script-src-attr inline"},
	{name: "m-svg", what: "handler of a drawing's load", script: `<svg onload="attackRan = true"></svg>`, report: "script-src-attr inline"},
	{name: "m-link", what: "javascript: link", script: `<a id="go" href="javascript:void(globalThis.attackRan = true)">go</a>`, report: "script-src-elem inline", fox: needsTrustedType},
	{name: "m-style", what: "style element", script: `<style>@import url({to}.css)</style>`, report: "style-src-elem inline"},
	{name: "m-style-attribute", what: "style attribute", script: `<p style="background: url({to}.svg)">.</p>`, report: "style-src-attr inline"},
	{name: "m-sheet", what: "style sheet from elsewhere", script: `<link rel="stylesheet" href="{to}.css">`, report: "style-src-elem {to}"},
	{name: "m-image", what: "image with an open quote, which takes in what follows", script: `<img src="{to}.svg?`, report: "img-src {to}"},
	{name: "m-svg-image", what: "image in a drawing", script: `<svg><image href="{to}.svg" width="9" height="9"/></svg>`, report: "img-src {to}"},
	{name: "m-poster", what: "poster of a video", script: `<video poster="{to}.svg"></video>`, report: "img-src {to}"},
	{name: "m-source", what: "source of a video", script: `<video><source src="{to}.svg"></video>`, report: "media-src {to}"},
	{name: "m-object", what: "object", script: `<object data="{to}.svg"></object>`, report: "object-src {origin}"},
	{name: "m-embed", what: "embed", script: `<embed src="{to}.svg">`, report: "object-src {origin}"},
	{name: "m-frame", what: "frame", script: `<iframe src="{to}.html"></iframe>`, report: "frame-src {origin}"},
	{name: "m-srcdoc", what: "frame with a document of its own", script: `<iframe srcdoc="<script>parent.attackRan = true</script>"></iframe>`, report: "script-src-elem inline"},
	{name: "m-base", what: "base", script: `<base href="{to}/"><img src="x.svg">`, report: "base-uri {to}"},
	{name: "m-form", what: "form to elsewhere", script: `<iframe name="attack"></iframe><form action="{to}.html" method="post" target="attack"><button id="go">go</button></form>`, report: "form-action {to}"},
	{name: "m-policy", what: "policy of its own, which allows all", script: `<meta http-equiv="Content-Security-Policy" content="script-src * 'unsafe-inline'"><script>attackRan = true</script>`, report: "script-src-elem inline"},
}

// awaitMarkup waits for what comes of markup that was in the page from the start.
const awaitMarkup = `(async () => {
	document.querySelector("#go")?.click()
	const began = performance.now()
	while (performance.now() - began < %d && attackReports.length === 0 && !globalThis.attackRan) {
		await new Promise((done) => setTimeout(done, 5))
	}
	await new Promise((done) => setTimeout(done, 10))
	return JSON.stringify({ran: Boolean(globalThis.attackRan), threw: "", reports: attackReports})
})()`

// tryMarkup goes to a page that has the markup in it.
func (s site) tryMarkup(in tab, patience time.Duration) (outcome, error) {
	var o outcome
	if err := in.navigate(s.page); err != nil {
		return o, err
	}
	answer, err := in.evaluate(fmt.Sprintf(awaitMarkup, patience.Milliseconds()))
	if err != nil {
		return o, err
	}
	return o, json.Unmarshal([]byte(answer), &o)
}

// attackMarkup writes everything into a page of the console on its way to the browser, and first
// into one without a policy.
func attackMarkup(t *testing.T, in tab, engine, console, path string) {
	t.Helper()
	open, e, way := startElsewhere(t), startElsewhere(t), startBetween(t, console)
	plain := site{engine: engine, page: open.address + "/plain"}
	for _, a := range markupAttacks {
		open.show(strings.ReplaceAll(a.script, "{to}", open.address+"/reached/"+a.name))
		arrived := false
		for _, patience := range []time.Duration{shortly, atLength} {
			o, err := plain.tryMarkup(in, patience)
			if err != nil {
				t.Fatalf("%s: %v", a.name, err)
			}
			if arrived = o.Ran; !arrived {
				_, arrived = open.wait(a.name)
			}
			if arrived {
				break
			}
		}
		if !arrived {
			t.Errorf("%s: %s: does nothing without a policy either, so that refusing it shows nothing", a.name, a.what)
		}
	}
	s := site{where: "in markup", engine: engine, page: way.address + path, elsewhere: e.address + "/reached/"}
	for _, a := range markupAttacks {
		way.begin(path, strings.ReplaceAll(a.script, "{to}", s.elsewhere+a.name))
		o, err := s.tryMarkup(in, 3*time.Second)
		if err != nil {
			t.Errorf("%s: %v", a.name, err)
			continue
		}
		s.judge(t, a, o)
	}
	if names := e.names(); len(names) > 0 {
		t.Errorf("these reached elsewhere: %v", names)
	}
}
