package backup_test

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/armor"

	"keyferry/wasm/custody/backup"
	"keyferry/wasm/keywrap"
)

//go:embed testdata/vectors.json
var vectorsJSON []byte

// vectors is testdata/vectors.json: backups that the age command made.
type vectors struct {
	MadeBy          string `json:"madeBy"`
	Material        string `json:"material"`
	Identity        string `json:"identity"`
	Recipient       string `json:"recipient"`
	HybridIdentity  string `json:"hybridIdentity"`
	HybridRecipient string `json:"hybridRecipient"`
	Backups         []struct {
		Name       string `json:"name"`
		Command    string `json:"command"`
		File       []byte `json:"file"` // base64
		Expect     string `json:"expect"`
		Passphrase string `json:"passphrase"`
		Identity   string `json:"identity"`
	} `json:"backups"`
}

func readVectors(t testing.TB) *vectors {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(vectorsJSON))
	decoder.DisallowUnknownFields()
	var v vectors
	if err := decoder.Decode(&v); err != nil {
		t.Fatalf("decoding the vectors: %v", err)
	}
	return &v
}

// codeOf returns the code that an error is, or "ok" for none.
func codeOf(t testing.TB, err error) keywrap.Code {
	t.Helper()
	if err == nil {
		return "ok"
	}
	code, ok := err.(keywrap.Code)
	if !ok {
		t.Fatalf("the error is %v, want a keywrap.Code", err)
	}
	return code
}

func randomMaterial(t testing.TB) *keywrap.Material {
	t.Helper()
	m := new(keywrap.Material)
	if err := keywrap.Generate(m); err != nil {
		t.Fatal(err)
	}
	return m
}

func makeBackup(t testing.TB, m *keywrap.Material, to backup.To) []byte {
	t.Helper()
	file, err := backup.Make(m, to)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// restored checks what Restore makes of a backup: the material, or a refusal that
// leaves nothing.
func restored(t testing.TB, file []byte, with backup.With, want keywrap.Code, material *keywrap.Material) {
	t.Helper()
	m := keywrap.Material{1, 2, 3}
	got := codeOf(t, backup.Restore(file, with, &m))
	switch {
	case got != want:
		t.Errorf("restoring: %s, want %s", got, want)
	case want == "ok" && m != *material:
		t.Error("restored to other material")
	case want != "ok" && m != keywrap.Material{}:
		t.Error("refused, and something was left")
	}
}

// TestVectors opens what the age command made.
func TestVectors(t *testing.T) {
	v := readVectors(t)
	material, err := hex.DecodeString(v.Material)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range v.Backups {
		t.Run(b.Name, func(t *testing.T) {
			if testing.Short() && b.Passphrase != "" {
				t.Skip("the age command's work factor of 18 takes a second")
			}
			with := backup.With{Passphrase: []byte(b.Passphrase), Identity: []byte(b.Identity)}
			restored(t, b.File, with, keywrap.Code(b.Expect), (*keywrap.Material)(material))
		})
	}
}

func TestPassphrase(t *testing.T) {
	m := randomMaterial(t)
	for _, passphrase := range []string{"eight ch", "密码密码密码密码", strings.Repeat("long ", 200), " spaces matter "} {
		file := makeBackup(t, m, backup.To{Passphrase: []byte(passphrase), WorkFactor: backup.MinWorkFactor})
		info, err := backup.Inspect(file)
		if err != nil || !info.Passphrase || info.WorkFactor != backup.MinWorkFactor || info.Recipients != 1 || info.Armored {
			t.Errorf("%q: %+v, %v", passphrase, info, err)
		}
		restored(t, file, backup.With{Passphrase: []byte(passphrase)}, "ok", m)
		restored(t, file, backup.With{Passphrase: []byte(passphrase + "x")}, backup.CodeWrongPassphrase, nil)
		if bytes.Contains(file, m[:8]) {
			t.Error("the backup holds the key in the clear")
		}
	}
}

func TestRecipients(t *testing.T) {
	v, m := readVectors(t), randomMaterial(t)
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	otherHybrid, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name         string
		recipients   []string
		opens, fails []string
	}{
		{"one", []string{v.Recipient}, []string{v.Identity}, []string{other.String(), v.HybridIdentity}},
		{"two", []string{" " + v.Recipient + "\n", other.Recipient().String()}, []string{v.Identity, other.String()}, []string{otherHybrid.String()}},
		{"as many as may be", slices.Repeat([]string{v.Recipient}, 32), []string{v.Identity}, []string{other.String()}},
		{"hybrid", []string{v.HybridRecipient}, []string{v.HybridIdentity}, []string{v.Identity, otherHybrid.String()}},
		{"two hybrids", []string{v.HybridRecipient, otherHybrid.Recipient().String()}, []string{v.HybridIdentity, otherHybrid.String()}, []string{other.String()}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			file := makeBackup(t, m, backup.To{Recipients: test.recipients})
			info, err := backup.Inspect(file)
			if err != nil || info.Passphrase || info.Recipients != len(test.recipients) {
				t.Errorf("%+v, %v", info, err)
			}
			for _, identity := range test.opens {
				restored(t, file, backup.With{Identity: []byte(identity)}, "ok", m)
				restored(t, file, backup.With{Identity: []byte("\ufeff# created: today\r\n\r\n" + test.fails[0] + "\r\n" + identity + "\r\n")}, "ok", m)
			}
			for _, identity := range test.fails {
				restored(t, file, backup.With{Identity: []byte(identity)}, backup.CodeWrongIdentity, nil)
			}
			var armored bytes.Buffer
			w := armor.NewWriter(&armored)
			w.Write(file)
			w.Close()
			restored(t, armored.Bytes(), backup.With{Identity: []byte(test.opens[0])}, "ok", m)
			restored(t, bytes.ReplaceAll(armored.Bytes(), []byte("\n"), []byte("\r\n")), backup.With{Identity: []byte(test.opens[0])}, "ok", m)
			restored(t, armored.Bytes()[:armored.Len()-40], backup.With{Identity: []byte(test.opens[0])}, backup.CodeDamaged, nil)
		})
	}
}

