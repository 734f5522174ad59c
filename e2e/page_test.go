package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/services/kms"
	"github.com/playwright-community/playwright-go"

	"keyferry/web"
)

// A chosen expiry reaches the KMS as the moment that the page showed, and when it has come the CMK waits again.
func TestExpiry(t *testing.T) {
	p := start(t)
	key := seeded[0]
	v := p.open(t, look{}, "/") // the visitor's clock is on Shanghai time, eight hours ahead of UTC
	v.toStep4(key)
	v.do(v.page.Locator("#expiry-at").Check())
	v.do(v.page.Locator("#expiry-time").Fill("2020-01-02T03:04"))
	v.see("#expiry-utc", "2020-01-01 19:04:00 UTC")
	v.send(key)
	v.fault("expiry_past")
	v.do(v.page.Locator("#expiry-time").Fill("2036-01-02T03:04"))
	v.see("#expiry-utc", "2036-01-01 19:04:00 UTC")
	v.see("[data-form=send] [data-fill=expiry]", "2082827040")
	v.send(key)
	v.imported(key)

	request := kms.CreateDescribeKeyRequest()
	request.KeyId = key
	described, err := p.sdk(t).DescribeKey(request)
	if err != nil {
		t.Fatal(err)
	}
	if got := described.KeyMetadata.MaterialExpireTime; got != "2036-01-01T19:04:00Z" {
		t.Errorf("the KMS has the expiry %s", got)
	}
	p.ask(t, "PUT", "/clock", map[string]string{"set": "2036-01-01T19:04:01Z"}, nil)
	if got := p.state(t, key); got != "PendingImport" {
		t.Errorf("after the expiry the CMK is %s, want PendingImport", got)
	}
}

// The panel lists exactly the requests that the browser made after the page was loaded, and shows no secret.
func TestWhatLeftThisBrowser(t *testing.T) {
	p := start(t)
	key := seeded[0]
	v := p.open(t, look{}, "/")
	v.see("[data-part=sent-nothing]", v.words.Sent.Nothing)
	v.toStep4(key)
	v.send(key)
	v.imported(key)
	v.mu.Lock()
	var posts []string
	for _, sent := range v.sent {
		line, _, _ := strings.Cut(string(sent), "\n")
		if method, address, _ := strings.Cut(line, " "); method != "GET" {
			posts = append(posts, strings.TrimPrefix(address, p.console+"/kms/"))
		} else if !strings.HasPrefix(address, p.console+"/static/") && address != p.console+"/" {
			t.Errorf("the browser asked for %s", address)
		}
	}
	v.mu.Unlock()
	var listed []string
	entries, err := v.page.Locator("[data-part=sent-list] li strong").AllInnerTexts()
	v.do(err)
	listed = append(listed, entries...)
	if fmt.Sprint(listed) != fmt.Sprint(posts) || len(posts) != 2 {
		t.Errorf("the panel lists %v, the browser sent %v", listed, posts)
	}
	var body struct{ EncryptedKeyMaterial, ImportToken string }
	if err := json.Unmarshal(v.posted("ImportKeyMaterial")[0], &body); err != nil {
		t.Fatal(err)
	}
	panel := v.text("[data-part=sent]")
	for _, secret := range []string{body.EncryptedKeyMaterial, body.ImportToken} {
		if strings.Contains(panel, secret[:24]) {
			t.Error("the panel shows a token or a ciphertext")
		}
	}
	for _, want := range []string{"256 bytes, sha256 ", "RSAES_OAEP_SHA_256", "RSA_2048"} {
		if !strings.Contains(panel, want) {
			t.Errorf("the panel lacks %q:\n%s", want, panel)
		}
	}
	if !strings.Contains(panel, v.words.Sent.NothingElse) {
		t.Error("the panel does not close with what else was sent")
	}
}

