package custody

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	mathrand "math/rand"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"

	"keyferry/components/text"
	"keyferry/e2e/browser"
	"keyferry/e2e/program"
	"keyferry/e2e/proof"
	"keyferry/wasm/custody"
	"keyferry/wasm/keywrap"
)

// Every form of a file of the person's own arrives as the same 32 bytes; text is asked about first.
func TestSourceFile(t *testing.T) {
	p := program.Start(t)
	for i, test := range []struct {
		name   string
		encode func([]byte) []byte
		asks   func(text.MaterialStep) string
	}{
		{"raw", bytes.Clone, nil},
		{"hexadecimal", func(b []byte) []byte { return []byte(hex.EncodeToString(b) + "\n") }, func(m text.MaterialStep) string { return m.ConfirmHex }},
		{"base64", func(b []byte) []byte { return []byte(base64.StdEncoding.EncodeToString(b)) }, func(m text.MaterialStep) string { return m.ConfirmBase64 }},
	} {
		t.Run(test.name, func(t *testing.T) {
			key, want := program.Seeded[i], program.Fresh(t)
			v := browser.Open(p, t, browser.Look{}, "/")
			v.ToStep3(key)
			v.Source("file")
			v.File("key-file", program.Kept(t, "key.bin", test.encode(want[:])))
			v.Elsewhere()
			v.Brought()
			if test.asks != nil {
				v.See("[data-part=confirm]", test.asks(v.Words.Material))
				v.MustBeAccessible("question")
				v.Press(v.Words.Material.Confirm)
			}
			v.ToImport()
			v.Send(key)
			v.Imported(key)
			p.MustHave(t, key, want)
			v.MustNotHaveLeaked(key)
		})
	}
}

// Components are added one after the other, each leaves its field once it is taken, and wrong ones
// change nothing.
func TestSourceComponents(t *testing.T) {
	p := program.Start(t)
	key := program.Seeded[0]
	v := browser.Open(p, t, browser.Look{}, "/")
	v.ToStep3(key)
	v.Source("components")
	add := func(component, kcv string) {
		t.Helper()
		v.Do(v.Page.Locator("#component").Fill(component))
		v.Do(v.Page.Locator("#component-kcv").Fill(kcv))
		v.Press(v.Words.Material.AddComponent)
	}
	var want keywrap.Material
	for i := range 3 {
		part := program.Fresh(t)
		digits, kcv := hex.EncodeToString(part[:]), custody.CheckValue(&part).String()
		add(digits, "000000")
		v.Fault("component_kcv_mismatch")
		add(digits[:62], kcv)
		v.Fault("component_length")
		add("x"+digits[1:], kcv)
		v.Fault("component_not_hex")
		add(strings.Repeat("0", 64), kcv)
		v.Fault("component_zero")
		add(digits, "12345")
		v.Fault("component_kcv_malformed")
		add(strings.ToUpper(digits), kcv)
		v.See("[data-part=accepted] li >> nth="+[]string{"0", "2", "3"}[i], "CMAC")
		if left, _ := v.Page.Locator("#component").InputValue(); left != "" {
			t.Error("an accepted component stays in its field")
		}
		if i == 0 {
			add(digits, kcv)
			v.Fault("component_repeated")
			v.Elsewhere()
			v.Press(v.Words.Material.PrepareBrought)
			v.Fault("components_too_few")
			// What was accepted is still there; Enter in a field adds the next one and sends
			// nothing.
			second := program.Fresh(t)
			v.Do(v.Page.Locator("#component").Fill(hex.EncodeToString(second[:])))
			v.Do(v.Page.Locator("#component-kcv").Fill(custody.CheckValue(&second).String()))
			v.Do(v.Page.Locator("#component-kcv").Press("Enter"))
			v.See("[data-part=accepted] li >> nth=1", "CMAC")
			for j := range want {
				want[j] ^= second[j]
			}
		}
		for j := range want {
			want[j] ^= part[j]
		}
	}
	v.Brought()
	v.ToImport()
	v.Send(key)
	v.Imported(key)
	p.MustHave(t, key, want)
	v.MustNotHaveLeaked(key)
}

