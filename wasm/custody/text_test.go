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

// TestHiddenCharacters compares every character with the tables of Unicode: white space, and the
// format characters among general punctuation with three others that are as invisible.
func TestHiddenCharacters(t *testing.T) {
	for r := range rune(unicode.MaxRune + 1) {
		general := r >= 0x2000 && r < 0x2070
		format := unicode.Is(unicode.Cf, r) && (general || r == 0xad || r == 0x180e || r == 0xfeff)
		reserved := r == 0x2065 // between two of them
		if want := unicode.IsSpace(r) || format || reserved; isHidden(r) != want {
			t.Errorf("%U is hidden: %v, want %v", r, !want, want)
		}
		dash := general && unicode.Is(unicode.Pd, r)
		if want := r == '-' || r == ':' || r == ',' || dash || r == 0x2212; isSeparator(r) != want {
			t.Errorf("%U is a separator: %v, want %v", r, !want, want)
		}
	}
}

func TestEachHexDigit(t *testing.T) {
	for text, want := range map[string]string{
		"":                  "",
		"0123456789":        "0123456789",
		"abcdefABCDEF":      "abcdefabcdef",
		"0x":                "",
		"0x1":               "1",
		"0X1, 0xf":          "1f",
		"\\x4b\\x65":        "4b65",
		"10x2":              "12",
		"\\":                "not",
		"x1":                "not",
		"/":                 "not",
		"g":                 "not",
		"0\u00a012\u20113":  "0123",
		"０９ａｆＡＦ":            "09afaf",
		"！":                 "not", // the first of full width
		"～":                 "not", // the last
		"\u0130":            "not", // not the digit that its last byte is
		"\x80":              "not",
		"1\xff":             "not",
		"\ufeff0x1 0x2\r\n": "12",
	} {
		got := ""
		if !eachHexDigit([]byte(text), func(value byte) { got += strconv.FormatInt(int64(value), 16) }) {
			got = "not"
		}
		if got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
