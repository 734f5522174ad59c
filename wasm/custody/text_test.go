package custody

import (
	"encoding/base64"
	"strconv"
	"testing"
	"unicode"
)

// TestCharacterClasses reads every byte and compares with the standard library.
func TestCharacterClasses(t *testing.T) {
	for c := range 256 {
		text := string([]byte{byte(c)})
		want, err := strconv.ParseUint(text, 16, 8)
		if got, ok := hexDigit(byte(c)); ok != (err == nil) || ok && uint64(got) != want {
			t.Errorf("%q as a hex digit: %d, %v", text, got, ok)
		}

		// Two digits of base64 hold a byte, whose upper six bits are the first one.
		standard, err := base64.RawStdEncoding.DecodeString(text + "A")
		inStandard := err == nil
		url, err := base64.RawURLEncoding.DecodeString(text + "A")
		inURL := err == nil
		value, only, ok := base64Digit(byte(c))
		switch {
		case ok != (inStandard || inURL), inStandard && standard[0]>>2 != value, inURL && url[0]>>2 != value,
			(only == standardAlphabet) != (inStandard && !inURL), (only == urlAlphabet) != (inURL && !inStandard):
			t.Errorf("%q as a digit of base64: %d, %d, %v", text, value, only, ok)
		}

		space := c < 0x80 && unicode.IsSpace(rune(c)) && c != '\v' && c != '\f'
		if isSpace(byte(c)) != space {
			t.Errorf("%q as white space: %v", text, !space)
		}
	}
}
