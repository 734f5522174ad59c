package keywrap_test

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"testing"

	"keyferry/wasm/keywrap"
	"keyferry/wasm/keywrap/keywraptest"
)

//go:embed testdata/vectors.json
var vectorsJSON []byte

// vectors is testdata/vectors.json; `node wasm/keywrap/testdata/make-vectors.mjs`
// makes it again.
type vectors struct {
	MadeBy   string            `json:"madeBy"`
	Versions map[string]string `json:"versions"`
	Key      struct {
		Source      string `json:"source"`
		PublicKey   string `json:"publicKey"`
		Fingerprint string `json:"fingerprint"`
	} `json:"key"`
	Wraps []wrapVector `json:"wraps"`
	Keys  []keyVector  `json:"keys"`
}

// wrapVector is material that another implementation wrapped.
type wrapVector struct {
	Name      string `json:"name"`
	Algorithm string `json:"algorithm"`
	Command   string `json:"command"`
	Material  string `json:"material"`
	Wrapped   string `json:"wrapped"`
	Expect    string `json:"expect"` // "ok" or "not_opened"
}

// keyVector is a wrapping key, or what someone takes for one. It has Text or Hex.
type keyVector struct {
	Name    string `json:"name"`
	Command string `json:"command"`
	Text    string `json:"text"`
	Hex     string `json:"hex"`
	Expect  string `json:"expect"` // "ok" or a code
}

// input returns what is given to ParseWrappingKey.
func (v keyVector) input(t testing.TB) []byte {
	t.Helper()
	if v.Text != "" {
		return []byte(v.Text)
	}
	return unhex(t, v.Hex)
}

func readVectors(t testing.TB) *vectors {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(vectorsJSON))
	decoder.DisallowUnknownFields()
	var v vectors
	if err := decoder.Decode(&v); err != nil {
		t.Fatalf("decoding the vectors: %v", err)
	}
	return &v
}

// TestVectorsOfKeys checks every wrapping key of the vectors against what it
// should be taken for.
func TestVectorsOfKeys(t *testing.T) {
	all := readVectors(t)
	seen := map[string]bool{}
	for _, v := range all.Keys {
		seen[v.Expect] = true
		t.Run(v.Name, func(t *testing.T) {
			key, err := keywrap.ParseWrappingKey(v.input(t))
			if v.Expect != "ok" {
				if got := codeOf(t, err); string(got) != v.Expect {
					t.Errorf("code %q, want %q", got, v.Expect)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			checkAgainstX509(t, v.input(t), key)
		})
	}
	for _, code := range keyCodes {
		if code != keywrap.CodeKeyTooLong && !seen[string(code)] {
			t.Errorf("no vector expects %s", code)
		}
	}
}

// TestVectorsOfWraps checks that the unwrapper of these tests agrees with other
// implementations: it opens what they wrapped, and nothing that is wrapped in
// another way. Only then does its word on keywrap count.
func TestVectorsOfWraps(t *testing.T) {
	seen := map[string]int{}
	for _, v := range readVectors(t).Wraps {
		seen[v.Algorithm+" "+v.Expect]++
		t.Run(v.Name, func(t *testing.T) {
			opened, err := keywraptest.Unwrap(v.Algorithm, unbase64(t, v.Wrapped))
			switch v.Expect {
			case "ok":
				if err != nil {
					t.Fatal(err)
				}
				if got := hex.EncodeToString(opened.Material); got != v.Material {
					t.Errorf("opened to %s, want %s", got, v.Material)
				}
			case "not_opened":
				if err == nil && hex.EncodeToString(opened.Material) == v.Material {
					t.Error("opened, although it is wrapped in another way")
				}
			default:
				t.Errorf("unknown expectation %q", v.Expect)
			}
		})
	}
	for _, algorithm := range keywrap.Algorithms() {
		for _, expect := range []string{"ok", "not_opened"} {
			if seen[string(algorithm)+" "+expect] == 0 {
				t.Errorf("no vector of %s expects %s", algorithm, expect)
			}
		}
	}
}

// TestFingerprint compares the fingerprint with the one that OpenSSL's DER gave.
func TestFingerprint(t *testing.T) {
	v := readVectors(t).Key
	if v.PublicKey != keywraptest.PublicKey() {
		t.Fatal("the key of the vectors is not the test key")
	}
	got := parseKey(t, v.PublicKey).Fingerprint()
	if hex.EncodeToString(got[:]) != v.Fingerprint {
		t.Errorf("fingerprint %x, want %s", got, v.Fingerprint)
	}
	if got != sha256.Sum256(keywraptest.PublicKeyDER()) {
		t.Error("the fingerprint is not that of the DER")
	}
}

func parseKey(t testing.TB, input string) *keywrap.WrappingKey {
	t.Helper()
	key, err := keywrap.ParseWrappingKey([]byte(input))
	if err != nil {
		t.Fatalf("parsing the wrapping key: %v", err)
	}
	return key
}

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatalf("decoding hex: %v", err)
	}
	return b
}

func unbase64(t testing.TB, text string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatalf("decoding base64: %v", err)
	}
	return b
}
