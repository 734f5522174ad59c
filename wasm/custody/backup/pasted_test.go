package backup_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"unicode/utf16"

	"filippo.io/age"
	"filippo.io/age/armor"

	"keyferry/wasm/custody/backup"
	"keyferry/wasm/keywrap"
)

// TestPastedIdentities opens a backup with identity files as people paste them.
func TestPastedIdentities(t *testing.T) {
	v, m := readVectors(t), randomMaterial(t)
	file := makeBackup(t, m, backup.To{Recipients: []string{v.Recipient}})
	keygen := "# created: 2026-02-27T09:31:05Z\n# public key: " + v.Recipient + "\n" + v.Identity + "\n"
	for name, text := range map[string]string{
		"as age-keygen writes it":   keygen,
		"CR LF":                     strings.ReplaceAll(keygen, "\n", "\r\n"),
		"without line breaks":       strings.ReplaceAll(keygen, "\n", ""),
		"spaces for line breaks":    strings.ReplaceAll(keygen, "\n", " "),
		"twice without line breaks": strings.ReplaceAll(keygen+keygen, "\n", ""),
		"byte order mark":           "\ufeff" + keygen,
		"quoted":                    "\"" + v.Identity + "\"",
		"with a label":              "identity: " + v.Identity + ".",
		"no-break space, no width":  "\u00a0\u200b" + v.Identity + "\u200b",
		"lower case":                strings.ToLower(v.Identity),
		"in a shell":                "export KEY='" + v.Identity + "'",
	} {
		t.Run(name, func(t *testing.T) {
			restored(t, file, backup.With{Identity: []byte(text)}, "ok", m)
			restored(t, file, backup.With{Passphrase: []byte(text)}, "ok", m)
		})
	}
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	// An identity that was put behind a remark does not count beside another.
	restored(t, file, backup.With{Identity: []byte("# " + v.Identity + "\n" + other.String())}, backup.CodeWrongIdentity, nil)
	// What is not an identity is named, whatever it was taken for.
	for text, want := range map[string]keywrap.Code{
		v.Recipient: backup.CodeIdentityPublic, sshPrivate: backup.CodeIdentitySSH, "AGE-PLUGIN-YUBIKEY-1QQQ": backup.CodeIdentityPlugin,
		"a passphrase": backup.CodeNeedsIdentity,
	} {
		restored(t, file, backup.With{Passphrase: []byte(text)}, want, nil)
	}
}

// TestPastedRecipients makes backups to recipients as people paste them: to those, and to no other.
func TestPastedRecipients(t *testing.T) {
	v, m := readVectors(t), randomMaterial(t)
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	one, two := v.Recipient, other.Recipient().String()
	for name, test := range map[string]struct {
		text  string
		count int
	}{
		"what age-keygen prints":      {"Public key: " + one, 1},
		"remarks":                     {"# Alice\n" + one + "\n\n# Bob\n" + two + "\n", 2},
		"commas":                      {one + ", " + two, 2},
		"semicolons":                  {one + ";" + two + ";", 2},
		"Chinese punctuation":         {"公钥：" + one + "，" + two + "；", 2},
		"CR LF":                       {one + "\r\n" + two + "\r\n", 2},
		"tabs":                        {one + "\t" + two, 2},
		"quotes":                      {"\"" + one + "\" '" + two + "'", 2},
		"a list":                      {"- " + one + "\n* " + two, 2},
		"hidden characters":           {"\ufeff" + one + "\u200b\u00a0" + two, 2},
		"the remark of an identity":   {"# public key: " + one, 1},
		"a remark beside a recipient": {"# public key: " + two + "\n" + one, 1},
	} {
		t.Run(name, func(t *testing.T) {
			file := makeBackup(t, m, backup.To{Recipients: []string{test.text}})
			info, err := backup.Inspect(file)
			if err != nil || info.Recipients != test.count {
				t.Fatalf("%d recipients, %v; want %d", info.Recipients, err, test.count)
			}
			restored(t, file, backup.With{Identity: []byte(v.Identity)}, "ok", m)
			want := keywrap.Code("ok")
			if test.count == 1 {
				want = backup.CodeWrongIdentity
			}
			if test.count == 2 {
				restored(t, file, backup.With{Identity: []byte(other.String())}, want, m)
			} else {
				restored(t, file, backup.With{Identity: []byte(other.String())}, want, nil)
			}
		})
	}
	for name, test := range map[string]struct {
		text string
		want keywrap.Code
	}{
		"an identity file":                 {"# created: today\n# public key: " + one + "\n" + v.Identity + "\n", backup.CodeRecipientPrivate},
		"an identity behind a remark":      {one + "\n# " + v.Identity, backup.CodeRecipientPrivate},
		"an identity without line breaks":  {"# created: today# public key: " + one + v.Identity, backup.CodeRecipientPrivate},
		"remarks alone":                    {"# nobody\n", backup.CodeRecipientMalformed},
		"words around":                     {"please use " + one, backup.CodeRecipientMalformed},
		"a recipient and an SSH key":       {one + "\nssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA me@there", backup.CodeRecipientSSH},
		"a private key of OpenSSH, quoted": {"> " + sshPrivate, backup.CodeRecipientPrivate},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := backup.Make(m, backup.To{Recipients: []string{test.text}}); codeOf(t, err) != test.want {
				t.Errorf("%v, want %s", err, test.want)
			}
		})
	}
}

