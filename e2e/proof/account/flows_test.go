package account

import (
	"encoding/base64"
	"encoding/hex"
	"os"
	"slices"
	"strings"

	"filippo.io/age"

	"keyferry/e2e/program"
	"keyferry/e2e/proof/monitor"
	"keyferry/e2e/proof/reference"
	"keyferry/server/localkms"
)

// flow is a way through the product. A new one needs a line in this table and a function.
type flow struct {
	name  string
	walk  func(*monitor.Journey, *record)
	short bool // whether the short form of the proof has it
	once  bool // whether it has no second run there
}

// flows have each source and each protection with each algorithm at least once. So do those of the
// short form, where the recipients are post-quantum ones.
var flows = []flow{
	{name: "generate, passphrase, OAEP SHA-256", walk: generated(reference.OAEPSHA256, offered), short: true, once: true},
	{name: "generate, passphrase, PKCS#1 v1.5", walk: generated(reference.PKCS1v15, offered)},
	{name: "generate, typed passphrase, OAEP SHA-1", walk: generated(reference.OAEPSHA1, typed)},
	{name: "generate, X25519 recipients", walk: generated(reference.OAEPSHA1, recipients(false))},
	{name: "generate, post-quantum recipients", walk: generated(reference.OAEPSHA256, recipients(true))},
	{name: "file raw, typed passphrase", walk: brought("file", "", typed, reference.OAEPSHA1), short: true, once: true},
	{name: "file raw, elsewhere", walk: brought("file", "", elsewhere, reference.OAEPSHA256)},
	{name: "file hexadecimal, X25519 recipients", walk: brought("file", "hex", recipients(false), reference.PKCS1v15)},
	{name: "file base64, passphrase", walk: brought("file", "base64", offered, reference.OAEPSHA1)},
	{name: "components, elsewhere", walk: fed(elsewhere, reference.PKCS1v15), short: true},
	{name: "components, passphrase", walk: fed(offered, reference.OAEPSHA256)},
	{name: "backup with identity, post-quantum recipients", walk: brought("backup", "", recipients(true), reference.OAEPSHA256), short: true, once: true},
	{name: "refused by the KMS", walk: refused},
	{name: "again after a lost answer", walk: lostAnswer},
	{name: "with an expiry and a calendar", walk: withCalendar},
	{name: "at the desk, as the console serves it", walk: atDesk("/en/desk")},
	{name: "at the desk, as a file", walk: atDeskFile(nil)},
	{name: "cancelled while the key was examined", walk: cancelled},
	{name: "in Chinese and dark, chosen on the page", walk: choices},
	{name: "two CMKs, generated, passphrase", walk: manyCMKs, short: true, once: true},
	{name: "an import file, on the page for many", walk: broughtBack},
	{name: "a backup is checked against a receipt", walk: checked},
	{name: "imported again from a backup and a receipt", walk: reimported},
}

// protection chooses how a key is kept, prepares it, and proves the backup where there is one.
type protection func(j *monitor.Journey, r *record, prepare func())

func offered(j *monitor.Journey, r *record, prepare func()) {
	r.Given.Protection = "passphrase"
	passphrase := j.OfferedPassphrase()
	j.Hide("passphrase", []byte(passphrase), "page", "messages")
	prepare()
	prove(j, r, passphrase)
}

// typedPassphrase has no eight letters that other texts may have too.
const typedPassphrase = "nine-brisk-otters-polish-a-granite-gong"

func typed(j *monitor.Journey, r *record, prepare func()) {
	r.Given.Protection, r.Given.Typed = "passphrase", typedPassphrase
	j.Hide("passphrase", []byte(typedPassphrase), "page", "messages")
	j.Do(j.Page.Locator("#passphrase").Fill(typedPassphrase))
	r.Given.Jobs = append(r.Given.Jobs, "strength")
	prepare()
	prove(j, r, typedPassphrase)
}

