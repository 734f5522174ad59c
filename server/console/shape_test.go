package console

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A token is longer than any usual spelling of a key, and at most 8 KiB.
func TestTokenLengths(t *testing.T) {
	for bytesIn, want := range map[int]bool{45: false, 48: false, 51: true, 6144: true, 6147: false} {
		token := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, bytesIn))
		if tokenShaped(token) != want {
			t.Errorf("a token of %d characters: taken %v, want %v", len(token), !want, want)
		}
	}
}

// A token is no spelling of a key, even in base64 of another spelling.
func TestTokensThatSpellKeys(t *testing.T) {
	key := []byte("\x07\x1a\xf3 32 bytes of some key, \xe9\x80\x95\xc4\x00\xff")[:32]
	digits := hex.EncodeToString(key)
	spaced := fmt.Sprintf("% x", key)
	for _, inner := range []string{
		digits, "0X" + strings.ToUpper(digits), spaced, strings.ReplaceAll(spaced, " ", ":"), "0x" + strings.ReplaceAll(spaced, " ", ", 0x"),
		`\x` + strings.ReplaceAll(spaced, " ", `\x`), strings.Join(strings.Split(digits, ""), "\x00") + "\x00",
		base64.StdEncoding.EncodeToString(key), base64.RawURLEncoding.EncodeToString(key),
	} {
		if token := base64.StdEncoding.EncodeToString([]byte(inner)); tokenShaped(token) {
			t.Errorf("base64 of %q is taken for a token", inner)
		}
	}
}

// A block that is just not regular enough is taken for a ciphertext.
func TestPatterned(t *testing.T) {
	block := func(change func(block []byte)) []byte {
		made := make([]byte, 256)
		for i := range made {
			made[i] = byte(i * 7) // no byte twice
		}
		change(made)
		return made
	}
	ascii := func(made []byte) {
		for i := range made {
			made[i] = made[i]&0x7f ^ byte(i/128) // so that no 16 bytes come again
		}
	}
	for name, test := range map[string]struct {
		block []byte
		want  bool
	}{
		"each byte once":       {block(func([]byte) {}), false},
		"ASCII":                {block(ascii), true},
		"ASCII but for a byte": {block(func(made []byte) { ascii(made); made[100] = 0x80 }), false},
		"15 equal bytes":       {block(func(made []byte) { copy(made[241:], bytes.Repeat([]byte{255}, 15)) }), false},
		"16 equal bytes":       {block(func(made []byte) { copy(made[240:], bytes.Repeat([]byte{255}, 16)) }), true},
		"15 bytes come again":  {block(func(made []byte) { copy(made[241:], made[:15]) }), false},
		"16 bytes come again":  {block(func(made []byte) { copy(made[240:], made[:16]) }), true},
	} {
		if patterned(test.block) != test.want {
			t.Errorf("%s: %v, want %v", name, !test.want, test.want)
		}
	}
}

// An expiry is in the future, and in the year 9999 at the latest.
func TestCheckExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now().Unix()
		for unix, want := range map[int64]error{
			now - 1: errExpireUnix, now: errExpireUnix, now + 1: nil, maxTimeUnix: nil, maxTimeUnix + 1: errExpireFar,
		} {
			if err := checkExpiry(unix); err != want {
				t.Errorf("%d: %v, want %v", unix, err, want)
			}
		}
	})
}
