package backup

import (
	"strings"
	"testing"
)

// TestCheckPassphrase checks passphrases on both sides of each bound.
func TestCheckPassphrase(t *testing.T) {
	for passphrase, want := range map[string]error{
		"1234567":                 CodePassphraseShort,
		"12345678":                nil,
		"1234 678":                nil,
		"1234567~":                nil,
		"1234567\x1f":             CodePassphraseUnusable,
		"1234567\x7f":             CodePassphraseUnusable,
		"1234567\u0080":           CodePassphraseUnusable,
		"1234567\u009f":           CodePassphraseUnusable,
		"1234567\u00a0":           nil,
		strings.Repeat("x", 1024): nil,
		strings.Repeat("x", 1025): CodePassphraseUnusable,
	} {
		if got := checkPassphrase([]byte(passphrase)); got != want {
			t.Errorf("%q: %v, want %v", passphrase, got, want)
		}
	}
}

// TestWorkFactorBounds checks the factors that a passphrase may have. Nothing is derived, since
// the highest takes seconds.
func TestWorkFactorBounds(t *testing.T) {
	for factor, want := range map[int]error{-1: CodeWorkFactor, 0: CodeWorkFactor, 14: CodeWorkFactor, 15: nil, 20: nil, 21: CodeWorkFactor} {
		to := To{Passphrase: []byte("12345678"), WorkFactor: factor}
		if r, err := to.passphrase(); err != want || (r != nil) != (want == nil) {
			t.Errorf("work factor %d: %v, %v, want %v", factor, r, err, want)
		}
	}
}