// recipients are two of one kind.
func recipients(hybrid bool) protection {
	return func(j *monitor.Journey, r *record, prepare func()) {
		r.Given.Protection = "recipients"
		var lines []string
		var secret string
		for range 2 {
			recipient, identity, err := newIdentity(hybrid)
			j.Do(err)
			lines, secret = append(lines, recipient), identity
		}
		r.Given.Recipients, r.Given.Proof = strings.Join(lines, "\n"), secret
		j.Hide("identity", secretPart(secret), "page", "messages")
		j.Do(j.Page.Locator("#protection-recipients").Check())
		j.Do(j.Page.Locator("#recipients").Fill(r.Given.Recipients))
		prepare()
		prove(j, r, secret)
	}
}

// secretPart is an identity without the beginning that all of its kind share.
func secretPart(identity string) []byte {
	return []byte(identity[strings.LastIndexByte(identity, '1')+1:])
}

func newIdentity(hybrid bool) (recipient, identity string, err error) {
	if hybrid {
		key, err := age.GenerateHybridIdentity()
		if err != nil {
			return "", "", err
		}
		return key.Recipient().String(), key.String(), nil
	}
	key, err := age.GenerateX25519Identity()
	if err != nil {
		return "", "", err
	}
	return key.Recipient().String(), key.String(), nil
}

func elsewhere(j *monitor.Journey, r *record, prepare func()) {
	r.Given.Protection = "elsewhere"
	j.Elsewhere()
	prepare()
	j.ToImport()
}

// prove saves the backup, opens it on the page, and goes on to step 4.
func prove(j *monitor.Journey, r *record, secret string) {
	file := j.SaveBackup()
	content, err := os.ReadFile(file)
	j.Do(err)
	j.Run.Keep("downloads", "backup", content)
	j.ProveBackup(file, secret)
	r.Given.Jobs = append(r.Given.Jobs, "check")
}

// toMaterial goes on to step 3.
func toMaterial(j *monitor.Journey, r *record, algorithm, source string) {
	j.ToMaterial(algorithm)
	r.Given.Algorithm, r.Given.Source = algorithm, source
	r.Given.Jobs, r.Given.Calls = []string{"inspect", "passphrase"}, []string{"GetParametersForImport"}
}

// finish imports, and saves the receipt.
func finish(j *monitor.Journey, r *record) {
	r.Given.Calls = append(r.Given.Calls, "ImportKeyMaterial")
	r.Given.Receipt = true
	j.Finish()
}

func prepares(r *record) { r.Given.Jobs = append(r.Given.Jobs, "prepare") }

func generated(algorithm string, protect protection) func(*monitor.Journey, *record) {
	return func(j *monitor.Journey, r *record) {
		toMaterial(j, r, algorithm, "generate")
		protect(j, r, func() {
			prepares(r)
			j.Press(j.Words.Material.Prepare)
		})
		finish(j, r)
	}
}

// brought imports a key that the person has in a file, plain or as a backup.
func brought(source, kind string, protect protection, algorithm string) func(*monitor.Journey, *record) {
	return func(j *monitor.Journey, r *record) {
		bring(j, r, source, kind, protect, algorithm)
		finish(j, r)
	}
}

func bring(j *monitor.Journey, r *record, source, kind string, protect protection, algorithm string) {
	toMaterial(j, r, algorithm, source)
	key := program.Fresh(j.T)
	j.Hide("key", key[:])
	r.Given.Key, r.Given.Kind = key[:], kind
	j.Source(source)
	switch {
	case source == "backup":
		sealed, secret := seal(j, key[:])
		r.Given.File, r.Given.Secret = sealed, secret
		j.Hide("identity of the source", secretPart(secret), "page", "messages")
		j.Attach("source-age", "key.age", sealed)
		j.Typed("source-secret", secret)
	case kind == "hex":
		r.Given.File = []byte(hex.EncodeToString(key[:]))
	case kind == "base64":
		r.Given.File = []byte(base64.StdEncoding.EncodeToString(key[:]))
	default:
		r.Given.File = key[:]
	}
	if source == "file" {
		j.Attach("key-file", "key.bin", r.Given.File)
	}
	protect(j, r, func() {
		prepares(r)
		j.Brought()
		if kind != "" { // the page asks whether the text is meant, and the worker comes again
			j.See("[data-part=confirm]", map[string]string{"hex": j.Words.Material.ConfirmHex, "base64": j.Words.Material.ConfirmBase64}[kind])
			j.Look("asked")
			prepares(r)
			j.Press(j.Words.Material.Confirm)
		}
	})
}