// The parts of an OpenSSH private key are put together here, so that no scanner of
// repositories takes the test for a leak.
var sshPrivate = "-----BEGIN OPENSSH " + "PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n"

func TestMakeRefuses(t *testing.T) {
	v, m := readVectors(t), randomMaterial(t)
	passphrase := func(text string) backup.To { return backup.To{Passphrase: []byte(text), WorkFactor: 15} }
	recipients := func(texts ...string) backup.To { return backup.To{Recipients: texts} }
	tests := []struct {
		name string
		to   backup.To
		want keywrap.Code
	}{
		{"nothing", backup.To{}, backup.CodePassphraseShort},
		{"seven characters", passphrase("1234567"), backup.CodePassphraseShort},
		{"seven characters, 21 bytes", passphrase("密码密码密码密"), backup.CodePassphraseShort},
		{"a line break", passphrase("12345678\n"), backup.CodePassphraseUnusable},
		{"a NUL", passphrase("1234\x005678"), backup.CodePassphraseUnusable},
		{"not UTF-8", passphrase("12345678\xff"), backup.CodePassphraseUnusable},
		{"far too long", passphrase(strings.Repeat("x", 1025)), backup.CodePassphraseUnusable},
		{"work factor 14", backup.To{Passphrase: []byte("12345678"), WorkFactor: 14}, backup.CodeWorkFactor},
		{"work factor 21", backup.To{Passphrase: []byte("12345678"), WorkFactor: 21}, backup.CodeWorkFactor},
		{"both", backup.To{Passphrase: []byte("12345678"), WorkFactor: 15, Recipients: []string{v.Recipient}}, backup.CodeMixed},
		{"empty recipient", recipients(""), backup.CodeRecipientMalformed},
		{"a word", recipients("me"), backup.CodeRecipientMalformed},
		{"a digit wrong", recipients(strings.Replace(v.Recipient, "z", "y", 1)), backup.CodeRecipientMalformed},
		{"cut", recipients(v.Recipient[:50]), backup.CodeRecipientMalformed},
		{"hybrid, cut", recipients(v.HybridRecipient[:500]), backup.CodeRecipientMalformed},
		{"the second malformed", recipients(v.Recipient, "age1"), backup.CodeRecipientMalformed},
		{"a private key", recipients(v.Identity), backup.CodeRecipientPrivate},
		{"a private key in lower case", recipients(strings.ToLower(v.Identity)), backup.CodeRecipientPrivate},
		{"a hybrid private key", recipients(v.Recipient, v.HybridIdentity), backup.CodeRecipientPrivate},
		{"an SSH private key", recipients(sshPrivate), backup.CodeRecipientPrivate},
		{"SSH", recipients("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA"), backup.CodeRecipientSSH},
		{"SSH, the beginning alone", recipients("ssh-"), backup.CodeRecipientSSH},
		{"a plugin", recipients("age1yubikey1q2w3e4r5t6y7u8i9o0p"), backup.CodeRecipientPlugin},
		{"kinds mixed", recipients(v.Recipient, v.HybridRecipient), backup.CodeKindsMixed},
		{"too many", recipients(strings.Split(strings.Repeat(v.Recipient+" ", 33), " ")...), backup.CodeTooManyRecipients},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			file, err := backup.Make(m, test.to)
			if got := codeOf(t, err); got != test.want || file != nil {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

func TestRestoreRefuses(t *testing.T) {
	v, m := readVectors(t), randomMaterial(t)
	toKey := makeBackup(t, m, backup.To{Recipients: []string{v.Recipient}})
	toPassphrase := makeBackup(t, m, backup.To{Passphrase: []byte("a passphrase"), WorkFactor: 15})
	passphrase, identity := backup.With{Passphrase: []byte("a passphrase")}, backup.With{Identity: []byte(v.Identity)}
	withIdentity := func(text string) backup.With { return backup.With{Identity: []byte(text)} }
	factor := func(text string) []byte {
		return regexp.MustCompile(`(-> scrypt \S+) 15`).ReplaceAll(toPassphrase, []byte("${1} "+text))
	}
	changed := func(file []byte, at int) []byte {
		file = bytes.Clone(file)
		file[(at+len(file))%len(file)] ^= 1
		return file
	}
	tests := []struct {
		name string
		file []byte
		with backup.With
		want keywrap.Code
	}{
		{"empty", nil, identity, backup.CodeNotAge},
		{"raw key", m[:], identity, backup.CodeNotAge},
		{"text", []byte("hello\n"), identity, backup.CodeNotAge},
		{"far too long", bytes.Repeat([]byte("age-encryption.org/v1\n"), 20000), identity, backup.CodeNotAge},
		{"another version", []byte("age-encryption.org/v2\n-> X25519 x\n"), identity, backup.CodeVersion},
		{"intro alone", []byte("age-encryption.org/v1\n"), identity, backup.CodeDamaged},
		{"no recipients", []byte("age-encryption.org/v1\n--- AAAA\n"), identity, backup.CodeDamaged},
		{"armor alone", []byte("-----BEGIN AGE ENCRYPTED FILE-----\n"), identity, backup.CodeDamaged},
		{"passphrase missing", toPassphrase, backup.With{}, backup.CodeNeedsPassphrase},
		{"identity in place of a passphrase", toPassphrase, identity, backup.CodeNeedsPassphrase},
		{"identity missing", toKey, backup.With{}, backup.CodeNeedsIdentity},
		{"passphrase in place of an identity", toKey, passphrase, backup.CodeNeedsIdentity},
		{"both", toKey, backup.With{Passphrase: []byte("a passphrase"), Identity: []byte(v.Identity)}, backup.CodeMixed},
		{"work factor 21", factor("21"), passphrase, backup.CodeWorkFactorTooHigh},
		{"work factor 63", factor("63"), passphrase, backup.CodeWorkFactorTooHigh},
		{"work factor 0", factor("0"), passphrase, backup.CodeDamaged},
		{"work factor -1", factor("-1"), passphrase, backup.CodeDamaged},
		{"work factor 9999", factor("9999"), passphrase, backup.CodeDamaged},
		{"work factor 014", factor("014"), passphrase, backup.CodeDamaged},
		{"work factor 100", factor("100"), passphrase, backup.CodeWorkFactorTooHigh},
		{"work factor lowered to 1", factor("1"), passphrase, backup.CodeWrongPassphrase},
		{"work factor lowered", factor("14"), passphrase, backup.CodeWrongPassphrase},
		{"last byte changed", changed(toKey, -1), identity, backup.CodeDamaged},
		{"first byte of the payload changed", changed(toKey, -48), identity, backup.CodeDamaged},
		{"nonce changed", changed(toKey, -64), identity, backup.CodeDamaged},
		{"MAC changed", changed(toKey, -80), identity, backup.CodeDamaged},
		{"payload missing", toKey[:len(toKey)-48], identity, backup.CodeDamaged},
		{"byte added", append(bytes.Clone(toKey), 0), identity, backup.CodeDamaged},
		{"byte missing", toKey[:len(toKey)-1], identity, backup.CodeDamaged},
		{"no identity", toKey, withIdentity("# only a comment\n"), backup.CodeIdentityMalformed},
		{"no identity at all", toKey, withIdentity("secret"), backup.CodeIdentityMalformed},
		{"a digit wrong", toKey, withIdentity(v.Identity[:70] + "QQQQ"), backup.CodeIdentityMalformed},
		{"the recipient", toKey, withIdentity(v.Recipient), backup.CodeIdentityPublic},
		{"an SSH private key", toKey, withIdentity(sshPrivate), backup.CodeIdentitySSH},
		{"a plugin", toKey, withIdentity("AGE-PLUGIN-YUBIKEY-1QQQ"), backup.CodeIdentityPlugin},
		{"an encrypted identity", toKey, backup.With{Identity: toPassphrase}, backup.CodeIdentityEncrypted},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			restored(t, test.file, test.with, test.want, nil)
		})
	}
}

// TestInspectBounds checks what is on both sides of the largest file and of the highest work
// factor.
func TestInspectBounds(t *testing.T) {
	stanza := func(factor string) []byte {
		return []byte("age-encryption.org/v1\n-> scrypt AAAAAAAAAAAAAAAAAAAAAA " + factor + "\nAAAA\n--- AAAA\n")
	}
	filled := func(size int) []byte { return append(stanza("20"), make([]byte, size-len(stanza("20")))...) }
	for _, test := range []struct {
		name string
		file []byte
		want keywrap.Code
	}{
		{"work factor 20", stanza("20"), "ok"},
		{"work factor 21", stanza("21"), backup.CodeWorkFactorTooHigh},
		{"work factor 1", stanza("1"), "ok"},
		{"256 KiB", filled(256 << 10), "ok"},
		{"a byte more", filled(256<<10 + 1), backup.CodeNotAge},
	} {
		if _, err := backup.Inspect(test.file); codeOf(t, err) != test.want {
			t.Errorf("%s: %v, want %s", test.name, err, test.want)
		}
	}
}

// TestEveryCutAndChange damages a backup in every place: whatever the code, there is
// no fault and no material.
func TestEveryCutAndChange(t *testing.T) {
	v, m := readVectors(t), randomMaterial(t)
	file := makeBackup(t, m, backup.To{Recipients: []string{v.Recipient}})
	for i := range file {
		for name, damaged := range map[string][]byte{"cut": file[:i], "changed": bytes.Join([][]byte{file[:i], {file[i] ^ 0x21}, file[i+1:]}, nil)} {
			var got keywrap.Material
			if codeOf(t, backup.Restore(damaged, backup.With{Identity: []byte(v.Identity)}, &got)) == "ok" || got != (keywrap.Material{}) {
				t.Errorf("%s at %d: restored", name, i)
			}
		}
	}
}

// FuzzRestore holds two laws: no file is a fault, and none that was not encrypted to
// the identity yields anything.
func FuzzRestore(f *testing.F) {
	v := readVectors(f)
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		f.Fatal(err)
	}
	for _, b := range v.Backups {
		if b.Passphrase == "" {
			f.Add(b.File)
		}
	}
	f.Add([]byte("age-encryption.org/v1\n-> scrypt AAAAAAAAAAAAAAAAAAAAAA 1\n\n--- \n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		var m keywrap.Material
		if codeOf(t, backup.Restore(file, backup.With{Identity: []byte(identity.String())}, &m)) == "ok" {
			t.Error("restored")
		}
	})
}

