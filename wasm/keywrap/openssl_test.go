//go:build !js

package keywrap_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"keyferry/wasm/keywrap"
	"keyferry/wasm/keywrap/keywraptest"
)

// TestOpenSSLOpens has the openssl program open what keywrap wraps.
func TestOpenSSLOpens(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Fatal("this test needs the program openssl, version 3: install the package openssl")
	}
	options := map[keywrap.Algorithm][]string{
		keywrap.OAEPSHA256: {"rsa_padding_mode:oaep", "rsa_oaep_md:sha256", "rsa_mgf1_md:sha256"},
		keywrap.OAEPSHA1:   {"rsa_padding_mode:oaep", "rsa_oaep_md:sha1", "rsa_mgf1_md:sha1"},
		keywrap.PKCS1v15:   {"rsa_padding_mode:pkcs1"},
	}
	folder := t.TempDir()
	private := filepath.Join(folder, "private.pem")
	writeFile(t, private, []byte(keywraptest.PrivateKeyPEM))
	key := parseKey(t, keywraptest.PublicKey())
	for _, algorithm := range keywrap.Algorithms() {
		t.Run(string(algorithm), func(t *testing.T) {
			var m keywrap.Material
			if err := keywrap.Generate(&m); err != nil {
				t.Fatal(err)
			}
			wrapped, err := key.Wrap(algorithm, &m)
			if err != nil {
				t.Fatal(err)
			}
			in := filepath.Join(t.TempDir(), "wrapped")
			writeFile(t, in, wrapped)
			arguments := []string{"pkeyutl", "-decrypt", "-inkey", private, "-in", in}
			for _, option := range options[algorithm] {
				arguments = append(arguments, "-pkeyopt", option)
			}
			opened, err := exec.CommandContext(t.Context(), "openssl", arguments...).Output()
			if err != nil {
				t.Fatalf("openssl does not open it: %v", err)
			}
			if !bytes.Equal(opened, m[:]) {
				t.Error("openssl opens it to something else")
			}
		})
	}
}

func writeFile(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
