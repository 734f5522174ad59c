package keywrap_test

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"regexp"
	"testing"

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

func TestWrappingKeyTooLong(t *testing.T) {
	_, err := keywrap.ParseWrappingKey(bytes.Repeat([]byte("A"), 40000))
	if got := codeOf(t, err); got != keywrap.CodeKeyTooLong {
		t.Errorf("code %q, want %q", got, keywrap.CodeKeyTooLong)
	}
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
