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

// ParseWrappingKey reads a SubjectPublicKeyInfo (RFC 5280, section 4.1.2.7) that
// holds an RSA key of 2048 bits. The input is base64 of DER, as the KMS returns
// it, or DER, or PEM. A refusal is an [*Error]. The input is not kept.
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
		return nil, &Error{CodeKeyNotDER, "These bytes are not a DER-encoded key, or only a part of one. Copy the whole value of PublicKey, as GetParametersForImport returned it."}
	}
	if len(rest) != 0 {
		return nil, errTrailingBytes()
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

// parseSubjectPublicKeyInfo reads the contents of the outermost SEQUENCE.
func parseSubjectPublicKeyInfo(info der) (*WrappingKey, error) {
	algorithm, ok := info.value(tagSequence)
	if !ok {
		return nil, errMalformed()
	}
	identifier, ok := algorithm.value(tagOID)
	if !ok {
		return nil, errMalformed()
	}
	if !bytes.Equal(identifier, oidRSAEncryption) {
		return nil, errNotRSA(identifier, algorithm)
	}
	// The parameters of rsaEncryption are NULL and are present (RFC 3279, section
	// 2.3.1).
	null, ok := algorithm.value(tagNull)
	if !ok || len(null) != 0 {
		return nil, errMalformed()
	}
	bits, ok := info.value(tagBitString)
	if !ok || len(bits) == 0 || bits[0] != 0 { // bits[0]: unused bits at the end
		return nil, errMalformed()
	}
	contents := bits[1:]
	numbers, ok := contents.value(tagSequence)
	if !ok {
		return nil, errMalformed()
	}
	modulus, okN := numbers.natural()
	exponent, okE := numbers.natural()
	if !okN || !okE {
		return nil, errMalformed()
	}
	if len(algorithm)+len(info)+len(contents)+len(numbers) != 0 {
		return nil, errTrailingBytes()
	}
	return newWrappingKey(modulus, exponent)
}

// newWrappingKey checks the two numbers, given big endian without leading zeros.
func newWrappingKey(modulus, exponent []byte) (*WrappingKey, error) {
	if len(modulus) != modulusSize || modulus[0] < 0x80 {
		return nil, &Error{CodeKeySize, "This RSA key does not have 2048 bits. Ask for import parameters with WrappingKeySpec RSA_2048."}
	}
	if modulus[modulusSize-1]&1 == 0 {
		return nil, &Error{CodeKeyModulusEven, "This RSA key is broken: its modulus is even. Ask for new import parameters, and do not use this key."}
	}
	// Five bytes or more are beyond maxExponent; fewer fit any uint64.
	if len(exponent) > 4 {
		return nil, errExponentTooLarge()
	}
	var e uint64
	for _, b := range exponent {
		e = e<<8 | uint64(b)
	}
	switch {
	case e > maxExponent:
		return nil, errExponentTooLarge()
	case e&1 == 0:
		return nil, &Error{CodeKeyExponentEven, "This RSA key is broken: its exponent is even. Ask for new import parameters, and do not use this key."}
	case e < minExponent:
		return nil, &Error{CodeKeyExponentTooSmall, "The exponent of this RSA key is below 65537, which is not safe for wrapping. Ask for new import parameters, and do not use this key."}
	}
	return &WrappingKey{rsa: rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: int(e)}}, nil
}

func errExponentTooLarge() error {
	return &Error{CodeKeyExponentTooLarge, "The exponent of this RSA key is above 2147483647, and no KMS makes such keys. Ask for new import parameters, and do not use this key."}
}

func errMalformed() error {
	return &Error{CodeKeyMalformed, "This is not a public key in the form that the KMS returns (SubjectPublicKeyInfo). Copy the whole value of PublicKey, unchanged."}
}
