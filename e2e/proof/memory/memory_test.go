package memory

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

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
	"keyferry/e2e/proof"
	"keyferry/wasm/custody"
	"keyferry/wasm/keywrap"
	"keyferry/wasm/keywrap/keywraptest"
)

// memorySource is a way to bring key material, as far as pressing the button.
type memorySource struct {
	name  string
	bring func(v *browser.Visit, want keywrap.Material) (typed *search)
	asks  string // the question that the page asks first; empty means none
}

// generated is the source that the person brings nothing for.
const generated = "generated"

// memorySources are the sources of key material. What a person has to type is a field of the page,
// which is another matter than the key: it is looked for apart.
var memorySources = []memorySource{
	{name: generated, bring: func(v *browser.Visit, _ keywrap.Material) *search {
		v.Press(v.Words.Material.Prepare)
		return nil
	}},
	{name: "file, raw", bring: func(v *browser.Visit, want keywrap.Material) *search {
		return bringFile(v, want[:])
	}},
	{name: "file, hexadecimal", asks: "confirm_hex", bring: func(v *browser.Visit, want keywrap.Material) *search {
		return bringFile(v, []byte(hex.EncodeToString(want[:])))
	}},
	{name: "components", bring: func(v *browser.Visit, want keywrap.Material) *search {
		typed := newSearch()
		v.Source("components")
		v.Elsewhere()
		first := program.Fresh(v.T)
		second := want
		for i := range second {
			second[i] ^= first[i]
		}
		for i, part := range []keywrap.Material{first, second} {
			typed.addSecret("component", part[:])
			typeInto(v, "#component", hex.EncodeToString(part[:]))
			typeInto(v, "#component-kcv", custody.CheckValue(&part).String())
			v.Press(v.Words.Material.AddComponent)
			v.See(fmt.Sprintf("[data-part=accepted] li >> nth=%d", i), "CMAC")
		}
		v.Brought()
		return typed
	}},
	{name: "backup", bring: func(v *browser.Visit, want keywrap.Material) *search {
		const passphrase = "nine brisk otters polish the granite gong"
		typed := newSearch()
		typed.add("passphrase", []byte(passphrase), 16)
		typed.add("passphrase, UTF-16", wide([]byte(passphrase)), 32)
		v.Source("backup")
		v.File("source-age", program.Kept(v.T, "key.age", sealed(v.T, want, passphrase)))
		typeInto(v, "#source-secret", passphrase)
		v.Elsewhere()
		v.Brought()
		return typed
	}},
}

// typeInto types key by key, so that what remains in memory is what typing leaves and not what the
// test's driver sent.
func typeInto(v *browser.Visit, field, what string) {
	v.T.Helper()
	v.Do(v.Page.Locator(field).PressSequentially(what))
}

func bringFile(v *browser.Visit, content []byte) *search {
	v.Source("file")
	v.File("key-file", program.Kept(v.T, "key.bin", content))
	v.Elsewhere()
	v.Brought()
	return nil
}

