package monitor

import (
	"encoding/hex"
	"strings"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
	"keyferry/wasm/custody"
	"keyferry/wasm/keywrap"

	"github.com/playwright-community/playwright-go"
)

// ToMaterial goes on to step 3 with an algorithm.
func (j *Journey) ToMaterial(algorithm string) {
	j.T.Helper()
	j.ChooseCMK(j.Key)
	j.GetParameters(algorithm)
	j.OfferedPassphrase()
}

// Finish imports what is prepared, and takes from the KMS what arrived.
func (j *Journey) Finish() {
	j.T.Helper()
	j.Look("before the import")
	j.Send(j.Key)
	j.Imported(j.Key)
	j.Download("[data-link=receipt]")
	j.Arrived()
}

func (j *Journey) Generated(algorithm string) {
	j.ToMaterial(algorithm)
	j.Generate()
	j.Finish()
}

// ByLinks takes a key of the person's own through a connected desk in a file, whose page makes both
// calls itself.
func (j *Journey) ByLinks(file, algorithm string) {
	j.T.Helper()
	j.ByFiles = true // no console takes part
	give := func(link string) string {
		j.Links = append(j.Links, link)
		return link
	}
	j.Do(j.Page.Goto(browser.FileAddress(file)))
	j.DeskCMK(j.Key)
	j.GiveLink(give(program.ParametersLink(j.T, j.Run.KMS(), j.Key, algorithm)), algorithm)
	j.HaveRead()
	j.Bring(func(b []byte) []byte { return b })
	j.ToImport()
	made := program.ReadImportFile(j.T, j.MakeImportFile())
	j.Look("before the import by link")
	j.GiveSecond(j.Key, give(program.ImportLink(j.T, j.Run.KMS(), made)))
	j.Shows("[data-part=accepted-by-kms] h2", ".notice.error")
	if j.Visible("[data-part=accepted-by-kms] h2") {
		j.Download("[data-link=receipt]")
		j.Arrived()
	}
	j.Look("after the import by link")
}

// Bring gives a key of the person's own to the page, in a file.
func (j *Journey) Bring(encode func([]byte) []byte) {
	j.T.Helper()
	key := program.Fresh(j.T)
	j.Hide("key", key[:])
	j.Source("file")
	j.Attach("key-file", "key.bin", encode(key[:]))
	j.Elsewhere()
	j.Brought()
}

// Component types one component of a key. It is in its field while it is typed, and goes to the
// worker; it must not get anywhere else. Every way to write the 32 bytes counts, and the digits as
// they were typed are one of them.
func (j *Journey) Component(name string) keywrap.Material {
	j.T.Helper()
	part := program.Fresh(j.T)
	j.Hide(name, part[:], "page", "messages")
	j.Typed("component", hex.EncodeToString(part[:]))
	j.Typed("component-kcv", custody.CheckValue(&part).String())
	return part
}

func (j *Journey) AddComponent(name string) keywrap.Material {
	j.T.Helper()
	part := j.Component(name)
	j.Press(j.Words.Material.AddComponent)
	j.Do(playwright.NewPlaywrightAssertions(30_000).Locator(j.Page.Locator("#component")).ToHaveValue(""))
	return part
}

// MustBeConfined attacks from inside a worker that holds key material: nothing but the modules can
// be reached.
func (j *Journey) MustBeConfined() {
	j.T.Helper()
	workers := j.Page.Workers()
	if len(workers) != 1 {
		j.T.Fatalf("there are %d workers, want the one that is being fed", len(workers))
	}
	for name, attack := range map[string]string{
		"fetch":         `fetch("/healthz?worker").then(() => true, () => false)`,
		"fetch outside": `fetch("` + j.Run.reader + `/?worker", { mode: "no-cors" }).then(() => true, () => false)`,
		"WebSocket":     `new Promise((end) => { const s = new WebSocket("ws" + "` + strings.TrimPrefix(j.Run.reader, "http") + `"); s.onopen = () => end(true); s.onerror = () => end(false) }).catch(() => false)`,
		"EventSource":   `new Promise((end) => { const s = new EventSource("/healthz?worker"); s.onopen = () => end(true); s.onerror = () => { s.close(); end(false) } }).catch(() => false)`,
		"import":        `import("` + j.Run.reader + `/other.js?worker").then(() => true, () => false)`,
		// Later, because the inspector's own code may use eval whatever the policy says.
		"eval":   `new Promise((end) => setTimeout(() => { try { end((0, eval)("true")) } catch { end(false) } }))`,
		"worker": `(() => { try { new Worker("/static/other.js?worker"); return true } catch { return false } })()`,
	} {
		through, err := workers[0].Evaluate(attack)
		if err != nil {
			j.T.Fatalf("attacking by %s: %v", name, err)
		}
		if through != false {
			j.Alarm("policy", "the worker got through by "+name)
		}
	}
}
