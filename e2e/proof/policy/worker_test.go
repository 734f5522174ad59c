package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"keyferry/e2e/program"
)

// workerAttacks are what code could try that came to run in the worker, where key material is. A
// worker obeys the policy on its own script.
var workerAttacks = []attack{
	{name: "w-fetch", what: "fetch from elsewhere", script: `await fetch(elsewhere + ".txt")`, report: "connect-src {to}"},
	{name: "w-fetch-own", what: "fetch from another path of the console", script: `await fetch(own + ".txt"); attackRan = true`, report: "connect-src {to}"},
	{name: "w-fetch-post", what: "fetch that sends to the console", script: `await fetch(own + ".txt", {method: "POST", body: "x", keepalive: true}); attackRan = true`, report: "connect-src {to}"},
	{name: "w-fetch-no-cors", what: "fetch that wants no answer", script: `await fetch(elsewhere + ".txt", {mode: "no-cors"})`, report: "connect-src {to}"},
	{name: "w-xhr", what: "XMLHttpRequest", script: `const x = new XMLHttpRequest(); x.open("GET", elsewhere + ".txt"); x.send()`, report: "connect-src {to}"},
	{name: "w-xhr-wait", what: "XMLHttpRequest that waits", script: `const x = new XMLHttpRequest(); x.open("GET", elsewhere + ".txt", false); x.send()`, report: "connect-src {to}"},
	{name: "w-websocket", what: "WebSocket", script: `new WebSocket(elsewhere.replace("http", "ws") + ".txt")`, report: "connect-src {to}"},
	{name: "w-event-source", what: "EventSource", script: `const e = new EventSource(elsewhere + ".txt"); await pause(200); e.close()`, report: "connect-src {to}", fox: silently},
	{name: "w-cache", what: "Cache.add", script: `await (await caches.open("attack")).add(elsewhere + ".css")`, report: "connect-src {to}"},
	{name: "w-font", what: "FontFace from elsewhere", script: `await new FontFace("attack", "url(" + elsewhere + ".svg)").load()`, report: "font-src {to}", fox: silently},
	{name: "w-import", what: "import() from elsewhere", script: `await import(elsewhere + ".js")`, report: "script-src-elem {to}"},
	{name: "w-import-own", what: "import() of another path of the console", script: `await import(own + ".js?0123")`, report: "script-src-elem {to}"},
	{name: "w-import-data", what: "import() of a data: address", script: `await import("data:text/javascript,globalThis.attackRan=true")`, report: "script-src-elem data"},
	{name: "w-import-blob", what: "import() of a blob: address", script: `await import(URL.createObjectURL(new Blob([` + inline + `], {type: "text/javascript"})))`, report: "script-src-elem blob"},
	{name: "w-eval", what: "eval", script: `(0, eval)(` + inline + `)`, report: needsTrustedType},
	{name: "w-function", what: "new Function", script: `new Function(` + inline + `)()`, report: needsTrustedType},
	{name: "w-timeout", what: "setTimeout with a string", script: `setTimeout(` + inline + `)`, report: needsTrustedType},
	{name: "w-worker", what: "worker of its own, from elsewhere", script: `new Worker(elsewhere + ".js", {type: "module"})`, report: needsTrustedType},
	{name: "w-worker-own", what: "worker of its own, from the console", script: `new Worker(own + ".js", {type: "module"})`, report: needsTrustedType},
	{name: "w-worker-blob", what: "worker of its own, from a blob: address", script: `const w = new Worker(URL.createObjectURL(new Blob(["postMessage(1)"], {type: "text/javascript"}))); w.onmessage = () => { attackRan = true }`, report: needsTrustedType},
	{name: "w-policy", what: "Trusted Types policy", script: `trustedTypes.createPolicy("keyferry", {createScriptURL: (s) => s}); attackRan = true`, report: noPolicyName},
	{name: "w-import-scripts", what: "importScripts", script: `importScripts(elsewhere + ".js")`, throws: "TypeError"},
}

// beginJob starts the worker of the console as its pages do; it waits for a component that never
// comes.
const beginJob = `(async () => {
	const task = document.querySelector("[data-task]").dataset
	const { begin } = await import(document.querySelector("script[type=module]").src)
	globalThis.attackedJob = begin({worker: task.worker, module: task.module, integrity: task.integrity}, {job: "prepare", pieces: true})
	return "begun"
})()`

// plainJob starts a worker without a policy.
const plainJob = `(() => { globalThis.attackedJob = new Worker("/worker.js", {type: "module"}); return "begun" })()`

// chromiumWorker is a worker in Chromium.
type chromiumWorker struct{ worker playwright.Worker }

func (chromiumWorker) navigate(string) error {
	return fmt.Errorf("a worker cannot go to another address")
}

