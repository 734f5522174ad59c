package custody_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keyferry/wasm/custody"
	"keyferry/wasm/keywrap"
)

var update = flag.Bool("update", false, "write the golden files again")

// fixedCommitment is a commitment with a salt that does not change, for goldens.
func fixedCommitment(m *keywrap.Material) custody.Commitment {
	c := custody.Commitment{Salt: sha256.Sum256([]byte("salt"))}
	h := sha256.New()
	h.Write([]byte("keyferry commitment v1\n"))
	h.Write(c.Salt[:])
	h.Write(m[:])
	h.Sum(c.Digest[:0])
	return c
}

func exampleReceipt(m *keywrap.Material) *custody.Receipt {
	return &custody.Receipt{
		Program:                    "keyferry 0.4.0",
		ModuleSHA256:               sha256.Sum256([]byte("module")),
		KeyID:                      "1234abcd-12ab-34cd-56ef-12345678abcd",
		Region:                     "cn-hangzhou",
		Alias:                      "alias/payroll",
		WrappingAlgorithm:          keywrap.OAEPSHA256,
		WrappingKeySHA256:          sha256.Sum256([]byte("wrapping key")),
		ImportTokenSHA256:          sha256.Sum256([]byte("token")),
		TokenExpireTime:            "2026-02-28T09:30:00Z",
		EncryptedKeyMaterialSHA256: sha256.Sum256([]byte("ciphertext")),
		CheckValue:                 custody.CheckValue(m),
		Commitment:                 fixedCommitment(m),
		KeyMaterialExpireUnix:      1803600000,
		Origin:                     custody.OriginFile,
		PreparedAt:                 "2026-02-27T09:30:12Z",
		ImportedAt:                 "2026-02-27T09:31:05Z",
		ParametersRequestID:        "475f1620-b9d3-4d35-b5c6-3fbdd941423d",
		ImportRequestID:            "4162a6af-bc99-40b3-a552-89dcc8aaf7c8",
		BackupFile:                 "keyferry-“工资”-2026-02-27.age",
		BackupSHA256:               sha256.Sum256([]byte("backup")),
	}
}

func write(t testing.TB, r *custody.Receipt) []byte {
	t.Helper()
	file, err := custody.WriteReceipt(r)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// TestReceiptForm pins the bytes of a receipt.
func TestReceiptForm(t *testing.T) {
	m := materialOf(t, "8d41c6f0b25e9a7713fc04d8e9a2b6556cc8302f17be94da61f5803e7a9d4b1c")
	got := write(t, exampleReceipt(m))
	const golden = "testdata/receipt.json"
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("the receipt has other bytes (-want +got):\n%s", diff)
	}
	var any map[string]any
	if err := json.Unmarshal(got, &any); err != nil || len(any) != 23 {
		t.Errorf("encoding/json reads %d fields, %v", len(any), err)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, got[:len(got)-1], "", "  "); err != nil || indented.String()+"\n" != string(got) {
		t.Error("encoding/json would indent it in another way")
	}
}

func TestReceiptRoundTrip(t *testing.T) {
	m := randomMaterial(t)
	bare := exampleReceipt(m)
	bare.Alias, bare.BackupFile, bare.BackupSHA256, bare.KeyMaterialExpireUnix = "", "", [32]byte{}, 0
	odd := exampleReceipt(m)
	odd.Program, odd.BackupFile = `a "quoted" \ name/é`, "C:\\backup 备份 🔑.age"
	desk := exampleReceipt(m) // where the import is left to others
	desk.TokenExpireTime, desk.ImportedAt, desk.ParametersRequestID, desk.ImportRequestID = "", "", "", ""
	for name, r := range map[string]*custody.Receipt{"full": exampleReceipt(m), "bare": bare, "odd": odd, "desk": desk} {
		file := write(t, r)
		got, err := custody.ParseReceipt(file)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(r, got); diff != "" {
			t.Errorf("%s: it reads back otherwise (-want +got):\n%s", name, diff)
		}
		// What editors and mail programs do to a file.
		text := string(file)
		for _, other := range []string{
			"\ufeff" + text, strings.ReplaceAll(text, "\n", "\r\n"), strings.ReplaceAll(text, "\n", " "),
			strings.TrimSpace(text), asciiOnly(text), reordered(t, file),
		} {
			if got, err := custody.ParseReceipt([]byte(other)); err != nil || cmp.Diff(r, got) != "" {
				t.Errorf("%s: %v for\n%s", name, err, other)
			}
		}
	}
}

