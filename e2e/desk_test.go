package e2e

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aliyun/alibaba-cloud-sdk-go/services/kms"

	"keyferry/components/text"
	"keyferry/server/localkms"
)

// answerOf is the whole answer of GetParametersForImport, as the aliyun command prints it.
func (p *program) answerOf(t *testing.T, key, algorithm string) string {
	t.Helper()
	request := kms.CreateGetParametersForImportRequest()
	request.KeyId, request.WrappingAlgorithm, request.WrappingKeySpec = key, algorithm, "RSA_2048"
	answer, err := p.sdk(t).GetParametersForImport(request)
	if err != nil {
		t.Fatal(err)
	}
	return answer.GetHttpContentString()
}

// handOut is what the vendor's console gives a person to download: the public key in DER and the token.
func (p *program) handOut(t *testing.T, key, algorithm string) (publicKey, token string) {
	t.Helper()
	var answer struct{ PublicKey, ImportToken string }
	if err := json.Unmarshal([]byte(p.answerOf(t, key, algorithm)), &answer); err != nil {
		t.Fatal(err)
	}
	der, err := base64.StdEncoding.DecodeString(answer.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	return writeFile(t, filepath.Join(folder, "public_key.bin"), der), writeFile(t, filepath.Join(folder, "token.txt"), []byte(answer.ImportToken))
}

func writeFile(t *testing.T, name string, content []byte) string {
	t.Helper()
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// writeDesk has the program write its desk, and returns the file.
func writeDesk(t *testing.T, flags ...string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a browser")
	}
	file := filepath.Join(t.TempDir(), "keyferry-desk.html")
	if output, err := exec.Command(binary, append([]string{"desk", file}, flags...)...).CombinedOutput(); err != nil {
		t.Fatalf("writing the desk: %v\n%s", err, output)
	}
	return file
}

// fileAddress is the address of a file, whose name may hold what means something in an address.
func fileAddress(name string) string { return (&url.URL{Scheme: "file", Path: name}).String() }

// openFile opens a file from the disk, in a browser whose network is gone.
func (p *program) openFile(t *testing.T, how look, file string) *visit {
	t.Helper()
	how.offline = true
	return p.openAt(t, how, fileAddress(file))
}

// deskCMK does step 1 of the desk.
func (v *visit) deskCMK(key string) {
	v.t.Helper()
	v.do(v.page.Locator("#region").Fill("cn-hangzhou"))
	v.chooseCMK(key)
}

// paste does step 2 with a pasted answer.
func (v *visit) paste(answer, algorithm string) {
	v.t.Helper()
	v.do(v.page.Locator("#algorithm-" + algorithm).Check())
	v.see("label[for=answer]", v.words.Desk.AnswerLabel)
	v.do(v.page.Locator("#answer").Fill(answer))
	v.press(v.words.Desk.Read)
}

// bring does step 2 with the two files of the vendor's console.
func (v *visit) bring(publicKey, token, algorithm string) {
	v.t.Helper()
	v.do(v.page.Locator("#algorithm-" + algorithm).Check())
	v.do(v.page.Locator("#brought-files").Check())
	v.see("label[for=public-key]", v.words.Desk.PublicKeyFile)
	v.file("public-key", publicKey)
	v.file("token", token)
	v.press(v.words.Desk.Read)
}

// haveRead goes on from step 2 to step 3.
func (v *visit) haveRead() {
	v.t.Helper()
	v.see("[data-step=params] h3", v.words.Desk.HaveRead)
	v.press(v.words.Import.Continue)
}

// takeAway makes the files of step 4 and saves them in one folder, under the names that the page gives them.
func (v *visit) takeAway() string {
	v.t.Helper()
	v.press(v.words.Desk.MakeFiles)
	v.see("[data-part=result]", v.words.Desk.NotImported)
	return v.saveAll("wrapped", "import-token")
}

// saveAll downloads links of the page into one folder, under the names that the page gives.
func (v *visit) saveAll(links ...string) string {
	v.t.Helper()
	folder := v.t.TempDir()
	for _, link := range links {
		saved := v.download("[data-link=" + link + "]")
		if err := os.Rename(saved, filepath.Join(folder, filepath.Base(saved))); err != nil {
			v.t.Fatal(err)
		}
	}
	return folder
}

// importFiles hands the two files over by the vendor's SDK for Node.js, as they are.
func (p *program) importFiles(t *testing.T, key, folder string) {
	t.Helper()
	read := func(name string) string {
		content, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	wrapped := read("EncryptedKeyMaterial_base64.txt")
	if decoded, err := base64.StdEncoding.Strict().DecodeString(wrapped); err != nil || len(decoded) != 256 || strings.ContainsAny(wrapped, "\r\n") {
		t.Errorf("EncryptedKeyMaterial_base64.txt is not one line of base64 for 256 bytes: %d characters, %v", len(wrapped), err)
	}
	question, err := json.Marshal(map[string]any{
		"client": "kms20160120", "action": "ImportKeyMaterial",
		"config": map[string]string{
			"endpoint": strings.TrimPrefix(p.local, "http://"), "accessKeyId": localkms.DefaultAccessKeyID, "accessKeySecret": localkms.DefaultAccessKeySecret,
		},
		"parameters": map[string]string{
			"KeyId": key, "EncryptedKeyMaterial": wrapped, "ImportToken": read("ImportToken.txt"), "KeyMaterialExpireUnix": "0",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	client := exec.Command("node", "clients/testdata/serve.mjs")
	client.Stdin = strings.NewReader(string(question) + "\n")
	answer, err := client.Output()
	if err != nil || !strings.Contains(string(answer), `"answer"`) {
		t.Fatalf("the vendor's SDK did not import: %v %s", err, answer)
	}
	if got := p.state(t, key); got != "Enabled" {
		t.Errorf("the CMK is %s, want Enabled", got)
	}
	p.mustWork(t, key)
}

// A receipt from the desk says what was prepared; the page that checks backups takes it, and another key is not that one.
func TestDeskReceipt(t *testing.T) {
	p := start(t)
	key, algorithm := seeded[0], algorithms[0]
	v := p.openFile(t, look{}, writeDesk(t, "--region=cn-hangzhou"))
	prepared := func(key string) (receipt, backup, passphrase string) {
		t.Helper()
		v.chooseCMK(key)
		v.paste(p.answerOf(t, key, algorithm), algorithm)
		v.haveRead()
		passphrase = v.offeredPassphrase()
		v.press(v.words.Material.Prepare)
		backup = v.saveBackup()
		v.proveBackup(backup, passphrase)
		v.do(v.page.Locator("#expiry-365").Check())
		v.press(v.words.Desk.MakeFiles)
		v.see("[data-part=result]", v.words.Desk.NotImported)
		if command := v.text("#import-key-material"); !regexp.MustCompile(`--KeyMaterialExpireUnix \d{10} `).MatchString(command) {
			t.Errorf("the command is %q", command)
		}
		return v.download("[data-link=receipt]"), backup, passphrase
	}
	receipt, backup, passphrase := prepared(key)
	v.do(v.page.Reload())
	_, otherBackup, otherPassphrase := prepared(seeded[1])
	c := p.open(t, look{}, "/check")
	check := func(backup, secret string) {
		t.Helper()
		c.file("check-receipt", receipt)
		c.file("check-age", backup)
		c.do(c.page.Locator("#check-secret").Fill(secret))
		c.press(c.words.Check.Button)
	}
	check(otherBackup, otherPassphrase)
	c.fault("not_the_receipts_key")
	check(backup, passphrase)
	prefix, _, _ := strings.Cut(c.words.Check.MatchesPrepared, "{date}")
	c.see("[data-part=result] h2", text.Fill(prefix, "cmk", key))
	c.see("[data-fill=imported]", c.words.Check.NotTold)
}

// The desk as a page of the console, as a file on a disk without any network, and in the folder of a static host. Each
// takes an import from its parameters to the files, and the vendor's own SDK imports those.
func TestDesk(t *testing.T) {
	p := start(t)
	file := writeDesk(t)
	folder := filepath.Join(t.TempDir(), "site")
	if output, err := exec.Command(binary, "desk", "--dir", folder).CombinedOutput(); err != nil {
		t.Fatalf("writing the folder: %v\n%s", err, output)
	}
	host := httptest.NewServer(http.FileServer(http.Dir(folder)))
	defer host.Close()
	for _, place := range []struct {
		name string
		open func(*testing.T, look) *visit
	}{
		{"console", func(t *testing.T, how look) *visit { return p.open(t, how, "/desk") }},
		{"file", func(t *testing.T, how look) *visit { return p.openFile(t, how, file) }},
		{"static host", func(t *testing.T, how look) *visit { return p.openAt(t, how, host.URL+"/") }},
	} {
		for i, algorithm := range algorithms {
			language := text.Languages[i%2]
			t.Run(place.name+"/"+algorithm+"/"+language.Tag, func(t *testing.T) {
				p.ask(t, "POST", "/reset", nil, nil)
				key := seeded[i]
				v := place.open(t, look{language: language.Tag})
				v.deskCMK(key)
				if i == 1 {
					publicKey, token := p.handOut(t, key, algorithm)
					v.bring(publicKey, token, algorithm)
				} else {
					v.paste(p.answerOf(t, key, algorithm), algorithm)
				}
				v.haveRead()
				v.generate()
				p.importFiles(t, key, v.takeAway())
				v.mustNotHaveLeaked(key)
			})
		}
	}
}
