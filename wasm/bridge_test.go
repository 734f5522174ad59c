//go:build !js

package main_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"keyferry/wasm/keywrap/keywraptest"
)

var algorithms = []string{"RSAES_OAEP_SHA_256", "RSAES_OAEP_SHA_1", "RSAES_PKCS1_V1_5"}

// generated is what generate resolves to.
type generated struct {
	EncryptedKeyMaterial string `json:"encryptedKeyMaterial"`
	SHA256               string `json:"sha256"`
	Fingerprint          string `json:"fingerprint"`
}

// failure is what every promise is rejected with.
type failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func TestInspect(t *testing.T) {
	ended := bridge(t, builtModule(t, ""), call{Function: "inspect", Arguments: []any{keywraptest.PublicKey()}})[0]
	var got struct {
		Fingerprint string `json:"fingerprint"`
		Bits        int    `json:"bits"`
	}
	decode(t, ended.Resolved, &got)
	if got.Fingerprint != testFingerprint() || got.Bits != 2048 {
		t.Errorf("inspect resolved to %s", ended.Resolved)
	}
}

// TestGenerate opens what each algorithm wraps in the module, twice over.
func TestGenerate(t *testing.T) {
	var calls []call
	for _, algorithm := range algorithms {
		one := call{Function: "generate", Arguments: []any{keywraptest.PublicKey(), algorithm}}
		calls = append(calls, one, one)
	}
	seen := map[string]bool{}
	for i, ended := range bridge(t, builtModule(t, ""), calls...) {
		algorithm := algorithms[i/2]
		opened := openGenerated(t, algorithm, ended.Resolved)
		if len(opened.Material) != 32 {
			t.Errorf("%s: %d bytes of material, want 32", algorithm, len(opened.Material))
		}
		if seen[string(opened.Material)] {
			t.Errorf("%s: the same material twice", algorithm)
		}
		seen[string(opened.Material)] = true
		if ended.Output != "" {
			t.Errorf("%s: the module printed %q", algorithm, ended.Output)
		}
	}
}

// openGenerated checks the shape of what generate resolved to, and opens it.
func openGenerated(t *testing.T, algorithm string, resolved json.RawMessage) *keywraptest.Opened {
	t.Helper()
	var got generated
	decode(t, resolved, &got)
	if len(got.EncryptedKeyMaterial) != 344 {
		t.Errorf("%s: encryptedKeyMaterial has %d characters, want 344", algorithm, len(got.EncryptedKeyMaterial))
	}
	wrapped, err := base64.StdEncoding.DecodeString(got.EncryptedKeyMaterial)
	if err != nil {
		t.Fatalf("%s: decoding encryptedKeyMaterial: %v", algorithm, err)
	}
	digest := sha256.Sum256(wrapped)
	if got.SHA256 != hex.EncodeToString(digest[:]) {
		t.Errorf("%s: sha256 %s, want %x", algorithm, got.SHA256, digest)
	}
	if got.Fingerprint != testFingerprint() {
		t.Errorf("%s: fingerprint %s, want %s", algorithm, got.Fingerprint, testFingerprint())
	}
	opened, err := keywraptest.Unwrap(algorithm, wrapped)
	if err != nil {
		t.Fatalf("%s: %v", algorithm, err)
	}
	return opened
}

func testFingerprint() string {
	digest := sha256.Sum256(keywraptest.PublicKeyDER())
	return hex.EncodeToString(digest[:])
}

