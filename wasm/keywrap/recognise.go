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
			return errPrivateKey()
		case tagSequence: // Certificate (RFC 5280, section 4.1), CertificationRequest (RFC 2986, section 4.2)
			return errCertificate()
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
			return errPrivateKey()
		}
	case tagInteger: // RSAPrivateKey, RSAPublicKey (RFC 8017, appendix A.1)
		if isVersion {
			return errPrivateKey()
		}
		return errPKCS1()
	}
	return nil
}

// openSequence returns what follows the header of a SEQUENCE, however much of it
// there is. It is for recognising alone.
func (d der) openSequence() der {
	header := 2
	if len(d) >= 2 && d[1] > 0x80 {
		header += int(d[1] - 0x80)
	}
	if d.next() != tagSequence || len(d) < header {
		return nil
	}
	return d[header:]
}

// errNotRSA explains a public key whose algorithm is not rsaEncryption.
func errNotRSA(algorithm, parameters der) error {
	if !bytes.Equal(algorithm, oidECPublicKey) {
		return &Error{CodeKeyNotRSA, "This public key is not an RSA encryption key. Ask for import parameters with WrappingKeySpec RSA_2048."}
	}
	if curve, ok := parameters.value(tagOID); ok && bytes.Equal(curve, oidSM2) {
		return &Error{CodeKeySM2, "This is an SM2 public key. Keyferry wraps with RSA: ask for import parameters with WrappingKeySpec RSA_2048."}
	}
	return &Error{CodeKeyEC, "This is an elliptic-curve public key. Keyferry wraps with RSA: ask for import parameters with WrappingKeySpec RSA_2048."}
}

func errPrivateKey() error {
	return &Error{CodeKeyPrivate, "This is a private key. Nothing here needs one, and it was not used. If it is a key of yours, " +
		"treat it as exposed and replace it: it has been on the clipboard and in this page. Paste the value of PublicKey instead."}
}

func errCertificate() error {
	return &Error{CodeKeyCertificate, "This is a certificate or a certificate request, not a wrapping key. Paste the value of PublicKey that GetParametersForImport returned."}
}

func errPKCS1() error {
	return &Error{CodeKeyPKCS1, "This is an RSA public key in its short form (PKCS#1), and the KMS never returns that. Paste the value of PublicKey as it was returned."}
}

func errTrailingBytes() error {
	return &Error{CodeKeyTrailingBytes, "Something follows the wrapping key. Copy the value of PublicKey alone."}
}
