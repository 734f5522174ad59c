package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/playwright-community/playwright-go"

	"keyferry/wasm/custody"
	"keyferry/wasm/keywrap"
	"keyferry/wasm/keywrap/keywraptest"
)

// memorySource is a way to bring key material, as far as pressing the button.
type memorySource struct {
	name  string
	bring func(v *visit, want keywrap.Material) (typed *search)
	asks  string // the question that the page asks first; empty means none
}

// generated is the source that the person brings nothing for.
const generated = "generated"

// memorySources are the sources of key material. What a person has to type is a field of the page, which is another
// matter than the key: it is looked for apart.
var memorySources = []memorySource{
	{name: generated, bring: func(v *visit, _ keywrap.Material) *search {
		v.press(v.words.Material.Prepare)
		return nil
	}},
	{name: "file, raw", bring: func(v *visit, want keywrap.Material) *search {
		return v.bringFile(want[:])
	}},
	{name: "file, hexadecimal", asks: "confirm_hex", bring: func(v *visit, want keywrap.Material) *search {
		return v.bringFile([]byte(hex.EncodeToString(want[:])))
	}},
	{name: "components", bring: func(v *visit, want keywrap.Material) *search {
		typed := newSearch()
		v.source("components")
		v.elsewhere()
		first := fresh(v.t)
		second := want
		for i := range second {
			second[i] ^= first[i]
		}
		for i, part := range []keywrap.Material{first, second} {
			typed.addSecret("component", part[:])
			v.typeInto("#component", hex.EncodeToString(part[:]))
			v.typeInto("#component-kcv", custody.CheckValue(&part).String())
			v.press(v.words.Material.AddComponent)
			v.see(fmt.Sprintf("[data-part=accepted] li >> nth=%d", i), "CMAC")
		}
		v.brought()
		return typed
	}},
	{name: "backup", bring: func(v *visit, want keywrap.Material) *search {
		const passphrase = "nine brisk otters polish the granite gong"
		typed := newSearch()
		typed.add("passphrase", []byte(passphrase), 16)
		typed.add("passphrase, UTF-16", wide([]byte(passphrase)), 32)
		v.source("backup")
		v.file("source-age", kept(v.t, "key.age", sealed(v.t, want, passphrase)))
		v.typeInto("#source-secret", passphrase)
		v.elsewhere()
		v.brought()
		return typed
	}},
}

// typeInto types key by key, so that what remains in memory is what typing leaves and not what the test's driver sent.
func (v *visit) typeInto(field, what string) {
	v.t.Helper()
	v.do(v.page.Locator(field).PressSequentially(what))
}

func (v *visit) bringFile(content []byte) *search {
	v.source("file")
	v.file("key-file", kept(v.t, "key.bin", content))
	v.elsewhere()
	v.brought()
	return nil
}

