package e2e

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"time"

	"github.com/playwright-community/playwright-go"

	"keyferry/components/text"
	"keyferry/server/localkms"
	"keyferry/wasm/custody"
	"keyferry/wasm/custody/backup"
	"keyferry/wasm/keywrap"
)

// flow is a way through the product that the leak search goes. A new one needs a line in this table and a function.
type flow struct {
	name  string
	short bool // whether the short form of the proof has it
	walk  func(*journey)
}

var flows = []flow{
	{"generate, RSAES_OAEP_SHA_256", true, func(j *journey) { j.generated("RSAES_OAEP_SHA_256") }},
	{"generate, RSAES_OAEP_SHA_1", false, func(j *journey) { j.generated("RSAES_OAEP_SHA_1") }},
	{"generate, RSAES_PKCS1_V1_5", true, func(j *journey) { j.generated("RSAES_PKCS1_V1_5") }},
	{"a file, raw", true, func(j *journey) { j.importFile("RSAES_OAEP_SHA_256", "", func(b []byte) []byte { return b }) }},
	{"a file, hexadecimal", false, func(j *journey) {
		j.importFile("RSAES_OAEP_SHA_1", j.words.Material.ConfirmHex, func(b []byte) []byte { return []byte(hex.EncodeToString(b)) })
	}},
	{"a file, base64", false, func(j *journey) {
		j.importFile("RSAES_PKCS1_V1_5", j.words.Material.ConfirmBase64, func(b []byte) []byte { return []byte(base64.StdEncoding.EncodeToString(b)) })
	}},
	{"components", true, (*journey).importComponents},
	{"an age backup", true, (*journey).importBackup},
	{"refused by the KMS", false, (*journey).refused},
	{"again after a lost answer", true, (*journey).lostAnswer},
	{"cancelled while it was prepared", false, (*journey).cancelled},
	{"reloaded before the import", true, (*journey).reloaded},
	{"back and forward with a component typed", true, (*journey).wentBack},
	{"tab closed with a component typed", false, (*journey).closedTyping},
	{"tab closed before the import", false, (*journey).closedPrepared},
	{"tab crashed with a component taken", true, (*journey).crashed},
	{"the desk in the console", false, func(j *journey) {
		j.desk(j.program.console+"/desk", "RSAES_OAEP_SHA_1", func(j *journey) { j.generate() })
	}},
	{"the desk's file, generated", true, func(j *journey) {
		j.desk(fileAddress(writeDesk(j.t)), "RSAES_OAEP_SHA_256", func(j *journey) { j.generate() })
	}},
	{"the desk's file, a file raw", false, func(j *journey) { j.desk(fileAddress(writeDesk(j.t)), "RSAES_PKCS1_V1_5", (*journey).bringRaw) }},
	{"imported again from backup and receipt", false, (*journey).importedAgain},
}

// toMaterial goes on to step 3 with an algorithm.
func (j *journey) toMaterial(algorithm string) {
	j.t.Helper()
	j.chooseCMK(j.key)
	j.getParameters(algorithm)
	j.offeredPassphrase()
}

// finish imports what is prepared, and takes from the KMS what arrived.
func (j *journey) finish() {
	j.t.Helper()
	j.look("before the import")
	j.send(j.key)
	j.imported(j.key)
	j.download("[data-link=receipt]")
	j.arrived()
}

func (j *journey) generated(algorithm string) {
	j.toMaterial(algorithm)
	j.generate()
	j.finish()
}

// bring gives a key of the person's own to the page, in a file.
func (j *journey) bring(encode func([]byte) []byte) {
	j.t.Helper()
	key := fresh(j.t)
	j.hide("key", key[:])
	j.source("file")
	j.attach("key-file", "key.bin", encode(key[:]))
	j.elsewhere()
	j.brought()
}

func (j *journey) importFile(algorithm, question string, encode func([]byte) []byte) {
	j.toMaterial(algorithm)
	j.bring(encode)
	if question != "" {
		j.see("[data-part=confirm]", question)
		j.look("asked")
		j.press(j.words.Material.Confirm)
	}
	j.toImport()
	j.finish()
}

