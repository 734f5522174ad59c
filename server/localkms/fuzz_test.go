package localkms

import (
	"bytes"
	"crypto/hmac"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"net/http"
	"os"
	"testing"
)

// FuzzSignatureV1: what is signed verifies; with anything changed it does not.
func FuzzSignatureV1(f *testing.F) {
	f.Add("GET", "Action", "CreateKey", "Format", "json", "secret", []byte{1})
	f.Add("POST", "", "", "\x00", "é&=+ %", "", []byte{})
	f.Fuzz(func(t *testing.T, method, name1, value1, name2, value2, secret string, forged []byte) {
		params := map[string]string{name1: value1, name2: value2}
		delete(params, "Signature")
		signature := signV1(secret, stringToSignV1(method, params))
		params["Signature"] = base64.StdEncoding.EncodeToString(signature)
		req := &request{method: method, query: params, header: http.Header{}}
		if err := verifyV1(req, secret); err != nil {
			t.Errorf("a good signature: %v", err)
		}
		if err := verifyV1(req, secret+"x"); err == nil {
			t.Error("it verifies under another secret")
		}
		params["Signature"] = base64.StdEncoding.EncodeToString(forged)
		if err := verifyV1(req, secret); err == nil && !hmac.Equal(forged, signature) {
			t.Error("a forged signature verifies")
		}
		params["Signature"] = base64.StdEncoding.EncodeToString(signature)
		params[name1+"x"] = value1
		if err := verifyV1(req, secret); err == nil && name1+"x" != "Signature" && name1+"x" != name2 {
			t.Error("an added parameter goes unnoticed")
		}
	})
}

// FuzzAuthorization: no header makes the parser panic, and what it takes
// covers the headers that must be signed and verifies only if it is right.
func FuzzAuthorization(f *testing.F) {
	f.Add("ACS3-HMAC-SHA256 Credential=a,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,Signature=00", "secret", "PageSize=5")
	f.Add("ACS3-HMAC-SHA256 ,,=,", "", "")
	f.Fuzz(func(t *testing.T, header, secret, query string) {
		auth, err := parseAuthorization(header)
		if err != nil {
			return
		}
		params, err := parameters(query)
		if err != nil {
			return
		}
		req := &request{method: http.MethodPost, host: "kms", query: params, header: http.Header{}}
		req.header.Set("X-Acs-Content-Sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
		right := signV3(secret, stringToSignV3(req, auth.signedHeaders))
		if err := verifyV3(req, auth, secret); (err == nil) != bytes.Equal(auth.signature, right) {
			t.Errorf("signature %s: %v", hex.EncodeToString(auth.signature), err)
		}
		auth.signature = right
		if err := verifyV3(req, auth, secret); err != nil {
			t.Errorf("a good signature: %v", err)
		}
	})
}

// FuzzUnwrap: what nobody wrapped does not open, and nothing panics.
func FuzzUnwrap(f *testing.F) {
	private, err := privateFrom(&testPair(f).primes)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(byte(oaepSHA256), []byte{})
	f.Add(byte(pkcs1v15), bytes.Repeat([]byte{0xff}, 256))
	f.Add(byte(oaepSHA1), bytes.Repeat([]byte{0}, 256))
	f.Fuzz(func(t *testing.T, alg byte, wrapped []byte) {
		material, ok := unwrap(private, algorithm(alg%3+1), wrapped, 32)
		if ok || len(material) != 32 {
			t.Errorf("%d bytes, %v", len(material), ok)
		}
	})
}

// testPair reads the first of the test keys, which the package that holds them
// cannot give to a test inside this one.
func testPair(t testing.TB) *pair {
	t.Helper()
	content, err := os.ReadFile("localkmstest/testdata/wrapping_keys.pem")
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(content)
	private, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	made, err := newPair(private)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// FuzzToken: only what the KMS sealed opens.
func FuzzToken(f *testing.F) {
	s := newStore(silent)
	good := s.sealToken("a", "k", session{algorithm: oaepSHA256, expires: 1, primes: primes{}})
	f.Add("")
	f.Add("AAAA")
	f.Add(good[:len(good)-4])
	f.Fuzz(func(t *testing.T, token string) {
		if _, err := s.openToken("a", "k", token); err != nil {
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
