package wire

import (
	"bytes"
	"crypto/hmac"
	"encoding/base64"
	"encoding/hex"
	"net/http"
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
		req := &Request{method: method, query: params, header: http.Header{}}
		if err := VerifyV1(req, secret); err != nil {
			t.Errorf("a good signature: %v", err)
		}
		if err := VerifyV1(req, secret+"x"); err == nil {
			t.Error("it verifies under another secret")
		}
		params["Signature"] = base64.StdEncoding.EncodeToString(forged)
		if err := VerifyV1(req, secret); err == nil && !hmac.Equal(forged, signature) {
			t.Error("a forged signature verifies")
		}
		params["Signature"] = base64.StdEncoding.EncodeToString(signature)
		params[name1+"x"] = value1
		if err := VerifyV1(req, secret); err == nil && name1+"x" != "Signature" && name1+"x" != name2 {
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
		auth, err := ParseAuthorization(header)
		if err != nil {
			return
		}
		params, err := parameters(query)
		if err != nil {
			return
		}
		req := &Request{method: http.MethodPost, host: "kms", query: params, header: http.Header{}}
		req.header.Set("X-Acs-Content-Sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
		right := signV3(secret, stringToSignV3(req, auth.signedHeaders))
		if err := VerifyV3(req, auth, secret); (err == nil) != bytes.Equal(auth.signature, right) {
			t.Errorf("signature %s: %v", hex.EncodeToString(auth.signature), err)
		}
		auth.signature = right
		if err := VerifyV3(req, auth, secret); err != nil {
			t.Errorf("a good signature: %v", err)
		}
	})
}
