package keywrap

import "bytes"

// Object identifiers, as the contents of their DER.
var (
	oidRSAEncryption = []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01} // 1.2.840.113549.1.1.1
	oidECPublicKey   = []byte{0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01}             // 1.2.840.10045.2.1
	oidSM2           = []byte{0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d}       // 1.2.156.10197.1.301
)

// recognise explains DER that is something else than a SubjectPublicKeyInfo. It
// returns nil where it knows nothing better to say. It looks at shapes only, and
// at what is there of them: half a private key deserves the warning too.
func recognise(input der) error {
	outer := input.openSequence()
	switch outer.next() {
	case tagInteger:
		return recogniseInteger(outer)
	case tagSequence:
		outer.value(tagSequence)
		switch outer.next() {
		case tagOctetString: // EncryptedPrivateKeyInfo (RFC 5958, section 3)
			return CodeKeyPrivate
		case tagSequence: // Certificate (RFC 5280, section 4.1), CertificationRequest (RFC 2986, section 4.2)
			return CodeKeyCertificate
		}
	}
	return nil
}

// recogniseInteger explains a SEQUENCE that begins with an INTEGER: the version
// of some private key, or the modulus of an RSAPublicKey.
func recogniseInteger(outer der) error {
	first, _ := outer.value(tagInteger)
	isVersion := len(first) == 1 && first[0] <= 1
	switch outer.next() {
	case tagSequence, // PrivateKeyInfo (RFC 5958, section 2)
		tagOctetString: // ECPrivateKey (RFC 5915, section 3)
		if isVersion {
			return CodeKeyPrivate
		}
	case tagInteger: // RSAPrivateKey, RSAPublicKey (RFC 8017, appendix A.1)
		if isVersion {
			return CodeKeyPrivate
		}
		return CodeKeyPKCS1
	}
	return nil
}

// openSequence returns what follows the header of a SEQUENCE, however much of it
// there is. It is for recognising alone.
func (d der) openSequence() der {
	if d.next() != tagSequence {
		return nil
	}
	header := 2 + max(0, int(d[1:].next())-0x80)
	return d[min(header, len(d)):]
}

// errNotRSA explains a public key whose algorithm is not rsaEncryption.
func errNotRSA(algorithm, parameters der) error {
	if !bytes.Equal(algorithm, oidECPublicKey) {
		return CodeKeyNotRSA
	}
	if curve, ok := parameters.value(tagOID); ok && bytes.Equal(curve, oidSM2) {
		return CodeKeySM2
	}
	return CodeKeyEC
}
