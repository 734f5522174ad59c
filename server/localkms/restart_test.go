package localkms_test

import (
	"bytes"
	"path/filepath"
	"testing"
	"time"

	"keyferry/server/localkms"
	"keyferry/server/localkms/localkmstest"
)

// What a client was told is there again after a restart: keys, import tokens, bindings, what the
// clock has done. A reset ends all of it, the tokens too.
func TestRestart(t *testing.T) {
	config := localkms.Config{StateFile: filepath.Join(t.TempDir(), "state"), WrappingKeys: localkmstest.WrappingKeys(t)}
	open := func() (*localkms.KMS, *client) {
		t.Helper()
		kms, err := localkms.Open(config)
		if err != nil {
			t.Fatal(err)
		}
		return kms, &client{kms, localkms.DefaultAccessKeyID, localkms.DefaultAccessKeySecret, time.Now}
	}
	kms, c := open()
	id, expiring, rotating := c.external(t), c.external(t), c.create(t, params{"EnableAutomaticRotation": "true", "RotationInterval": "7d"})
	material := newMaterial(32)
	in := c.importing(t, id, oaepSHA256, material)
	soon := c.importing(t, expiring, oaepSHA256, material)
	soon["KeyMaterialExpireUnix"] = unixIn(kms, time.Hour)
	c.must(t, "ImportKeyMaterial", soon)
	c.must(t, "CreateAlias", params{"AliasName": "alias/x", "KeyId": id})
	sealed := c.must(t, "Encrypt", params{"KeyId": rotating, "Plaintext": "before"}).text(t, "CiphertextBlob")
	kms.Clock().Advance(8 * 24 * time.Hour)
	if got := c.state(t, expiring); got != "PendingImport" {
		t.Fatalf("after its time the CMK is %s", got)
	}
	versions := c.versions(t, rotating)
	if err := kms.Close(); err != nil {
		t.Fatal(err)
	}

	kms, c = open() // its clock is back at the machine's time
	if got := c.state(t, expiring); got != "PendingImport" {
		t.Errorf("after the restart the CMK is %s", got)
	}
	if got := c.versions(t, rotating); len(got) != len(versions) || len(got) != 2 {
		t.Errorf("versions %v, and after the restart %v", versions, got)
	}
	if got := c.must(t, "Decrypt", params{"CiphertextBlob": sealed}).text(t, "Plaintext"); got != "before" {
		t.Errorf("decrypted %q", got)
	}
	c.must(t, "ImportKeyMaterial", in)
	if !bytes.Equal(kms.Material(id), material) {
		t.Error("other material arrived than was sent")
	}
	c.want(t, "InvalidKeyMaterial", "ImportKeyMaterial", c.importing(t, expiring, oaepSHA256, newMaterial(32)))
	if got := c.must(t, "DescribeKey", params{"KeyId": "alias/x"}).text(t, "KeyMetadata", "KeyId"); got != id {
		t.Errorf("the alias names %s", got)
	}

	if err := kms.Reset(nil); err != nil {
		t.Fatal(err)
	}
	if err := kms.Close(); err != nil {
		t.Fatal(err)
	}
	kms, c = open()
	defer kms.Close()
	if got := listed(t, c.must(t, "ListKeys", nil)); len(got) != 4 {
		t.Errorf("after a reset there are the CMKs %v", got)
	}
	if err := kms.Reset(&localkms.Seed{Keys: []localkms.SeedKey{{KeyID: id, Origin: "EXTERNAL"}}}); err != nil {
		t.Fatal(err)
	}
	c.want(t, "InvalidImportToken", "ImportKeyMaterial", in)
}

// A Config that cannot be used leaves the state file free for another.
func TestOpenFails(t *testing.T) {
	config := localkms.Config{StateFile: filepath.Join(t.TempDir(), "state"), WrappingKeys: localkmstest.WrappingKeys(t)}
	for _, spoil := range []func(*localkms.Config){
		func(c *localkms.Config) { c.Seed = &localkms.Seed{Keys: []localkms.SeedKey{{Aliases: []string{"x"}}}} },
		func(c *localkms.Config) { c.AccessKeys = []localkms.AccessKey{{ID: "a"}} },
		func(c *localkms.Config) {
			c.AccessKeys = []localkms.AccessKey{{ID: "a", Secret: "s"}, {ID: "a", Secret: "s"}}
		},
	} {
		spoiled := config
		spoil(&spoiled)
		if kms, err := localkms.Open(spoiled); err == nil {
			kms.Close()
			t.Errorf("%+v was taken", spoiled)
		}
	}
	kms, err := localkms.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	kms.Close()
}
