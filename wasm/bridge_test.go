//go:build !js

package main_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"filippo.io/age"

	"keyferry/wasm/custody"
	"keyferry/wasm/keywrap"
	"keyferry/wasm/keywrap/keywraptest"
)

var algorithms = []string{"RSAES_OAEP_SHA_256", "RSAES_OAEP_SHA_1", "RSAES_PKCS1_V1_5"}

// failure is what every promise is rejected with.
type failure struct {
	Code string `json:"code"`
}

// options is the one argument of a job. In JSON a Uint8Array is {"base64"}: see bridge.mjs.
type options = map[string]any

func base64Of(content []byte) options {
	return options{"base64": base64.StdEncoding.EncodeToString(content)}
}

func TestInspect(t *testing.T) {
	pem := "Subject: the wrapping key\n\n-----BEGIN PUBLIC KEY-----\n" + keywraptest.PublicKey() + "\n-----END PUBLIC KEY-----\n"
	for _, written := range []string{keywraptest.PublicKey(), pem} {
		ended := bridge(t, builtModule(t, ""), call{Function: "inspect", Arguments: []any{options{"publicKey": written}}})[0]
		var got struct {
			Fingerprint string `json:"fingerprint"`
			PublicKey   string `json:"publicKey"`
			Bits        int    `json:"bits"`
		}
		decode(t, ended.Resolved, &got)
		if got.Fingerprint != testFingerprint() || got.PublicKey != keywraptest.PublicKey() || got.Bits != 2048 {
			t.Errorf("inspect resolved to %s", ended.Resolved)
		}
	}
}

// prepared is what prepare resolves to.
type prepared struct {
	EncryptedKeyMaterial string `json:"encryptedKeyMaterial"`
	SHA256               string `json:"sha256"`
	Fingerprint          string `json:"fingerprint"`
	KCV                  string `json:"kcv"`
	Commitment           string `json:"commitment"`
	Salt                 string `json:"salt"`
	Backup               []byte `json:"backup"`
	BackupSHA256         string `json:"backupSHA256"`
	BackupFile           string `json:"backupFile"`
}

// preparation is what prepare takes to generate key material and back it up to a recipient, with
// some fields replaced.
func preparation(changes options) options {
	o := options{
		"source": "generate", "protection": "recipients", "recipients": identity().Recipient().String(), "kind": "", "weakness": "",
		"secret": "", "passphrase": "", "file": nil, "receipt": nil, "keyId": "1234abcd-12ab-34cd-56ef-12345678abcd", "date": "2026-02-27",
		"publicKey": keywraptest.PublicKey(), "algorithm": algorithms[0],
	}
	maps.Copy(o, changes)
	return o
}

// identity opens the backups of these tests.
var identity = sync.OnceValue(func() *age.X25519Identity {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		panic(err)
	}
	return identity
})

// TestPrepare opens what each algorithm wraps in the module, twice over, and the backup of it.
func TestPrepare(t *testing.T) {
	var calls []call
	for _, algorithm := range algorithms {
		one := call{Function: "prepare", Arguments: []any{preparation(options{"algorithm": algorithm})}}
		calls = append(calls, one, one)
	}
	seen := map[string]bool{}
	for i, ended := range bridge(t, builtModule(t, ""), calls...) {
		algorithm := algorithms[i/2]
		got, opened := openPrepared(t, algorithm, ended.Resolved)
		if len(opened.Material) != 32 || seen[string(opened.Material)] {
			t.Errorf("%s: %d bytes of material, want 32 that did not occur before", algorithm, len(opened.Material))
		}
		seen[string(opened.Material)] = true
		if ended.Output != "" {
			t.Errorf("%s: the module printed %q", algorithm, ended.Output)
		}
		plaintext, err := age.Decrypt(bytes.NewReader(got.Backup), identity())
		if err != nil {
			t.Fatal(err)
		}
		if backedUp, err := io.ReadAll(plaintext); err != nil || !bytes.Equal(backedUp, opened.Material) {
			t.Errorf("%s: the backup has other material than the ciphertext, or %v", algorithm, err)
		}
		material := keywrap.Material(opened.Material)
		commitment, err := custody.ParseCommitment(got.Commitment, got.Salt)
		if err != nil || got.KCV != custody.CheckValue(&material).String() || !commitment.Matches(&material) {
			t.Errorf("%s: check value %s or commitment %s is not of the material: %v", algorithm, got.KCV, got.Commitment, err)
		}
	}
}

