package account

import (
	"crypto/rand"
	"encoding/hex"
	"strings"

	"github.com/playwright-community/playwright-go"

	"keyferry/components/text"
	"keyferry/e2e/browser"
	"keyferry/e2e/program"
	"keyferry/e2e/proof/monitor"
	"keyferry/e2e/proof/reference"
)

// visit goes to another page, and looks at it before there is a secret.
func visit(j *monitor.Journey, r *record, page string) {
	address := page
	if !strings.HasPrefix(page, "file://") {
		address = "http://" + r.Address + page
	}
	r.settle()
	j.Do(j.Page.Goto(address))
	r.Given.Pages = append(r.Given.Pages, page)
	r.look()
}

// atDesk wraps a generated key for parameters that the person brought, on a page that sends
// nothing.
func atDesk(page string) func(*monitor.Journey, *record) {
	return func(j *monitor.Journey, r *record) {
		visit(j, r, page)
		g := &r.Given
		g.Algorithm, g.Source, g.Receipt = reference.OAEPSHA256, "generate", true
		g.Pasted = j.Program.AnswerOf(j.T, j.Key, g.Algorithm)
		g.Jobs = []string{"inspect", "passphrase"}
		j.DeskCMK(j.Key)
		j.Paste(g.Pasted, g.Algorithm)
		j.HaveRead()
		offered(j, r, func() {
			prepares(r)
			j.Press(j.Words.Material.Prepare)
		})
		j.Look("before the files were made")
		j.Program.ImportFiles(j.T, j.Key, j.TakeAway())
		j.Download("[data-link=receipt]")
	}
}

// atDeskFile does so on the page that a program wrote to a disk; nil is the honest one.
func atDeskFile(write func() string) func(*monitor.Journey, *record) {
	return func(j *monitor.Journey, r *record) {
		file := ""
		if write == nil {
			file = program.WriteDesk(j.T)
		} else {
			file = write()
		}
		r.Given.Before = len(r.Arrivals)
		atDesk(browser.FileAddress(file))(j, r)
	}
}

// cancelled gives a key up while the worker examines it.
func cancelled(j *monitor.Journey, r *record) {
	bring(j, r, "file", "", func(j *monitor.Journey, r *record, prepare func()) {
		r.Given.Protection, r.Given.Cancelled = "elsewhere", true
		j.Elsewhere()
		prepare()
	}, reference.OAEPSHA256)
	form := j.Page.Locator("[data-form=material]")
	j.Do(form.Locator("[data-waiting] progress[value]").WaitFor()) // it examines
	j.Do(form.Locator("[data-act=cancel]").Click())
	j.Fault("cancelled")
}

// choices chooses a theme and a language, and imports a key that is kept elsewhere.
func choices(j *monitor.Journey, r *record) {
	r.settle()
	j.Do(j.Page.Locator("header details.menu summary").Click())
	j.Do(j.Page.Locator("[data-set-theme=dark]").Click())
	j.Do(j.Page.Locator("a[data-set-language=zh-CN]").Click())
	j.Do(j.Page.WaitForURL("**/zh-CN/"))
	j.Do(j.Page.Locator("[data-unready]").First().WaitFor(playwright.LocatorWaitForOptions{State: playwright.WaitForSelectorStateDetached}))
	j.Words = text.Match("zh-CN")
	r.Given.Language, r.Given.Cookies = "zh-CN", []string{"keyferry_theme=dark", "keyferry_language=zh-CN"}
	r.Given.Pages = append(r.Given.Pages, "/zh-CN/")
	r.look()
	brought("file", "", elsewhere, reference.OAEPSHA256)(j, r)
}

// stored is a backup, what opens it, and the receipt of its import, all made by the reference.
func stored(j *monitor.Journey, r *record) (receipt []byte) {
	key, salt := program.Fresh(j.T), make([]byte, 32)
	rand.Read(salt)
	j.Hide("key", key[:])
	sealed, secret := seal(j, key[:])
	j.Hide("identity of the source", secretPart(secret), "page", "messages")
	kcv, err := reference.CheckValue(key[:])
	j.Do(err)
	r.Given.Key, r.Given.File, r.Given.Secret = key[:], sealed, secret
	r.Given.Identity = map[string]string{"kcv": kcv, "commitment": reference.Commitment(salt, key[:]), "salt": hex.EncodeToString(salt)}
	digest := strings.Repeat("0a", 32)
	receipt, err = reference.Receipt{
		Program: "keyferry 1.0.0", ModuleSHA256: digest, KeyId: j.Key, Region: "cn-hangzhou", WrappingAlgorithm: reference.OAEPSHA256,
		WrappingKeySHA256: digest, ImportTokenSHA256: digest, EncryptedKeyMaterialSHA256: digest, KeyCheckValue: kcv,
		Commitment: r.Given.Identity["commitment"], CommitmentSalt: r.Given.Identity["salt"], Origin: "generated",
		PreparedAt: "2026-01-02T03:04:05Z", ImportedAt: "2026-01-02T03:05:06Z",
		ParametersRequestId: "5F2D8B0A-0B1C-4D2E-8F3A-0123456789AB", ImportRequestId: "6F2D8B0A-0B1C-4D2E-8F3A-0123456789AB",
	}.Bytes()
	j.Do(err)
	return receipt
}

// checked opens a backup on the page that compares it with a receipt.
func checked(j *monitor.Journey, r *record) {
	visit(j, r, "/en/check")
	receipt := stored(j, r)
	r.Given.Jobs = []string{"check"}
	j.Attach("check-receipt", "receipt.json", receipt)
	j.Attach("check-age", "key.age", r.Given.File)
	j.Typed("check-secret", r.Given.Secret)
	j.Press(j.Words.Check.Button)
	j.See("[data-part=result] h2", j.Key)
}

// reimported imports a key from a backup that has to be the receipt's.
func reimported(j *monitor.Journey, r *record) {
	visit(j, r, "/en/reimport?KeyId="+j.Key)
	j.Press(j.Words.CMK.Use)
	j.GetParameters(reference.OAEPSHA256)
	r.Given.Algorithm, r.Given.Source, r.Given.Protection = reference.OAEPSHA256, "backup", "elsewhere"
	r.Given.Calls = []string{"GetParametersForImport"}
	r.Given.Jobs = []string{"inspect", "passphrase", "prepare"}
	receipt := stored(j, r)
	j.Attach("source-age", "key.age", r.Given.File)
	j.Typed("source-secret", r.Given.Secret)
	j.Attach("receipt-file", "receipt.json", receipt)
	j.Elsewhere()
	j.Brought()
	j.ToImport()
	finish(j, r)
}