// TestPayload checks that what is inside is the 32 bytes and nothing else, read by
// age itself.
func TestPayload(t *testing.T) {
	v, m := readVectors(t), randomMaterial(t)
	identity, err := age.ParseX25519Identity(v.Identity)
	if err != nil {
		t.Fatal(err)
	}
	plaintext, err := age.Decrypt(bytes.NewReader(makeBackup(t, m, backup.To{Recipients: []string{v.Recipient}})), identity)
	if err != nil {
		t.Fatal(err)
	}
	var content bytes.Buffer
	if _, err := content.ReadFrom(plaintext); err != nil || !bytes.Equal(content.Bytes(), m[:]) {
		t.Errorf("%d bytes inside, %v", content.Len(), err)
	}
}

// TestOtherPayloads opens age files of anything but 32 bytes.
func TestOtherPayloads(t *testing.T) {
	v := readVectors(t)
	recipient, err := age.ParseX25519Recipient(v.Recipient)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{0, 1, 31, 32, 33, 64, 64 << 10} {
		var file bytes.Buffer
		w, err := age.Encrypt(&file, recipient)
		if err != nil {
			t.Fatal(err)
		}
		w.Write(bytes.Repeat([]byte{7}, size))
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		want := backup.CodePayload
		if size == keywrap.MaterialSize {
			want = "ok"
		}
		sevens := keywrap.Material(bytes.Repeat([]byte{7}, keywrap.MaterialSize))
		restored(t, file.Bytes(), backup.With{Identity: []byte(v.Identity)}, want, &sevens)
	}
}

