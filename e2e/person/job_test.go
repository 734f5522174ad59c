package person

import (
	"testing"

	"github.com/playwright-community/playwright-go"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
)

// jobs gives the page what the tests below need: begin, which begins a job that takes pieces, and
// refused, which feeds it a piece that the module refuses and returns the code.
const jobs = `async () => {
	const { begin } = await import(document.querySelector("script[type=module]").src)
	const from = document.querySelector("[data-module]").dataset
	window.watch = { signal: new AbortController().signal }
	window.begin = () => begin(from, { job: "prepare", pieces: true })
	window.piece = () => ({ component: Uint8Array.of(49), kcv: Uint8Array.of(49) })
	window.refused = (job) => job.feed(piece()).then(() => "taken", ({ code }) => code)
	window.outcome = (promise) => {
		const seen = { code: "" }
		promise.then(() => { seen.code = "done" }, ({ code }) => { seen.code = code })
		return seen
	}
}`

// openJobs opens a page that can begin jobs. Its clock is moved by the test.
func openJobs(p *program.Program, t *testing.T) *browser.Visit {
	t.Helper()
	v := browser.Open(p, t, browser.Look{}, "/")
	v.Do(v.Page.Evaluate(jobs))
	v.Do(v.Page.Clock().Install())
	return v
}

// evaluate runs a script in the page and compares what it returns.
func evaluate(v *browser.Visit, script string, want any) {
	v.T.Helper()
	got, err := v.Page.Evaluate(script)
	v.Do(err)
	if got != want {
		v.T.Errorf("%s is %v, want %v", script, got, want)
	}
}

// TestJobListeners feeds a job many pieces: it listens no more often than before the first.
func TestJobListeners(t *testing.T) {
	v := openJobs(program.Start(t), t)
	evaluate(v, `async () => {
		let listeners = 0
		const { addEventListener, removeEventListener } = EventTarget.prototype
		const counts = (target) => target instanceof Worker || target === watch.signal
		EventTarget.prototype.addEventListener = function (...values) {
			if (counts(this)) listeners++
			return addEventListener.apply(this, values)
		}
		EventTarget.prototype.removeEventListener = function (...values) {
			if (counts(this)) listeners--
			return removeEventListener.apply(this, values)
		}
		window.job = begin()
		const began = listeners
		for (let i = 0; i < 5; i++) await refused(job)
		const ended = job.end(watch).catch(() => {})
		job.stop()
		await ended
		return began > 0 ? listeners - began : "no listener was counted"
	}`, 0)
}

// TestJobNeverWaitsForEver lets a minute pass without a word from a worker, in each state that a
// job can wait in: it ends with a code, and so does the worker.
func TestJobNeverWaitsForEver(t *testing.T) {
	p := program.Start(t)
	for _, test := range []struct{ name, begin string }{
		{"for the end", `async () => {
			window.job = begin()
			const code = await refused(job)
			window.seen = outcome(job.end(watch))
			return code
		}`},
		// The answer to a piece must not stop the clock for the one who waits for the end.
		{"for the end while a piece is answered", `async () => {
			window.job = begin()
			const code = refused(job)
			window.seen = outcome(job.end(watch))
			return await code
		}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := openJobs(p, t)
			evaluate(v, test.begin, "component_length")
			v.Do(v.Page.Clock().FastForward(59_000))
			evaluate(v, `() => refused(job)`, "component_length") // a word of the worker's, so the minute begins again
			v.Do(v.Page.Clock().FastForward(59_000))
			evaluate(v, `seen.code`, "")
			v.Do(v.Page.Clock().FastForward(2_000))
			evaluate(v, `seen.code`, "module_silent")
			evaluate(v, `job.ended()`, true)
			if !v.NoWorkerLeft() {
				t.Error("the worker has not ended")
			}
		})
	}
	t.Run("for a piece, of a worker that says nothing", func(t *testing.T) {
		v := openJobs(p, t)
		v.Do(v.Page.Route("**/worker.js", func(route playwright.Route) {
			route.Fulfill(playwright.RouteFulfillOptions{
				Status: playwright.Int(200), ContentType: playwright.String("text/javascript"),
				Headers: map[string]string{
					"Cross-Origin-Embedder-Policy": "require-corp", "Cross-Origin-Resource-Policy": "same-origin",
				},
				Body: "self.addEventListener('message', () => {})",
			})
		}))
		worker, err := v.Page.ExpectWorker(func() error {
			_, err := v.Page.Evaluate(`() => { window.job = begin(); window.seen = outcome(job.feed(piece())) }`)
			return err
		})
		v.Do(err)
		v.Do(worker.Evaluate("1")) // it has loaded
		evaluate(v, `seen.code`, "")
		v.Do(v.Page.Clock().FastForward(61_000))
		evaluate(v, `seen.code`, "module_silent")
		if !v.NoWorkerLeft() {
			t.Error("the worker has not ended")
		}
	})
}
