package custody_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"

	"golang.org/x/text/encoding/simplifiedchinese"

	"keyferry/wasm/custody"
	"keyferry/wasm/keywrap"
	"keyferry/wasm/keywrap/keywraptest"
)

// sourceDigits is a key as text. Its bytes have every class of character in base64.
const sourceDigits = "8d41c6f0b25e9a7713fc04d8e9a2b6556cc8302f17be94da61f5803e7a9d4bff"

func grouped(digits string) string {
	var b strings.Builder
	for i := 0; i < len(digits); i += 8 {
		b.WriteString(digits[i:i+8] + " \r\n"[i/8%2:])
	}
	return b.String()
}

// pairs cuts digits into those of single bytes.
func pairs(digits string) []string {
	var all []string
	for i := 0; i < len(digits); i += 2 {
		all = append(all, digits[i:i+2])
	}
	return all
}

func gbk(t *testing.T, text string) string {
	t.Helper()
	encoded, err := simplifiedchinese.GBK.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

func inUTF16(text string, mark bool) []byte {
	var b []byte
	if mark {
		b = append(b, 0xff, 0xfe)
	}
	for _, unit := range utf16.Encode([]rune(text)) {
		b = append(b, byte(unit), byte(unit>>8))
	}
	return b
}

func TestRecognise(t *testing.T) {
	key := materialOf(t, sourceDigits)[:]
	standard, url := base64.StdEncoding.EncodeToString(key), base64.URLEncoding.EncodeToString(key)
	if !strings.ContainsAny(standard, "+/") {
		t.Fatal("the key does not tell the alphabets apart")
	}
	pem := func(label string) string {
		return "-----BEGIN " + label + "-----\n" + standard + "\n-----END " + label + "-----\n"
	}
	lastChanged := standard[:42] + "9="
	tests := []struct {
		name, file string
		want       string // a kind or a code
	}{
		{"raw", string(key), "raw"},
		{"raw zeros", strings.Repeat("\x00", 32), "raw"},
		{"raw text", "0123456789abcdef0123456789abcdef", "raw"},
		{"hex", sourceDigits, "hex"},
		{"hex, upper case, newline", strings.ToUpper(sourceDigits) + "\r\n", "hex"},
		{"hex, 0x", "0x" + sourceDigits, "hex"},
		{"hex, 0X and space", "  0X " + sourceDigits + "\t", "hex"},
		{"hex, groups", grouped(sourceDigits), "hex"},
		{"hex, byte order mark", "\ufeff" + sourceDigits, "hex"},
		{"base64", standard, "base64"},
		{"base64, newline", standard + "\n", "base64"},
		{"base64, folded", standard[:20] + "\r\n" + standard[20:], "base64"},
		{"base64, no padding", strings.TrimRight(standard, "="), "base64"},
		{"base64url", url, "base64"},
		{"base64url, no padding", strings.TrimRight(url, "="), "base64"},

		{"empty", "", "source_empty"},
		{"white space", " \r\n\t\n", "source_empty"},
		{"byte order mark alone", "\ufeff", "source_empty"},
		{"far too long", strings.Repeat("00", 40000), "source_too_long"},
		{"1 byte", "\x80", "source_size"},
		{"16 bytes", string(key[:16]), "source_size_16"},
		{"24 bytes", string(key[:24]), "source_size_24"},
		{"31 bytes", string(key[:31]), "source_size"},
		{"33 bytes", string(key) + "x", "source_size"},
		{"48 bytes", string(key) + string(key[:16]), "source_size"},
		{"newline after", string(key) + "\n", "source_extra_newline"},
		{"CRLF after", string(key) + "\r\n", "source_extra_newline"},
		{"64 bytes", string(key) + string(key), "source_size_64"},
		{"256 bytes", strings.Repeat(string(key), 8), "source_size_256"},
		{"32 hex digits too few", sourceDigits[:32] + "\n", "source_hex_length"},
		{"63 hex digits", sourceDigits[:63], "source_hex_length"},
		{"65 hex digits", sourceDigits + "0", "source_hex_length"},
		{"128 hex digits", sourceDigits + sourceDigits, "source_hex_length"},
		{"43 hex digits", sourceDigits[:43], "source_hex_length"},
		{"0x alone", "0x", "source_text"},
		{"base64 of 31", base64.StdEncoding.EncodeToString(key[:31]), "source_base64_length"},
		{"base64 of 33", base64.StdEncoding.EncodeToString(append(bytes.Clone(key), 1)), "source_base64_length"},
		{"base64 of 256", base64.StdEncoding.EncodeToString(bytes.Repeat(key, 8)), "source_base64_length"},
		{"base64, bits left over", lastChanged, "source_base64_broken"},
		{"base64, both alphabets", strings.Replace(standard[:42], "A", "_", 1)[:41] + "-+=", "source_base64_broken"},
		{"base64, too much padding", standard + "=", "source_base64_broken"},
		{"base64, padding inside", standard[:10] + "=" + standard[10:], "source_text"},
		{"a word", "password", "source_text"},
		{"a sentence", "correct horse battery staple, and more of the kind", "source_text"},
		{"Chinese", "这不是密钥这不是密钥这不是密钥", "source_utf8"},
		{"Chinese in GBK", gbk(t, "这不是密钥这不是密钥"), "source_gb18030"},
		{"German in Latin-1", "Gr\xf6\xdfe ist nicht alles, und dies ist kein Schl\xfcssel", "source_latin1"},
		{"Chinese in UTF-16", string(inUTF16("这不是密钥这不是密钥", false)), "source_utf16"},
		{"hex, no-break spaces", strings.ReplaceAll(grouped(sourceDigits), " ", "\u00a0"), "hex"},
		{"hex, ideographic and zero-width spaces", "\u200b" + sourceDigits[:16] + "\u3000" + sourceDigits[16:] + "\u200b", "hex"},
		{"hex, hyphens", strings.Join(pairs(sourceDigits), "-"), "hex"},
		{"hex, colons", strings.Join(pairs(sourceDigits), ":"), "hex"},
		{"hex, 0x before each", "0x" + strings.Join(pairs(sourceDigits), ", 0x"), "hex"},
		{"hex, \\x before each", "\\x" + strings.Join(pairs(sourceDigits), "\\x"), "hex"},
		{"hex, full width", strings.Map(func(r rune) rune { return r - '!' + 0xff01 }, sourceDigits), "hex"},
		{"base64, hidden characters", "\ufeff" + standard[:7] + "\u200b" + standard[7:] + "\u00a0", "base64"},
		{"a token", "hunter2!hunter2!hunter2!hunter2!hunter2!", "source_text"},
		{"private key", pem("PRIVATE KEY"), "source_private_key"},
		{"RSA private key", keywraptest.PrivateKeyPEM, "source_private_key"},
		{"OpenSSH private key", pem("OPENSSH PRIVATE KEY"), "source_private_key"},
		{"private key after other text", "Bag Attributes\n" + pem("ENCRYPTED PRIVATE KEY"), "source_private_key"},
		{"public key", pem("PUBLIC KEY"), "source_public_key"},
		{"ssh public key", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA somebody", "source_public_key"},
		{"certificate", pem("CERTIFICATE"), "source_certificate"},
		{"certificate request", pem("CERTIFICATE REQUEST"), "source_certificate"},
		{"other PEM", pem("PGP MESSAGE"), "source_pem"},
		{"DER public key", string(keywraptest.PublicKeyDER()), "source_der"},
		{"base64 of DER", keywraptest.PublicKey(), "source_base64_length"},
		{"age", "age-encryption.org/v1\n-> X25519 abc\n\x00\x01", "source_backup"},
		{"age, text", "age-encryption.org/v1\n", "source_backup"},
		{"age, armored", "\n-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n", "source_backup"},
		{"age identity", "# created: today\nAGE-SECRET-KEY-1QQQ\n", "source_age_key"},
		{"age recipient", "age1gf88zasw9jtsq6hfqkq2l2yp2rfljkydmdflpwynef9t6hjk5dss0272cl", "source_age_key"},
		{"receipt", "{\n  \"Format\": \"keyferry receipt\",\n", "source_receipt"},
		{"JSON", `{"k": "` + url + `"}`, "source_json"},
		{"JSON array", "[1, 2, 3]", "source_json"},
		{"UTF-16", string(inUTF16(sourceDigits, true)), "source_utf16"},
		{"UTF-16, no mark", string(inUTF16(sourceDigits, false)), "source_utf16"},
		{"ZIP", "PK\x03\x04\x14\x00", "source_archive"},
		{"gzip", "\x1f\x8b\x08\x00", "source_archive"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			file := []byte(test.file)
			kind, err := custody.Recognise(file)
			if !bytes.Equal(file, []byte(test.file)) {
				t.Error("the file was changed")
			}
			got := string(kind)
			if err != nil {
				got = string(codeOf(t, err))
			}
			if got != test.want {
				t.Fatalf("recognised as %s, want %s", got, test.want)
			}
			checkDecode(t, file, kind, key)
		})
	}
}

// checkDecode decodes a file as each kind: only the recognised one yields anything.
func checkDecode(t *testing.T, file []byte, recognised custody.Kind, key []byte) {
	t.Helper()
	for _, kind := range []custody.Kind{custody.Raw, custody.Hex, custody.Base64, ""} {
		m := keywrap.Material{1, 2, 3}
		err := custody.Decode(kind, file, &m)
		if (err == nil) != (kind == recognised && kind != "") {
			t.Errorf("decoding as %q: %v", kind, err)
		}
		switch {
		case err != nil && m != keywrap.Material{}:
			t.Errorf("decoding as %q failed, and left something", kind)
		case err == nil && kind == custody.Raw && !bytes.Equal(m[:], file):
			t.Error("raw bytes were changed")
		case err == nil && kind != custody.Raw && !bytes.Equal(m[:], key):
			t.Errorf("decoded to %x", m)
		}
	}
}

// FuzzRecognise holds three laws: no file is a fault; what decodes is what other
// decoders make of it; and a refusal leaves nothing.
func FuzzRecognise(f *testing.F) {
	for _, seed := range []string{sourceDigits, "0x" + grouped(sourceDigits), "jUHG8LJemncT/ATY6aK2VWzIMC8XvpTaYfWAPnqdS/8=", strings.Repeat("\x80", 32), "", "{}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		kind, err := custody.Recognise(file)
		if err != nil {
			codeOf(t, err)
			checkDecode(t, file, "", nil)
			return
		}
		text := visible(string(file))
		var want []byte
		switch kind {
		case custody.Raw:
			want = file
		case custody.Hex:
			want, err = hex.DecodeString(plainDigits(text))
		case custody.Base64:
			encoding := base64.RawStdEncoding
			if strings.ContainsAny(text, "-_") {
				encoding = base64.RawURLEncoding
			}
			want, err = encoding.Strict().DecodeString(strings.TrimRight(text, "="))
		}
		if err != nil {
			t.Fatalf("%s is recognised in %q, and another decoder says: %v", kind, file, err)
		}
		checkDecode(t, file, kind, want)
	})
}

// visible is the text without characters that cannot be seen.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || r >= 0x200b && r <= 0x200f || r >= 0x2060 && r <= 0x206f {
			return -1
		}
		return r
	}, text)
}

// plainDigits is text of hex digits without what people put between them.
func plainDigits(text string) string {
	text = strings.NewReplacer("0x", "", "0X", "", `\x`, "", `\X`, "").Replace(visible(text))
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Pd, r) && r < 0x2e00, r == ':', r == ',', r == '\u2212':
			return -1
		case r >= 0xff01 && r <= 0xff5e:
			return r - 0xff01 + '!'
		}
		return r
	}, text)
}