// inUTF16 is what an editor on Windows makes of a text, or a program of bytes that it takes for
// one.
func inUTF16(text string) []byte {
	b := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(text)) {
		b = append(b, byte(unit), byte(unit>>8))
	}
	return b
}

// TestMangled opens armor that went through mail, and calls a binary backup damaged that a program
// took for text.
func TestMangled(t *testing.T) {
	v, m := readVectors(t), randomMaterial(t)
	identity := backup.With{Identity: []byte(v.Identity)}
	file := makeBackup(t, m, backup.To{Recipients: []string{v.Recipient}})
	var b bytes.Buffer
	w := armor.NewWriter(&b)
	w.Write(file)
	w.Close()
	text := b.String()
	lines := func(change func(line string) string) string {
		all := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
		for i := range all {
			all[i] = change(all[i])
		}
		return strings.Join(all, "\n")
	}
	for name, armored := range map[string]string{
		"in a message":    "Hello,\n\nhere it is:\n\n" + text + "\n-- \nBob\n",
		"CR LF":           strings.ReplaceAll(text, "\n", "\r\n"),
		"white space":     " \n\t\n" + text + " \n\n\t",
		"blanks at ends":  lines(func(line string) string { return line + " \t" }),
		"indented":        lines(func(line string) string { return "    " + line }),
		"quoted":          lines(func(line string) string { return "> " + line }),
		"quoted twice":    lines(func(line string) string { return ">> " + line }),
		"blank lines":     lines(func(line string) string { return line + "\n" }),
		"byte order mark": "\ufeff" + text,
		"UTF-16":          string(inUTF16(text)),
		"UTF-16, no mark": strings.TrimPrefix(string(inUTF16(text)), "\xff\xfe"),
		"no-break spaces": lines(func(line string) string { return "\u00a0" + line + "\u00a0" }),
	} {
		t.Run(name, func(t *testing.T) {
			restored(t, []byte(armored), identity, "ok", m)
		})
	}
	for name, test := range map[string]struct {
		file []byte
		want keywrap.Code
	}{
		"LF to CR LF":       {bytes.ReplaceAll(file, []byte("\n"), []byte("\r\n")), backup.CodeDamaged},
		"LF to CR":          {bytes.ReplaceAll(file, []byte("\n"), []byte("\r")), backup.CodeDamaged},
		"byte order mark":   {append([]byte("\ufeff"), file...), backup.CodeDamaged},
		"UTF-16":            {inUTF16(string(file)), backup.CodeDamaged},
		"UTF-8 of Latin-1":  {[]byte(strings.ToValidUTF8(string(file), "\ufffd")), backup.CodeDamaged},
		"cut in the intro":  {file[:20], backup.CodeDamaged},
		"version 2":         {[]byte("age-encryption.org/v2\r\n-> x"), backup.CodeVersion},
		"version 10":        {[]byte("age-encryption.org/v10\n-> x"), backup.CodeVersion},
		"version 90":        {[]byte("age-encryption.org/v90\n-> x"), backup.CodeVersion},
		"version 9x":        {[]byte("age-encryption.org/v9x\n-> x"), backup.CodeDamaged},
		"armor, a line cut": {[]byte(strings.Replace(text, "\n", "\n"+base64.StdEncoding.EncodeToString(file[:3])[:3]+"\n", 1)), backup.CodeDamaged},
		"armor, no end":     {[]byte(text[:len(text)-10]), backup.CodeDamaged},
	} {
		t.Run(name, func(t *testing.T) {
			restored(t, test.file, identity, test.want, nil)
		})
	}
}