// Components that cancel each other out are no key.
func TestComponentsThatCancelOut(t *testing.T) {
	p := program.Start(t)
	v := browser.Open(p, t, browser.Look{}, "/")
	v.ToStep3(program.Seeded[0])
	v.Source("components")
	one, two := program.Fresh(t), program.Fresh(t)
	var both keywrap.Material
	for i := range both {
		both[i] = one[i] ^ two[i]
	}
	for i, part := range []keywrap.Material{one, two, both} {
		v.Do(v.Page.Locator("#component").Fill(hex.EncodeToString(part[:])))
		v.Do(v.Page.Locator("#component-kcv").Fill(custody.CheckValue(&part).String()))
		v.Press(v.Words.Material.AddComponent)
		v.See("[data-part=accepted] li >> nth="+[]string{"0", "1", "2"}[i], "CMAC")
	}
	v.Elsewhere()
	v.Brought()
	v.Fault("components_sum_zero")
}

// What is no key is refused in the words that belong to it, before anything is sent. The short form
// has every third: the recogniser's own test has them all.
func TestRefusedFiles(t *testing.T) {
	p := program.Start(t)
	v := browser.Open(p, t, browser.Look{}, "/")
	v.ToStep3(program.Seeded[0])
	v.Source("file")
	v.Elsewhere()
	random := program.Fresh(t)
	double := append(random[:], random[:]...)
	double[40] ^= 1
	for i, test := range []struct {
		name    string
		content []byte
		code    string
	}{
		{"nothing", nil, "source_empty"},
		{"64 bytes", double, "source_size_64"},
		{"16 bytes", random[:16], "source_size_16"},
		{"a private key", []byte("-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n"), "source_private_key"},
		{"a backup", []byte("age-encryption.org/v1\n-> X25519 abc\n\x00\x01"), "source_backup"},
		{"a sentence", []byte("correct horse battery staple, once upon a time"), "source_text"},
		{"white space", []byte(" \n\t\n"), "source_empty"},
		{"24 bytes", double[:24], "source_size_24"},
		{"33 bytes", append([]byte{0}, random[:]...), "source_size"},
		{"256 bytes", bytes.Repeat(random[:], 8), "source_size_256"},
		{"32 bytes and a line break", append([]byte("\x00\xff"), append(bytes.Clone(random[:30]), '\n')...), "source_extra_newline"},
		{"62 digits", []byte(hex.EncodeToString(random[:31])), "source_hex_length"},
		{"base64 of 48 bytes", []byte(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("\xfb\xef\xbe"), 16))), "source_base64_length"},
		{"broken base64", []byte(strings.Repeat("+/", 21) + "B="), "source_base64_broken"},
		{"UTF-16", []byte("\xff\xfek\x00e\x00y\x00"), "source_utf16"},
		{"a public key", []byte("-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----\n"), "source_public_key"},
		{"a certificate", []byte("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"), "source_certificate"},
		{"other PEM", []byte("-----BEGIN DH PARAMETERS-----\nMIIB\n-----END DH PARAMETERS-----\n"), "source_pem"},
		{"DER", append([]byte{0x30, 0x28}, bytes.Repeat([]byte{0x80}, 40)...), "source_der"},
		{"an age identity", []byte("AGE-SECRET-KEY-1QQQSYQCYQ5RQWZQFPG9SCRGWPUGPZYSNZS23V9CCRYDPK8QARC0SQGQ2YQ"), "source_age_key"},
		{"a receipt", []byte(`{"Format": "keyferry receipt", "Version": 1}`), "source_receipt"},
		{"JSON", []byte(`{"KeyMetadata": {"KeyId": "key-hzz1"}}`), "source_json"},
		{"an archive", []byte("PK\x03\x04 and more of it"), "source_archive"},
	} {
		if i%3 != 0 && !*proof.Full {
			continue
		}
		t.Run(test.name, func(t *testing.T) {
			v.T = t
			v.File("key-file", program.Kept(t, "file", test.content))
			v.Brought()
			v.Fault(test.code)
		})
	}
	v.T = t
	v.File("key-file", program.Kept(t, "large", make([]byte, 2<<20)))
	v.Brought()
	v.Fault("source_too_long")
	if len(v.Posted("ImportKeyMaterial")) != 0 {
		t.Error("something was sent")
	}
}