// openPrepared checks the shape of what prepare resolved to, and opens it.
func openPrepared(t *testing.T, algorithm string, resolved json.RawMessage) (*prepared, *keywraptest.Opened) {
	t.Helper()
	got := &prepared{}
	decode(t, resolved, got)
	wrapped, err := base64.StdEncoding.DecodeString(got.EncryptedKeyMaterial)
	if err != nil || len(got.EncryptedKeyMaterial) != 344 {
		t.Fatalf("%s: encryptedKeyMaterial has %d characters, want 344: %v", algorithm, len(got.EncryptedKeyMaterial), err)
	}
	for what, sum := range map[string][2]string{"sha256": {got.SHA256, digestOf(wrapped)}, "backupSHA256": {got.BackupSHA256, digestOf(got.Backup)}} {
		if sum[0] != sum[1] {
			t.Errorf("%s: %s is %s, want %s", algorithm, what, sum[0], sum[1])
		}
	}
	if got.Fingerprint != testFingerprint() {
		t.Errorf("%s: fingerprint %s, want %s", algorithm, got.Fingerprint, testFingerprint())
	}
	return got, openWrapped(t, algorithm, wrapped)
}

// openWrapped opens a ciphertext with the test key.
func openWrapped(t *testing.T, algorithm string, wrapped []byte) *keywraptest.Opened {
	t.Helper()
	opened, err := keywraptest.Unwrap(algorithm, wrapped)
	if err != nil {
		t.Fatalf("%s: %v", algorithm, err)
	}
	return opened
}

func digestOf(content []byte) string {
	digest := sha256.Sum256(content)
	return hex.EncodeToString(digest[:])
}

func testFingerprint() string { return digestOf(keywraptest.PublicKeyDER()) }

// TestRejections checks that every refusal is a plain object with a code and nothing else.
func TestRejections(t *testing.T) {
	key := keywraptest.PublicKey()
	inspect := func(arguments ...any) call { return call{Function: "inspect", Arguments: arguments} }
	prepare := func(changes options) call { return call{Function: "prepare", Arguments: []any{preparation(changes)}} }
	check := func(changes options) call {
		o := options{"file": base64Of([]byte("no backup")), "secret": "a passphrase", "kcv": "0C9E86B7E6",
			"commitment": strings.Repeat("0", 64), "salt": strings.Repeat("0", 64)}
		maps.Copy(o, changes)
		return call{Function: "check", Arguments: []any{o}}
	}
	tests := []struct {
		name string
		call call
		want string
	}{
		{"no argument", inspect(), "bad_request"},
		{"an argument too many", inspect(options{"publicKey": key}, 1), "bad_request"},
		{"null", inspect(nil), "bad_request"},
		{"a string", inspect(key), "bad_request"},
		{"no key", inspect(options{}), "bad_request"},
		{"a key that is a number", inspect(options{"publicKey": 1}), "bad_request"},
		{"a key that is an object", inspect(options{"publicKey": options{"length": 3}}), "bad_request"},
		{"a key that is an array", inspect(options{"publicKey": []string{key}}), "bad_request"},
		{"no algorithm", prepare(options{"algorithm": nil}), "bad_request"},
		{"algorithm true", prepare(options{"algorithm": true}), "bad_request"},
		{"unknown algorithm", prepare(options{"algorithm": "RSAES_OAEP_SHA_512"}), "algorithm_unknown"},
		{"empty key", prepare(options{"publicKey": " "}), "wrapping_key_empty"},
		{"unknown source", prepare(options{"source": "memory"}), "bad_request"},
		{"unknown protection", prepare(options{"protection": "none"}), "bad_request"},
		{"generated, kept elsewhere", prepare(options{"protection": "elsewhere"}), "bad_request"},
		{"a file that is text", prepare(options{"source": "file", "file": "text"}), "bad_request"},
		{"no file", prepare(options{"source": "file"}), "source_empty"},
		{"a large file", prepare(options{"source": "file", "file": base64Of(make([]byte, 1<<20+1))}), "source_too_long"},
		{"64 hexadecimal digits", prepare(options{"source": "file", "file": base64Of([]byte(strings.Repeat("0a", 32)))}), "confirm_hex"},
		{"a receipt that is text", prepare(options{"receipt": "{}"}), "bad_request"},
		{"a receipt of other material", prepare(options{"receipt": options{"kcv": "0C9E86B7E6",
			"commitment": strings.Repeat("0", 64), "salt": strings.Repeat("0", 64)}}), "not_the_receipts_key"},
		{"a receipt without a salt", prepare(options{"receipt": options{"kcv": "0C9E86B7E6", "commitment": strings.Repeat("0", 64)}}), "bad_request"},
		{"a salt that is no digest", prepare(options{"receipt": options{"kcv": "0C9E86B7E6", "commitment": strings.Repeat("0", 64), "salt": "0"}}), "receipt_malformed"},
		{"components that were not given", prepare(options{"source": "components"}), "components_too_few"},
		{"a component that is text", call{Function: "addComponent", Arguments: []any{options{"component": "00", "kcv": "00"}}}, "bad_request"},
		{"no backup", check(nil), "backup_not_age"},
		{"no secret", check(options{"secret": nil}), "bad_request"},
		{"a secret from a file, for no backup", check(options{"secret": base64Of([]byte("AGE-SECRET-KEY-1"))}), "backup_not_age"},
		{"a secret that is a number", check(options{"secret": 1}), "bad_request"},
		{"a check value that is none", check(options{"kcv": "0C"}), "kcv_malformed"},
		{"words for a key", inspect(options{"publicKey": "words"}), "wrapping_key_not_base64"},
		{"lone surrogates", inspect(options{"publicKey": "\ufffd\U0001f511"}), "wrapping_key_not_base64"},
		{"private key", inspect(options{"publicKey": keywraptest.PrivateKeyPEM}), "wrapping_key_private"},
	}
	calls := make([]call, len(tests))
	for i, test := range tests {
		calls[i] = test.call
	}
	for i, ended := range bridge(t, builtModule(t, ""), calls...) {
		t.Run(tests[i].name, func(t *testing.T) {
			checkRejected(t, ended, tests[i].want)
		})
	}
}

