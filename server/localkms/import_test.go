package localkms_test

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"testing"
	"time"

	"keyferry/server/localkms"
)

// The main job, for each algorithm: from an empty CMK to one that encrypts.
func TestImport(t *testing.T) {
	for _, algorithm := range algorithms {
		t.Run(algorithm, func(t *testing.T) {
			kms, c := newClient(t, localkms.Config{})
			id := c.external(t)
			if got := c.state(t, id); got != "PendingImport" {
				t.Fatalf("a new external CMK is %s", got)
			}
			material := newMaterial(32)
			in := c.importing(t, id, algorithm, material)
			c.must(t, "ImportKeyMaterial", in)
			if got := kms.Material(id); !bytes.Equal(got, material) {
				t.Error("other material arrived than was sent")
			}
			if got := c.state(t, id); got != "Enabled" {
				t.Errorf("after the import the CMK is %s", got)
			}
			blob := c.must(t, "Encrypt", params{"KeyId": id, "Plaintext": base64.StdEncoding.EncodeToString([]byte("hello"))}).text(t, "CiphertextBlob")
			if got := c.must(t, "Decrypt", params{"CiphertextBlob": blob}).text(t, "Plaintext"); got != "aGVsbG8=" {
				t.Errorf("decrypted %s", got)
			}
			c.must(t, "ImportKeyMaterial", in) // a token can be used again
		})
	}
}

func TestParametersForImport(t *testing.T) {
	clock := localkms.NewClock(nil)
	clock.Set(time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC))
	_, c := newClient(t, localkms.Config{Clock: clock})
	id := c.external(t)
	r := c.must(t, "GetParametersForImport", params{"KeyId": id, "WrappingAlgorithm": oaepSHA256, "WrappingKeySpec": "RSA_2048"})
	if got := r.text(t, "KeyId"); got != id {
		t.Errorf("KeyId = %s, want %s", got, id)
	}
	if got := len(r.text(t, "PublicKey")); got != 392 {
		t.Errorf("PublicKey has %d characters, want 392", got)
	}
	if got := r.text(t, "TokenExpireTime"); got[:16] != "2026-03-05T05:06" {
		t.Errorf("TokenExpireTime = %s, want 24 hours from the clock's time", got)
	}
	again := c.must(t, "GetParametersForImport", params{"KeyId": id, "WrappingAlgorithm": oaepSHA256, "WrappingKeySpec": "RSA_2048"})
	if again.text(t, "PublicKey") == r.text(t, "PublicKey") || again.text(t, "ImportToken") == r.text(t, "ImportToken") {
		t.Error("two sets of parameters are the same")
	}

	ordinary := c.create(t, nil)
	c.want(t, "Unsupported.Origin", "GetParametersForImport", params{"KeyId": ordinary, "WrappingAlgorithm": oaepSHA256, "WrappingKeySpec": "RSA_2048"})
	c.want(t, "InvalidParameter", "GetParametersForImport", params{"KeyId": id, "WrappingAlgorithm": "RSA_AES_KEY_WRAP_SHA_1", "WrappingKeySpec": "RSA_2048"})
	c.want(t, "InvalidParameter", "GetParametersForImport", params{"KeyId": id, "WrappingAlgorithm": oaepSHA256, "WrappingKeySpec": "RSA_4096"})
	c.want(t, "Unsupported.ProtectionLevel", "GetParametersForImport", params{"KeyId": id, "WrappingAlgorithm": "SM2PKE", "WrappingKeySpec": "EC_SM2"})
	c.want(t, "MissingParameter", "GetParametersForImport", params{"KeyId": id, "WrappingAlgorithm": oaepSHA256})
}