// sealed is a backup of key material, made by age itself.
func sealed(t testing.TB, m keywrap.Material, passphrase string) []byte {
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

// relayed is where a page asks a console for import parameters.
const relayed = "**/kms/GetParametersForImport"

var publicKeyField = regexp.MustCompile(`"PublicKey":"[^"]*"`)

// ownWrappingKey gives the page a wrapping key that the test can open, as a dishonest console
// would.
func ownWrappingKey(v *browser.Visit, address string) {
	v.T.Helper()
	v.Alter(address, func(body []byte) []byte {
		return publicKeyField.ReplaceAll(body, []byte(`"PublicKey":"`+keywraptest.PublicKey()+`"`))
	})
}

// opened opens what the page wrapped under the test's key.
func opened(t testing.TB, algorithm, ciphertext string) *keywraptest.Opened {
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

// prepareHeld goes to step 3 with a worker that the test can stop and a wrapping key that it can
// open.
func prepareHeld(p *program.Program, t *testing.T, algorithm string) *browser.Visit {
	t.Helper()
	v := browser.Open(p, t, browser.Look{}, "/")
	v.Expect("the server responded with a status of 400")
	holdWorker(v)
	ownWrappingKey(v, relayed)
	v.ChooseCMK(program.Seeded[0])
	v.GetParameters(algorithm)
	v.OfferedPassphrase()
	return v
}

// mustEnd waits until no worker is left.
func mustEnd(v *browser.Visit) {
	v.T.Helper()
	if !v.NoWorkerLeft() {
		v.T.Error("the worker did not end")
	}
}

// The key, and what it was made of, is in no memory of the browser once the worker has filled its
// memory with zeros: not in the module's when the answer is about to be posted, and not in any
// process, then or after the worker ended.
func TestProofMemory(t *testing.T) {
	mark := browser.OwnBrowser(t)
	p := program.Start(t)
	t.Run("control", func(t *testing.T) {
		controlForms(t, p, mark)
		controlWorker(t, p, mark)
	})
	for i, source := range memorySources {
		for j, algorithm := range browser.Algorithms {
			if i%len(browser.Algorithms) != j && (!*proof.Full || i > 1) {
				continue // wrapping is the same whatever the source: each source meets one algorithm
			}
			t.Run(source.name+"/"+algorithm, func(t *testing.T) {
				searchMemory(prepareHeld(p, t, algorithm), mark, source, algorithm, byConsole)
			})
		}
	}
	if !*proof.Full {
		return
	}
	t.Run("the worker as it is", func(t *testing.T) { workerAsItIs(t, p, mark) })
}

// searchMemory does one job and looks for what it worked on. A key that was generated is sent.
func searchMemory(v *browser.Visit, mark string, source memorySource, algorithm string, by way) {
	v.T.Helper()
	want := program.Fresh(v.T)
	passphrase := v.OfferedPassphrase()
	typed := source.bring(v, want)
	if source.asks != "" {
		passHalts(v, source.asks)
		v.Press(v.Words.Material.Confirm)
	}
	halted(v, "before")
	goOn(v)
	ciphertext := halted(v, "after").Ciphertext
	o := opened(v.T, algorithm, ciphertext)
	if source.name != generated && !bytes.Equal(o.Material, want[:]) {
		v.T.Fatal("the page wrapped other material than the test brought")
	}
	secrets := secretsOf(o)
	linear := mustBeErased(v, secrets)
	held := mustFindNothing(v, "while the worker is held after its zeros", secrets, mark)
	goOn(v)
	if source.name == generated {
		v.Do(v.Page.Locator("[data-part=backup] h3").WaitFor(playwright.LocatorWaitForOptions{Timeout: playwright.Float(browser.Examination)}))
	} else {
		v.ToImport()
	}
	mustEnd(v)
	ended := mustFindNothing(v, "after the worker ended", secrets, mark)
	seen := ""
	if typed != nil {
		seen = typed.scan(v.T, mark).places()
		closeTab(v, mark)
		seen += "; after the tab was closed " + typed.scan(v.T, mark).places()
	}
	if source.name == generated {
		proveHeld(v, mark, secrets, passphrase, by.send)
	}
	proof.Findings.Add(proof.Findings.About("Memory", "source", "algorithm", "the module's memory", "the browser's processes", "what was typed, afterwards"),
		source.name+by.name, algorithm, linear, "scanned clean, then the instance was destroyed: "+held+"; afterwards "+ended, seen)
}

// proveHeld opens the backup on the page, which brings the key into a second worker, and sends the
// import. The KMS refuses it, since the wrapping key was the test's; what was posted is what the
// worker had told.
func proveHeld(v *browser.Visit, mark string, secrets *search, passphrase string, send func(*browser.Visit)) {
	v.T.Helper()
	v.Do(v.Page.Locator("#proof-age").SetInputFiles(v.SaveBackup()))
	v.Do(v.Page.Locator("#proof-secret").Fill(passphrase))
	v.Press(v.Words.Material.ProveButton)
	halted(v, "before")
	goOn(v)
	halted(v, "after")
	mustBeErased(v, secrets)
	mustFindNothing(v, "while the worker that checked the backup is held", secrets, mark)
	goOn(v)
	v.See("[data-part=proven]", v.Words.Material.Proven)
	mustEnd(v)
	send(v)
	mustFindNothing(v, "after the import was sent", secrets, mark)
}

// way is how a page sends to the KMS. The name is added to the source's.
type way struct {
	name string
	send func(*browser.Visit)
}

var byConsole = way{send: sendByConsole}

func sendByConsole(v *browser.Visit) {
	v.T.Helper()
	v.Send(program.Seeded[0])
	v.Fault("InvalidKeyMaterial")
}

// mustBeErased fails unless all of the module's memory is zero and nothing is found in it.
func mustBeErased(v *browser.Visit, secrets *search) string {
	v.T.Helper()
	memory := linearMemory(v)
	mustBeZero(v.T, memory)
	secrets.in(memory, func(at int, name string) { v.T.Errorf("the module's memory holds %s at %d", name, at) })
	return fmt.Sprintf("%d MB, all zero", len(memory)>>20)
}

// mustFindNothing fails if any process of the browser holds a piece of a secret.
func mustFindNothing(v *browser.Visit, when string, secrets *search, mark string) string {
	v.T.Helper()
	found := secrets.scan(v.T, mark)
	if len(found.traces) > 0 {
		v.T.Errorf("%s: found %s", when, found)
	}
	return found.String()
}

// closeTab closes the tab and waits until its renderer has ended.
func closeTab(v *browser.Visit, mark string) {
	v.T.Helper()
	renderers := func() []browser.Process {
		return slices.DeleteFunc(browser.BrowserProcesses(v.T, mark), func(p browser.Process) bool { return p.Kind != "renderer" })
	}
	before := renderers()
	v.Do(v.Page.Context().Close())
	program.Eventually(v.T, 20*time.Second, "the renderer of the closed tab ends", func() bool {
		now := renderers()
		return slices.ContainsFunc(before, func(p browser.Process) bool { return !slices.Contains(now, p) })
	})
}

// passHalts lets a job go by that ends in a question.
func passHalts(v *browser.Visit, code string) {
	v.T.Helper()
	for range 2 {
		if h := hear(v, time.Minute, `(x) => JSON.stringify(x)`); !strings.Contains(h, code) {
			v.T.Fatalf("the worker stopped with %s; expected: %s", h, code)
		}
		goOn(v)
	}
}

// workerAsItIs does a whole import with the worker's script as the console serves it. The
// ciphertext that the page posts tells what to look for.
func workerAsItIs(t *testing.T, p *program.Program, mark string) {
	const algorithm = "RSAES_OAEP_SHA_256"
	v := browser.Open(p, t, browser.Look{}, "/")
	v.Expect("the server responded with a status of 400")
	ownWrappingKey(v, relayed)
	v.ChooseCMK(program.Seeded[0])
	v.GetParameters(algorithm)
	v.Generate()
	v.Send(program.Seeded[0])
	v.Fault("InvalidKeyMaterial")
	mustEnd(v)
	var sent struct{ EncryptedKeyMaterial string }
	if err := json.Unmarshal(v.Posted("ImportKeyMaterial")[0], &sent); err != nil {
		t.Fatal(err)
	}
	found := mustFindNothing(v, "after the import", secretsOf(opened(t, algorithm, sent.EncryptedKeyMaterial)), mark)
	proof.Findings.Add(proof.Findings.About("Memory"), "generated, with the worker's script unchanged", algorithm, "", "after the import was sent: "+found, "")
}