// checkRejected checks that a promise was rejected with a plain object of this code.
func checkRejected(t *testing.T, ended outcome, code string) {
	t.Helper()
	if ended.Rejected == nil {
		t.Fatalf("resolved to %s, exited %v; want a rejection with %s", ended.Resolved, ended.Exited, code)
	}
	var got failure
	decode(t, ended.Rejected, &got)
	if got.Code != code || !ended.RejectedPrototype {
		t.Errorf("rejected with %s, want a plain object of code %s", ended.Rejected, code)
	}
}

// TestPanic checks what becomes of a job that fails in a way nobody foresaw.
func TestPanic(t *testing.T) {
	folder := builtModule(t, "testvariant")
	for _, way := range []string{"panic", "out of range", "foreign error"} {
		t.Run(way, func(t *testing.T) {
			ended := bridge(t, folder, call{Function: "inspect", Arguments: []any{options{"publicKey": "crashtest: " + way}}})[0]
			checkRejected(t, ended, "internal")
			if strings.Contains(string(ended.Rejected)+ended.Output, "secret text") {
				t.Errorf("the panic's text came out: %s, %s", ended.Rejected, ended.Output)
			}
		})
	}
	for _, way := range []string{"panic elsewhere", "exit", "fatal"} {
		t.Run(way, func(t *testing.T) {
			ended := bridge(t, folder, call{Function: "inspect", Arguments: []any{options{"publicKey": "crashtest: " + way}}})[0]
			if !ended.Exited {
				t.Errorf("resolved to %s, rejected with %s; want the end of the program", ended.Resolved, ended.Rejected)
			}
		})
	}
}

// TestShippedModule checks that what is shipped has its jobs and no more, and nothing of the
// variant for tests.
func TestShippedModule(t *testing.T) {
	shipped, variant := builtModule(t, ""), builtModule(t, "testvariant")
	ended := bridge(t, shipped, call{Function: "inspect", Arguments: []any{options{"publicKey": "crashtest: panic"}}})[0]
	checkRejected(t, ended, "wrapping_key_not_base64")
	if want := []string{
		"addComponent", "addManifest", "addToArchive", "check", "closeArchive", "createArchive", "examineKey", "forgetKey", "forgetKeys",
		"inspect", "judgeKey", "openArchive", "passphrase", "prepare", "wrapKey",
	}; !slices.Equal(ended.Globals, want) {
		t.Errorf("the global has %q, want %q", ended.Globals, want)
	}
	const mark = "crashtest: "
	if bytes.Contains(readModule(t, shipped), []byte(mark)) {
		t.Error("the shipped module holds the variant for tests")
	}
	if !bytes.Contains(readModule(t, variant), []byte(mark)) {
		t.Error("the variant for tests does not hold its mark, so that looking for it proves nothing")
	}
}

func readModule(t *testing.T, folder string) []byte {
	t.Helper()
	module, err := os.ReadFile(filepath.Join(folder, "keyferry.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	return module
}
