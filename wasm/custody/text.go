package custody

import (
	"bytes"
	"unicode/utf8"
)

// The character classes of keys in text. Text that holds a key is read where it is, a
// character at a time, and never copied.

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

// isHidden reports whether a character cannot be seen: white space of any kind, and marks of
// no width, as word processors and web pages add them.
func isHidden(r rune) bool {
	switch {
	case r >= '\t' && r <= '\r', r == ' ', r == 0x85, r == 0xa0, r == 0xad, r == 0x1680, r == 0x180e,
		r >= 0x2000 && r <= 0x200f, r >= 0x2028 && r <= 0x202f, r >= 0x205f && r <= 0x206f, r == 0x3000, r == 0xfeff:
		return true
	}
	return false
}

// isSeparator reports whether people print a character between hex digits.
func isSeparator(r rune) bool {
	return r == '-' || r == ':' || r == ',' || r >= 0x2010 && r <= 0x2015 || r == 0x2212
}

// trim returns the text without hidden characters around it. It is a part of the text,
// not a copy.
func trim(text []byte) []byte { return bytes.TrimFunc(text, isHidden) }

// eachHexDigit calls yield with the values of hex digits, in order. Hidden characters and
// separators are passed over, as are 0x and \x before digits; digits may be of full width, as
// Chinese and Japanese keyboards write them. It reports whether there is nothing else.
func eachHexDigit(text []byte, yield func(value byte)) bool {
	for len(text) > 0 {
		if len(text) >= 2 && (text[0] == '0' || text[0] == '\\') && text[1]|0x20 == 'x' {
			text = text[2:]
			continue
		}
		r, size := utf8.DecodeRune(text)
		text = text[size:]
		if isHidden(r) || isSeparator(r) {
			continue
		}
		if r >= 0xff01 && r <= 0xff5e {
			r -= 0xff01 - '!'
		}
		if r >= utf8.RuneSelf {
			return false
		}
		value, ok := hexDigit(byte(r))
		if !ok {
			return false
		}
		yield(value)
	}
	return true
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
