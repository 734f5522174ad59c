package program

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"testing"

	"keyferry/wasm/keywrap"
)

// Fresh is a random key and a file that holds it in some form.
func Fresh(t testing.TB) keywrap.Material {
	t.Helper()
	var m keywrap.Material
	rand.Read(m[:])
	return m
}

// Kept writes a file for the test.
func Kept(t testing.TB, name string, content []byte) string {
	t.Helper()
	return WriteFile(t, filepath.Join(t.TempDir(), name), content)
}

// MustHave fails unless exactly this material arrived.
func (p *Program) MustHave(t testing.TB, key string, want keywrap.Material) {
	t.Helper()
	if got := p.Material(t, key); !bytes.Equal(got, want[:]) {
		t.Errorf("the KMS unwrapped other material than the person brought")
	}
	if got := p.State(t, key); got != "Enabled" {
		t.Errorf("the CMK is %s, want Enabled", got)
	}
}

// ReadFile reads a file that the test needs.
func ReadFile(t testing.TB, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