// desk takes a key through the desk at an address, and its files to the KMS by the vendor's SDK, on another way than the
// browser's.
func (j *journey) desk(address, algorithm string, material func(*journey)) {
	j.byFiles = true
	j.do(j.page.Goto(address))
	j.deskCMK(j.key)
	j.paste(j.program.answerOf(j.t, j.key, algorithm), algorithm)
	j.haveRead()
	material(j)
	j.look("before the files were made")
	j.program.importFiles(j.t, j.key, j.takeAway())
	j.download("[data-link=receipt]")
	j.look("with the files made")
	j.arrived()
}

func (j *journey) bringRaw() {
	j.bring(func(b []byte) []byte { return b })
	j.toImport()
}

// component types one component of a key. It stands in its field while it is typed, and goes to the worker; it must not
// get anywhere else. Every way to write the 32 bytes counts, and the digits as they were typed are one of them.
func (j *journey) component(name string) keywrap.Material {
	j.t.Helper()
	part := fresh(j.t)
	j.hide(name, part[:], "page", "messages")
	j.typed("component", hex.EncodeToString(part[:]))
	j.typed("component-kcv", custody.CheckValue(&part).String())
	return part
}

func (j *journey) addComponent(name string) keywrap.Material {
	j.t.Helper()
	part := j.component(name)
	j.press(j.words.Material.AddComponent)
	j.until("taking a component", func() bool {
		left, err := j.page.Locator("#component").InputValue()
		return err == nil && left == ""
	})
	return part
}

func (j *journey) importComponents() {
	j.toMaterial("RSAES_OAEP_SHA_256")
	j.source("components")
	var key keywrap.Material
	for _, name := range []string{"component 1", "component 2", "component 3"} {
		for i, b := range j.addComponent(name) {
			key[i] ^= b
		}
		j.look("with " + name)
	}
	j.hide("key", key[:])
	j.elsewhere()
	j.brought()
	j.toImport()
	j.finish()
}

func (j *journey) importBackup() {
	key := fresh(j.t)
	j.hide("key", key[:])
	const passphrase = "nine brisk otters polish the granite gong"
	sealed, err := backup.Make(&key, backup.To{Passphrase: []byte(passphrase), WorkFactor: 15})
	j.do(err)
	j.toMaterial("RSAES_OAEP_SHA_256")
	j.source("backup")
	j.attach("source-age", "key.age", sealed)
	j.typed("source-secret", passphrase)
	j.elsewhere()
	j.brought()
	j.toImport()
	j.finish()
}

func (j *journey) refused() {
	defer j.program.clearFaults(j.t)
	j.toMaterial("RSAES_OAEP_SHA_256")
	j.bring(func(b []byte) []byte { return b })
	j.toImport()
	j.program.fault(j.t, localkms.Fault{Kind: localkms.FaultError, Action: "ImportKeyMaterial"})
	j.send(j.key)
	j.see(".notice.error code[data-fill=code]", "InternalFailure")
	j.look("refused")
}

func (j *journey) lostAnswer() {
	j.toMaterial("RSAES_OAEP_SHA_256")
	j.generate()
	j.program.fault(j.t, localkms.Fault{Kind: localkms.FaultCutAfter, Action: "ImportKeyMaterial"})
	j.send(j.key)
	j.see(".notice.error code[data-fill=code]", "Console.KMSOutcomeUnknown")
	j.program.clearFaults(j.t)
	j.look("after the lost answer")
	j.press(j.words.Import.TryAgain)
	j.imported(j.key)
	j.arrived()
}

func (j *journey) cancelled() {
	j.toMaterial("RSAES_OAEP_SHA_256")
	j.bring(func(b []byte) []byte { return b })
	j.press(j.words.Import.Cancel)
	j.until("the end of the job", func() bool { return j.visible(".notice.error") || j.visible("[data-part=backup] h3") })
	j.look("cancelled")
}

func (j *journey) reloaded() {
	j.toMaterial("RSAES_OAEP_SHA_256")
	j.bring(func(b []byte) []byte { return b })
	j.toImport()
	j.do(j.page.Reload())
	j.see("[data-step=cmk]", j.words.CMK.Title)
}

