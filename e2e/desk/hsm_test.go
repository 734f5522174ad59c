package desk

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
)

// softHSM is a PKCS#11 token in software, as Debian has it.
type softHSM struct {
	module, config, token, pin string
}

// newSoftHSM makes a token that holds one extractable AES key of 32 bytes with the id 01, and
// returns that key too.
func newSoftHSM(t *testing.T) (softHSM, []byte) {
	t.Helper()
	hsm := softHSM{token: "desk", pin: "271828"}
	for _, module := range []string{"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so", "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so"} {
		if _, err := os.Stat(module); err == nil {
			hsm.module = module
		}
	}
	if hsm.module == "" {
		t.Fatal("SoftHSM is missing: run make tools")
	}
	folder := t.TempDir()
	tokens := filepath.Join(folder, "tokens")
	if err := os.Mkdir(tokens, 0o700); err != nil {
		t.Fatal(err)
	}
	hsm.config = program.WriteFile(t, filepath.Join(folder, "softhsm2.conf"), []byte("directories.tokendir = "+tokens+"\n"))
	hsm.run(t, folder, "softhsm2-util --init-token --free --label "+hsm.token+" --pin "+hsm.pin+" --so-pin 31415926")
	made := hsm.run(t, folder, "pkcs11-tool --module "+hsm.module+" --token-label "+hsm.token+" --login --pin "+hsm.pin+
		" --keygen --key-type AES:32 --id 01 --extractable")
	// This test double shows the value of a key that may leave it; a real HSM does not.
	value := regexp.MustCompile(`VALUE:\s+([0-9a-f]{64})`).FindStringSubmatch(made)
	if value == nil {
		t.Fatalf("the token made no key: %s", made)
	}
	material, err := hex.DecodeString(value[1])
	if err != nil {
		t.Fatal(err)
	}
	return hsm, material
}

// run runs a line of shell in a folder and returns what it wrote.
func (h softHSM) run(t *testing.T, folder, line string) string {
	t.Helper()
	output, err := h.try(folder, line)
	if err != nil {
		t.Fatalf("%s: %v\n%s", line, err, output)
	}
	return output
}

func (h softHSM) try(folder, line string) (string, error) {
	shell := exec.Command("bash", "-euo", "pipefail", "-c", line)
	shell.Dir = folder
	shell.Env = append(os.Environ(), "SOFTHSM2_CONF="+h.config)
	output, err := shell.CombinedOutput()
	return string(output), err
}

// toHSM opens the desk as far as the lane for hardware, and saves the wrapping key into a folder.
func toHSM(v *browser.Visit, p *program.Program, key, algorithm string) string {
	v.T.Helper()
	v.DeskCMK(key)
	v.Paste(p.AnswerOf(v.T, key, algorithm), algorithm)
	v.HaveRead()
	v.Do(v.Page.Locator("#lane-hsm").Check())
	return v.SaveAll("der", "pem")
}

// A key that an HSM made gets into the KMS by the commands that the page shows, and never into the
// browser.
func TestDeskHSM(t *testing.T) {
	p := program.Start(t)
	file := program.WriteDesk(t)
	hsm, material := newSoftHSM(t)
	// SoftHSM 2.6 wraps with RSA-PKCS. OAEP needs parameters, which pkcs11-tool passes from OpenSC
	// 0.27 on, and SoftHSM has them with SHA-1 only.
	for i, algorithm := range browser.Algorithms {
		t.Run(algorithm, func(t *testing.T) {
			p.Ask(t, "POST", "/reset", nil, nil)
			key := program.Seeded[i]
			v := openFile(p, t, browser.Look{}, file)
			folder := toHSM(v, p, key, algorithm)
			command := v.Text("#pkcs11-" + algorithm)
			first, rest, _ := strings.Cut(command, "\n")
			if !strings.HasPrefix(first, "MODULE=") {
				t.Fatalf("the command begins with %q", first)
			}
			if i == 0 && !regexp.MustCompile(`--id [0-9a-f]{8}\b`).MatchString(rest) {
				t.Errorf("the wrapping key gets no id of its own: %s", rest)
			}
			own := "MODULE=" + hsm.module + " TOKEN=" + hsm.token + " KEY=01\n"
			output, err := hsm.try(folder, own+strings.ReplaceAll(rest, "--login", "--login --pin "+hsm.pin))
			if err != nil && algorithm != "RSAES_PKCS1_V1_5" && strings.Contains(output, "CKR_ARGUMENTS_BAD") {
				v.See("[data-lane=hsm] [data-algorithm="+algorithm+"] .hint", "CKR_ARGUMENTS_BAD") // the page says so beforehand
				t.Logf("as the page says, this token and this pkcs11-tool do not do it: %s", strings.TrimSpace(output))
				return
			}
			if err != nil {
				t.Fatalf("%s: %v\n%s", command, err, output)
			}
			v.File("wrapped-file", filepath.Join(folder, "EncryptedKeyMaterial.bin"))
			v.Press(v.Words.Desk.CheckWrapped)
			v.See("[data-step=material] [data-summary]", v.Words.Desk.WrappedElsewhere)
			p.ImportFiles(t, key, v.TakeAway())
			v.See("[data-part=no-receipt]", v.Words.Desk.NoReceipt)
			if got := p.Material(t, key); !bytes.Equal(got, material) {
				t.Error("the KMS has other material than the HSM")
			}
			v.MustNotHaveLeaked(key)
		})
	}
}

