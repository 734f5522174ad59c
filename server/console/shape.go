package console

import (
	"encoding/base64"
	"encoding/hex"
	"regexp"
	"strings"

	"keyferry/server/kms"
)

// ciphertextShaped reports whether text can be an RSA_2048 ciphertext: base64 of 256 bytes that
// look random. A key that was filled up to that length does not.
func ciphertextShaped(text string) bool {
	ciphertext, ok := kms.Ciphertext(text)
	return ok && !patterned(ciphertext)
}

// patterned reports whether 256 bytes are text, hold 16 equal bytes in a row, or hold any 16 bytes
// twice. Of ciphertexts fewer than one in 2^111 are any of these. wrapped.js has the same rule.
func patterned(block []byte) bool {
	ascii, equal := true, 0
	seen := map[[16]byte]bool{}
	for i, b := range block {
		ascii = ascii && b < 0x80
		if i > 0 && b == block[i-1] {
			equal++
		} else {
			equal = 1
		}
		if equal == 16 {
			return true
		}
		if i < 15 {
			continue
		}
		window := [16]byte(block[i-15 : i+1])
		if seen[window] {
			return true
		}
		seen[window] = true
	}
	return ascii
}

// tokenShaped reports whether text can be an import token, and is not a spelling of keys itself.
func tokenShaped(token string) bool {
	inner, ok := kms.Token(token)
	return ok && !isHex(token) && !spellsKey(string(inner))
}

// separators are what people and programs put between hexadecimal digits. Without the zeros, digits
// in UTF-16 are ASCII.
var separators = regexp.MustCompile(`(?i)[\s\x00:,-]|[0\\]x`)

// spellsKey reports whether text is hexadecimal, or base64 of at most 64 bytes.
func spellsKey(text string) bool {
	if isHex(text) {
		return true
	}
	text = strings.Join(strings.Fields(text), "")
	text = strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(text), "=")
	inner, err := base64.RawStdEncoding.DecodeString(text)
	return err == nil && len(inner) <= 64
}

func isHex(text string) bool {
	_, err := hex.DecodeString(separators.ReplaceAllString(text, ""))
	return err == nil
}