// Every import that cannot succeed, and that it changes nothing.
func TestImportRefused(t *testing.T) {
	_, c := newClient(t, localkms.Config{})
	id, other := c.external(t), c.external(t)
	material := newMaterial(32)
	good := c.importing(t, id, oaepSHA256, material)
	with := func(name, value string) params {
		p := params{}
		for k, v := range good {
			p[k] = v
		}
		p[name] = value
		return p
	}
	otherSet := c.importing(t, id, oaepSHA256, material)
	forOther := c.importing(t, other, oaepSHA256, material)
	wrongAlgorithm := c.importing(t, id, oaepSHA1, material)
	tampered, _ := base64.StdEncoding.DecodeString(good["ImportToken"])
	tampered[20] ^= 1

	for _, test := range []struct {
		name, code string
		in         params
	}{
		{"no material", "MissingParameter", with("EncryptedKeyMaterial", "")},
		{"no token", "MissingParameter", with("ImportToken", "")},
		{"material not base64", "InvalidParameter", with("EncryptedKeyMaterial", "not base64!")},
		{"plaintext as material", "InvalidKeyMaterial", with("EncryptedKeyMaterial", base64.StdEncoding.EncodeToString(material))},
		{"material too long", "InvalidKeyMaterial", with("EncryptedKeyMaterial", base64.StdEncoding.EncodeToString(newMaterial(257)))},
		{"material above the modulus", "InvalidKeyMaterial", with("EncryptedKeyMaterial", base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{255}, 256)))},
		{"another public key", "InvalidKeyMaterial", with("EncryptedKeyMaterial", otherSet["EncryptedKeyMaterial"])},
		{"another algorithm", "InvalidKeyMaterial", with("EncryptedKeyMaterial", wrongAlgorithm["EncryptedKeyMaterial"])},
		{"16 bytes", "InvalidKeyMaterial", c.importing(t, id, oaepSHA256, newMaterial(16))},
		{"16 bytes with PKCS #1", "InvalidKeyMaterial", c.importing(t, id, pkcs1v15, newMaterial(16))},
		{"33 bytes", "InvalidKeyMaterial", c.importing(t, id, oaepSHA1, newMaterial(33))},
		{"token of another CMK", "InvalidImportToken", with("ImportToken", forOther["ImportToken"])},
		{"token tampered with", "InvalidImportToken", with("ImportToken", base64.StdEncoding.EncodeToString(tampered))},
		{"token not base64", "InvalidImportToken", with("ImportToken", "?")},
		{"token too short", "InvalidImportToken", with("ImportToken", "AAAA")},
		{"expiry in the past", "InvalidParameter", with("KeyMaterialExpireUnix", "1546272000")},
		{"expiry negative", "InvalidParameter", with("KeyMaterialExpireUnix", "-1")},
		{"expiry with a sign", "InvalidParameter", with("KeyMaterialExpireUnix", "+1893456000")},
		{"expiry no number", "InvalidParameter", with("KeyMaterialExpireUnix", "never")},
		{"expiry in milliseconds", "InvalidParameter", with("KeyMaterialExpireUnix", "2524608000000")},
		{"unknown key", "Forbidden.KeyNotFound", with("KeyId", "key-hzz000000000000000000")},
		{"alias as key", "Unsupported.Alias", with("KeyId", "alias/x")},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := c.must(t, "DescribeKey", params{"KeyId": id}).Body["KeyMetadata"]
			c.want(t, test.code, "ImportKeyMaterial", test.in)
			after := c.must(t, "DescribeKey", params{"KeyId": id}).Body["KeyMetadata"]
			sameJSON(t, before, after)
		})
	}
	c.must(t, "ImportKeyMaterial", good)
}

func TestTokenExpires(t *testing.T) {
	kms, c := newClient(t, localkms.Config{})
	id := c.external(t)
	in := c.importing(t, id, oaepSHA256, newMaterial(32))
	kms.Clock().Advance(24*time.Hour - 2*time.Second)
	c.must(t, "ImportKeyMaterial", in)
	kms.Clock().Advance(3 * time.Second)
	c.want(t, "ExpiredImportToken", "ImportKeyMaterial", in)
	kms.Clock().Reset()
	c.must(t, "ImportKeyMaterial", in)
}

// The first material binds a CMK for good: only the same bytes come back, and
// with them the data.
func TestBinding(t *testing.T) {
	kms, c := newClient(t, localkms.Config{})
	id := c.external(t)
	material := newMaterial(32)
	c.bring(t, id, material)
	blob := c.must(t, "Encrypt", params{"KeyId": id, "Plaintext": "aGVsbG8="}).text(t, "CiphertextBlob")

	c.must(t, "DeleteKeyMaterial", params{"KeyId": id})
	if kms.Material(id) != nil {
		t.Error("the material is still there")
	}
	if got := c.state(t, id); got != "PendingImport" {
		t.Errorf("without its material the CMK is %s", got)
	}
	c.want(t, "Rejected.PendingImport", "Decrypt", params{"CiphertextBlob": blob})
	c.want(t, "InvalidKeyMaterial", "ImportKeyMaterial", c.importing(t, id, oaepSHA256, newMaterial(32)))
	if got := c.state(t, id); got != "PendingImport" {
		t.Errorf("after a refused import the CMK is %s", got)
	}
	c.must(t, "ImportKeyMaterial", c.importing(t, id, pkcs1v15, material))
	if got := c.must(t, "Decrypt", params{"CiphertextBlob": blob}).text(t, "Plaintext"); got != "aGVsbG8=" {
		t.Errorf("decrypted %s", got)
	}
	c.want(t, "InvalidKeyMaterial", "ImportKeyMaterial", c.importing(t, id, oaepSHA256, newMaterial(32)))
}