func (c chromiumWorker) evaluate(script string) (string, error) {
	value, err := c.worker.Evaluate(script)
	return fmt.Sprint(value), err
}

// foxWorker is a worker in Firefox, whose debugger does not reach workers yet. So the scripts are
// put into the worker's own file, added on its way to the browser, and the page asks for them by
// number.
type foxWorker struct {
	foxTab
	scripts []string
	restart func() error // starts the worker anew
}

// planted is the code that a worker answers with.
func planted(scripts []string) string {
	return fmt.Sprintf(`
;{
	%s
	const scripts = [() => "here", %s]
	const channel = new BroadcastChannel("attack")
	channel.onmessage = async ({data}) => {
		if (data.ask !== undefined) channel.postMessage({answer: data.ask, text: await scripts[data.ask]()})
	}
}`, watcher, "() => "+strings.Join(scripts, ", () => "))
}

// asking asks a worker for the outcome of a script.
const asking = `new Promise((done) => {
	const channel = new BroadcastChannel("attack")
	channel.onmessage = ({data}) => {
		if (data.answer !== %[1]d) return
		channel.close()
		done(data.text)
	}
	channel.postMessage({ask: %[1]d})
	setTimeout(() => { channel.close(); done("silence") }, 10000)
})`

// evaluate asks for a script's outcome. Firefox's debugger now and then stops a worker that starts
// a worker, so a worker that says nothing is started anew, once.
func (f foxWorker) evaluate(script string) (string, error) {
	asked := fmt.Sprintf(asking, 1+slices.Index(f.scripts, script))
	answer, err := f.foxTab.evaluate(asked)
	if err != nil || answer != "silence" {
		return answer, err
	}
	if err := f.restart(); err != nil {
		return "", err
	}
	return f.foxTab.evaluate(asked)
}

// work starts a worker from a page and returns it once it can be spoken to.
func (c chromiumTab) work(t *testing.T, page, begin string, _ []string, _ func(string)) tab {
	t.Helper()
	if err := startJob(c, page, begin); err != nil {
		t.Fatal(err)
	}
	var in tab
	program.Eventually(t, 10*time.Second, "a worker of the page answers", func() bool {
		for _, worker := range c.page.Workers() {
			in = chromiumWorker{worker}
			if _, err := in.evaluate(`(() => {` + watcher + `; return "watching"})()`); err == nil {
				return true
			}
		}
		return false
	})
	return in
}

// work does the same; plant puts code into the worker's file.
func (f foxTab) work(t *testing.T, page, begin string, scripts []string, plant func(string)) tab {
	t.Helper()
	plant(planted(scripts))
	here := strings.Replace(fmt.Sprintf(asking, 0), "10000", "100", 1)
	restart := func() error {
		if err := startJob(f, page, begin); err != nil {
			return err
		}
		for range 200 {
			if answer, err := f.evaluate(here); err == nil && answer == "here" {
				return nil
			}
		}
		return errors.New("the page has no worker that answers")
	}
	if err := restart(); err != nil {
		t.Fatal(err)
	}
	return foxWorker{f, scripts, restart}
}

func startJob(in tab, page, begin string) error {
	if err := in.navigate(page); err != nil {
		return err
	}
	_, err := in.evaluate(begin)
	return err
}

// workingTab is a page that can start a worker and give it scripts.
type workingTab interface {
	tab
	fresh(t *testing.T) workingTab // another one of the same browser
	work(t *testing.T, page, begin string, scripts []string, plant func(string)) tab
}

// attackWorker tries everything in the console's own worker, and first in one without a policy.
func attackWorker(t *testing.T, in workingTab, engine, console string) {
	t.Helper()
	open := startElsewhere(t)
	plain := site{elsewhere: open.address + "/reached/", own: open.address + "/reached/", engine: engine, page: open.address + "/plain"}
	free := in.work(t, plain.page, plainJob, append(plain.scripts(workerAttacks, shortly), plain.scripts(workerAttacks, atLength)...), open.plant)
	for _, a := range workerAttacks {
		if a.throws == "" { // what throws does so with and without a policy
			plain.mustWork(t, free, a, open)
		}
	}
	e, way := startElsewhere(t), startBetween(t, console)
	s := site{where: "in the worker", elsewhere: e.address + "/reached/", own: way.address + "/healthz/reached/", engine: engine, page: way.address + "/"}
	held := in.work(t, s.page, beginJob, s.scripts(workerAttacks, 0), func(code string) { way.end("/worker.js", code) })
	for _, a := range workerAttacks {
		s.mustRefuse(t, held, a)
	}
	time.Sleep(300 * time.Millisecond) // what was under way would have arrived
	if names := e.names(); len(names) > 0 {
		t.Errorf("these reached elsewhere: %v", names)
	}
}