// sealed is a backup of key material, made by age itself.
func sealed(t *testing.T, m keywrap.Material, passphrase string) []byte {
	t.Helper()
	recipient, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		t.Fatal(err)
	}
	recipient.SetWorkFactor(15)
	var file bytes.Buffer
	w, err := age.Encrypt(&file, recipient)
	if err == nil {
		_, err = w.Write(m[:])
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

var publicKeyField = regexp.MustCompile(`"PublicKey":"[^"]*"`)

// ownWrappingKey gives the page a wrapping key that the test can open, as a dishonest console would.
func (v *visit) ownWrappingKey() {
	v.t.Helper()
	v.alter("**/kms/GetParametersForImport", func(body []byte) []byte {
		return publicKeyField.ReplaceAll(body, []byte(`"PublicKey":"`+keywraptest.PublicKey()+`"`))
	})
}

// opened opens what the page wrapped under the test's key.
func opened(t *testing.T, algorithm, ciphertext string) *keywraptest.Opened {
	t.Helper()
	wrapped, err := base64.StdEncoding.DecodeString(ciphertext)
	if err != nil {
		t.Fatal(err)
	}
	o, err := keywraptest.Unwrap(algorithm, wrapped)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// prepareHeld goes to step 3 with a worker that the test can stop and a wrapping key that it can open.
func (p *program) prepareHeld(t *testing.T, algorithm string) *visit {
	t.Helper()
	v := p.open(t, look{}, "/")
	v.expect("the server responded with a status of 400")
	v.holdWorker()
	v.ownWrappingKey()
	v.chooseCMK(seeded[0])
	v.getParameters(algorithm)
	v.offeredPassphrase()
	return v
}

// mustEnd waits until no worker is left.
func (v *visit) mustEnd() {
	v.t.Helper()
	for range 200 {
		if len(v.page.Workers()) == 0 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	v.t.Error("the worker did not end")
}

// The key, and what it was made of, is in no memory of the browser once the worker has filled its memory with zeros: not
// in the module's when the answer is about to be posted, and not in any process, then or after the worker ended.
func TestProofMemory(t *testing.T) {
	mark := ownBrowser(t)
	p := start(t)
	t.Run("control", func(t *testing.T) {
		controlForms(t, p, mark)
		controlWorker(t, p, mark)
	})
	for i, source := range memorySources {
		for j, algorithm := range algorithms {
			if !*full && i%len(algorithms) != j {
				continue
			}
			t.Run(source.name+"/"+algorithm, func(t *testing.T) {
				p.prepareHeld(t, algorithm).searchMemory(mark, source, algorithm)
			})
		}
	}
	if !*full {
		return
	}
	t.Run("the worker as it is", func(t *testing.T) { workerAsItIs(t, p, mark) })
}

// searchMemory does one job and looks for what it worked on.
func (v *visit) searchMemory(mark string, source memorySource, algorithm string) {
	v.t.Helper()
	want := fresh(v.t)
	passphrase := v.offeredPassphrase()
	typed := source.bring(v, want)
	if source.asks != "" {
		v.passHalts(source.asks)
		v.press(v.words.Material.Confirm)
	}
	v.halted("before")
	v.goOn()
	ciphertext := v.halted("after").Ciphertext
	o := opened(v.t, algorithm, ciphertext)
	if source.name != generated && !bytes.Equal(o.Material, want[:]) {
		v.t.Fatal("the page wrapped other material than the test brought")
	}
	secrets := secretsOf(o)
	linear := v.mustBeErased(secrets)
	held := v.mustFindNothing("while the worker is held after its zeros", secrets, mark)
	v.goOn()
	v.do(v.page.Locator("[data-part=backup] h3").WaitFor(playwright.LocatorWaitForOptions{Timeout: playwright.Float(examination)}))
	v.mustEnd()
	ended := v.mustFindNothing("after the worker ended", secrets, mark)
	seen := ""
	if typed != nil {
		seen = typed.scan(v.t, mark).places()
		v.closeTab(mark)
		seen += "; after the tab was closed " + typed.scan(v.t, mark).places()
	}
	if source.name == generated {
		v.proveHeld(mark, secrets, passphrase)
	}
	findings.add(findings.about("Memory", "source", "algorithm", "the module's memory", "the browser's processes", "what was typed, afterwards"),
		source.name, algorithm, linear, "scanned clean, then the instance was destroyed: "+held+"; afterwards "+ended, seen)
}

// proveHeld opens the backup on the page, which brings the key into a second worker, and sends the import. The KMS
// refuses it, since the wrapping key was the test's; what was posted is what the worker had told.
func (v *visit) proveHeld(mark string, secrets *search, passphrase string) {
	v.t.Helper()
	v.do(v.page.Locator("#proof-age").SetInputFiles(v.saveBackup()))
	v.do(v.page.Locator("#proof-secret").Fill(passphrase))
	v.press(v.words.Material.ProveButton)
	v.halted("before")
	v.goOn()
	v.halted("after")
	v.mustBeErased(secrets)
	v.mustFindNothing("while the worker that checked the backup is held", secrets, mark)
	v.goOn()
	v.see("[data-part=proven]", v.words.Material.Proven)
	v.mustEnd()
	v.press(v.words.Material.Continue)
	v.send(seeded[0])
	v.fault("InvalidKeyMaterial")
	v.mustFindNothing("after the import was sent", secrets, mark)
}

// mustBeErased fails unless all of the module's memory is zero and nothing is found in it.
func (v *visit) mustBeErased(secrets *search) string {
	v.t.Helper()
	memory := v.linearMemory()
	mustBeZero(v.t, memory)
	secrets.in(memory, func(at int, name string) { v.t.Errorf("the module's memory holds %s at %d", name, at) })
	return fmt.Sprintf("%d MB, all zero", len(memory)>>20)
}

// mustFindNothing fails if any process of the browser holds a piece of a secret.
func (v *visit) mustFindNothing(when string, secrets *search, mark string) string {
	v.t.Helper()
	found := secrets.scan(v.t, mark)
	if len(found.traces) > 0 {
		v.t.Errorf("%s: found %s", when, found)
	}
	return found.String()
}

// closeTab closes the tab and waits until its renderer has ended.
func (v *visit) closeTab(mark string) {
	v.t.Helper()
	renderers := func() []process {
		return slices.DeleteFunc(browserProcesses(v.t, mark), func(p process) bool { return p.kind != "renderer" })
	}
	before := renderers()
	v.do(v.page.Context().Close())
	eventually(v.t, 20*time.Second, "the renderer of the closed tab ends", func() bool {
		now := renderers()
		return slices.ContainsFunc(before, func(p process) bool { return !slices.Contains(now, p) })
	})
}

// passHalts lets a job go by that ends in a question.
func (v *visit) passHalts(code string) {
	v.t.Helper()
	for range 2 {
		if h := v.hear(time.Minute, `(x) => JSON.stringify(x)`); !strings.Contains(h, code) {
			v.t.Fatalf("the worker stopped with %s; expected: %s", h, code)
		}
		v.goOn()
	}
}

// workerAsItIs does a whole import with the worker's script as the console serves it. The ciphertext that the page posts
// tells what to look for.
func workerAsItIs(t *testing.T, p *program, mark string) {
	const algorithm = "RSAES_OAEP_SHA_256"
	v := p.open(t, look{}, "/")
	v.expect("the server responded with a status of 400")
	v.ownWrappingKey()
	v.chooseCMK(seeded[0])
	v.getParameters(algorithm)
	v.generate()
	v.send(seeded[0])
	v.fault("InvalidKeyMaterial")
	v.mustEnd()
	var sent struct{ EncryptedKeyMaterial string }
	if err := json.Unmarshal(v.posted("ImportKeyMaterial")[0], &sent); err != nil {
		t.Fatal(err)
	}
	found := v.mustFindNothing("after the import", secretsOf(opened(t, algorithm, sent.EncryptedKeyMaterial)), mark)
	findings.add(findings.about("Memory"), "generated, with the worker's script unchanged", algorithm, "", "after the import was sent: "+found, "")
}
