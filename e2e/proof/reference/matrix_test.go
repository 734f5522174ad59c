package reference_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"filippo.io/age"

	"keyferry/e2e/proof"
	"keyferry/e2e/proof/reference"
)

const (
	keyID = "key-hzz1234567890"
	date  = "2026-01-02"
)

// recipients are those of the tests, and identities what opens their backups.
type parties struct {
	classic, hybrid []string
	identities      []age.Identity
}

func newParties(t *testing.T) *parties {
	t.Helper()
	p := &parties{}
	for range 2 {
		classic, err := age.GenerateX25519Identity()
		if err != nil {
			t.Fatal(err)
		}
		hybrid, err := age.GenerateHybridIdentity()
		if err != nil {
			t.Fatal(err)
		}
		p.classic, p.hybrid = append(p.classic, classic.Recipient().String()), append(p.hybrid, hybrid.Recipient().String())
		p.identities = append(p.identities, classic, hybrid)
	}
	return p
}

// sources and protections are the ways to bring a key and to keep it.
var (
	sources     = []string{"generate", "raw", "hex", "base64", "components", "backup"}
	protections = []string{"passphrase", "classic", "hybrid", "elsewhere"}
	algorithms  = []string{reference.OAEPSHA256, reference.OAEPSHA1, reference.PKCS1v15}
)

// single is one way through the module: what the worker is told, and what the reference is.
type single struct {
	name string
	run  run
	in   reference.Import
}

// among holds for what the short forms have. The forms of a file, and backups, are examined alike.
// With -short each algorithm and each way to keep a generated key occurs.
func among(source, protection, algorithm int) bool {
	if testing.Short() {
		return protection == algorithm && sources[source] == "generate"
	}
	alike := source == 2 || source == 3 || source == 5
	return (source+algorithm)%4 == protection && (!alike || source%3 == algorithm)
}

// TestModule predicts every byte of what the shipped module answers: for every source, algorithm
// and protection in the long form of the proof. In make test each algorithm meets each kind of
// source and nearly each protection; with -short there are three ways, since it takes seconds to
// examine a key that is brought.
func TestModule(t *testing.T) {
	people := newParties(t)
	var singles []single
	for s, source := range sources {
		for p, protection := range protections {
			for a, algorithm := range algorithms {
				if source == "generate" && protection == "elsewhere" || !*proof.Full && !among(s, p, a) {
					continue
				}
				singles = append(singles, people.single(t, source, protection, algorithm))
			}
		}
	}
	var runs []run
	for _, one := range singles {
		runs = append(runs, one.run)
	}
	about := proof.Findings.About("The module and the reference", "source, protection, algorithm", "random bytes, in their order", "not predicted")
	for i, transcript := range inNode(t, shippedModule(t), runs...) {
		t.Run(singles[i].name, func(t *testing.T) {
			left, order := unpredicted(t, singles[i].in, transcript)
			for _, what := range left {
				t.Error(what)
			}
			proof.Findings.Add(about, singles[i].name, order, fmt.Sprint(len(left)))
		})
	}
}

// unpredicted compares an answer with the reference's: every field, and no other. It returns what
// differs, and what was drawn.
func unpredicted(t *testing.T, in reference.Import, transcript transcript) (left []string, order string) {
	t.Helper()
	got, random := transcript.result(t)
	factor, ok := workFactor(t, got)
	if !ok {
		left = append(left, fmt.Sprintf("the work factor is %d", factor))
	}
	in.To.WorkFactor = max(factor, 1)
	want, err := reference.Prepare(in, random)
	if err != nil {
		t.Fatal(err)
	}
	if err := random.Close(); err != nil {
		left = append(left, fmt.Sprintf("%v; in order: %s", err, random.Order()))
	}
	expected := asJSON(t, want)
	for _, name := range slices.Sorted(maps.Keys(expected)) {
		if !reflect.DeepEqual(got[name], expected[name]) {
			left = append(left, fmt.Sprintf("%s is %.150v, want %.150v", name, got[name], expected[name]))
		}
	}
	for name, value := range got {
		if _, known := expected[name]; !known {
			left = append(left, fmt.Sprintf("there is more: %s, %.150v", name, value))
		}
	}
	return left, random.Order()
}

