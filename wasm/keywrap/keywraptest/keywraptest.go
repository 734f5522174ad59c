// Package keywraptest opens what keywrap wraps: a second opinion for tests, and
// never part of the browser module.
//
// It shares no code with keywrap or crypto/rsa. The RSA operation and both
// paddings are written from RFC 8017 over math/big, in the plainest way: nothing
// here runs in constant time, which a test does not need.
package keywraptest

import (
	"crypto/rsa"
	"crypto/x509"
	_ "embed"
	"encoding/base64"
	"encoding/pem"
)

// PrivateKeyPEM is testRSA2048 of RFC 9500, section 2.1: a key that is published
// for tests, so that no test makes one of its own.
//
//go:embed rfc9500-rsa2048.pem
var PrivateKeyPEM string

// PrivateKey returns the test key.
func PrivateKey() *rsa.PrivateKey {
	block, _ := pem.Decode([]byte(PrivateKeyPEM))
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		panic("keywraptest: the embedded key does not parse: " + err.Error())
	}
	return key
}

// PublicKeyDER returns the SubjectPublicKeyInfo of the test key.
func PublicKeyDER() []byte {
	encoded, err := x509.MarshalPKIXPublicKey(&PrivateKey().PublicKey)
	if err != nil {
		panic("keywraptest: the embedded key does not marshal: " + err.Error())
	}
	return encoded
}

// PublicKey returns the test key in the form in which the KMS returns a wrapping
// key: base64 of DER.
func PublicKey() string {
	return base64.StdEncoding.EncodeToString(PublicKeyDER())
}
