package custody

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/services/kms"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
	"keyferry/wasm/custody"
	"keyferry/wasm/keywrap"
	"keyferry/web"
)

// imported2036 makes an import with an expiry and a receipt, and encrypts something under the CMK.
func TestReceiptCheckAndReimport(t *testing.T) {
	p := program.Start(t)
	key := program.Seeded[0]
	v := browser.Open(p, t, browser.Look{}, "/")
	v.ToStep3(key)
	backup, secret := v.GenerateForRecipient()
	v.Do(v.Page.Locator("#expiry-90").Check())
	v.Send(key)
	v.Imported(key)
	receipt := v.Download("[data-link=receipt]")
	material := p.Material(t, key)
	mustBeReceipt(t, receipt, backup, key, keywrap.Material(material))

	encrypt := kms.CreateEncryptRequest()
	encrypt.KeyId, encrypt.Plaintext = key, "aGVsbG8="
	sealed, err := p.SDK(t).Encrypt(encrypt)
	if err != nil {
		t.Fatal(err)
	}

	t.Run("calendar", func(t *testing.T) {
		v.T = t
		v.Expect("failed request: .*/calendar") // a navigation that becomes a download counts as one
		saved, err := v.Page.ExpectDownload(func() error { return v.Button(v.Words.Keep.Calendar).Click() })
		v.Do(err)
		file := filepath.Join(t.TempDir(), saved.SuggestedFilename())
		v.Do(saved.SaveAs(file))
		content, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(content, []byte("-30d@keyferry")) || !bytes.Contains(content, []byte(key)) {
			t.Errorf("the calendar is %s, %v", content, err)
		}
	})
	v.T = t

	other := browser.Open(p, t, browser.Look{}, "/")
	other.ToStep3(program.Seeded[1])
	otherSecret := other.ForRecipient()
	other.Press(other.Words.Material.Prepare)
	otherBackup := other.SaveBackup()

	t.Run("check", func(t *testing.T) {
		c := browser.Open(p, t, browser.Look{}, "/check")
		check := func(receipt, backup, secret string) {
			t.Helper()
			c.File("check-receipt", receipt)
			c.File("check-age", backup)
			c.Do(c.Page.Locator("#check-secret").Fill(secret))
			c.Press(c.Words.Check.Button)
		}
		check(receipt, otherBackup, otherSecret)
		c.Fault("not_the_receipts_key")
		check(backup, backup, secret)
		c.Fault("receipt_not_json")
		check(receipt, backup, secret)
		c.See("[data-part=result] h2", key)
		c.MustBeAccessible("checked")
		if len(c.Posted("ImportKeyMaterial")) != 0 {
			t.Error("something was sent")
		}
	})

	p.Advance(t, 91*24*time.Hour)
	if got := p.State(t, key); got != "PendingImport" {
		t.Fatalf("after the expiry the CMK is %s", got)
	}
	t.Run("other material is refused before anything is sent", func(t *testing.T) {
		r := browser.Open(p, t, browser.Look{}, "/reimport?KeyId="+key)
		r.Reimport(receipt, otherBackup, otherSecret)
		r.Fault("not_the_receipts_key")
		if len(r.Posted("ImportKeyMaterial")) != 0 {
			t.Error("something was sent")
		}
	})
	t.Run("a receipt of another CMK", func(t *testing.T) {
		r := browser.Open(p, t, browser.Look{}, "/reimport?KeyId="+program.Seeded[2])
		r.Reimport(receipt, backup, secret)
		r.Fault("receipt_other_cmk")
	})
	t.Run("the backup brings the data back", func(t *testing.T) {
		r := browser.Open(p, t, browser.Look{Language: "zh-CN"}, "/reimport?KeyId="+key)
		r.Reimport(receipt, backup, secret)
		r.ToImport()
		r.Send(key)
		r.Imported(key)
		decrypt := kms.CreateDecryptRequest()
		decrypt.CiphertextBlob = sealed.CiphertextBlob
		opened, err := p.SDK(t).Decrypt(decrypt)
		if err != nil || opened.Plaintext != encrypt.Plaintext {
			t.Errorf("what was encrypted before the expiry does not decrypt: %v", err)
		}
		r.MustNotHaveLeaked(key)
	})
	t.Run("drill", func(t *testing.T) {
		r := browser.Open(p, t, browser.Look{}, "/reimport?KeyId="+key)
		r.Reimport(receipt, backup, secret)
		r.ToImport()
		r.Send(key)
		r.Imported(key)
		if !bytes.Equal(p.Material(t, key), material) || p.State(t, key) != "Enabled" {
			t.Error("a drill changed the CMK")
		}
	})
	t.Run("a drill with the wrong backup and no receipt is refused by the KMS", func(t *testing.T) {
		r := browser.Open(p, t, browser.Look{}, "/reimport?KeyId="+key)
		r.Expect("the server responded with a status of 400")
		r.Reimport("", otherBackup, otherSecret)
		r.ToImport()
		r.Send(key)
		r.Fault("InvalidKeyMaterial")
		if !bytes.Equal(p.Material(t, key), material) || p.State(t, key) != "Enabled" {
			t.Error("a refused drill changed the CMK")
		}
	})
}

// mustBeReceipt checks a receipt against what is known otherwise, and that there is no secret in
// it.
func mustBeReceipt(t *testing.T, receipt, backup, key string, material keywrap.Material) {
	t.Helper()
	content, err := os.ReadFile(receipt)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(content, &fields); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(backup)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256(file)
	module, err := os.ReadFile(program.Source("web/static/" + web.Module))
	if err != nil {
		t.Fatal(err)
	}
	held := sha256.Sum256(module)
	for name, want := range map[string]string{
		"KeyId": key, "Region": "cn-hangzhou", "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "Origin": "generated",
		"KeyCheckValue": custody.CheckValue(&material).String(), "BackupSHA256": hex.EncodeToString(digest[:]),
		"BackupFile": filepath.Base(backup), "ModuleSHA256": hex.EncodeToString(held[:]),
	} {
		if fields[name] != want {
			t.Errorf("the receipt says %s is %v, want %s", name, fields[name], want)
		}
	}
	digits, _ := fields["Commitment"].(string)
	salt, _ := fields["CommitmentSalt"].(string)
	commitment, err := custody.ParseCommitment(digits, salt)
	if err != nil {
		t.Fatal(err)
	}
	if err := custody.Compare(&material, custody.CheckValue(&material), commitment); err != nil {
		t.Errorf("the receipt is not of the key: %v", err)
	}
	for _, found := range browser.Pieces(t, content, material[:]) {
		t.Errorf("the receipt holds %s", found)
	}
}
