package console_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"keyferry/server/console"
	"keyferry/server/limit"
	"keyferry/server/localkms"
	"keyferry/server/localkms/localkmstest"
	"keyferry/server/requests"
)

// each is the answer for one CMK, whatever it is.
type each struct {
	console.Failure
	Status                                  int
	KeyId, PublicKey, ImportToken           string
	TokenExpireTime, RequestId, WrappingKey string
}

// many makes a call about several CMKs, which the console must answer.
func (s *site) many(t *testing.T, action string, fields map[string]any) []each {
	t.Helper()
	a := s.call(t, action+"/many", fields)
	var out struct{ Answers []each }
	if err := json.Unmarshal([]byte(a.body), &out); a.status != http.StatusOK || err != nil {
		t.Fatalf("%s: %d %s", action, a.status, a.body)
	}
	return out.Answers
}

func askFor(ids ...string) map[string]any {
	return map[string]any{"KeyIds": ids, "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}
}

// Each CMK of a call has its own call to the KMS, its own answer and its own line in the log.
func TestManyTogether(t *testing.T) {
	s := newSite(t, nil)
	var good []string
	for _, seeded := range localkms.DefaultSeed().Keys[:3] {
		good = append(good, seeded.KeyID)
	}
	const unknown = "key-hzz0000000000unknown"
	got := s.many(t, "GetParametersForImport", askFor(good[0], unknown, good[1], "alias/orders", good[2]))
	if len(got) != 5 || got[1].Status != 404 || got[1].Code != "Forbidden.KeyNotFound" || got[1].RequestId == "" ||
		got[3].Status != 400 || got[3].Code != "Console.KeyId" || got[3].Advice == "" {
		t.Fatalf("answered %+v", got)
	}
	var imports []map[string]any
	for i, at := range []int{0, 2, 4} {
		if got[at].KeyId != good[i] || got[at].Status != 0 {
			t.Fatalf("the answer for %s is %+v", good[i], got[at])
		}
		ciphertext, _ := localkmstest.Wrap(t, got[at].PublicKey, material(i))
		imports = append(imports, map[string]any{
			"KeyId": good[i], "ImportToken": got[at].ImportToken, "EncryptedKeyMaterial": ciphertext,
			"KeyMaterialExpireUnix": 0,
		})
	}
	imports[1]["EncryptedKeyMaterial"] = base64.StdEncoding.EncodeToString(material(1))
	before := s.calls.Load()
	done := s.many(t, "ImportKeyMaterial", map[string]any{"Imports": imports})
	if len(done) != 3 || done[0].RequestId == "" || done[1].Code != "Console.NotCiphertext" || done[2].RequestId == "" {
		t.Fatalf("answered %+v", done)
	}
	if calls := s.calls.Load() - before; calls != 2 {
		t.Errorf("%d calls reached the KMS, want 2", calls)
	}
	for i, want := range [][]byte{material(0), nil, material(2)} {
		if held := s.kms.Material(good[i]); !bytes.Equal(held, want) {
			t.Errorf("%s holds %x, want %x", good[i], held, want)
		}
	}
	if audit := strings.Join(s.log.lines("audit"), ""); strings.Count(audit, "action=GetParametersForImport") != 4 ||
		strings.Count(audit, "action=ImportKeyMaterial") != 2 || strings.Count(audit, "result=ok") != 5 {
		t.Errorf("the audit lines are %s", audit)
	}
	for _, secret := range []any{got[0].ImportToken, got[0].PublicKey, imports[0]["EncryptedKeyMaterial"], imports[1]["EncryptedKeyMaterial"]} {
		if strings.Contains(s.log.String(), secret.(string)) {
			t.Error("the log holds what was sent")
		}
	}
}

func material(i int) []byte { return bytes.Repeat([]byte{byte('a' + i)}, 32) }

// What is no key id reaches neither the KMS nor the log, and no answer repeats it.
func TestKeyIDsOfMany(t *testing.T) {
	s := newSite(t, nil)
	for name, id := range keyIDTable(t).Refused {
		parameters := s.many(t, "GetParametersForImport", askFor(id))
		imports := s.many(t, "ImportKeyMaterial", map[string]any{
			"Imports": []any{map[string]any{"KeyId": id, "EncryptedKeyMaterial": someCiphertext, "ImportToken": someToken}},
		})
		for _, got := range append(parameters, imports...) {
			if got.Code != "Console.KeyId" || got.Status != http.StatusBadRequest || len(id) > 20 && strings.Contains(fmt.Sprint(got), id) {
				t.Errorf("%s: answered %+v", name, got)
			}
		}
		if len(id) > 20 && strings.Contains(s.log.String(), id) {
			t.Errorf("%s: it is in the log", name)
		}
	}
	if n := s.calls.Load(); n != 0 {
		t.Errorf("%d requests reached the KMS, want none", n)
	}
}

func TestManyAreReadStrictly(t *testing.T) {
	s := newSite(t, nil)
	one := map[string]any{"KeyId": keyID(), "EncryptedKeyMaterial": someCiphertext, "ImportToken": someToken}
	more := func(count int) []any {
		all := make([]any, count)
		for i := range all {
			all[i] = one
		}
		return all
	}
	ids := func(count int) []string {
		all := make([]string, count)
		for i := range all {
			all[i] = keyID()
		}
		return all
	}
	for _, test := range []struct {
		name, action string
		fields       map[string]any
		status       int
	}{
		{"as many as one request may be about", "GetParametersForImport", askFor(ids(16)...), 200},
		{"one more", "GetParametersForImport", askFor(ids(17)...), 400},
		{"none", "GetParametersForImport", askFor(), 400},
		{"no list", "GetParametersForImport", map[string]any{"WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}, 400},
		{"one that is no list", "GetParametersForImport", map[string]any{"KeyIds": keyID(), "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}, 400},
		{"as many imports", "ImportKeyMaterial", map[string]any{"Imports": more(16)}, 200},
		{"one import more", "ImportKeyMaterial", map[string]any{"Imports": more(17)}, 400},
		{"no import", "ImportKeyMaterial", map[string]any{"Imports": more(0)}, 400},
		{"no imports", "ImportKeyMaterial", map[string]any{}, 400},
		{"an import that is none", "ImportKeyMaterial", map[string]any{"Imports": []any{"x"}}, 400},
		{"a field beside them", "ImportKeyMaterial", map[string]any{"Imports": more(1), "Note": ""}, 400},
		{"a field that only a record has", "ImportKeyMaterial", map[string]any{"Imports": []any{map[string]any{"KeyId": keyID(), "EncryptedKeyMaterial": someCiphertext, "ImportToken": someToken, "KeyCheckValue": ""}}}, 400},
		{"larger than any", "ImportKeyMaterial", map[string]any{"Imports": []any{strings.Repeat("x", 300<<10)}}, 413},
	} {
		before := s.calls.Load()
		a := s.call(t, test.action+"/many", test.fields)
		if a.status != test.status || test.status != 200 && s.calls.Load() != before {
			t.Errorf("%s: answered %d %.200s and made %d calls, want %d", test.name, a.status, a.body, s.calls.Load()-before, test.status)
		}
	}
}

// A call about several CMKs counts as so many to the limits, and one that is larger than a limit
// still gets its turn.
func TestManyCountAsMany(t *testing.T) {
	s := newSite(t, func(c *console.Config) { c.Limits.Addresses = limit.NewEach(1e-9, 20) })
	ask := askFor(keyID(), keyID(), keyID(), keyID(), keyID(), keyID(), keyID(), keyID())
	for i, want := range []int{200, 200, 429} {
		if a := s.call(t, "GetParametersForImport/many", ask); a.status != want || want == 429 && a.header.Get("Retry-After") == "" {
			t.Errorf("call %d: answered %d, want %d", i+1, a.status, want)
		}
	}
	small := newSite(t, func(c *console.Config) { c.Limits.Addresses = limit.NewEach(1e-9, 3) })
	for i, want := range []int{200, 429} {
		if a := small.call(t, "GetParametersForImport/many", ask); a.status != want {
			t.Errorf("with a burst of three, call %d: answered %d, want %d", i+1, a.status, want)
		}
	}
}

// A fault of the console while it makes one of the calls ends neither the others nor the console.
func TestPanicOfOneOfMany(t *testing.T) {
	s := newSite(t, func(c *console.Config) { c.KMS = requests.Direct(panicking{}) })
	for _, got := range s.many(t, "GetParametersForImport", askFor(keyID(), keyID())) {
		if got.Code != "Console.Internal" || got.Status != http.StatusInternalServerError {
			t.Errorf("answered %+v", got)
		}
	}
	if panics := s.log.lines("panic"); len(panics) != 2 {
		t.Errorf("the log has %d panics, want 2", len(panics))
	}
}