// Two CMKs with the same material cannot read each other's data, not even when
// a blob is made to name the other.
func TestSameMaterialTwice(t *testing.T) {
	_, c := newClient(t, localkms.Config{})
	material := newMaterial(32)
	one, two := c.external(t), c.external(t)
	c.bring(t, one, material)
	c.bring(t, two, material)
	encrypt := func(id string) []byte {
		blob, err := base64.StdEncoding.DecodeString(c.must(t, "Encrypt", params{"KeyId": id, "Plaintext": "aGVsbG8="}).text(t, "CiphertextBlob"))
		if err != nil {
			t.Fatal(err)
		}
		return blob
	}
	blob, template := encrypt(one), encrypt(two)
	copy(blob[:36], template[:36])
	c.want(t, "InvalidParameter", "Decrypt", params{"CiphertextBlob": base64.StdEncoding.EncodeToString(blob)})
}

func TestMaterialExpires(t *testing.T) {
	kms, c := newClient(t, localkms.Config{})
	id := c.external(t)
	material := newMaterial(32)
	in := c.importing(t, id, oaepSHA256, material)
	in["KeyMaterialExpireUnix"] = strconv.FormatInt(kms.Clock().Now().Add(time.Hour).Unix(), 10)
	c.must(t, "ImportKeyMaterial", in)
	if got := c.must(t, "DescribeKey", params{"KeyId": id}).text(t, "KeyMetadata", "MaterialExpireTime"); got == "" {
		t.Error("MaterialExpireTime is empty")
	}
	kms.Clock().Advance(time.Hour)
	if kms.Material(id) != nil {
		t.Error("the oracle shows material that has expired")
	}
	if got := c.state(t, id); got != "PendingImport" {
		t.Errorf("with expired material the CMK is %s", got)
	}
	// The time back does not bring the material back; the bytes again do.
	kms.Clock().Reset()
	if got := c.state(t, id); got != "PendingImport" {
		t.Errorf("the clock's going back made the CMK %s", got)
	}
	again := c.importing(t, id, oaepSHA256, material)
	again["KeyMaterialExpireUnix"] = "0"
	c.must(t, "ImportKeyMaterial", again)
	if got := c.must(t, "DescribeKey", params{"KeyId": id}).text(t, "KeyMetadata", "MaterialExpireTime"); got != "" {
		t.Errorf("MaterialExpireTime = %s after an import without expiry", got)
	}
}

// The aliyun CLI sends the newline at the end of the files that it reads.
func TestTrailingNewline(t *testing.T) {
	_, c := newClient(t, localkms.Config{})
	in := c.importing(t, c.external(t), oaepSHA256, newMaterial(32))
	in["EncryptedKeyMaterial"] += "\n"
	in["ImportToken"] += "\n"
	c.must(t, "ImportKeyMaterial", in)
}

func TestSM4(t *testing.T) {
	kms, c := newClient(t, localkms.Config{})
	id := c.create(t, params{"Origin": "EXTERNAL", "KeySpec": "Aliyun_SM4"})
	c.want(t, "InvalidKeyMaterial", "ImportKeyMaterial", c.importing(t, id, oaepSHA256, newMaterial(32)))
	material := newMaterial(16)
	c.bring(t, id, material)
	if !bytes.Equal(kms.Material(id), material) {
		t.Error("other material arrived than was sent")
	}
	blob := c.must(t, "Encrypt", params{"KeyId": id, "Plaintext": "aGVsbG8="}).text(t, "CiphertextBlob")
	if got := c.must(t, "Decrypt", params{"CiphertextBlob": blob}).text(t, "Plaintext"); got != "aGVsbG8=" {
		t.Errorf("decrypted %s", got)
	}
}
