package custody

import (
	"unicode/utf8"

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

// Recognise says what a person's file is, without decoding it: the bytes that the text of a
// file represents come into being only in [Decode], after the person has confirmed that they
// are what is meant. If the file is not key material, the code says what it seems to be.
//
// Hidden characters are passed over: white space of any kind, a byte order mark, spaces of no
// width. Hex digits may be separated by hyphens, colons and commas, and preceded by 0x. Base64
// may be of either alphabet, with padding or without.
//
// A file of exactly 32 bytes is taken as it is, even if those bytes are characters: they may
// be a key that is in use. [Examine] judges them.
//
// The caller owns the file and clears it. Nothing of it is copied.
func Recognise(file []byte) (Kind, error) {
	switch {
	case len(file) == 0:
		return "", CodeSourceEmpty
	case len(file) > maxSourceSize:
		return "", CodeSourceTooLong
	case len(file) == keywrap.MaterialSize:
		return Raw, nil
	}
	if !isText(file) {
		return "", otherBinary(file)
	}
	text := trim(file)
	if len(text) == 0 {
		return "", CodeSourceEmpty
	}
	if code := otherText(text); code != "" {
		return "", code
	}
	if digits := countHex(text); digits == 2*keywrap.MaterialSize {
		return Hex, nil
	} else if digits > 0 {
		return "", CodeSourceHexLength
	}
	return recogniseBase64(text)
}

// Decode fills m from a file of the given kind, which must be the kind that [Recognise]
// returned for it. If it is refused, m is zero.
//
// The caller clears the file and, when it has served, m. Decoding leaves nothing of the
// material anywhere else.
func Decode(kind Kind, file []byte, m *keywrap.Material) error {
	clear(m[:])
	recognised, err := Recognise(file)
	if err != nil {
		return err
	}
	if recognised != kind {
		return CodeSourceNotConfirmed
	}
	switch kind {
	case Raw:
		copy(m[:], file)
	case Hex:
		decodeHex(file, m)
	case Base64:
		decodeBase64(file, m)
	}
	return nil
}

// maxSourceSize bounds what is looked at at all: what is mistaken for a key, such as a chain of
// certificates, has a few thousand bytes.
const maxSourceSize = 64 << 10

// countHex counts the digits of text that is nothing but hex digits, or returns 0.
func countHex(text []byte) (digits int) {
	if !eachHexDigit(text, func(byte) { digits++ }) {
		return 0
	}
	return digits
}

// decodeHex fills m from text in which countHex counted 64 digits.
func decodeHex(text []byte, m *keywrap.Material) {
	n := 0
	eachHexDigit(text, func(digit byte) {
		m[n/2] = m[n/2]<<4 | digit
		n++
	})
}

// base64Text is what base64 text looks like from outside.
type base64Text struct {
	digits, padding int
	alphabets       alphabet
	last            byte // value of the last digit
}

// bytes returns how many bytes the text represents.
func (t base64Text) bytes() int { return t.digits * 6 / 8 }

// sound reports whether the text is base64 as one encoder writes it: of a possible length, whole
// padding or none, one alphabet, and no bits left over.
func (t base64Text) sound() bool {
	leftOver := t.digits * 6 % 8
	return leftOver < 6 &&
		(t.padding == 0 || (t.digits+t.padding)%4 == 0 && t.padding <= 2) &&
		t.alphabets != standardAlphabet|urlAlphabet &&
		t.last&(1<<leftOver-1) == 0
}

// scanBase64 looks at text that is nothing but base64 and hidden characters.
func scanBase64(text []byte) (t base64Text, ok bool) {
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		value, only, isDigit := base64Digit(text[0])
		text = text[size:]
		switch {
		case isHidden(r):
		case r == '=':
			t.padding++
		case !isDigit || t.padding > 0:
			return base64Text{}, false
		default:
			t.digits++
			t.alphabets |= only
			t.last = value
		}
	}
	return t, t.digits > 0
}

// recogniseBase64 judges text that is not hex.
func recogniseBase64(text []byte) (Kind, error) {
	t, ok := scanBase64(text)
	switch {
	case !ok && bestEncoding(text, leastOf(text)) != nil:
		return "", bestEncoding(text, leastOf(text)).source
	case !ok, t.digits < 16: // so few letters are a word sooner than base64
		return "", CodeSourceText
	case t.bytes() != keywrap.MaterialSize:
		return "", CodeSourceBase64Length
	case !t.sound():
		return "", CodeSourceBase64Broken
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
			continue // hidden characters, whose bytes are no digits, or padding
		}
		bits, held = bits<<6|uint32(value), held+6
		if held >= 8 {
			held -= 8
			m[n] = byte(bits >> held)
			n++
		}
	}
}
