package keywrap

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
)

// Wrap encrypts m to the wrapping key and returns the 256 bytes that the KMS
// takes, base64-encoded, as EncryptedKeyMaterial. Each call draws fresh
// randomness, so that no two results are alike.
//
// Wrap does not change m; the caller clears it. What it cannot clear is what
// crypto/rsa leaves on the heap: the padded message, which for
// RSAES_PKCS1_V1_5 holds m as it is, and the numbers computed from it. Only the
// end of the process, or of the module's memory, removes those.
func (k *WrappingKey) Wrap(alg Algorithm, m *Material) ([]byte, error) {
	var wrapped []byte
	var err error
	switch alg {
	case OAEPSHA256:
		wrapped, err = k.wrapOAEPSHA256(m)
	case OAEPSHA1:
		wrapped, err = k.wrapOAEPSHA1(m)
	case PKCS1v15:
		wrapped, err = k.wrapPKCS1v15(m)
	default:
		_, err = ParseAlgorithm(string(alg))
		return nil, err
	}
	if err != nil {
		// A parsed key and 32 bytes leave crypto/rsa nothing to refuse.
		return nil, CodeWrapping
	}
	return wrapped, nil
}

// wrapOAEPSHA256 is RSAES-OAEP-ENCRYPT (RFC 8017, section 7.1.1) with SHA-256,
// MGF1 with SHA-256 (appendix B.2.1) and the empty label.
//
// It is safe with any material: OAEP is IND-CCA2 in the random oracle model, and
// 32 bytes are well below the limit of k - 2hLen - 2 = 190.
func (k *WrappingKey) wrapOAEPSHA256(m *Material) ([]byte, error) {
	return rsa.EncryptOAEP(sha256.New(), rand.Reader, &k.rsa, m[:], nil)
}

// wrapOAEPSHA1 is RSAES-OAEP-ENCRYPT (RFC 8017, section 7.1.1) with SHA-1, MGF1
// with SHA-1 and the empty label, for an instance that offers nothing newer.
//
// SHA-1's collisions do not touch it: the label is fixed, so that nobody chooses
// what is hashed, and MGF1 needs SHA-1 to look random, not to resist collisions
// (RFC 8017, section B.1).
func (k *WrappingKey) wrapOAEPSHA1(m *Material) ([]byte, error) {
	return rsa.EncryptOAEP(sha1.New(), rand.Reader, &k.rsa, m[:], nil)
}

// wrapPKCS1v15 is RSAES-PKCS1-V1_5-ENCRYPT (RFC 8017, section 7.2.1).
//
// What makes the scheme a danger is a receiver that tells good padding from bad
// (Bleichenbacher; the notes of section 7.2.2). We only ever encrypt, so that no
// such answer comes from here; whether the KMS gives one is the KMS's matter.
// Section 7.2 warns of small exponents as well: a [WrappingKey] has none.
func (k *WrappingKey) wrapPKCS1v15(m *Material) ([]byte, error) {
	//lint:ignore SA1019 the KMS offers this scheme and some instances take no other; the page marks it as legacy
	return rsa.EncryptPKCS1v15(rand.Reader, &k.rsa, m[:])
}
