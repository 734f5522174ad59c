package localkms

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha1"
	_ "crypto/sha256"
	"crypto/subtle"
)

// algorithm is a WrappingAlgorithm; its number stands in tokens.
type algorithm byte

const (
	oaepSHA256 algorithm = iota + 1
	oaepSHA1
	pkcs1v15
)

var algorithmNames = map[string]algorithm{
	"RSAES_OAEP_SHA_256": oaepSHA256,
	"RSAES_OAEP_SHA_1":   oaepSHA1,
	"RSAES_PKCS1_V1_5":   pkcs1v15,
}

// String returns the API's name of an algorithm.
func (a algorithm) String() string {
	for name, have := range algorithmNames {
		if have == a {
			return name
		}
	}
	return "unknown"
}

// unwrap opens wrapped key material that must have size bytes. If it cannot,
// it returns random bytes and false.
//
// Whatever is wrong must look the same from outside: an RSA decryption oracle
// that tells one kind of failure from another, in words or by time, gives the
// wrapped key away (Bleichenbacher 1998, Manger 2001). So every path does one
// private-key operation and returns material of the right size, and callers do
// the same work with it before they look at the second result.
func unwrap(private *rsa.PrivateKey, alg algorithm, wrapped []byte, size int) ([]byte, bool) {
	fallback := make([]byte, size)
	rand.Read(fallback)
	input, wellFormed := decryptable(private, wrapped)
	material, opened := open(private, alg, input, fallback)
	if !opened || !wellFormed {
		return fallback, false
	}
	return material, true
}

// decryptable returns the ciphertext if it is a number below the modulus of
// the modulus's length, else another that is: crypto/rsa refuses the others
// before it does any work, and that would show.
func decryptable(private *rsa.PrivateKey, wrapped []byte) ([]byte, bool) {
	modulus := private.N.FillBytes(make([]byte, wrappingKeySize))
	if len(wrapped) == wrappingKeySize && less(wrapped, modulus) {
		return wrapped, true
	}
	substitute := make([]byte, wrappingKeySize)
	rand.Read(substitute[1:]) // a leading zero keeps it below the modulus
	return substitute, false
}

// less compares numbers of equal length; both are public.
func less(a, b []byte) bool { return string(a) < string(b) }

// open decrypts under one algorithm. The result has the length of fallback.
func open(private *rsa.PrivateKey, alg algorithm, input, fallback []byte) ([]byte, bool) {
	switch alg {
	case oaepSHA256:
		return openOAEP(private, crypto.SHA256, input, fallback)
	case oaepSHA1:
		return openOAEP(private, crypto.SHA1, input, fallback)
	default:
		return openPKCS1v15(private, input, fallback)
	}
}

func openOAEP(private *rsa.PrivateKey, hash crypto.Hash, input, fallback []byte) ([]byte, bool) {
	// The hash of the mask is the hash of the label: both samples of the
	// vendor, and OpenSSL by default, have it so.
	plain, err := private.Decrypt(nil, input, &rsa.OAEPOptions{Hash: hash, MGFHash: hash})
	if err != nil || len(plain) != len(fallback) {
		return fallback, false
	}
	return plain, true
}

func openPKCS1v15(private *rsa.PrivateKey, input, fallback []byte) ([]byte, bool) {
	material := append([]byte(nil), fallback...)
	// This leaves its last argument alone, in constant time, when the padding
	// or the length is wrong; comparing with what was there tells. That 32
	// random bytes are met by chance cannot happen.
	//lint:ignore SA1019 the API offers RSAES_PKCS1_V1_5, and a KMS has to open it
	err := rsa.DecryptPKCS1v15SessionKey(nil, private, input, material)
	same := subtle.ConstantTimeCompare(material, fallback)
	return material, err == nil && same == 0
}
