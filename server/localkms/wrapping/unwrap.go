package wrapping

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha1"
	_ "crypto/sha256"
	"crypto/subtle"
)

// Algorithm is a WrappingAlgorithm; tokens carry its number.
type Algorithm byte

// The algorithms of the API for RSA_2048.
const (
	OAEPSHA256 Algorithm = iota + 1
	OAEPSHA1
	PKCS1v15
)

var algorithmNames = map[Algorithm]string{
	OAEPSHA256: "RSAES_OAEP_SHA_256",
	OAEPSHA1:   "RSAES_OAEP_SHA_1",
	PKCS1v15:   "RSAES_PKCS1_V1_5",
}

// String returns the API's name of an algorithm.
func (a Algorithm) String() string { return algorithmNames[a] }

// ParseAlgorithm returns the algorithm that the API calls by a name.
func ParseAlgorithm(name string) (Algorithm, bool) {
	for a, have := range algorithmNames {
		if have == name {
			return a, true
		}
	}
	return 0, false
}

// Unwrap opens wrapped key material that must have size bytes. If it cannot, it returns random
// bytes and false. The caller owns the bytes.
//
// Every failure must look the same from outside: an RSA decryption oracle that tells one kind of
// failure from another, in words or by time, reveals the wrapped key (Bleichenbacher 1998, Manger
// 2001). So every path does one operation with the private key and returns material of the right
// size, and callers do the same work with it before they look at the second result.
func Unwrap(private *rsa.PrivateKey, alg Algorithm, wrapped []byte, size int) ([]byte, bool) {
	fallback := make([]byte, size)
	rand.Read(fallback)
	input, wellFormed := decryptable(private, wrapped)
	material, opened := open(private, alg, input, fallback)
	if !opened || !wellFormed {
		return fallback, false
	}
	return material, true
}

// decryptable returns the ciphertext if it is as long as the modulus and a smaller number, else
// random bytes that are: crypto/rsa refuses other input before it does any work, and that shows.
func decryptable(private *rsa.PrivateKey, wrapped []byte) ([]byte, bool) {
	modulus := private.N.FillBytes(make([]byte, keySize))
	substitute := make([]byte, keySize)
	rand.Read(substitute[1:]) // a leading zero keeps it below the modulus
	if len(wrapped) == keySize && string(wrapped) < string(modulus) {
		return wrapped, true
	}
	return substitute, false
}

// open decrypts under one algorithm. The result has the length of fallback.
func open(private *rsa.PrivateKey, alg Algorithm, input, fallback []byte) ([]byte, bool) {
	switch alg {
	case OAEPSHA256:
		return openOAEP(private, crypto.SHA256, input, fallback)
	case OAEPSHA1:
		return openOAEP(private, crypto.SHA1, input, fallback)
	default:
		return openPKCS1v15(private, input, fallback)
	}
}

func openOAEP(private *rsa.PrivateKey, hash crypto.Hash, input, fallback []byte) ([]byte, bool) {
	// The mask uses the hash of the label, as both samples of the vendor and OpenSSL's default do.
	plain, err := private.Decrypt(nil, input, &rsa.OAEPOptions{Hash: hash, MGFHash: hash})
	if err != nil || len(plain) != len(fallback) {
		return fallback, false
	}
	return plain, true
}

func openPKCS1v15(private *rsa.PrivateKey, input, fallback []byte) ([]byte, bool) {
	material := append([]byte(nil), fallback...)
	// This leaves its last argument unchanged, in constant time, when the padding or the length is
	// wrong; comparing with what was there tells. 32 random bytes do not occur by chance.
	//lint:ignore SA1019 the API offers RSAES_PKCS1_V1_5, and a KMS has to open it
	err := rsa.DecryptPKCS1v15SessionKey(nil, private, input, material)
	same := subtle.ConstantTimeCompare(material, fallback)
	return material, err == nil && same == 0
}
