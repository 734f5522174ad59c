package leaks

import (
	"encoding/base64"
	"encoding/hex"
	"time"

	"github.com/playwright-community/playwright-go"

	"keyferry/components/text"
	"keyferry/e2e/browser"
	"keyferry/e2e/program"
	"keyferry/e2e/proof/monitor"
	"keyferry/server/localkms"
	"keyferry/wasm/custody/backup"
	"keyferry/wasm/keywrap"
)

// flow is a way through the product that the leak search goes. A new one needs a line in this table
// and a function.
type flow struct {
	name string
	part form
	walk func(*monitor.Journey)
}

// form is the part of the proof that has a flow.
type form int

const (
	long      form = iota // in the long form alone
	short                 // in the short form too
	inAccount             // where the account cannot be had, which searches a flow like this one too
)

var flows = []flow{
	{"generate, RSAES_OAEP_SHA_256", short, func(j *monitor.Journey) { j.Generated("RSAES_OAEP_SHA_256") }},
	{"generate, RSAES_OAEP_SHA_1", inAccount, func(j *monitor.Journey) { j.Generated("RSAES_OAEP_SHA_1") }},
	{"generate, RSAES_PKCS1_V1_5", inAccount, func(j *monitor.Journey) { j.Generated("RSAES_PKCS1_V1_5") }},
	{"a file, raw", inAccount, func(j *monitor.Journey) { importFile(j, "RSAES_OAEP_SHA_256", "", func(b []byte) []byte { return b }) }},
	{"a file, hexadecimal", inAccount, func(j *monitor.Journey) {
		importFile(j, "RSAES_OAEP_SHA_1", j.Words.Material.ConfirmHex, func(b []byte) []byte { return []byte(hex.EncodeToString(b)) })
	}},
	{"a file, base64", inAccount, func(j *monitor.Journey) {
		importFile(j, "RSAES_PKCS1_V1_5", j.Words.Material.ConfirmBase64, func(b []byte) []byte { return []byte(base64.StdEncoding.EncodeToString(b)) })
	}},
	{"components", inAccount, importComponents},
	{"an age backup", long, importBackup},
	{"refused by the KMS", inAccount, refused},
	{"again after a lost answer, RSAES_PKCS1_V1_5", short, lostAnswer},
	{"cancelled while it was prepared", inAccount, cancelled},
	{"reloaded before the import", long, reloaded},
	{"back and forward with a component typed", short, wentBack},
	{"tab closed with a component typed", long, closedTyping},
	{"tab closed before the import", long, closedPrepared},
	{"tab crashed with a component taken", short, crashed},
	{"the desk in the console", inAccount, func(j *monitor.Journey) {
		desk(j, j.Program.Console+"/desk", "RSAES_OAEP_SHA_1", func(j *monitor.Journey) { j.Generate() })
	}},
	{"the desk's file, generated", short, func(j *monitor.Journey) {
		desk(j, browser.FileAddress(program.WriteDesk(j.T)), "RSAES_OAEP_SHA_256", func(j *monitor.Journey) { j.Generate() })
	}},
	{"the connected desk's file, by two links", long, func(j *monitor.Journey) { byLink(j, "RSAES_OAEP_SHA_256") }},
	{"the desk's file, a file raw", long, func(j *monitor.Journey) {
		desk(j, browser.FileAddress(program.WriteDesk(j.T)), "RSAES_PKCS1_V1_5", bringRaw)
	}},
	{"imported again from backup and receipt", inAccount, importedAgain},
}

func importFile(j *monitor.Journey, algorithm, question string, encode func([]byte) []byte) {
	j.ToMaterial(algorithm)
	j.Bring(encode)
	if question != "" {
		j.See("[data-part=confirm]", question)
		j.Look("asked")
		j.Press(j.Words.Material.Confirm)
	}
	j.ToImport()
	j.Finish()
}

// desk takes a key through the desk at an address, and its files to the KMS by the vendor's SDK, on
// another way than the browser's.
func desk(j *monitor.Journey, address, algorithm string, material func(*monitor.Journey)) {
	j.ByFiles = true
	j.Do(j.Page.Goto(address))
	j.DeskCMK(j.Key)
	j.Paste(j.Program.AnswerOf(j.T, j.Key, algorithm), algorithm)
	j.HaveRead()
	material(j)
	j.Look("before the files were made")
	j.Program.ImportFiles(j.T, j.Key, j.TakeAway())
	j.Download("[data-link=receipt]")
	j.Look("with the files made")
	j.Arrived()
}

// byLink takes a key through a connected desk.
func byLink(j *monitor.Journey, algorithm string) {
	j.ByLinks(program.WriteConnectedDesk(j.T, j.Run.KMS()), algorithm)
	j.AcceptedByKMS(j.Key)
}

func bringRaw(j *monitor.Journey) {
	j.Bring(func(b []byte) []byte { return b })
	j.ToImport()
}

func importComponents(j *monitor.Journey) {
	j.ToMaterial("RSAES_OAEP_SHA_256")
	j.Source("components")
	var key keywrap.Material
	for _, name := range []string{"component 1", "component 2", "component 3"} {
		for i, b := range j.AddComponent(name) {
			key[i] ^= b
		}
		j.Look("with " + name)
	}
	j.Hide("key", key[:])
	j.Elsewhere()
	j.Brought()
	j.ToImport()
	j.Finish()
}

