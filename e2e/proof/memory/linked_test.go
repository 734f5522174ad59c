package memory

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
	"keyferry/e2e/proof"
	"keyferry/e2e/proof/patch"
	"keyferry/server/desk"
)

// openLinked opens a connected desk with changed scripts.
func openLinked(p *program.Program, t *testing.T, scripts *patch.Patch) *browser.Visit {
	t.Helper()
	file := scripts.WriteConnectedDesk(t, desk.Network{Regions: []string{"cn-hangzhou"}, Endpoint: p.Local})
	v := browser.OpenAt(p, t, browser.Look{}, browser.FileAddress(file))
	v.Expect("the server responded with a status of 400")
	return v
}

// toLinkedMaterial goes to step 3 of a connected desk by a link.
func toLinkedMaterial(v *browser.Visit, algorithm string) {
	v.T.Helper()
	v.DeskCMK(program.Seeded[0])
	v.GiveLink(program.ParametersLink(v.T, v.Program.Local, program.Seeded[0], algorithm), algorithm)
	v.HaveRead()
	v.OfferedPassphrase()
}

// prepareLinked goes to step 3 of a connected desk whose worker the test can stop, with a wrapping
// key that it can open.
func prepareLinked(p *program.Program, t *testing.T, algorithm string, script []byte) *browser.Visit {
	t.Helper()
	script, ok := held(script)
	if !ok {
		t.Fatal("the worker's script does not erase where the test expects it")
	}
	v := openLinked(p, t, patch.Of("The worker stops where the test can look.", workerScript, script))
	listen(v)
	ownWrappingKey(v, p.Local+"/**")
	toLinkedMaterial(v, algorithm)
	return v
}

const workerScript = "web/static/js/worker.js"

var byLink = way{name: ", by link", send: sendByLink}

// sendByLink sends by the second link. The KMS refuses what is not wrapped for its own key.
func sendByLink(v *browser.Visit) {
	v.T.Helper()
	made := program.ReadImportFile(v.T, v.MakeImportFile())
	v.GiveSecond(program.Seeded[0], program.ImportLink(v.T, v.Program.Local, made))
	v.Fault("link_other_key")
}

// The same for a connected desk: no memory of the browser has the key once its worker is done, nor
// after the page sent it to the KMS by link.
func TestProofMemoryByLink(t *testing.T) {
	mark := browser.OwnBrowser(t)
	p := program.Start(t)
	script := program.ReadFile(t, program.Source(workerScript))
	for n, source := range memorySources {
		// One that is generated, and in the long form one that is brought as a backup.
		if source.name != generated && (source.name != "backup" || !*proof.Full) {
			continue
		}
		algorithm := browser.Algorithms[n%len(browser.Algorithms)]
		t.Run(source.name+"/"+algorithm, func(t *testing.T) {
			searchMemory(prepareLinked(p, t, algorithm, script), mark, source, algorithm, byLink)
		})
	}
	t.Run("a worker that does not erase", func(t *testing.T) { notErased(p, t, mark, script) })
	t.Run("a page that keeps the key", func(t *testing.T) { keptByThePage(p, t, mark) })
}

// notErased takes the erasing out of the worker of a connected desk: then the module's memory and a
// renderer must have the padded message.
func notErased(p *program.Program, t *testing.T, mark string, script []byte) {
	const algorithm = "RSAES_OAEP_SHA_256"
	lasting := bytes.Replace(script, []byte("new Uint8Array(memory.buffer).fill(0)"), []byte("void memory"), 1)
	if bytes.Equal(lasting, script) {
		t.Fatal("the worker does not erase where the test expects it")
	}
	v := prepareLinked(p, t, algorithm, lasting)
	want := program.Fresh(t)
	bringFile(v, want[:])
	halted(v, "before")
	goOn(v)
	secrets := secretsOf(opened(t, algorithm, halted(v, "after").Ciphertext))
	inModule := false
	secrets.in(linearMemory(v), func(_ int, name string) { inModule = inModule || strings.HasPrefix(name, "padded message") })
	found := secrets.scan(t, mark)
	if !inModule || !inRenderer(found, "padded message") {
		t.Errorf("nobody erases, and the search finds %s, in the module's memory: %t", found, inModule)
	}
	goOn(v)
	proof.Findings.Add(proof.Findings.About("Memory"), "sabotage: a connected desk's worker does not erase", algorithm, "the padded message is found", found.places(), "")
}

// keptByThePage has a sabotaged desk import by two links: afterwards a renderer must have the key.
func keptByThePage(p *program.Program, t *testing.T, mark string) {
	const algorithm = "RSAES_OAEP_SHA_256"
	p.Ask(t, "POST", "/reset", nil, nil)
	v := openLinked(p, t, patch.Read(t, filepath.Join("testdata", "kept.sabotage")))
	toLinkedMaterial(v, algorithm)
	want := program.Fresh(t)
	bringFile(v, want[:])
	v.ToImport()
	made := program.ReadImportFile(t, v.MakeImportFile())
	v.GiveSecond(program.Seeded[0], program.ImportLink(t, p.Local, made))
	v.AcceptedByKMS(program.Seeded[0])
	mustEnd(v)
	secrets := newSearch()
	secrets.addSecret("material", want[:])
	found := secrets.scan(t, mark)
	if !inRenderer(found, "material") {
		t.Errorf("the page keeps the key, and the search finds %s", found)
	}
	proof.Findings.Add(proof.Findings.About("Memory"), "sabotage: a connected desk's page keeps the key", algorithm, "", "after the import: "+found.places(), "")
}

func inRenderer(found scanned, name string) bool {
	return slices.ContainsFunc(found.traces, func(one trace) bool {
		return one.process == "renderer" && strings.HasPrefix(one.name, name)
	})
}