// seal is an age file of a key, and the identity that opens it.
func seal(j *monitor.Journey, key []byte) ([]byte, string) {
	identity, err := age.GenerateX25519Identity()
	j.Do(err)
	var sealed strings.Builder
	w, err := age.Encrypt(&sealed, identity.Recipient())
	j.Do(err)
	_, err = w.Write(key)
	j.Do(err)
	j.Do(w.Close())
	return []byte(sealed.String()), identity.String()
}

// fed imports a key that comes in three components.
func fed(protect protection, algorithm string) func(*monitor.Journey, *record) {
	return func(j *monitor.Journey, r *record) {
		toMaterial(j, r, algorithm, "components")
		j.Source("components")
		prepares(r) // the worker comes with the first component
		sum := make([]byte, 32)
		for i, name := range []string{"component 1", "component 2", "component 3"} {
			part := program.Fresh(j.T)
			j.Hide(name, part[:], "page", "messages")
			kcv, err := reference.CheckValue(part[:])
			j.Do(err)
			r.Given.Components, r.Given.KCVs = append(r.Given.Components, hex.EncodeToString(part[:])), append(r.Given.KCVs, kcv)
			for at := range sum {
				sum[at] ^= part[at]
			}
			if i > 0 {
				j.Hide("sum up to "+name, slices.Clone(sum))
			}
			j.Typed("component", hex.EncodeToString(part[:]))
			j.Typed("component-kcv", kcv)
			j.Press(j.Words.Material.AddComponent)
			j.Until("taking a component", func() bool {
				left, err := j.Page.Locator("#component").InputValue()
				return err == nil && left == ""
			})
			j.Look("with " + name)
		}
		j.Hide("key", sum)
		protect(j, r, j.Brought)
		finish(j, r)
	}
}

func refused(j *monitor.Journey, r *record) {
	defer j.Program.ClearFaults(j.T)
	bring(j, r, "file", "", elsewhere, reference.OAEPSHA256)
	j.Program.Fault(j.T, localkms.Fault{Kind: localkms.FaultError, Action: "ImportKeyMaterial"})
	r.Given.Calls = append(r.Given.Calls, "ImportKeyMaterial InternalFailure")
	j.Send(j.Key)
	j.See(".notice.error code[data-fill=code]", "InternalFailure")
}

func lostAnswer(j *monitor.Journey, r *record) {
	toMaterial(j, r, reference.OAEPSHA256, "generate")
	offered(j, r, func() {
		prepares(r)
		j.Press(j.Words.Material.Prepare)
	})
	j.Program.Fault(j.T, localkms.Fault{Kind: localkms.FaultCutAfter, Action: "ImportKeyMaterial"})
	r.Given.Calls = append(r.Given.Calls, "ImportKeyMaterial Console.KMSOutcomeUnknown", "ImportKeyMaterial")
	j.Send(j.Key)
	j.See(".notice.error code[data-fill=code]", "Console.KMSOutcomeUnknown")
	j.Look("after the lost answer")
	j.Program.ClearFaults(j.T)
	j.Press(j.Words.Import.TryAgain)
	j.Imported(j.Key)
	j.Arrived()
	r.Given.Receipt = true
	j.Download("[data-link=receipt]")
}