// wentBack leaves with a component typed and returns: the browser may keep what fields held, in memory or on disk.
func (j *journey) wentBack() {
	j.do(j.page.Goto(j.program.console + "/proof"))
	j.do(j.page.Goto(j.program.console + "/"))
	j.toMaterial("RSAES_OAEP_SHA_256")
	j.source("components")
	j.component("component 1")
	time.Sleep(time.Second) // a browser writes down the state of a page after a while
	j.do(j.page.GoBack())
	j.look("gone back")
	j.do(j.page.GoForward())
	j.look("gone forward")
}

func (j *journey) closedTyping() {
	j.toMaterial("RSAES_OAEP_SHA_256")
	j.source("components")
	j.addComponent("component 1")
	j.component("component 2")
	time.Sleep(time.Second)
	j.do(j.page.Close(playwright.PageCloseOptions{RunBeforeUnload: playwright.Bool(false)}))
}

func (j *journey) closedPrepared() {
	j.toMaterial("RSAES_OAEP_SHA_256")
	j.bring(func(b []byte) []byte { return b })
	j.toImport()
	j.do(j.page.Close())
}

// crashed lets the tab die while a worker holds a component, and so what a crash leaves on disk be searched.
func (j *journey) crashed() {
	j.toMaterial("RSAES_OAEP_SHA_256")
	j.source("components")
	j.addComponent("component 1")
	dead := make(chan bool, 1)
	j.page.OnCrash(func(playwright.Page) { dead <- true })
	go j.page.Goto("chrome://crash") // which never answers
	select {
	case <-dead:
	case <-time.After(30 * time.Second):
		j.t.Fatal("the tab did not crash")
	}
	j.do(j.page.Close())
}

// importedAgain imports twice: the second time from what the first one left the person with.
func (j *journey) importedAgain() {
	j.toMaterial("RSAES_OAEP_SHA_256")
	passphrase := j.offeredPassphrase()
	j.press(j.words.Material.Prepare)
	saved := j.saveBackup()
	j.proveBackup(saved, passphrase)
	j.send(j.key)
	j.imported(j.key)
	receipt := j.download("[data-link=receipt]")
	j.arrived()
	j.do(j.page.Goto(j.program.console + "/check"))
	j.file("check-receipt", receipt)
	j.file("check-age", saved)
	j.do(j.page.Locator("#check-secret").Fill(passphrase))
	j.press(j.words.Check.Button)
	j.see("[data-part=result] h2", j.key)
	j.do(j.page.Goto(j.program.console + "/reimport?KeyId=" + j.key))
	j.reimport(receipt, saved, passphrase)
	j.toImport()
	j.send(j.key)
	j.see("[data-part=result]", text.Fill(j.words.Result.Enabled, "cmk", j.key))
	j.arrived()
}

// mustBeWalledIn attacks from inside a worker that holds key material: nothing but the modules can be reached.
func (j *journey) mustBeWalledIn() {
	j.t.Helper()
	workers := j.page.Workers()
	if len(workers) != 1 {
		j.t.Fatalf("there are %d workers, want the one that is being fed", len(workers))
	}
	for name, attack := range map[string]string{
		"fetch":         `fetch("/healthz?worker").then(() => true, () => false)`,
		"fetch outside": `fetch("` + j.h.reader + `/?worker", { mode: "no-cors" }).then(() => true, () => false)`,
		"WebSocket":     `new Promise((end) => { const s = new WebSocket("ws" + "` + strings.TrimPrefix(j.h.reader, "http") + `"); s.onopen = () => end(true); s.onerror = () => end(false) }).catch(() => false)`,
		"EventSource":   `new Promise((end) => { const s = new EventSource("/healthz?worker"); s.onopen = () => end(true); s.onerror = () => { s.close(); end(false) } }).catch(() => false)`,
		"import":        `import("` + j.h.reader + `/other.js?worker").then(() => true, () => false)`,
		// Later, because the inspector's own code may use eval whatever the policy says.
		"eval":   `new Promise((end) => setTimeout(() => { try { end((0, eval)("true")) } catch { end(false) } }))`,
		"worker": `(() => { try { new Worker("/static/other.js?worker"); return true } catch { return false } })()`,
	} {
		through, err := workers[0].Evaluate(attack)
		if err != nil {
			j.t.Fatalf("attacking by %s: %v", name, err)
		}
		if through != false {
			j.alarm("policy", "the worker got through by "+name)
		}
	}
}