// Keys that others can guess are refused with the reason, and used only after the person typed a
// sentence. The short form has every second: the examination's own tests have them all.
func TestWeakKeys(t *testing.T) {
	p := program.Start(t)
	v := browser.Open(p, t, browser.Look{}, "/")
	key := program.Seeded[0]
	v.ToStep3(key)
	v.Source("file")
	v.Elsewhere()
	vendor := make([]byte, 32)
	mathrand.New(mathrand.NewSource(1790000000123456789)).Read(vendor)
	counter := make([]byte, 32)
	for i := range counter {
		counter[i] = byte(i + 7)
	}
	// Ten values in no order, and values with one or two bits set.
	ten := mustHex(t, "3c8fd1625be7094aa6f0")
	few, unbalanced := make([]byte, 32), make([]byte, 32)
	for i := range few {
		few[i] = ten[(i*i+3*i+i/3)%10]
		unbalanced[i] = 1 << (i % 8)
		if i%3 != 0 {
			unbalanced[i] |= 1 << ((i/8 + i + 1) % 8)
		}
	}
	for i, test := range []struct {
		name    string
		content []byte
		code    string
	}{
		{"few values", few, "weak_few_values"},
		{"too few bits", unbalanced, "weak_unbalanced"},
		{"constant", bytes.Repeat([]byte{0xa5}, 32), "weak_repeated"},
		{"counter", counter, "weak_counter"},
		{"text", []byte("correct horse battery staple 12!"), "weak_text"},
		{"32 hexadecimal digits", []byte("8f14e45fceea167a5a36dedd4bea2543"), "weak_hex_text"},
		{"32 characters of base64", []byte("Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5+/Aa"), "weak_base64_text"},
		{"a run of zeros", append(make([]byte, 12), mustHex(t, "8f14e45fceea167a5a36dedd4bea2543a1b2c3d4")...), "weak_run"},
		{"published for tests", mustHex(t, "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"), "weak_known_key"},
		{"java.util.Random", mustHex(t, javaRandom42), "weak_java_random"},
		{"Go's math/rand, as in the vendor's sample", vendor, "weak_go_math_rand"},
	} {
		if i%2 != 0 && !*proof.Full {
			continue
		}
		t.Run(test.name, func(t *testing.T) {
			v.T = t
			v.File("key-file", program.Kept(t, "key.bin", test.content))
			v.Brought()
			v.Do(v.Page.Locator(".notice.error[data-code='" + test.code + "']").
				WaitFor(playwright.LocatorWaitForOptions{Timeout: playwright.Float(browser.Examination)}))
			v.Fault(test.code)
		})
	}
	v.T = t
	// The file of the last case went with its folder.
	v.Do(v.Page.Locator("#weak").Fill(v.Words.Material.WeakSentence))
	v.Press(v.Words.Material.WeakGo)
	v.Fault("file_unreadable")
	v.File("key-file", program.Kept(t, "key.bin", vendor))
	v.Brought()
	v.Fault("weak_go_math_rand")
	v.Do(v.Page.Locator("#weak").Fill("yes"))
	v.Press(v.Words.Material.WeakGo)
	v.Fault("sentence_missing")
	v.Do(v.Page.Locator("#weak").Fill(v.Words.Material.WeakSentence))
	v.Press(v.Words.Material.WeakGo)
	v.ToImport()
	v.Send(key)
	v.Imported(key)
	p.MustHave(t, key, keywrap.Material(vendor))
}

// javaRandom42 is what new java.util.Random(42).nextBytes fills 32 bytes with, as OpenJDK 17 says.
const javaRandom42 = "359d41baf78afe0de1bbe7ae28c0450ce43c084f4bbb2bf1839dee466d852cb5"

func mustHex(t *testing.T, digits string) []byte {
	t.Helper()
	decoded, err := hex.DecodeString(digits)
	if err != nil {
		t.Fatal(err)
	}
	return decoded
}
