package keywrap_test

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"keyferry/wasm/keywrap"
	"keyferry/wasm/keywrap/keywraptest"
)

// keyCodes are the codes with which ParseWrappingKey refuses.
var keyCodes = []keywrap.Code{
	keywrap.CodeKeyEmpty, keywrap.CodeKeyTooLong, keywrap.CodeKeyNotBase64, keywrap.CodeKeyNotPEM,
	keywrap.CodeKeyNotDER, keywrap.CodeKeyTrailingBytes, keywrap.CodeKeyMalformed,
	keywrap.CodeKeyPrivate, keywrap.CodeKeyCertificate, keywrap.CodeKeyPKCS1,
	keywrap.CodeKeyNotRSA, keywrap.CodeKeyEC, keywrap.CodeKeySM2,
	keywrap.CodeKeySize, keywrap.CodeKeyModulusEven,
	keywrap.CodeKeyExponentEven, keywrap.CodeKeyExponentTooSmall, keywrap.CodeKeyExponentTooLarge,
}

// codeOf returns the code that an error is.
func codeOf(t testing.TB, err error) keywrap.Code {
	t.Helper()
	code, ok := err.(keywrap.Code)
	if !ok {
		t.Fatalf("the error is %v, want a keywrap.Code", err)
	}
	return code
}

// TestParseWrappingKeyKeepsNothing checks that the caller may reuse the input.
func TestParseWrappingKeyKeepsNothing(t *testing.T) {
	input := keywraptest.PublicKeyDER()
	key, err := keywrap.ParseWrappingKey(input)
	if err != nil {
		t.Fatal(err)
	}
	clear(input)
	if key.Fingerprint() != parseKey(t, keywraptest.PublicKey()).Fingerprint() {
		t.Error("the key changed with the input")
	}
}

// TestWrappingKeyEveryCut checks each beginning of the DER: none is a key, and
// none is a fault.
func TestWrappingKeyEveryCut(t *testing.T) {
	whole := keywraptest.PublicKeyDER()
	for size := range whole {
		_, err := keywrap.ParseWrappingKey(whole[:size])
		codeOf(t, err)
		_, err = keywrap.ParseWrappingKey([]byte(base64.StdEncoding.EncodeToString(whole[:size])))
		codeOf(t, err)
	}
}

// TestWrappingKeyEveryBit checks each flip of one bit: what still parses must be
// a key with other numbers, and never the same key in another encoding.
func TestWrappingKeyEveryBit(t *testing.T) {
	whole := keywraptest.PublicKeyDER()
	for bit := range 8 * len(whole) {
		flipped := bytes.Clone(whole)
		flipped[bit/8] ^= 1 << (bit % 8)
		key, err := keywrap.ParseWrappingKey(flipped)
		if err != nil {
			codeOf(t, err)
			continue
		}
		checkAgainstX509(t, flipped, key)
	}
}

// FuzzParseWrappingKey holds two laws: no input is a fault, and what parses is
// DER that crypto/x509 reads as well and writes again, byte for byte.
func FuzzParseWrappingKey(f *testing.F) {
	for _, v := range readVectors(f).Keys {
		f.Add(v.input(f))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		key, err := keywrap.ParseWrappingKey(input)
		if err != nil {
			codeOf(t, err)
			return
		}
		checkAgainstX509(t, input, key)
	})
}

// checkAgainstX509 reads an accepted input by other means and compares.
func checkAgainstX509(t testing.TB, input []byte, key *keywrap.WrappingKey) {
	t.Helper()
	parsed, err := x509.ParsePKIXPublicKey(otherDER(t, input))
	if err != nil {
		t.Fatalf("crypto/x509 refuses what keywrap takes: %v", err)
	}
	public, ok := parsed.(*rsa.PublicKey)
	if !ok || public.N.BitLen() != 2048 || public.E < 65537 || public.E&1 == 0 || public.N.Bit(0) == 0 {
		t.Fatalf("keywrap takes a key that it should refuse: %T", parsed)
	}
	encoded, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	if key.Fingerprint() != sha256.Sum256(encoded) {
		t.Error("what parsed does not re-encode to the same DER")
	}
	var m keywrap.Material
	if wrapped, err := key.Wrap(keywrap.OAEPSHA256, &m); err != nil || len(wrapped) != 256 {
		t.Errorf("the key parses, but does not wrap: %d bytes, %v", len(wrapped), err)
	}
}

// otherDER returns the DER of an accepted input, found with the standard library
// alone.
func otherDER(t testing.TB, input []byte) []byte {
	t.Helper()
	if _, err := x509.ParsePKIXPublicKey(input); err == nil {
		return input
	}
	text := bytes.TrimPrefix(input, []byte("\ufeff"))
	// encoding/pem wants each line of dashes to stand alone, ended by LF. RFC 7468 also takes CR,
	// and its lax grammar takes other white space or none.
	text = bytes.ReplaceAll(text, []byte("\r"), []byte("\n"))
	for _, label := range []string{"PUBLIC KEY", "RSA PUBLIC KEY"} {
		begin := "-----BEGIN " + label + "-----"
		text = bytes.ReplaceAll(text, []byte(begin), []byte("\n"+begin+"\n"))
	}
	text = bytes.ReplaceAll(text, []byte("-----END"), []byte("\n-----END"))
	if block, rest := pem.Decode(bytes.TrimSpace(text)); block != nil && len(rest) == 0 {
		return block.Bytes
	}
	text = regexp.MustCompile(`[ \t]*\n[ \t]*`).ReplaceAll(text, nil)
	decoded, err := base64.StdEncoding.DecodeString(string(bytes.Trim(text, " \t\r\n")))
	if err != nil {
		t.Fatalf("keywrap takes what is neither DER nor PEM nor base64: %q", input)
	}
	return decoded
}