func TestGeneratePassphrase(t *testing.T) {
	form := regexp.MustCompile(`^([0-9a-hjkmnp-tv-z]{5}-){4}[0-9a-hjkmnp-tv-z]{5}$`)
	seen, letters := map[string]bool{}, map[byte]int{}
	const count = 2000
	for range count {
		passphrase, err := backup.GeneratePassphrase()
		if err != nil {
			t.Fatal(err)
		}
		if !form.Match(passphrase) || seen[string(passphrase)] {
			t.Fatalf("%q", passphrase)
		}
		if cap(passphrase) != 30 {
			t.Fatalf("%d bytes were reserved, not 30: it was moved, and a copy is left", cap(passphrase))
		}
		seen[string(passphrase)] = true
		for _, c := range passphrase {
			letters[c]++
		}
	}
	delete(letters, '-')
	if len(letters) != 32 {
		t.Errorf("%d letters occur, want 32", len(letters))
	}
	for c, n := range letters { // the mean is 1562, and the deviation 39
		if n < 1300 || n > 1830 {
			t.Errorf("%c occurs %d times in %d", c, n, 25*count)
		}
	}
}

func TestFileName(t *testing.T) {
	for keyID, want := range map[string]string{
		"1234abcd-12ab-34cd-56ef-12345678abcd": "keyferry-1234abcd-12ab-34cd-56ef-12345678abcd-2026-01-02.age",
		"azAZ09_-/:@[`{":                       "keyferry-azAZ09_--------2026-01-02.age",
		"alias/pay roll":                       "keyferry-alias-pay-roll-2026-01-02.age",
		"acs:kms:cn-hangzhou:1:key/../x":       "keyferry-acs-kms-cn-hangzhou-1-key----x-2026-01-02.age",
	} {
		if got := backup.FileName(keyID, "2026-01-02"); got != want {
			t.Errorf("%s: %s, want %s", keyID, got, want)
		}
	}
}

// TestMaterialIsArbitrary makes backups of bytes that a text format would trip over.
func TestMaterialIsArbitrary(t *testing.T) {
	v := readVectors(t)
	for range 50 {
		var m keywrap.Material
		rand.Read(m[:16])
		restored(t, makeBackup(t, &m, backup.To{Recipients: []string{v.Recipient}}), backup.With{Identity: []byte(v.Identity)}, "ok", &m)
	}
}