// asJSON is the answer as the driver writes it. Fields of a backup are absent where there is none.
func asJSON(t *testing.T, want *reference.Prepared) map[string]any {
	t.Helper()
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		t.Fatal(err)
	}
	if want.Backup == nil {
		for _, name := range []string{"backup", "backupFile", "backupSHA256"} {
			delete(fields, name)
		}
		return fields
	}
	fields["backup"] = map[string]any{"$bytes": fields["backup"]}
	return fields
}

var scryptLine = regexp.MustCompile(`^age-encryption\.org/v1\n-> scrypt \S+ (\d+)\n`)

// workFactor is the one thing about an answer that depends on the computer: how much a passphrase
// costs, 15 to 18.
func workFactor(t *testing.T, got map[string]any) (factor int, ok bool) {
	t.Helper()
	written, _ := got["backup"].(map[string]any)
	backup, err := base64.StdEncoding.DecodeString(fmt.Sprint(written["$bytes"]))
	found := scryptLine.FindSubmatch(backup)
	if err != nil || found == nil {
		return 0, true
	}
	factor, err = strconv.Atoi(string(found[1]))
	return factor, err == nil && factor >= 15 && factor <= 18
}

// single prepares one way through the module.
func (p *parties) single(t *testing.T, source, protection, algorithm string) single {
	t.Helper()
	const passphrase = "4k7qz-n0vfx-8mw2e-rj5ta-c9gdh"
	key := fresh()
	one := single{name: source + "/" + protection + "/" + algorithm, in: reference.Import{
		Source: source, KeyID: keyID, Date: date, PublicKey: wrappingKey(t), Algorithm: algorithm,
	}}
	options := map[string]any{
		"source": source, "protection": protection, "kind": "", "weakness": "", "secret": "", "file": nil, "receipt": nil,
		"passphrase": passphrase, "recipients": "", "keyId": keyID, "date": date, "publicKey": one.in.PublicKey, "algorithm": algorithm,
	}
	switch protection {
	case "passphrase":
		one.in.To.Passphrase = passphrase
	case "classic", "hybrid":
		one.in.To.Recipients = map[string][]string{"classic": p.classic, "hybrid": p.hybrid}[protection]
		options["protection"], options["recipients"] = "recipients", strings.Join(one.in.To.Recipients, "\n")
	case "elsewhere":
		one.in.Elsewhere = true
	}
	switch source {
	case "components":
		for range 3 {
			one.in.Components = append(one.in.Components, fresh())
		}
		one.run = fed(t, one.in.Components, options)
		return one
	case "raw":
		one.in.Source, options["file"] = "file", file(key)
	case "hex":
		one.in.Source, options["kind"], options["file"] = "file", "hex", file([]byte(hex.EncodeToString(key)+"\n"))
	case "base64":
		one.in.Source, options["kind"], options["file"] = "file", "base64", file([]byte(base64.StdEncoding.EncodeToString(key)))
	case "backup":
		sealed, secret := sealedBackup(t, key)
		options["file"], options["secret"] = file(sealed), secret
	}
	if source != "generate" {
		one.in.Key = key
	}
	options["source"] = one.in.Source
	one.run = run{Messages: []message{request("prepare", map[string]any{"options": options})}}
	return one
}

// fed is a run whose key comes in components.
func fed(t *testing.T, components [][]byte, options map[string]any) run {
	t.Helper()
	all := []message{request("prepare", map[string]any{"pieces": true})}
	for i, component := range components {
		kcv, err := reference.CheckValue(component)
		if i == 1 {
			kcv, err = reference.LegacyCheckValue(component)
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, message{
			Data:  map[string]any{"component": array([]byte(hex.EncodeToString(component))), "kcv": array([]byte(kcv[:6]))},
			After: len(all),
		})
	}
	return run{Messages: append(all, message{Data: map[string]any{"finish": options}, After: len(all)})}
}

// sealedBackup is an age file of a key, made by age itself, and the identity that opens it.
func sealedBackup(t *testing.T, key []byte) ([]byte, string) {
	t.Helper()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	var sealed strings.Builder
	w, err := age.Encrypt(&sealed, identity.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(key); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return []byte(sealed.String()), identity.String()
}

func fresh() []byte {
	key := make([]byte, 32)
	rand.Read(key)
	return key
}