// asciiOnly escapes what is not ASCII, in UTF-16 as JSON does.
func asciiOnly(text string) string {
	var b strings.Builder
	for _, c := range text {
		switch {
		case c < 0x80:
			b.WriteRune(c)
		case c < 0x10000:
			b.WriteString(`\u` + hex.EncodeToString([]byte{byte(c >> 8), byte(c)}))
		default:
			c -= 0x10000
			high, low := 0xd800+c>>10, 0xdc00+c&0x3ff
			b.WriteString(`\u` + hex.EncodeToString([]byte{byte(high >> 8), byte(high)}) + `\u` + hex.EncodeToString([]byte{byte(low >> 8), byte(low)}))
		}
	}
	return b.String()
}

// reordered has encoding/json write the fields in the order of their names.
func reordered(t testing.TB, file []byte) string {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(file))
	decoder.UseNumber()
	var fields map[string]any
	if err := decoder.Decode(&fields); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestParseReceiptRefuses(t *testing.T) {
	m := randomMaterial(t)
	file := string(write(t, exampleReceipt(m)))
	replaced := func(old, new string) string {
		t.Helper()
		if strings.Count(file, old) != 1 {
			t.Fatalf("%q stands in the receipt %d times", old, strings.Count(file, old))
		}
		return strings.Replace(file, old, new, 1)
	}
	tests := []struct {
		name, file string
		want       keywrap.Code
	}{
		{"empty", "", custody.CodeReceiptNotJSON},
		{"white space", " \n", custody.CodeReceiptNotJSON},
		{"no JSON", "receipt", custody.CodeReceiptNotJSON},
		{"an array", "[]", custody.CodeReceiptNotJSON},
		{"a string", `"keyferry receipt"`, custody.CodeReceiptNotJSON},
		{"twice", file + file, custody.CodeReceiptNotJSON},
		{"comma at the end", replaced("\n}\n", ",\n}\n"), custody.CodeReceiptNotJSON},
		{"no comma", replaced(",\n  \"Region\"", "\n  \"Region\""), custody.CodeReceiptNotJSON},
		{"nested", replaced(`"cn-hangzhou"`, `{"a": 1}`), custody.CodeReceiptNotJSON},
		{"null", replaced(`"cn-hangzhou"`, `null`), custody.CodeReceiptNotJSON},
		{"not UTF-8", replaced(`cn-hangzhou`, "cn-\xff"), custody.CodeReceiptNotJSON},
		{"half a surrogate pair", replaced(`cn-hangzhou`, `cn-\ud83d`), custody.CodeReceiptNotJSON},
		{"NUL after", file + "\x00", custody.CodeReceiptNotJSON},
		{"far too long", file + strings.Repeat(" ", 20000), custody.CodeReceiptNotJSON},
		{"empty object", "{}", custody.CodeReceiptNotOurs},
		{"other JSON", `{"Format": "invoice"}`, custody.CodeReceiptNotOurs},
		{"format a number", replaced(`"keyferry receipt"`, "1"), custody.CodeReceiptNotOurs},
		{"version 2", replaced(`"Version": 1`, `"Version": 2`), custody.CodeReceiptVersion},
		{"version a string", replaced(`"Version": 1`, `"Version": "1"`), custody.CodeReceiptMalformed},
		{"unknown field", replaced(`"Region"`, `"Zone": 1, "Region"`), custody.CodeReceiptMalformed},
		{"field twice", replaced(`"Region"`, `"Region": "x", "Region"`), custody.CodeReceiptMalformed},
		{"other case", replaced(`"KeyId"`, `"keyId"`), custody.CodeReceiptMalformed},
		{"region a number", replaced(`"cn-hangzhou"`, `7`), custody.CodeReceiptMalformed},
		{"region empty", replaced(`"cn-hangzhou"`, `""`), custody.CodeReceiptMalformed},
		{"region with a space", replaced(`"cn-hangzhou"`, `"cn hangzhou"`), custody.CodeReceiptMalformed},
		{"expiry a string", replaced("1803600000", `"1803600000"`), custody.CodeReceiptMalformed},
		{"expiry negative", replaced("1803600000", `-1`), custody.CodeReceiptMalformed},
		{"expiry with zeros", replaced("1803600000", `01803600000`), custody.CodeReceiptMalformed},
		{"expiry minus zero", replaced("1803600000", `-0`), custody.CodeReceiptMalformed},
		{"expiry broken", replaced("1803600000", `1.5`), custody.CodeReceiptNotJSON},
		{"expiry too large", replaced("1803600000", `99999999999999999999`), custody.CodeReceiptMalformed},
		{"unknown algorithm", replaced("RSAES_OAEP_SHA_256", `RSAES_OAEP_SHA_512`), custody.CodeReceiptMalformed},
		{"unknown origin", replaced(`"Origin": "file"`, `"Origin": "guess"`), custody.CodeReceiptMalformed},
		{"time in a zone", replaced("2026-02-27T09:31:05Z", `2026-02-27T09:31:05+08:00`), custody.CodeReceiptMalformed},
		{"time with a fraction", replaced("2026-02-27T09:31:05Z", `2026-02-27T09:31:05.1Z`), custody.CodeReceiptMalformed},
		{"no such day", replaced("2026-02-27T09:31:05Z", `2026-02-29T09:31:05Z`), custody.CodeReceiptMalformed},
		{"no such hour", replaced("2026-02-27T09:31:05Z", `2026-02-27T24:00:00Z`), custody.CodeReceiptMalformed},
		{"alias without text", replaced("alias/payroll", ``), custody.CodeReceiptMalformed},
		{"control character", replaced("keyferry 0.4.0", `keyferry\n0.4.0`), custody.CodeReceiptMalformed},
		{"check value in lower case", replaced(custody.CheckValue(m).String(), "abcdef0123"), custody.CodeReceiptMalformed},
		{"check value too short", replaced(custody.CheckValue(m).String(), "ABCDEF"), custody.CodeReceiptMalformed},
		{"digest in upper case", strings.Replace(file, hexSum("module"), strings.ToUpper(hexSum("module")), 1), custody.CodeReceiptMalformed},
		{"digest too long", strings.Replace(file, hexSum("module"), hexSum("module")+"00", 1), custody.CodeReceiptMalformed},
		{"digest too short", strings.Replace(file, hexSum("module"), hexSum("module")[2:], 1), custody.CodeReceiptMalformed},
		{"digest of zeros", strings.Replace(file, hexSum("backup"), strings.Repeat("0", 64), 1), custody.CodeReceiptMalformed},
		{"backup without digest", strings.Replace(file, ",\n  \"BackupSHA256\": \""+hexSum("backup")+"\"", "", 1), custody.CodeReceiptMalformed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.file == file {
				t.Fatal("nothing was changed")
			}
			r, err := custody.ParseReceipt([]byte(test.file))
			if got := codeOf(t, err); got != test.want || r != nil {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
	for size := range len(file) - 2 {
		if _, err := custody.ParseReceipt([]byte(file[:size])); err == nil {
			t.Errorf("the first %d bytes are taken for a receipt", size)
		}
	}
	for _, line := range strings.Split(file, "\n") {
		optional := strings.Contains(line, `"Alias"`) || strings.Contains(line, `"Backup`) ||
			strings.Contains(line, `"TokenExpireTime"`) || strings.Contains(line, `"ParametersRequestId"`)
		if name, _, ok := strings.Cut(line, ":"); ok && !optional && !strings.Contains(line, `"Format"`) {
			_, err := custody.ParseReceipt([]byte(strings.Replace(file, line+"\n", "", 1)))
			if got := codeOf(t, err); got != custody.CodeReceiptMalformed {
				t.Errorf("without %s: %s", name, got)
			}
		}
	}
}

func hexSum(text string) string {
	digest := sha256.Sum256([]byte(text))
	return hex.EncodeToString(digest[:])
}

func TestWriteReceiptRefuses(t *testing.T) {
	for name, change := range map[string]func(*custody.Receipt){
		"no key":              func(r *custody.Receipt) { r.KeyID = "" },
		"line in a name":      func(r *custody.Receipt) { r.Program = "a\nb" },
		"not UTF-8":           func(r *custody.Receipt) { r.BackupFile = "\xff" },
		"unknown origin":      func(r *custody.Receipt) { r.Origin = "" },
		"no time":             func(r *custody.Receipt) { r.PreparedAt = "" },
		"imported at no time": func(r *custody.Receipt) { r.ImportedAt = "" },
		"imported by nobody":  func(r *custody.Receipt) { r.ImportRequestID = "" },
		"negative expiry":     func(r *custody.Receipt) { r.KeyMaterialExpireUnix = -1 },
		"digest but no file":  func(r *custody.Receipt) { r.BackupFile = "" },
		"file but no digest":  func(r *custody.Receipt) { r.BackupSHA256 = [32]byte{} },
		"far too long":        func(r *custody.Receipt) { r.KeyID = strings.Repeat("a", 600) },
	} {
		r := exampleReceipt(randomMaterial(t))
		change(r)
		file, err := custody.WriteReceipt(r)
		if got := codeOf(t, err); got != custody.CodeReceiptMalformed || file != nil {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestCheckAgainst(t *testing.T) {
	m, other := randomMaterial(t), randomMaterial(t)
	r := exampleReceipt(m)
	if err := custody.CheckAgainst(r, m); err != nil {
		t.Error(err)
	}
	err := custody.CheckAgainst(r, other)
	if got := codeOf(t, err); got != custody.CodeNotReceiptsKey || !strings.Contains(err.Error(), "2026-02-27T09:31:05Z") {
		t.Errorf("other material: %v", err)
	}
	r.CheckValue = custody.CheckValue(other)
	if got := codeOf(t, custody.CheckAgainst(r, m)); got != custody.CodeReceiptDamaged {
		t.Errorf("the check value of another: %s", got)
	}
	r.Commitment.Salt[0] ^= 1
	if got := codeOf(t, custody.CheckAgainst(r, m)); got != custody.CodeNotReceiptsKey {
		t.Errorf("another salt: %s", got)
	}
}

// TestReceiptHoldsNoSecret makes receipts of a hundred random keys and looks in each
// for any eight bytes of its key, in every form that text can give them. Eight bytes
// are sixteen hex digits or ten characters of base64, and turn up by chance in fewer
// than one in 2^40 of such searches. It also compares the receipts of two keys, all
// else being equal: they differ in the check value and the commitment alone.
func TestReceiptHoldsNoSecret(t *testing.T) {
	for range 100 {
		m := randomMaterial(t)
		r := exampleReceipt(m)
		commitment, err := custody.Commit(m)
		if err != nil {
			t.Fatal(err)
		}
		r.Commitment = commitment
		file := write(t, r)
		if form := secretIn(file, m); form != "" {
			t.Errorf("the receipt holds a part of the key: %s", form)
		}
		// The control: what is planted must be found.
		for _, planted := range [][]byte{m[3:11], []byte(hex.EncodeToString(m[24:])), []byte(base64.StdEncoding.EncodeToString(m[1:]))} {
			if secretIn(append(slices.Clone(file), planted...), m) == "" {
				t.Fatalf("%q was planted, and is not found", planted)
			}
		}
	}
	one, two := randomMaterial(t), randomMaterial(t)
	linesOne, linesTwo := strings.Split(string(write(t, exampleReceipt(one))), "\n"), strings.Split(string(write(t, exampleReceipt(two))), "\n")
	for i := range linesOne {
		name := strings.Trim(strings.Split(linesOne[i], ":")[0], ` "`)
		if differ := linesOne[i] != linesTwo[i]; differ != (name == "KeyCheckValue" || name == "Commitment") {
			t.Errorf("field %s: it differs: %v", name, differ)
		}
	}
}

// secretIn names a form of eight bytes of the key that the file holds.
func secretIn(file []byte, m *keywrap.Material) string {
	lower := bytes.ToLower(file)
	for _, reverse := range []bool{false, true} {
		key := slices.Clone(m[:])
		if reverse {
			slices.Reverse(key)
		}
		for i := 0; i+8 <= len(key); i++ {
			window := key[i : i+8]
			forms := map[string]bool{
				"raw":    bytes.Contains(file, window),
				"hex":    bytes.Contains(lower, []byte(hex.EncodeToString(window))),
				"base64": bytes.Contains(file, []byte(base64.RawStdEncoding.EncodeToString(window)[:10])),
				"url":    bytes.Contains(file, []byte(base64.RawURLEncoding.EncodeToString(window)[:10])),
			}
			for form, found := range forms {
				if found {
					return form
				}
			}
		}
	}
	return ""
}

// FuzzParseReceipt holds two laws: no input is a fault; and what parses is written
// and read back to the same receipt, in bytes that do not change any more.
func FuzzParseReceipt(f *testing.F) {
	f.Add(write(f, exampleReceipt(materialOf(f, sourceDigits))))
	f.Add([]byte(`{"Format": "keyferry receipt", "Version": 1}`))
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := custody.ParseReceipt(file)
		if err != nil {
			codeOf(t, err)
			return
		}
		written := write(t, r)
		again, err := custody.ParseReceipt(written)
		if err != nil || *again != *r {
			t.Fatalf("written as\n%s\nand read back as %+v, %v", written, again, err)
		}
		if !json.Valid(file) {
			t.Errorf("taken, although encoding/json refuses it: %q", file)
		}
	})
}
