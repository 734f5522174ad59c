package ledger

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A key file is made once, is for its owner and group alone, and is read only whole.
func TestKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.key")
	if _, err := LoadKey(path, false); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("there is none: %v", err)
	}
	made, err := LoadKey(path, true)
	if err != nil {
		t.Fatal(err)
	}
	again, err := LoadKey(path, true)
	if err != nil || again.Public() != made.Public() {
		t.Errorf("read again: %s, not %s (%v)", again.Public(), made.Public(), err)
	}
	for what, text := range map[string]string{"text": made.Public(), "file": path + ".pub"} {
		if public, err := ParsePublic(text); err != nil || public.KeyHash() != made.Verifier().KeyHash() {
			t.Errorf("the public key as %s: %v, %v", what, public, err)
		}
	}
	for _, text := range []string{path + ".none", path, "a+b+c"} {
		if public, err := ParsePublic(text); err == nil {
			t.Errorf("%s has the public key %v", filepath.Base(text), public)
		}
	}
	for mode, good := range map[fs.FileMode]bool{0o600: true, 0o640: true, 0o400: true, 0o604: false, 0o620: false, 0o644: false} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadKey(path, false); (err == nil) != good {
			t.Errorf("with mode %o: %v", mode, err)
		}
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	private, _, _ := strings.Cut(string(whole), "\n")
	for what, text := range map[string]string{
		"nothing": "", "no public key": private + "\n", "the public key alone": made.Public(), "another public key": private + "\n" + testKey(t).Public(),
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadKey(path, true); err == nil {
			t.Errorf("%s: taken for a key", what)
		}
	}
}
