package wire

import (
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"testing"
)

// The vector of the vendor's own example, with its parameters escaped correctly.
func TestSignatureV1Golden(t *testing.T) {
	got := base64.StdEncoding.EncodeToString(signV1("testsecret", stringToSignV1(http.MethodGet, map[string]string{
		"Action":           "CreateKey",
		"Version":          "2016-01-20",
		"Format":           "json",
		"AccessKeyId":      "testid",
		"SignatureMethod":  "HMAC-SHA1",
		"SignatureVersion": "1.0",
		"Timestamp":        "2016-03-28T03:13:08Z",
		"Signature":        "this must not be signed",
	})))
	if want := "41wk2SSX1GJh7fwnc5eqOfiJPFg="; got != want {
		t.Errorf("signature = %s, want %s", got, want)
	}
}

// The vector of the vendor's RunInstances example.
func TestSignatureV3Golden(t *testing.T) {
	req := &Request{
		method: http.MethodPost,
		host:   "ecs.cn-shanghai.aliyuncs.com",
		query: map[string]string{
			"ImageId":  "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd",
			"RegionId": "cn-shanghai",
		},
		header: http.Header{
			"X-Acs-Action":          {"RunInstances"},
			"X-Acs-Version":         {"2014-05-26"},
			"X-Acs-Date":            {"2023-10-26T10:22:32Z"},
			"X-Acs-Signature-Nonce": {"3156853299f313e23d1673dc12e1703d"},
			"X-Acs-Content-Sha256":  {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		},
	}
	const want = "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
	if got := hex.EncodeToString(signV3("YourAccessKeySecret", stringToSignV3(req, mustSign))); got != want {
		t.Errorf("signature = %s, want %s", got, want)
	}
	auth, err := ParseAuthorization("ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=" +
		"host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,Signature=" + want)
	if err != nil {
		t.Fatal(err)
	}
	if err := VerifyV3(req, auth, "YourAccessKeySecret"); err != nil {
		t.Errorf("verifying the vector: %v", err)
	}
	if err := VerifyV3(req, auth, "another secret"); err == nil {
		t.Error("the vector verified under another secret")
	}
}

func TestEscape(t *testing.T) {
	if got, want := escape("aZ09-_.~ +*/%中"), "aZ09-_.~%20%2B%2A%2F%25%E4%B8%AD"; got != want {
		t.Errorf("escape = %q, want %q", got, want)
	}
}