// Leaving with wrapped material that was not imported asks first; after the import it does not.
func TestLeavingAsksFirst(t *testing.T) {
	p := start(t)
	key := seeded[0]
	v := p.open(t, look{}, "/")
	var asked []string
	v.page.OnDialog(func(dialog playwright.Dialog) {
		asked = append(asked, dialog.Type())
		dialog.Accept()
	})
	v.toStep4(key)
	v.do(v.page.Reload())
	if len(asked) != 1 || asked[0] != "beforeunload" {
		t.Errorf("leaving with wrapped material asked %v", asked)
	}
	v.toStep4(key)
	v.send(key)
	v.imported(key)
	v.do(v.page.Reload())
	if len(asked) != 1 {
		t.Errorf("leaving after the import asked %v", asked[1:])
	}
}

// Language and theme change by a click, and the CMK in the address stays.
func TestLanguageAndTheme(t *testing.T) {
	p := start(t)
	v := p.open(t, look{}, "/?KeyId=key-hzz1")
	v.press("简体中文")
	v.see("html[lang=zh-CN] h1", "导入密钥材料")
	v.press("深色")
	v.see("html[data-theme=dark] h1", "导入密钥材料")
	if value, err := v.page.Locator("#key-reference").InputValue(); err != nil || value != "key-hzz1" {
		t.Errorf("the CMK in the field is %q, %v", value, err)
	}
	surface := func() any {
		colour, err := v.page.Evaluate(`getComputedStyle(document.documentElement).backgroundColor`)
		v.do(err)
		return colour
	}
	dark := surface()
	v.press("浅色")
	v.see("html[data-theme=light] h1", "导入密钥材料")
	if light := surface(); light == dark {
		t.Errorf("light and dark have the same surface, %v", light)
	}
	v.press("English")
	v.see("html[lang=en] h1", "Import key material")
}

// Step 3 needs no network once the module was loaded, as the page says.
func TestGeneratingOffline(t *testing.T) {
	p := start(t)
	v := p.open(t, look{}, "/")
	v.chooseCMK(seeded[0])
	v.getParameters("RSAES_OAEP_SHA_256")
	v.offeredPassphrase() // by the module, which is loaded now
	v.do(v.page.Context().SetOffline(true))
	v.generate()
}

// However the module dies, the page says so and does not wait for ever.
func TestModuleThatDies(t *testing.T) {
	p := start(t)
	folder := t.TempDir()
	build := exec.Command("go", "run", "./wasm/build", "-tags", "crashtest", "-o", folder)
	build.Dir = ".."
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the module that crashes: %v\n%s", err, output)
	}
	module, err := os.ReadFile(filepath.Join(folder, "keyferry.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	integrity := func(folder, name string) []byte {
		t.Helper()
		tree, err := web.ReadTree(os.DirFS(folder))
		if err != nil {
			t.Fatal(err)
		}
		digest, err := tree.Integrity(name)
		if err != nil {
			t.Fatal(err)
		}
		return []byte(digest)
	}
	shipped, crashing := integrity("../web/static", web.Module), integrity(folder, "keyferry.wasm")
	for way, code := range map[string]string{
		"panic":           "internal",
		"out of range":    "internal",
		"panic elsewhere": "module_crashed",
		"exit later":      "module_crashed",
		"fatal":           "module_crashed",
	} {
		t.Run(way, func(t *testing.T) {
			v := p.open(t, look{}, "/")
			v.alter("**/keyferry.wasm", func([]byte) []byte { return module })
			v.alter("**/kms/GetParametersForImport", func(body []byte) []byte {
				var answer map[string]any
				if err := json.Unmarshal(body, &answer); err != nil {
					return nil
				}
				answer["PublicKey"] = "crashtest: " + way
				changed, err := json.Marshal(answer)
				if err != nil {
					return nil
				}
				return changed
			})
			v.alter(p.console+"/", func(page []byte) []byte { return bytes.Replace(page, shipped, crashing, 1) })
			v.do(v.page.Reload())
			v.chooseCMK(seeded[0])
			began := time.Now()
			v.press(v.words.Params.Get)
			v.fault(code)
			if took := time.Since(began); took > 8*time.Second {
				t.Errorf("the page took %v to say so", took)
			}
			for _, said := range v.said {
				if strings.Contains(said, "secret text") {
					t.Errorf("the console shows the text of a panic: %q", said)
				}
			}
		})
	}
}
