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
// PEM block, which may follow other text.
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
	}
	if _, block, found := bytes.Cut(text, pemBegin); found {
		return derOfPEM(block)
	}
	return decodeBase64(text)
}

// isBinary tells DER from text. Both can begin with 0x30, the tag of a SEQUENCE
// and the digit 0, but DER of any key has bytes that no text has.
func isBinary(input []byte) bool {
	if der(input).next() != tagSequence {
		return false
	}
	for _, b := range input {
		if b >= 0x7f || b < ' ' && b != '\t' && b != '\n' && b != '\r' {
			return true
		}
	}
	return false
}

// derOfPEM returns the contents of a PEM block (RFC 7468), given from its label
// on. Nothing may follow the block: a second key could not be told from the first.
func derOfPEM(block []byte) (der, error) {
	label, rest, found := bytes.Cut(block, pemDashes)
	body, end, foundEnd := bytes.Cut(rest, pemEnd)
	after, foundLabel := bytes.CutPrefix(end, append(bytes.Clone(label), pemDashes...))
	if !found || !foundEnd || !foundLabel {
		return nil, CodeKeyNotPEM
	}
	switch string(label) {
	case "PUBLIC KEY", "RSA PUBLIC KEY": // some programs write the second one over a SubjectPublicKeyInfo
	case "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE", "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST":
		return nil, CodeKeyCertificate
	default:
		return nil, CodeKeyNotPEM
	}
	if len(after) != 0 {
		return nil, CodeKeyTrailingBytes
	}
	return decodeBase64(body)
}

// decodeBase64 decodes the standard alphabet, with padding. Line breaks are passed
// over, as command-line tools fold what they print, and so are blanks at the ends
// of lines. A blank inside a line is refused: something may be missing there.
func decodeBase64(text []byte) (der, error) {
	var digits []byte
	for line := range bytes.FieldsFuncSeq(text, func(r rune) bool { return r == '\r' || r == '\n' }) {
		digits = append(digits, bytes.Trim(line, whiteSpace)...)
	}
	decoded, err := base64.StdEncoding.Strict().DecodeString(string(digits))
	if err != nil {
		return nil, CodeKeyNotBase64
	}
	return decoded, nil
}
