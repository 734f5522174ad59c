package localkms_test

import (
	"bytes"
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"keyferry/server/localkms"
)

// What OpenSSL wraps, in the vendor's own way for SHA-1 and in the right way
// for the others, the KMS unwraps.
func TestOpenSSL(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Fatal("this test needs the openssl command, of Debian's package openssl")
	}
	pkeyutl := []string{"pkeyutl", "-encrypt", "-pubin", "-keyform", "DER", "-inkey", "PublicKey.bin", "-in", "KeyMaterial.bin", "-out", "EncryptedKeyMaterial.bin"}
	for _, test := range []struct {
		name, algorithm string
		command         []string
	}{
		{"rsautl", oaepSHA1, []string{"rsautl", "-encrypt", "-oaep", "-pubin", "-keyform", "DER", "-inkey", "PublicKey.bin", "-in", "KeyMaterial.bin", "-out", "EncryptedKeyMaterial.bin"}},
		{"pkeyutl", oaepSHA1, append(pkeyutl, "-pkeyopt", "rsa_padding_mode:oaep")},
		{"pkeyutl", oaepSHA256, append(pkeyutl, "-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:sha256")},
		{"pkeyutl with MGF1 named", oaepSHA256, append(pkeyutl, "-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:sha256", "-pkeyopt", "rsa_mgf1_md:sha256")},
		{"pkeyutl", pkcs1v15, append(pkeyutl, "-pkeyopt", "rsa_padding_mode:pkcs1")},
		{"pkeyutl without padding named", pkcs1v15, pkeyutl},
	} {
		t.Run(test.algorithm+" "+test.name, func(t *testing.T) {
			kms, c := newClient(t, localkms.Config{})
			id := c.external(t)
			publicKey, token := c.parameters(t, id, test.algorithm)
			der, err := base64.StdEncoding.DecodeString(publicKey)
			if err != nil {
				t.Fatal(err)
			}
			dir, material := t.TempDir(), newMaterial(32)
			for name, content := range map[string][]byte{"PublicKey.bin": der, "KeyMaterial.bin": material} {
				if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			openssl := exec.Command("openssl", test.command...)
			openssl.Dir = dir
			if said, err := openssl.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, said)
			}
			wrapped, err := os.ReadFile(filepath.Join(dir, "EncryptedKeyMaterial.bin"))
			if err != nil {
				t.Fatal(err)
			}
			c.must(t, "ImportKeyMaterial", params{"KeyId": id, "ImportToken": token, "EncryptedKeyMaterial": base64.StdEncoding.EncodeToString(wrapped)})
			if !bytes.Equal(kms.Material(id), material) {
				t.Error("other material arrived than was wrapped")
			}
		})
	}
}
