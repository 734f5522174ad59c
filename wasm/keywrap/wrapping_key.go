package keywrap

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"math/big"
)

// WrappingKeySpec is the KMS's name for the one kind of wrapping key that this
// package takes.
const WrappingKeySpec = "RSA_2048"

const (
	modulusSize = 2048 / 8

	// minExponent is the smallest that FIPS 186-5, section 5.5(e), admits, and the
	// one that every KMS uses. Smaller ones make RSAES-PKCS1-v1_5 fragile (RFC
	// 8017, section 7.2).
	minExponent = 1<<16 + 1
	// maxExponent is the largest that crypto/rsa computes with.
	maxExponent = 1<<31 - 1
)

// WrappingKey is an RSA-2048 public key from GetParametersForImport. It is valid
// once parsed, and is never changed.
type WrappingKey struct {
	der []byte
	rsa rsa.PublicKey
}

// ParseWrappingKey reads a SubjectPublicKeyInfo (RFC 5280, section 4.1.2.7) that holds an RSA key
// of 2048 bits. The input is base64 of DER, as the KMS returns it, or DER, or PEM, also after other
// text (RFC 7468, section 2). A refusal is a [Code]. The input is not kept.
func ParseWrappingKey(input []byte) (*WrappingKey, error) {
	encoded, err := derOf(input)
	if err != nil {
		return nil, err
	}
	if err := recognise(encoded); err != nil {
		return nil, err
	}
	rest := encoded
	outer, ok := rest.value(tagSequence)
	if !ok {
		return nil, CodeKeyNotDER
	}
	if len(rest) != 0 {
		return nil, CodeKeyTrailingBytes
	}
	key, err := parseSubjectPublicKeyInfo(outer)
	if err != nil {
		return nil, err
	}
	key.der = bytes.Clone(encoded)
	return key, nil
}

// Fingerprint returns the SHA-256 of the key's DER, which is what
// `openssl pkey -pubin -outform DER | sha256sum` prints.
func (k *WrappingKey) Fingerprint() [sha256.Size]byte {
	return sha256.Sum256(k.der)
}

// DER returns the key as a SubjectPublicKeyInfo, 294 bytes with the usual exponent.
func (k *WrappingKey) DER() []byte { return bytes.Clone(k.der) }

// parseSubjectPublicKeyInfo reads the contents of the outermost SEQUENCE.
func parseSubjectPublicKeyInfo(info der) (*WrappingKey, error) {
	algorithm, ok := info.value(tagSequence)
	if !ok {
		return nil, CodeKeyMalformed
	}
	identifier, ok := algorithm.value(tagOID)
	if !ok {
		return nil, CodeKeyMalformed
	}
	if !bytes.Equal(identifier, oidRSAEncryption) {
		return nil, errNotRSA(identifier, algorithm)
	}
	// The parameters of rsaEncryption are NULL and are present (RFC 3279, section
	// 2.3.1).
	null, ok := algorithm.value(tagNull)
	if !ok || len(null) != 0 {
		return nil, CodeKeyMalformed
	}
	bits, ok := info.value(tagBitString)
	if !ok || len(bits) == 0 || bits[0] != 0 { // bits[0]: unused bits at the end
		return nil, CodeKeyMalformed
	}
	contents := bits[1:]
	numbers, ok := contents.value(tagSequence)
	if !ok {
		return nil, CodeKeyMalformed
	}
	modulus, okN := numbers.natural()
	exponent, okE := numbers.natural()
	if !okN || !okE {
		return nil, CodeKeyMalformed
	}
	if len(algorithm) > 0 || len(info) > 0 || len(contents) > 0 || len(numbers) > 0 {
		return nil, CodeKeyTrailingBytes
	}
	return newWrappingKey(modulus, exponent)
}

// newWrappingKey checks the two numbers, given big endian without leading zeros.
func newWrappingKey(modulus, exponent []byte) (*WrappingKey, error) {
	if len(modulus) != modulusSize || modulus[0] < 0x80 {
		return nil, CodeKeySize
	}
	if modulus[modulusSize-1]&1 == 0 {
		return nil, CodeKeyModulusEven
	}
	// Five bytes or more are beyond maxExponent; fewer fit any uint64.
	if len(exponent) > 4 {
		return nil, CodeKeyExponentTooLarge
	}
	var e uint64
	for _, b := range exponent {
		e = e<<8 | uint64(b)
	}
	switch {
	case e > maxExponent:
		return nil, CodeKeyExponentTooLarge
	case e&1 == 0:
		return nil, CodeKeyExponentEven
	case e < minExponent:
		return nil, CodeKeyExponentTooSmall
	}
	return &WrappingKey{rsa: rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: int(e)}}, nil
}
