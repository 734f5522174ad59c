package policy

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"keyferry/e2e/proof"
)

// tab is a page, or a worker, of some browser, as far as attacks need it.
type tab interface {
	navigate(address string) error
	evaluate(script string) (string, error) // the string that the script, or its promise, comes to
}

// watcher keeps the violations that a page or a worker sees. It must run before anything else
// there.
//
// A frame of the page's own origin adds to the reports of the page.
const watcher = `globalThis.attackReports ??= (() => { try { return parent.attackReports } catch { return undefined } })() ?? []
globalThis.hear ??= (whom) => whom.addEventListener("securitypolicyviolation", (e) => {
	if (e.disposition === "enforce") globalThis.attackReports.push({directive: e.effectiveDirective, blocked: e.blockedURI})
}, true)
hear(globalThis)`

// prelude is what the scripts of attacks find. The pause takes them out of the debugger's call,
// under which a browser may compile strings whatever the policy says.
const prelude = `(async () => {
	const pause = (ms) => new Promise((done) => setTimeout(done, ms))
	const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))
	const element = (name, fields) => Object.assign(document.createElement(name), fields)
	const put = (what) => { document.body.append(what); remains.push(what) }
	const remains = []
	const elsewhere = %s, own = %s
	const reports = globalThis.attackReports
	reports.length = 0
	globalThis.attackRan = false
	let threw = ""
	await pause(0)
	const attack = (async () => { %s })().catch((error) => { threw = error?.name ?? String(error) })
	const began = performance.now()
	while (performance.now() - began < %d && reports.length === 0 && !globalThis.attackRan) {
		if (threw && %t) break
		await pause(5)
	}
	await Promise.race([attack, pause(200)])
	await pause(10)
	for (const what of remains) what.remove()
	return JSON.stringify({ran: Boolean(globalThis.attackRan), threw, reports})
})()`

// outcome is what came of an attack, as the attacker sees it.
type outcome struct {
	Ran     bool
	Threw   string
	Reports []violation
}

// violation is a report of the browser that a policy refused something.
type violation struct {
	Directive, Blocked string
}

func (v violation) String() string { return v.Directive + " " + v.Blocked }

// site is where an attack takes place.
type site struct {
	elsewhere, own string // addresses that an attack's name and an ending are added to
	engine         string // "Chromium" or "Firefox"
	page           string // address of the page itself
	where          string // for the report: in the page, in markup, in the worker
}

// How long an attack that works may take to show that in its tab: a request elsewhere is waited for
// after that. On a busy computer it is given a second chance, at length.
const (
	shortly  = 150 * time.Millisecond
	atLength = 3 * time.Second
)

// patience is how long to wait for the report of an attack.
func (s site) patience(a attack) time.Duration {
	if want := s.want(a); want == silently || want == absent || a.throws != "" {
		return 500 * time.Millisecond
	}
	return 5 * time.Second
}

// script is what a tab evaluates for an attack; a patience of 0 means what the expected report
// takes.
func (s site) script(a attack, patience time.Duration) string {
	if patience == 0 {
		patience = s.patience(a)
	}
	return fmt.Sprintf(prelude, quote(s.elsewhere+a.name), quote(s.own+a.name), a.script, patience.Milliseconds(), a.throws != "")
}

// scripts are those of all attacks.
func (s site) scripts(attacks []attack, patience time.Duration) []string {
	var all []string
	for _, a := range attacks {
		all = append(all, s.script(a, patience))
	}
	return all
}

// try runs an attack in a tab.
func (s site) try(in tab, a attack, patience time.Duration) (outcome, error) {
	var o outcome
	answer, err := in.evaluate(s.script(a, patience))
	if err != nil {
		return o, fmt.Errorf("%s: %v", a.name, err)
	}
	if err := json.Unmarshal([]byte(answer), &o); err != nil {
		return o, fmt.Errorf("%s: reading %q: %v", a.name, answer, err)
	}
	return o, nil
}

// What is noted where an engine makes no report.
const (
	silently = "silently" // it refuses without a word
	absent   = "absent"   // it does not know what the attack uses
)

// want is the report that the browser is to make, with addresses in place.
func (s site) want(a attack) string {
	want := a.report
	if s.engine == "Firefox" && a.fox != "" {
		want = a.fox
	}
	return want
}

// seen tells whether a violation is the one that is to be reported.
func (s site) seen(a attack, v violation) bool {
	directive, blocked, _ := strings.Cut(s.want(a), " ")
	if v.Directive != directive {
		return false
	}
	switch blocked {
	case "{to}":
		return strings.Contains(v.Blocked, "/reached/"+a.name)
	case "{origin}":
		return v.Blocked != "" && strings.HasPrefix(s.elsewhere, v.Blocked)
	case "{self}":
		return v.Blocked == s.page
	}
	return v.Blocked == blocked
}

// mustRefuse fails unless the attack was refused and, where the browser reports that, reported.
func (s site) mustRefuse(t *testing.T, in tab, a attack) {
	t.Helper()
	o, err := s.try(in, a, 0)
	if err != nil {
		t.Error(err)
		return
	}
	s.judge(t, a, o)
}

// judge fails unless what came of an attack is that it was refused.
func (s site) judge(t *testing.T, a attack, o outcome) {
	t.Helper()
	if o.Ran {
		t.Errorf("%s: %s: not refused", a.name, a.what)
	}
	if want := s.want(a); want == silently && len(o.Reports) == 0 || want == absent {
		noteRefusal(s.where, a.what, s.engine, want)
		return
	}
	if a.throws != "" {
		if o.Threw != a.throws {
			t.Errorf("%s: it met %q, want %s; reports %v", a.name, o.Threw, a.throws, o.Reports)
		}
		noteRefusal(s.where, a.what, s.engine, o.Threw)
		return
	}
	for _, v := range o.Reports {
		if s.seen(a, v) {
			noteRefusal(s.where, a.what, s.engine, v.Directive)
			return
		}
	}
	t.Errorf("%s: %s: reported %v, want %q (it met %q)", a.name, a.what, o.Reports, s.want(a), o.Threw)
}

// mustWork fails unless the attack works where there is no policy.
func (s site) mustWork(t *testing.T, in tab, a attack, e *elsewhere) {
	t.Helper()
	if s.want(a) == absent {
		return
	}
	var o outcome
	for _, patience := range []time.Duration{shortly, atLength} {
		var err error
		if o, err = s.try(in, a, patience); err != nil {
			t.Error(err)
			return
		}
		if o.Ran {
			return
		}
		if _, arrived := e.wait(a.name); arrived {
			return
		}
	}
	t.Errorf("%s: %s: does nothing without a policy either, so that refusing it shows nothing (it met %q, reports %v)",
		a.name, a.what, o.Threw, o.Reports)
}

// noteRefusal puts into the report how an engine refused an attack: one line for each attack, one
// column for each engine.
func noteRefusal(where, what, engine, how string) {
	about := proof.Findings.About("Policy: attacks refused", "where", "attack", "Chromium", "Firefox")
	column := map[string]int{"Chromium": 2, "Firefox": 3}[engine]
	proof.Findings.Mu.Lock()
	defer proof.Findings.Mu.Unlock()
	for _, line := range about.Cells[1:] {
		if line[0] == where && line[1] == what {
			line[column] = how
			return
		}
	}
	line := []string{where, what, "", ""}
	line[column] = how
	about.Cells = append(about.Cells, line)
}

// quote writes a text as JavaScript reads it.
func quote(text string) string {
	written, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string can always be written
	}
	return string(written)
}
