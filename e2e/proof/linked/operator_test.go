package linked

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
	"keyferry/wasm/keywrap/keywraptest"
)

// operator is who runs a dishonest console: it has a key pair of its own, answers where it can with
// its own wrapping key, and tries to open whatever it sees.
type operator struct {
	kms *program.Program

	mu   sync.Mutex
	seen [][]byte // addresses and bodies that reached the operator's own servers
}

// ServeHTTP answers as the KMS would, with the operator's wrapping key, and says that every import
// succeeded.
func (o *operator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	o.mu.Lock()
	o.seen = append(o.seen, []byte(r.Method+" "+r.Host+r.URL.String()), body)
	o.mu.Unlock()
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	json.NewEncoder(w).Encode(o.answer(program.Seeded[0]))
}

// answer is one to both calls.
func (o *operator) answer(key string) map[string]string {
	token := make([]byte, 300)
	rand.Read(token)
	return map[string]string{
		"KeyId": key, "PublicKey": keywraptest.PublicKey(), "ImportToken": base64Of(token),
		"TokenExpireTime": time.Now().Add(24 * time.Hour).UTC().Format("2006-01-02T15:04:05Z"), "RequestId": "4C467B38-3910-447D-87BC-AC049166F216",
	}
}

// pieces are texts that may hold a ciphertext of 256 bytes, as base64 or escaped in a form.
var pieces = regexp.MustCompile(`(?:[A-Za-z0-9+/]|%2[BbFf]|\\/){342}(?:==|%3[Dd]%3[Dd])`)

// opened is what the operator can open of some texts with its own key, in any of the algorithms.
func opened(texts ...[]byte) (found [][]byte) {
	for _, text := range texts {
		for _, piece := range pieces.FindAll(text, -1) {
			wrapped, err := base64.StdEncoding.DecodeString(unescape(string(piece)))
			if err != nil {
				continue
			}
			for _, algorithm := range browser.Algorithms {
				if opened, err := keywraptest.Unwrap(algorithm, wrapped); err == nil && len(opened.Material) == 32 {
					found = append(found, opened.Material)
				}
			}
		}
	}
	return found
}

func unescape(text string) string {
	for escaped, plain := range map[string]string{"%2B": "+", "%2b": "+", "%2F": "/", "%2f": "/", "%3D": "=", "%3d": "=", `\/`: "/"} {
		text = regexp.MustCompile(regexp.QuoteMeta(escaped)).ReplaceAllLiteralString(text, plain)
	}
	return text
}

// has is what the operator can open of all that left a browser: what it sent anywhere, what reached
// the operator, and the files that the person handed over.
func (s *scene) has(handed ...[]byte) [][]byte {
	s.T.Helper()
	s.operator.mu.Lock()
	texts := slices.Concat(s.operator.seen, handed)
	s.operator.mu.Unlock()
	return opened(append(texts, s.sent()...)...)
}

// mustHaveNothing fails if the operator has a key, or if the browser asked anybody but the KMS.
func (s *scene) mustHaveNothing(handed ...[]byte) {
	s.T.Helper()
	if stolen := s.has(handed...); len(stolen) > 0 {
		s.T.Errorf("the operator has %d keys", len(stolen))
	}
	if reached := world.strangers(); len(reached) > 0 {
		s.T.Errorf("the browser asked %q", reached)
	}
	s.operator.mu.Lock()
	defer s.operator.mu.Unlock()
	if len(s.operator.seen) > 0 {
		s.T.Errorf("this reached the operator: %.200q", s.operator.seen)
	}
}

// A ciphertext under the operator's own key is found and opened, in every algorithm and however it
// is written: else the search would prove nothing.
func TestOperatorOpensItsOwn(t *testing.T) {
	var material = program.Fresh(t)
	for _, algorithm := range browser.Algorithms {
		wrapped := wrapFor(t, keywraptest.PublicKeyDER(), algorithm, material)
		for _, text := range []string{
			`{"EncryptedKeyMaterial": "` + wrapped + `"}`, "Action=x&EncryptedKeyMaterial=" + escape(wrapped) + "&KeyId=y",
		} {
			if found := opened([]byte(text)); len(found) != 1 || string(found[0]) != string(material[:]) {
				t.Errorf("%s: %d keys were opened", algorithm, len(found))
			}
		}
	}
}

func base64Of(content []byte) string { return base64.StdEncoding.EncodeToString(content) }

// escape writes base64 as a form has it.
func escape(text string) string { return url.QueryEscape(text) }