// The OpenSSL commands that the page shows work as they are, for all three algorithms, with the key
// in DER, and give exactly what the vendor's console takes.
func TestDeskOpenSSL(t *testing.T) {
	p := program.Start(t)
	file := program.WriteDesk(t)
	for i, algorithm := range browser.Algorithms {
		t.Run(algorithm, func(t *testing.T) {
			p.Ask(t, "POST", "/reset", nil, nil)
			key := program.Seeded[i]
			v := openFile(p, t, browser.Look{Language: "zh-CN"}, file)
			folder := toHSM(v, p, key, algorithm)
			material := make([]byte, 32)
			rand.Read(material)
			program.WriteFile(t, filepath.Join(folder, "KeyMaterial.bin"), material)
			softHSM{}.run(t, folder, v.Text("#openssl-"+algorithm))
			v.Do(v.Page.Locator("#wrapped-text").Fill(string(program.ReadFile(t, filepath.Join(folder, "EncryptedKeyMaterial_base64.txt")))))
			v.Press(v.Words.Desk.CheckWrapped)
			taken := v.TakeAway()
			if made, given := program.ReadFile(t, filepath.Join(folder, "EncryptedKeyMaterial_base64.txt")), program.ReadFile(t, filepath.Join(taken, "EncryptedKeyMaterial_base64.txt")); !bytes.Equal(made, given) {
				t.Error("the page changed what OpenSSL wrote, or OpenSSL writes it in another form")
			}
			p.ImportFiles(t, key, taken)
			if !bytes.Equal(p.Material(t, key), material) {
				t.Error("the KMS has other material than OpenSSL wrapped")
			}
			for _, other := range browser.Algorithms {
				if visible, _ := v.Page.Locator("#openssl-" + other).IsVisible(); visible {
					t.Errorf("the command for %s is still shown", other)
				}
			}
			der := softHSM{}.run(t, folder, "openssl pkey -pubin -in PublicKey.pem -outform DER | cmp - PublicKey.bin && echo same")
			if strings.TrimSpace(der) != "same" {
				t.Error("PublicKey.pem and PublicKey.bin are not the same key")
			}
		})
	}
}