// publicKeyOf encodes a SubjectPublicKeyInfo of the two numbers. Each change may add to what one
// level of it holds.
func publicKeyOf(t testing.TB, modulus, exponent []byte, changes ...func(level string, b *cryptobyte.Builder)) []byte {
	t.Helper()
	end := func(level string, b *cryptobyte.Builder) {
		for _, change := range changes {
			change(level, b)
		}
	}
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier([]int{1, 2, 840, 113549, 1, 1, 1})
			b.AddASN1NULL()
			end("algorithm", b)
		})
		b.AddASN1(asn1.BIT_STRING, func(b *cryptobyte.Builder) {
			b.AddUint8(0)
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1BigInt(new(big.Int).SetBytes(modulus))
				b.AddASN1BigInt(new(big.Int).SetBytes(exponent))
				end("numbers", b)
			})
			end("bits", b)
		})
		end("info", b)
	})
	end("outside", &b)
	return b.BytesOrPanic()
}

// TestWrappingKeyBounds checks the numbers on both sides of each bound.
func TestWrappingKeyBounds(t *testing.T) {
	number := func(size int, first, last byte) []byte {
		n := bytes.Repeat([]byte{0x55}, size)
		n[0], n[size-1] = first, last
		return n
	}
	modulus, f4 := number(256, 0xc0, 1), []byte{1, 0, 1}
	for _, test := range []struct {
		name              string
		modulus, exponent []byte
		want              keywrap.Code
	}{
		{"the smallest modulus", append([]byte{0x80}, append(make([]byte, 254), 1)...), f4, ""},
		{"the largest modulus", bytes.Repeat([]byte{0xff}, 256), f4, ""},
		{"one bit less", number(256, 0x7f, 0xff), f4, keywrap.CodeKeySize},
		{"one byte less", number(255, 0xff, 1), f4, keywrap.CodeKeySize},
		{"one bit more", number(257, 1, 1), f4, keywrap.CodeKeySize},
		{"even", number(256, 0x80, 0xfe), f4, keywrap.CodeKeyModulusEven},
		{"the smallest exponent", modulus, []byte{1, 0, 1}, ""},
		{"below it", modulus, []byte{0xff, 0xff}, keywrap.CodeKeyExponentTooSmall},
		{"above it, even", modulus, []byte{1, 0, 2}, keywrap.CodeKeyExponentEven},
		{"the largest exponent", modulus, []byte{0x7f, 0xff, 0xff, 0xff}, ""},
		{"above it", modulus, []byte{0x80, 0, 0, 1}, keywrap.CodeKeyExponentTooLarge},
		{"of five bytes", modulus, []byte{1, 0, 1, 0, 1}, keywrap.CodeKeyExponentTooLarge},
	} {
		t.Run(test.name, func(t *testing.T) {
			input := publicKeyOf(t, test.modulus, test.exponent)
			key, err := keywrap.ParseWrappingKey(input)
			if test.want == "" && err == nil {
				checkAgainstX509(t, input, key)
			} else if err != test.want {
				t.Errorf("the error is %v, want %q", err, test.want)
			}
		})
	}
}

// TestWrappingKeyTrailingBytes appends a value at each level, and at each two of them.
func TestWrappingKeyTrailingBytes(t *testing.T) {
	trailing := func(level string) func(string, *cryptobyte.Builder) {
		return func(at string, b *cryptobyte.Builder) {
			if at == level {
				b.AddASN1NULL()
			}
		}
	}
	modulus := append(bytes.Repeat([]byte{0xc0}, 255), 1)
	levels := []string{"algorithm", "numbers", "bits", "info", "outside"}
	for _, one := range levels {
		for _, other := range levels {
			input := publicKeyOf(t, modulus, []byte{1, 0, 1}, trailing(one), trailing(other))
			if _, err := keywrap.ParseWrappingKey(input); err != keywrap.CodeKeyTrailingBytes {
				t.Errorf("at %s and %s: the error is %v, want %s", one, other, err, keywrap.CodeKeyTrailingBytes)
			}
		}
	}
}

// TestWrappingKeyLongest checks the length above which nothing is looked at.
func TestWrappingKeyLongest(t *testing.T) {
	for size, want := range map[int]keywrap.Code{32 << 10: keywrap.CodeKeyNotDER, 32<<10 + 1: keywrap.CodeKeyTooLong} {
		if _, err := keywrap.ParseWrappingKey(bytes.Repeat([]byte("A"), size)); err != want {
			t.Errorf("%d bytes: %v, want %s", size, err, want)
		}
	}
}

// TestWrappingKeyBinaryOrText follows the tag of a SEQUENCE, which is also the digit 0, with each
// byte: text is refused as such, and what no text has as DER.
func TestWrappingKeyBinaryOrText(t *testing.T) {
	for b := range 256 {
		want := keywrap.CodeKeyNotDER
		switch {
		case b >= ' ' && b <= '~' || strings.ContainsRune("\t\r\n", rune(b)):
			want = keywrap.CodeKeyNotBase64
		case b == 0: // the empty SEQUENCE
			want = keywrap.CodeKeyMalformed
		}
		if _, err := keywrap.ParseWrappingKey([]byte{0x30, byte(b)}); err != want {
			t.Errorf("30 %02x: %v, want %s", b, err, want)
		}
	}
}
