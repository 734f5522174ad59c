package keywrap

import (
	"bytes"
	"encoding/base64"
)

// maxInputSize bounds what is looked at at all. A wrapping key has 294 bytes of
// DER; what is mistaken for one, a private key or a certificate, a few thousand.
const maxInputSize = 32 << 10

const whiteSpace = " \t\r\n"

var (
	byteOrderMark = []byte("\xef\xbb\xbf")
	pemBegin      = []byte("-----BEGIN ")
	pemEnd        = []byte("-----END ")
	pemDashes     = []byte("-----")
)

// derOf returns the DER in the input, which is DER itself, base64 of DER, or one
// PEM block.
func derOf(input []byte) (der, error) {
	if len(input) > maxInputSize {
		return nil, CodeKeyTooLong
	}
	if isBinary(input) {
		return input, nil
	}
	text := bytes.Trim(bytes.TrimPrefix(input, byteOrderMark), whiteSpace)
	switch {
	case len(text) == 0:
		return nil, CodeKeyEmpty
	case bytes.Contains(text, []byte("PRIVATE KEY")):
		// Looked for before anything else, so that no slip in the text around it
		// hides the warning that matters.
		return nil, CodeKeyPrivate
	case bytes.HasPrefix(text, pemBegin):
		return derOfPEM(text)
	}
	decoded, err := decodeBase64(text)
	if err != nil {
		return nil, CodeKeyNotBase64
	}
	return decoded, nil
}

// isBinary tells DER from text. Both can begin with 0x30, the tag of a SEQUENCE
// and the digit 0, but DER of any key has bytes that no text has.
func isBinary(input []byte) bool {
	if der(input).next() != tagSequence {
		return false
	}
	for _, b := range input {
		if b >= 0x7f || b < ' ' && bytes.IndexByte([]byte(whiteSpace), b) < 0 {
			return true
		}
	}
	return false
}

// derOfPEM returns the contents of a PEM block (RFC 7468) that fills the text.
func derOfPEM(text []byte) (der, error) {
	label, rest, found := bytes.Cut(text[len(pemBegin):], pemDashes)
	body, end, foundEnd := bytes.Cut(rest, pemEnd)
	after, foundLabel := bytes.CutPrefix(end, append(bytes.Clone(label), pemDashes...))
	if !found || !foundEnd || !foundLabel {
		return nil, CodeKeyNotPEM
	}
	switch string(label) {
	case "PUBLIC KEY":
	case "RSA PUBLIC KEY":
		return nil, CodeKeyPKCS1
	case "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE", "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST":
		return nil, CodeKeyCertificate
	default:
		return nil, CodeKeyNotPEM
	}
	if len(after) != 0 {
		return nil, CodeKeyTrailingBytes
	}
	decoded, err := decodeBase64(bytes.Trim(body, whiteSpace))
	if err != nil {
		return nil, CodeKeyNotBase64
	}
	return decoded, nil
}

// decodeBase64 decodes the standard alphabet, with padding. Line breaks inside
// are passed over, as command-line tools fold what they print.
func decodeBase64(text []byte) (der, error) {
	encoding := base64.StdEncoding.Strict()
	decoded := make([]byte, encoding.DecodedLen(len(text)))
	n, err := encoding.Decode(decoded, text)
	return decoded[:n], err
}
