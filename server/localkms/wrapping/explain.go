package wrapping

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"encoding/base64"
	"encoding/hex"
)

// explainedKeys is how many other wrapping keys an explanation tries.
const explainedKeys = 16

// Explain says what is wrong with wrapped material that should have been size bytes, wrapped by
// alg under private, as far as it can be found out. It names kinds and lengths, never content.
//
// It does many operations with private keys and its time depends on the padding, so it must not
// run before a request is answered, nor soon after: see [Unwrap].
func (r *Recent) Explain(private *rsa.PrivateKey, alg Algorithm, wrapped []byte, size int) string {
	if len(wrapped) != keySize {
		if _, err := base64.StdEncoding.DecodeString(string(wrapped)); err == nil {
			return "the wrapped material is base64 inside base64"
		}
		return "the wrapped material does not have the 256 bytes that RSA_2048 gives"
	}
	if found := explainUnder(private, alg, wrapped, size); found != "" {
		return found
	}
	for _, p := range r.latest(explainedKeys) {
		if !p.Private.Equal(private) && explainUnder(p.Private, alg, wrapped, size) != "" {
			return "it was wrapped under the public key of another GetParametersForImport than the token's"
		}
	}
	return "it opens under no padding with the token's wrapping key: wrapped under another key, or damaged"
}

// explainUnder tries every padding that a mistake may lead to; an empty result means that none
// opens the material.
func explainUnder(private *rsa.PrivateKey, alg Algorithm, wrapped []byte, size int) string {
	for _, p := range paddings {
		plain, err := p.open(private, wrapped)
		if err != nil {
			continue
		}
		defer clear(plain)
		if p.algorithm != alg {
			return "it was wrapped with " + p.name + " instead of " + alg.String()
		}
		return describe(plain, size)
	}
	return ""
}

// padding is a way in which material may have been wrapped.
type padding struct {
	name      string
	algorithm Algorithm // 0 for those that the API does not have
	open      func(*rsa.PrivateKey, []byte) ([]byte, error)
}

// paddings are tried in this order: OAEP hardly ever succeeds by mistake, while PKCS #1 v1.5
// padding occurs by chance once in some ten thousand.
var paddings = []padding{
	{"RSAES_OAEP_SHA_256", OAEPSHA256, oaep(crypto.SHA256, crypto.SHA256)},
	{"RSAES_OAEP_SHA_1", OAEPSHA1, oaep(crypto.SHA1, crypto.SHA1)},
	{"OAEP SHA-256 with MGF1 SHA-1, the default of Java's OAEPWithSHA-256AndMGF1Padding,", 0, oaep(crypto.SHA256, crypto.SHA1)},
	{"OAEP SHA-1 with MGF1 SHA-256", 0, oaep(crypto.SHA1, crypto.SHA256)},
	{"RSAES_PKCS1_V1_5", PKCS1v15, func(private *rsa.PrivateKey, wrapped []byte) ([]byte, error) {
		//lint:ignore SA1019 the question is whether a client used this padding
		return rsa.DecryptPKCS1v15(nil, private, wrapped)
	}},
}

func oaep(hash, mask crypto.Hash) func(*rsa.PrivateKey, []byte) ([]byte, error) {
	return func(private *rsa.PrivateKey, wrapped []byte) ([]byte, error) {
		return private.Decrypt(nil, wrapped, &rsa.OAEPOptions{Hash: hash, MGFHash: mask})
	}
}

// describe says what was wrapped when it was not size bytes of material.
func describe(plain []byte, size int) string {
	text := bytes.TrimSpace(plain)
	if decoded, err := hex.DecodeString(string(text)); err == nil && len(decoded) == size {
		return "hex text was wrapped instead of the bytes that it encodes"
	}
	if decoded, err := base64.StdEncoding.DecodeString(string(text)); err == nil && len(decoded) == size {
		return "base64 text was wrapped instead of the bytes that it encodes"
	}
	if len(text) == size && len(plain) > size {
		return "there is white space or a newline around the material"
	}
	if len(plain) == size {
		return "this is not the key material that the CMK is bound to"
	}
	return "what was wrapped does not have the length that the key's spec takes"
}
