package wrapping

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"os"
	"testing"
)

// FuzzUnwrap: what nobody wrapped does not open, and nothing panics.
func FuzzUnwrap(f *testing.F) {
	private, err := privateFrom(&testPair(f).Primes)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(byte(OAEPSHA256), []byte{})
	f.Add(byte(PKCS1v15), bytes.Repeat([]byte{0xff}, 256))
	f.Add(byte(OAEPSHA1), bytes.Repeat([]byte{0}, 256))
	f.Fuzz(func(t *testing.T, alg byte, wrapped []byte) {
		material, ok := Unwrap(private, Algorithm(alg%3+1), wrapped, 32)
		if ok || len(material) != 32 {
			t.Errorf("%d bytes, %v", len(material), ok)
		}
	})
}

// testPair reads the first of the test keys, which the package that holds them
// cannot give to a test inside this one.
func testPair(t testing.TB) *Pair {
	t.Helper()
	content, err := os.ReadFile("../localkmstest/testdata/wrapping_keys.pem")
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(content)
	private, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	made, err := NewPair(private)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// FuzzToken: only what the KMS sealed opens.
func FuzzToken(f *testing.F) {
	key := &[32]byte{1}
	session := &Session{Algorithm: OAEPSHA256, Expires: 1}
	good := session.Seal(key, "a", "k")
	for _, other := range [][2]string{{"b", "k"}, {"a", "l"}} {
		if _, err := OpenToken(key, other[0], other[1], good); err == nil {
			f.Errorf("a token of a/k opens for %s/%s", other[0], other[1])
		}
	}
	f.Add("")
	f.Add("AAAA")
	f.Add(good[:len(good)-4])
	f.Fuzz(func(t *testing.T, token string) {
		if _, err := OpenToken(key, "a", "k", token); err != nil {
			return
		}
		// Base64 has several spellings of the same bytes.
		got, _ := base64.StdEncoding.DecodeString(token)
		want, _ := base64.StdEncoding.DecodeString(good)
		if !bytes.Equal(got, want) {
			t.Errorf("%q opens", token)
		}
	})
}
