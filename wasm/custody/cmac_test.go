package custody

import (
	"bytes"
	"crypto/aes"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"
)

// TestCMAC checks the vectors of NIST SP 800-38B and RFC 4493, and those of OpenSSL.
func TestCMAC(t *testing.T) {
	text, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors struct {
		CMACs []struct{ Source, Key, Message, MAC string } `json:"cmacs"`
	}
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors.CMACs) < 12 {
		t.Fatalf("only %d vectors", len(vectors.CMACs))
	}
	for _, v := range vectors.CMACs {
		block, err := aes.NewCipher(unhex(t, v.Key))
		if err != nil {
			t.Fatal(err)
		}
		if mac := cmac(block, unhex(t, v.Message)); !bytes.Equal(mac[:], unhex(t, v.MAC)) {
			t.Errorf("%s: CMAC of %q is %x, want %s", v.Source, v.Message, mac, v.MAC)
		}
	}
}

func unhex(t testing.TB, digits string) []byte {
	t.Helper()
	b, err := hex.DecodeString(digits)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
