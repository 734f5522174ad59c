package custody

// The character classes of keys in text. All of these work a byte at a time, so
// that text which holds a key is read where it stands and never copied.

func isSpace(c byte) bool {
	return c == ' ' || c == '\t' || c == '\r' || c == '\n'
}

// hexDigit returns the value of a hex digit of either case.
func hexDigit(c byte) (value byte, ok bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// base64Digit returns the value of a character of base64 (RFC 4648, section 4) or
// base64url (section 5), and which of the two it is particular to.
func base64Digit(c byte) (value byte, only alphabet, ok bool) {
	switch {
	case c >= 'A' && c <= 'Z':
		return c - 'A', 0, true
	case c >= 'a' && c <= 'z':
		return c - 'a' + 26, 0, true
	case c >= '0' && c <= '9':
		return c - '0' + 52, 0, true
	case c == '+':
		return 62, standardAlphabet, true
	case c == '/':
		return 63, standardAlphabet, true
	case c == '-':
		return 62, urlAlphabet, true
	case c == '_':
		return 63, urlAlphabet, true
	}
	return 0, 0, false
}

// alphabet is a set of base64 alphabets.
type alphabet byte

const (
	standardAlphabet alphabet = 1 << iota
	urlAlphabet
)