// TestRejections checks that every refusal is a plain object of code and message.
func TestRejections(t *testing.T) {
	key, algorithm := keywraptest.PublicKey(), algorithms[0]
	tests := []struct {
		name string
		call call
		want string
	}{
		{"no argument", call{Function: "inspect"}, "bad_request"},
		{"an argument too many", call{Function: "inspect", Arguments: []any{key, key}}, "bad_request"},
		{"null", call{Function: "inspect", Arguments: []any{nil}}, "bad_request"},
		{"a number", call{Function: "inspect", Arguments: []any{1}}, "bad_request"},
		{"an object", call{Function: "inspect", Arguments: []any{map[string]any{"length": 3}}}, "bad_request"},
		{"an array", call{Function: "inspect", Arguments: []any{[]string{key}}}, "bad_request"},
		{"no algorithm", call{Function: "generate", Arguments: []any{key}}, "bad_request"},
		{"algorithm true", call{Function: "generate", Arguments: []any{key, true}}, "bad_request"},
		{"unknown algorithm", call{Function: "generate", Arguments: []any{key, "RSAES_OAEP_SHA_512"}}, "algorithm_unknown"},
		{"empty key", call{Function: "generate", Arguments: []any{" ", algorithm}}, "wrapping_key_empty"},
		{"words for a key", call{Function: "inspect", Arguments: []any{"words"}}, "wrapping_key_not_base64"},
		{"lone surrogates", call{Function: "inspect", Arguments: []any{"\ufffd\U0001f511"}}, "wrapping_key_not_base64"},
		{"private key", call{Function: "inspect", Arguments: []any{keywraptest.PrivateKeyPEM}}, "wrapping_key_private"},
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

// checkRejected checks that a promise was rejected with a plain object of this
// code.
func checkRejected(t *testing.T, ended outcome, code string) {
	t.Helper()
	if ended.Rejected == nil {
		t.Fatalf("resolved to %s, exited %v; want a rejection with %s", ended.Resolved, ended.Exited, code)
	}
	var got failure
	decode(t, ended.Rejected, &got)
	if got.Code != code || got.Message == "" || !ended.RejectedPrototype {
		t.Errorf("rejected with %s, want a plain object of code %s with a message", ended.Rejected, code)
	}
}

// TestPanic checks what becomes of a job that fails in a way nobody foresaw. It
// uses the crashtest variant of the module.
func TestPanic(t *testing.T) {
	folder := builtModule(t, "crashtest")
	for _, way := range []string{"panic", "out of range", "foreign error"} {
		t.Run(way, func(t *testing.T) {
			ended := bridge(t, folder, call{Function: "inspect", Arguments: []any{"crashtest: " + way}})[0]
			checkRejected(t, ended, "internal")
			if strings.Contains(string(ended.Rejected)+ended.Output, "secret text") {
				t.Errorf("the panic's text came out: %s, %s", ended.Rejected, ended.Output)
			}
		})
	}
	for _, way := range []string{"panic elsewhere", "exit", "fatal"} {
		t.Run(way, func(t *testing.T) {
			ended := bridge(t, folder, call{Function: "inspect", Arguments: []any{"crashtest: " + way}})[0]
			if !ended.Exited {
				t.Errorf("resolved to %s, rejected with %s; want the end of the program", ended.Resolved, ended.Rejected)
			}
		})
	}
}

// TestShippedModule checks that what is shipped has the two functions and no more,
// and nothing of the crashtest variant.
func TestShippedModule(t *testing.T) {
	shipped, variant := builtModule(t, ""), builtModule(t, "crashtest")
	ended := bridge(t, shipped, call{Function: "inspect", Arguments: []any{"crashtest: panic"}})[0]
	checkRejected(t, ended, "wrapping_key_not_base64")
	if want := []string{"addComponent", "generate", "inspect", "prepare", "writeReceipt"}; !slices.Equal(ended.Globals, want) {
		t.Errorf("the global has %q, want %q", ended.Globals, want)
	}
	const mark = "crashtest: "
	if bytes.Contains(readModule(t, shipped), []byte(mark)) {
		t.Error("the shipped module holds the crashtest variant")
	}
	if !bytes.Contains(readModule(t, variant), []byte(mark)) {
		t.Error("the crashtest variant does not hold its mark, so that looking for it proves nothing")
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