// What comes back is checked by its shape; a key that is not wrapped is recognised and dropped.
func TestDeskWrapped(t *testing.T) {
	p := program.Start(t)
	v := openFile(p, t, browser.Look{}, program.WriteDesk(t))
	toHSM(v, p, program.Seeded[0], "RSAES_OAEP_SHA_256")
	bare := make([]byte, 32)
	rand.Read(bare)
	wrapped := make([]byte, 256)
	rand.Read(wrapped)
	wrapped[0] &= 0x7f // below every modulus of 2048 bits
	above := bytes.Repeat([]byte{0xff}, 256)
	copy(above[1:], wrapped)
	digits := hex.EncodeToString(bare)
	folder := t.TempDir()
	for _, test := range []struct {
		name, file, text string
		code             string // empty: accepted
	}{
		{"nothing", "", "", "wrapped_missing"},
		{"both", string(wrapped), base64.StdEncoding.EncodeToString(wrapped), "wrapped_twice"},
		{"the bare key", string(bare), "", "wrapped_is_bare"},
		{"the bare key in hexadecimal", "", hex.EncodeToString(bare), "wrapped_is_bare"},
		{"the bare key in base64", base64.StdEncoding.EncodeToString(bare) + "\n", "", "wrapped_is_bare"},
		{"the bare key with 0x", "", "0x" + digits, "wrapped_is_bare"},
		{"the bare key with colons", "", strings.TrimSuffix(regexp.MustCompile("..").ReplaceAllString(digits, "$0:"), ":"), "wrapped_is_bare"},
		{"the bare key without padding", "", base64.RawStdEncoding.EncodeToString(bare), "wrapped_is_bare"},
		{"the bare key in base64url", "", base64.URLEncoding.EncodeToString(bare), "wrapped_is_bare"},
		{"the bare key in hidden characters", "", "\u200b" + digits[:30] + "\u00a0" + digits[30:], "wrapped_is_bare"},
		{"the bare key and a line end", string(bare) + "\n", "", "wrapped_is_bare"},
		{"the bare key in a text file", digits + "\r\n", "", "wrapped_is_bare"},
		{"a key of 16 bytes", string(bare[:16]), "", "wrapped_is_bare"},
		{"the bare key behind zeros", string(make([]byte, 224)) + string(bare), "", "wrapped_is_bare"},
		{"the bare key before zeros", string(bare) + string(make([]byte, 224)), "", "wrapped_is_bare"},
		{"the bare key eight times", strings.Repeat(string(bare), 8), "", "wrapped_is_bare"},
		{"the bare key behind zeros, base64", "", base64.StdEncoding.EncodeToString(append(make([]byte, 224), bare...)), "wrapped_is_bare"},
		{"not below the modulus", string(above), "", "wrapped_not_below"},
		{"256 characters", "", strings.Repeat("Wrapped! ", 29)[:256], "wrapped_unreadable"},
		{"256 hex digits", "", hex.EncodeToString(wrapped[:128]), "wrapped_size"},
		{"256 letters in a file", base64.StdEncoding.EncodeToString(wrapped[:192]), "", "wrapped_size"},
		{"one byte short", string(wrapped[:255]), "", "wrapped_size"},
		{"base64 of too little", base64.StdEncoding.EncodeToString(wrapped[:255]), "", "wrapped_size"},
		{"hexadecimal", "", hex.EncodeToString(wrapped), ""},
		{"base64url without padding", "", base64.RawURLEncoding.EncodeToString(wrapped), ""},
		{"base64 in a UTF-16 file", string(append([]byte{0xff, 0xfe}, strings.Join(strings.Split(base64.StdEncoding.EncodeToString(wrapped), ""), "\x00")+"\x00"...)), "", ""},
		{"a remark", "", "see the attachment!", "wrapped_unreadable"},
		{"base64 in lines", "", base64.StdEncoding.EncodeToString(wrapped)[:64] + "\r\n" + base64.StdEncoding.EncodeToString(wrapped)[64:] + "\r\n", ""},
		{"bytes", string(wrapped), "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			v.T = t
			if test.file != "" {
				v.File("wrapped-file", program.WriteFile(t, filepath.Join(folder, "blob"), []byte(test.file)))
			} else {
				v.Do(v.Page.Locator("#wrapped-file").Evaluate("(field) => { field.value = '' }", nil))
			}
			v.Do(v.Page.Locator("#wrapped-text").Fill(test.text))
			v.Press(v.Words.Desk.CheckWrapped)
			if test.code != "" {
				v.Fault(test.code)
				return
			}
			v.See("[data-step=material] [data-summary]", v.Words.Desk.WrappedElsewhere)
			digest := sha256.Sum256(wrapped)
			if shown := v.Text("[data-form=send] [data-fill=ciphertext-digest]"); strings.Join(strings.Fields(shown), "") != hex.EncodeToString(digest[:]) {
				t.Errorf("the page shows the digest %q, want %x", shown, digest)
			}
			v.Do(v.Page.Locator("[data-change=material]").Click())
		})
	}
}
