package custody

import (
	"bytes"

	"keyferry/wasm/keywrap"
)

// Kind says in which form a file holds key material.
type Kind string

// The kinds of files that hold key material.
const (
	Raw    Kind = "raw"    // the 32 bytes themselves
	Hex    Kind = "hex"    // 64 hex digits
	Base64 Kind = "base64" // base64 or base64url of 32 bytes
)

// Recognise says what a person's file is, without decoding it: the bytes that the
// text of a file stands for come into being only in [Decode], after the person has
// confirmed that they are what is meant. Of what is no key material the refusal
// says what it seems to be.
//
// White space around and within text is passed over, as are a byte order mark and
// one 0x before hex digits. Base64 may be of either alphabet, with padding or
// without.
//
// A file of exactly 32 bytes is taken as it is, even where those bytes are
// characters: they may be a key that is in use. The quality gate says what it
// thinks of them.
//
// The caller owns the file and clears it. Nothing of it is copied.
func Recognise(file []byte) (Kind, error) {
	switch {
	case len(file) == 0:
		return "", errSourceEmpty()
	case len(file) > maxSourceSize:
		return "", refuse(CodeSourceTooLong, "This file is far too long for key material, which has 32 bytes. Choose the file that holds the key alone.")
	case len(file) == keywrap.MaterialSize:
		return Raw, nil
	}
	if !isText(file) {
		return "", errBinary(file)
	}
	text := trim(file)
	if len(text) == 0 {
		return "", errSourceEmpty()
	}
	if err := recogniseOther(text); err != nil {
		return "", err
	}
	if digits, ok := countHex(text); ok {
		if digits != 2*keywrap.MaterialSize {
			return "", errHexLength(digits)
		}
		return Hex, nil
	}
	return recogniseBase64(text)
}

// Decode fills m from a file of the given kind, which must be the kind that
// [Recognise] returned for it. If it is refused, m is zero.
//
// The caller clears the file and, when it has served, m. Decoding leaves nothing of
// the material anywhere else.
func Decode(kind Kind, file []byte, m *keywrap.Material) error {
	clear(m[:])
	recognised, err := Recognise(file)
	if err != nil {
		return err
	}
	if recognised != kind {
		return refuse(CodeSourceNotConfirmed, "The file is not what was confirmed. Choose it again.")
	}
	switch kind {
	case Raw:
		copy(m[:], file)
	case Hex:
		decodeHex(trim(file), m)
	case Base64:
		decodeBase64(trim(file), m)
	}
	return nil
}

// maxSourceSize bounds what is looked at at all: what is mistaken for a key, such
// as a chain of certificates, has a few thousand bytes.
const maxSourceSize = 64 << 10

var byteOrderMark = []byte("\xef\xbb\xbf")

// trim returns the text without a byte order mark and without white space around
// it. It is a part of the file, not a copy.
func trim(file []byte) []byte {
	return bytes.Trim(bytes.TrimPrefix(file, byteOrderMark), " \t\r\n")
}

// countHex counts the digits of text that is nothing but hex digits and white
// space, with or without one 0x before them.
func countHex(text []byte) (digits int, ok bool) {
	for _, c := range withoutPrefix(text) {
		if isSpace(c) {
			continue
		}
		if _, ok := hexDigit(c); !ok {
			return 0, false
		}
		digits++
	}
	return digits, digits > 0
}

func withoutPrefix(text []byte) []byte {
	if len(text) >= 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X') {
		return text[2:]
	}
	return text
}

// decodeHex fills m from text in which countHex counted 64 digits.
func decodeHex(text []byte, m *keywrap.Material) {
	n := 0
	for _, c := range withoutPrefix(text) {
		if digit, ok := hexDigit(c); ok {
			m[n/2] = m[n/2]<<4 | digit
			n++
		}
	}
}

// base64Text is what base64 text looks like from outside.
type base64Text struct {
	digits, padding int
	alphabets       alphabet
	last            byte // value of the last digit
}

// bytes returns how many bytes the text stands for.
func (t base64Text) bytes() int { return t.digits * 6 / 8 }

// sound reports whether the text is base64 as one encoder writes it: of a possible
// length, whole padding or none, one alphabet, and no bits left over.
func (t base64Text) sound() bool {
	leftOver := t.digits * 6 % 8
	return leftOver < 6 &&
		(t.padding == 0 || (t.digits+t.padding)%4 == 0 && t.padding <= 2) &&
		t.alphabets != standardAlphabet|urlAlphabet &&
		t.last&(1<<leftOver-1) == 0
}

// scanBase64 looks at text that is nothing but base64 and white space.
func scanBase64(text []byte) (t base64Text, ok bool) {
	for _, c := range text {
		switch {
		case isSpace(c):
		case c == '=':
			t.padding++
		default:
			value, only, ok := base64Digit(c)
			if !ok || t.padding > 0 {
				return base64Text{}, false
			}
			t.digits++
			t.alphabets |= only
			t.last = value
		}
	}
	return t, t.digits > 0
}

func recogniseBase64(text []byte) (Kind, error) {
	t, ok := scanBase64(text)
	switch {
	case !ok, t.digits < 16: // so few letters are a word sooner than base64
		return "", refuse(CodeSourceText, "This file is text, but neither 64 hex digits nor base64. Key material is 32 random bytes, and a password or a sentence cannot stand in for them.")
	case t.bytes() != keywrap.MaterialSize:
		return "", errBase64Length(t.bytes())
	case !t.sound():
		return "", refuse(CodeSourceBase64Broken, "This looks like base64 of 32 bytes, but no encoder writes it so: a character is wrong or missing. Copy it again from where it was made.")
	}
	return Base64, nil
}

// decodeBase64 fills m from text that recogniseBase64 took.
func decodeBase64(text []byte, m *keywrap.Material) {
	var bits uint32
	n, held := 0, 0
	for _, c := range text {
		value, _, ok := base64Digit(c)
		if !ok {
			continue // white space or padding
		}
		bits, held = bits<<6|uint32(value), held+6
		if held >= 8 {
			held -= 8
			m[n] = byte(bits >> held)
			n++
		}
	}
}