func importBackup(j *monitor.Journey) {
	key := program.Fresh(j.T)
	j.Hide("key", key[:])
	const passphrase = "nine-brisk-otters-polish-a-granite-gong"
	sealed, err := backup.Make(&key, backup.To{Passphrase: []byte(passphrase), WorkFactor: 15})
	j.Do(err)
	j.ToMaterial("RSAES_OAEP_SHA_256")
	j.Source("backup")
	j.Attach("source-age", "key.age", sealed)
	j.Typed("source-secret", passphrase)
	j.Elsewhere()
	j.Brought()
	j.ToImport()
	j.Finish()
}

func refused(j *monitor.Journey) {
	defer j.Program.ClearFaults(j.T)
	j.ToMaterial("RSAES_OAEP_SHA_256")
	j.Bring(func(b []byte) []byte { return b })
	j.ToImport()
	j.Program.Fault(j.T, localkms.Fault{Kind: localkms.FaultError, Action: "ImportKeyMaterial"})
	j.Send(j.Key)
	j.See(".notice.error code[data-fill=code]", "InternalFailure")
	j.Look("refused")
}

func lostAnswer(j *monitor.Journey) {
	j.ToMaterial("RSAES_PKCS1_V1_5")
	j.Generate()
	j.Program.Fault(j.T, localkms.Fault{Kind: localkms.FaultCutAfter, Action: "ImportKeyMaterial"})
	j.Send(j.Key)
	j.See(".notice.error code[data-fill=code]", "Console.KMSOutcomeUnknown")
	j.Program.ClearFaults(j.T)
	j.Look("after the lost answer")
	j.Press(j.Words.Import.TryAgain)
	j.Imported(j.Key)
	j.Arrived()
}

func cancelled(j *monitor.Journey) {
	j.ToMaterial("RSAES_OAEP_SHA_256")
	j.Bring(func(b []byte) []byte { return b })
	j.Press(j.Words.Import.Cancel)
	j.Shows(".notice.error", "[data-form=send]")
	j.Look("cancelled")
}

func reloaded(j *monitor.Journey) {
	j.ToMaterial("RSAES_OAEP_SHA_256")
	j.Bring(func(b []byte) []byte { return b })
	j.ToImport()
	j.Do(j.Page.Reload())
	j.See("[data-step=cmk]", j.Words.CMK.Title)
}

// wentBack leaves with a component typed and returns: the browser may keep what fields held, in
// memory or on disk.
func wentBack(j *monitor.Journey) {
	j.Do(j.Page.Goto(j.Program.Console + "/proof"))
	j.Do(j.Page.Goto(j.Program.Console + "/"))
	j.ToMaterial("RSAES_OAEP_SHA_256")
	j.Source("components")
	j.Component("component 1")
	time.Sleep(time.Second) // a browser writes down the state of a page after a while
	j.Do(j.Page.GoBack())
	j.Look("gone back")
	j.Do(j.Page.GoForward())
	j.Look("gone forward")
}

func closedTyping(j *monitor.Journey) {
	j.ToMaterial("RSAES_OAEP_SHA_256")
	j.Source("components")
	j.AddComponent("component 1")
	j.Component("component 2")
	time.Sleep(time.Second)
	j.Do(j.Page.Close(playwright.PageCloseOptions{RunBeforeUnload: playwright.Bool(false)}))
}

func closedPrepared(j *monitor.Journey) {
	j.ToMaterial("RSAES_OAEP_SHA_256")
	j.Bring(func(b []byte) []byte { return b })
	j.ToImport()
	j.Do(j.Page.Close())
}

// crashed lets the tab die while a worker holds a component, and so what a crash leaves on disk be
// searched.
func crashed(j *monitor.Journey) {
	j.ToMaterial("RSAES_OAEP_SHA_256")
	j.Source("components")
	j.AddComponent("component 1")
	dead := make(chan bool, 1)
	j.Page.OnCrash(func(playwright.Page) { dead <- true })
	go j.Page.Goto("chrome://crash") // which never answers
	select {
	case <-dead:
	case <-time.After(30 * time.Second):
		j.T.Fatal("the tab did not crash")
	}
	j.Do(j.Page.Close())
}

// importedAgain imports twice: the second time from what the first one left the person with.
func importedAgain(j *monitor.Journey) {
	j.ToMaterial("RSAES_OAEP_SHA_256")
	passphrase := j.OfferedPassphrase()
	j.Press(j.Words.Material.Prepare)
	saved := j.SaveBackup()
	j.ProveBackup(saved, passphrase)
	j.Send(j.Key)
	j.Imported(j.Key)
	receipt := j.Download("[data-link=receipt]")
	j.Arrived()
	j.Do(j.Page.Goto(j.Program.Console + "/check"))
	j.File("check-receipt", receipt)
	j.File("check-age", saved)
	j.Do(j.Page.Locator("#check-secret").Fill(passphrase))
	j.Press(j.Words.Check.Button)
	j.See("[data-part=result] h2", j.Key)
	j.Do(j.Page.Goto(j.Program.Console + "/reimport?KeyId=" + j.Key))
	j.Reimport(receipt, saved, passphrase)
	j.ToImport()
	j.Send(j.Key)
	j.See("[data-part=result]", text.Fill(j.Words.Result.Enabled, "cmk", j.Key))
	j.Arrived()
}
