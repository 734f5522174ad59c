package account

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"keyferry/e2e/program"
	"keyferry/e2e/proof/reference"
	"keyferry/web"
)

// account is that of one flow: what is left when everything that was predicted is taken away, and
// how much the places can carry that have a grammar instead of a prediction.
type account struct {
	*record
	t       *testing.T
	left    map[string][]string // by the place
	bits    map[string]float64  // of the browser's places
	server  map[string]float64  // of what the server draws by itself, which never has a secret
	items   map[string]float64  // the same for one item of each kind
	version string

	cookies      int      // that the last request had
	shapes       []string // of the messages of the workers
	examinations []examination
	parameters   *parameters
	each         map[string]*each // of several CMKs, by the CMK
	// what the module suggested
	offeredPassphrase string
	examined          bool    // whether an examination of a key came to its end
	whole             float64 // of the examination
	prepared          *reference.Prepared
	archive           *download // of several keys
	manifest          string    // in it
	lived             float64   // seconds, of the worker that prepared it
	moments           []string  // that the receipt tells, as the page writes them
	receipt           []byte
	receiptAs         string
}

// parameters are what GetParametersForImport answered.
type parameters struct{ KeyId, PublicKey, ImportToken, TokenExpireTime, RequestId string }

// accountFor takes away everything of a flow that was predicted.
func accountFor(t *testing.T, r *record) *account {
	t.Helper()
	ac := &account{record: r, t: t, left: map[string][]string{}, each: map[string]*each{}, bits: map[string]float64{}, server: map[string]float64{}, items: map[string]float64{}}
	if found := startLine.FindStringSubmatch(r.Log); found != nil {
		ac.version = found[1]
	}
	for _, id := range r.Given.CMKs {
		ac.each[id] = &each{&parameters{}, &reference.Prepared{}}
	}
	ac.answers()
	ac.workers()
	ac.requests()
	ac.panel()
	ac.downloads()
	ac.pages()
	ac.calls()
	ac.log()
	return ac
}

// leave notes what is left in a place.
func (ac *account) leave(place, format string, values ...any) {
	ac.left[place] = append(ac.left[place], fmt.Sprintf(format, values...))
}

// draws notes how much one item can carry that is drawn or measured where there is no secret.
func (ac *account) draws(place, item string, bits float64) {
	ac.server[place] += bits
	ac.items[item] = max(ac.items[item], bits)
}

// isOfFlow holds for a moment of the flow, by a clock that may be two seconds off.
func (ac *account) isOfFlow(at time.Time) bool {
	return !at.Before(ac.Began.Add(-2*time.Second)) && !at.After(ac.Ended.Add(2*time.Second))
}

// seconds is what a moment of the flow can tell, in bits.
func (ac *account) seconds() float64 { return math.Log2(ac.Ended.Sub(ac.Began).Seconds() + 2) }

// equal checks JSON that was predicted.
func (ac *account) equal(place, what string, got json.RawMessage, want any) {
	var decoded any
	if err := json.Unmarshal(got, &decoded); err != nil {
		ac.leave(place, "%s is no JSON: %.100s", what, got)
		return
	}
	text, err := json.Marshal(want)
	if err != nil {
		ac.t.Fatal(err)
	}
	var expected any
	if err := json.Unmarshal(text, &expected); err != nil {
		ac.t.Fatal(err)
	}
	if reflect.DeepEqual(decoded, expected) {
		return
	}
	ac.leave(place, "%s%s", what, difference(decoded, expected))
}

// difference names the first thing that differs.
func difference(got, want any) string {
	have, ok := got.(map[string]any)
	expected, also := want.(map[string]any)
	if !ok || !also {
		return fmt.Sprintf(" is %.120v, want %.120v", got, want)
	}
	for name, value := range have {
		if _, known := expected[name]; !known {
			return fmt.Sprintf(" has more: %s, %.120v", name, value)
		}
		if !reflect.DeepEqual(value, expected[name]) {
			return "." + name + difference(value, expected[name])
		}
	}
	for name := range expected {
		if _, known := have[name]; !known {
			return " lacks " + name
		}
	}
	return ""
}

// answers takes over what the KMS gave. That the console passed on nothing else, calls checks.
func (ac *account) answers() {
	if ac.Given.Pasted != "" {
		ac.parameters = &parameters{}
		if err := json.Unmarshal([]byte(ac.Given.Pasted), ac.parameters); err != nil {
			ac.t.Fatal(err)
		}
		return
	}
	if ac.Given.ImportFile != "" {
		var file importFile
		if err := json.Unmarshal([]byte(ac.Given.ImportFile), &file); err != nil {
			ac.t.Fatal(err)
		}
		ac.parameters = &parameters{ImportToken: file.ImportToken, TokenExpireTime: file.TokenExpireTime}
		wrapped, _ := base64.StdEncoding.DecodeString(file.EncryptedKeyMaterial)
		ac.prepared = &reference.Prepared{
			EncryptedKeyMaterial: file.EncryptedKeyMaterial, SHA256: digestOf(wrapped), Fingerprint: file.WrappingKeySHA256, KCV: file.KeyCheckValue, Commitment: file.Commitment,
		}
		return
	}
	for _, a := range ac.Arrivals {
		if a.Path == "/kms/GetParametersForImport/many" {
			for _, answer := range answersIn(a.Answer) {
				var p parameters
				if json.Unmarshal(answer, &p) == nil && ac.each[p.KeyId] != nil {
					ac.each[p.KeyId].parameters = &p
				}
			}
		}
		var p parameters
		if a.Path == "/kms/GetParametersForImport" && json.Unmarshal(a.Answer, &p) == nil && p.PublicKey != "" {
			ac.parameters = &p
		}
	}
	if ac.parameters == nil {
		ac.parameters = &parameters{}
	}
}

// served reads what the console serves, once.
var served = sync.OnceValues(func() (*web.Tree, error) { return web.ReadTree(os.DirFS(program.Source("web/static"))) })

func tree(t *testing.T) *web.Tree {
	t.Helper()
	read, err := served()
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// integrity is what the pages name for a module.
func integrity(t *testing.T, name string) string {
	t.Helper()
	digest, err := tree(t).Integrity(name)
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

// integrity is what the pages of this flow named for a module.
func (ac *account) integrity(name string) string {
	if told := ac.Modules[name]; told != "" {
		return told
	}
	return integrity(ac.t, name)
}

// static is the address of a file that the console serves. Its digest is that of the page's own
// files.
func (ac *account) static(name string) string { return "/static/" + tree(ac.t).Digest() + "/" + name }

// nothing holds for an account in which nothing is left.
func (ac *account) nothing() bool { return len(ac.left) == 0 }

// String lists what is left.
func (ac *account) String() string {
	var text strings.Builder
	for place, all := range ac.left {
		fmt.Fprintf(&text, "%s: %s (%d)\n", place, strings.Join(all[:min(3, len(all))], "; "), len(all))
	}
	return text.String()
}

// integrityOf is the same for other bytes.
func integrityOf(content []byte) string {
	digest := sha256.Sum256(content)
	return "sha256-" + base64.StdEncoding.EncodeToString(digest[:])
}
