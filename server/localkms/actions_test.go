package localkms_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keyferry/server/localkms"
)

func unixIn(kms *localkms.KMS, d time.Duration) string {
	return strconv.FormatInt(kms.Clock().Now().Add(d).Unix(), 10)
}

// failure is an action that has to fail, and how.
type failure struct {
	name, code, action string
	in                 params
}

func wantFailures(t *testing.T, c *client, failures []failure) {
	t.Helper()
	for _, f := range failures {
		t.Run(f.action+" "+f.name, func(t *testing.T) { c.want(t, f.code, f.action, f.in) })
	}
}

func TestCreateKey(t *testing.T) {
	_, c := newClient(t, localkms.Config{})
	long := strings.Repeat("x", 129)
	tags := func(n int) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`{"TagKey":"k%d","TagValue":"v"}`, i))
		}
		return "[" + strings.Join(list, ",") + "]"
	}
	r := c.must(t, "CreateKey", params{
		"Description": strings.Repeat("说", 8192), "KeySpec": "Aliyun_SM4", "KeyUsage": "ENCRYPT/DECRYPT", "Origin": "Aliyun_KMS",
		"ProtectionLevel": "HSM", "EnableAutomaticRotation": "true", "RotationInterval": "365d", "Policy": `{"Statement":[]}`,
		"Tags": tags(20), "KeyStorageMechanism": "HsmInternal",
	})
	for name, want := range map[string]string{
		"KeySpec": "Aliyun_SM4", "ProtectionLevel": "HSM", "AutomaticRotation": "Enabled",
		"RotationInterval": "31536000s", "KeyState": "Enabled", "Origin": "Aliyun_KMS",
	} {
		if got := r.text(t, "KeyMetadata", name); got != want {
			t.Errorf("%s = %s, want %s", name, got, want)
		}
	}
	if r.text(t, "KeyMetadata", "NextRotationDate") == "" {
		t.Error("NextRotationDate is empty")
	}
	if got := len(c.tagsOf(t, r.text(t, "KeyMetadata", "KeyId"))); got != 20 {
		t.Errorf("the CMK has %d tags", got)
	}
	wantFailures(t, c, []failure{
		{"description too long", "InvalidParameter", "CreateKey", params{"Description": strings.Repeat("x", 8193)}},
		{"origin of another case", "InvalidParameter", "CreateKey", params{"Origin": "External"}},
		{"spec", "InvalidParameter", "CreateKey", params{"KeySpec": "AES_256"}},
		{"asymmetric spec", "Rejected.UnsupportedOperation", "CreateKey", params{"KeySpec": "RSA_2048"}},
		{"asymmetric external", "Rejected.UnsupportedOperation", "CreateKey", params{"KeySpec": "EC_P256", "Origin": "EXTERNAL"}},
		{"usage", "InvalidParameter", "CreateKey", params{"KeyUsage": "SIGN/VERIFY"}},
		{"level", "InvalidParameter", "CreateKey", params{"ProtectionLevel": "PAPER"}},
		{"storage", "InvalidParameter", "CreateKey", params{"KeyStorageMechanism": "Drawer"}},
		{"instance", "Forbidden.DKMSInstanceStateInvalid", "CreateKey", params{"DKMSInstanceId": "kst-hzz1"}},
		{"policy that is no JSON", "InvalidParameter", "CreateKey", params{"Policy": "{"}},
		{"policy too long", "InvalidParameter", "CreateKey", params{"Policy": `"` + strings.Repeat("x", 32768) + `"`}},
		{"rotation of external", "InvalidParameter", "CreateKey", params{"Origin": "EXTERNAL", "EnableAutomaticRotation": "true", "RotationInterval": "7d"}},
		{"rotation without interval", "MissingParameter", "CreateKey", params{"EnableAutomaticRotation": "true"}},
		{"rotation that is no boolean", "InvalidParameter", "CreateKey", params{"EnableAutomaticRotation": "yes"}},
		{"interval too short", "InvalidParameter", "CreateKey", params{"EnableAutomaticRotation": "true", "RotationInterval": "6d"}},
		{"interval too long", "InvalidParameter", "CreateKey", params{"EnableAutomaticRotation": "true", "RotationInterval": "731d"}},
		{"interval with a sign", "InvalidParameter", "CreateKey", params{"EnableAutomaticRotation": "true", "RotationInterval": "+7d"}},
		{"interval beyond any number", "InvalidParameter", "CreateKey", params{"EnableAutomaticRotation": "true", "RotationInterval": "9223372036854775807d"}},
		{"interval without unit", "InvalidParameter", "CreateKey", params{"EnableAutomaticRotation": "true", "RotationInterval": "604800"}},
		{"21 tags", "InvalidParameter", "CreateKey", params{"Tags": tags(21)}},
		{"tags that are no list", "InvalidParameter", "CreateKey", params{"Tags": "{}"}},
		{"tag key too long", "InvalidParameter", "CreateKey", params{"Tags": `[{"TagKey":"` + long + `","TagValue":""}]`}},
		{"tag of the vendor", "InvalidParameter", "CreateKey", params{"Tags": `[{"TagKey":"acs:x","TagValue":""}]`}},
		{"tag twice", "InvalidParameter", "CreateKey", params{"Tags": `[{"TagKey":"a","TagValue":""},{"TagKey":"a","TagValue":""}]`}},
	})
}

func (c *client) tagsOf(t testing.TB, id string) map[string]string {
	t.Helper()
	tags := map[string]string{}
	for _, one := range c.must(t, "ListResourceTags", params{"KeyId": id}).Body["Tags"].(map[string]any)["Tag"].([]any) {
		one := one.(map[string]any)
		if one["KeyId"] != id {
			t.Errorf("a tag of %s names %v", id, one["KeyId"])
		}
		tags[one["TagKey"].(string)] = one["TagValue"].(string)
	}
	return tags
}

func listed(t testing.TB, r result) []string {
	t.Helper()
	ids := []string{}
	for _, k := range r.Body["Keys"].(map[string]any)["Key"].([]any) {
		ids = append(ids, k.(map[string]any)["KeyId"].(string))
	}
	return ids
}

func TestListKeys(t *testing.T) {
	_, c := newClient(t, localkms.Config{Seed: &localkms.Seed{}})
	if got := listed(t, c.must(t, "ListKeys", nil)); len(got) != 0 {
		t.Errorf("an empty account lists %v", got)
	}
	var ids []string
	for i := range 25 {
		p := params{}
		if i%5 == 0 {
			p["Origin"] = "EXTERNAL"
		}
		if i%2 == 0 {
			p["ProtectionLevel"] = "HSM"
		}
		ids = append(ids, c.create(t, p))
	}
	for page, want := range [][]string{ids[:10], ids[10:20], ids[20:], {}} {
		r := c.must(t, "ListKeys", params{"PageNumber": strconv.Itoa(page + 1)})
		if diff := cmp.Diff(want, listed(t, r)); diff != "" {
			t.Errorf("page %d (-want +got):\n%s", page+1, diff)
		}
		if r.Body["TotalCount"] != 25.0 || r.Body["PageSize"] != 10.0 || r.Body["PageNumber"] != float64(page+1) {
			t.Errorf("paging = %v", r.Body)
		}
	}
	for filters, want := range map[string]int{
		`[{"Key":"KeyState","Values":["PendingImport"]}]`:                                                5,
		`[{"Key":"KeyState","Values":["PendingImport","Enabled"]}]`:                                      25,
		`[{"Key":"KeyState","Values":["Disabled"]}]`:                                                     0,
		`[{"Key":"KeyState","Values":["PendingImport"]},{"Key":"ProtectionLevel","Values":["HSM"]}]`:     3,
		`[{"Key":"KeySpec","Values":["Aliyun_AES_256"]},{"Key":"KeyUsage","Values":["SIGN/VERIFY"]}]`:    0,
		`[{"Key":"CreatorType","Values":["User"]},{"Key":"KeyUsage","Values":["ENCRYPT/DECRYPT"]}]`:      25,
		`[{"Key":"CreatorType","Values":["Service"]},{"Key":"DKMSInstanceId","Values":["kst-hzz1"]}]`:    0,
		`[{"Key":"ProtectionLevel","Values":["HSM"]}, {"Key":"Origin","Values":["EXTERNAL","nothing"]}]`: 3,
	} {
		r := c.must(t, "ListKeys", params{"Filters": filters, "PageSize": "100"})
		if got := len(listed(t, r)); got != want || r.Body["TotalCount"] != float64(want) {
			t.Errorf("%s lists %d of %v, want %d", filters, got, r.Body["TotalCount"], want)
		}
	}
	wantFailures(t, c, []failure{
		{"page 0", "InvalidParameter", "ListKeys", params{"PageNumber": "0"}},
		{"page with a sign", "InvalidParameter", "ListKeys", params{"PageNumber": "+1"}},
		{"page of text", "InvalidParameter", "ListKeys", params{"PageNumber": "one"}},
		{"pages of 101", "InvalidParameter", "ListKeys", params{"PageSize": "101"}},
		{"pages of 0", "InvalidParameter", "ListKeys", params{"PageSize": "0"}},
		{"filters that are no JSON", "InvalidParameter", "ListKeys", params{"Filters": "KeyState"}},
		{"an unknown filter", "InvalidParameter", "ListKeys", params{"Filters": `[{"Key":"Colour","Values":["red"]}]`}},
		{"11 filters", "InvalidParameter", "ListKeys", params{"Filters": "[" + strings.TrimSuffix(strings.Repeat(`{"Key":"KeyState","Values":["Enabled"]},`, 11), ",") + "]"}},
	})
	if got := listed(t, c.must(t, "ListKeys", params{"PageNumber": "2147483647", "PageSize": "100"})); len(got) != 0 {
		t.Errorf("the last page there can be lists %v", got)
	}
}

func TestDeletionProtection(t *testing.T) {
	_, c := newClient(t, localkms.Config{})
	id := c.external(t)
	arn := "acs:kms:cn-hangzhou:1234567890123456:key/" + id
	c.must(t, "SetDeletionProtection", params{"ProtectedResourceArn": arn, "EnableDeletionProtection": "true", "DeletionProtectionDescription": "in use"})
	r := c.must(t, "DescribeKey", params{"KeyId": id})
	if r.text(t, "KeyMetadata", "DeletionProtection") != "Enabled" || r.text(t, "KeyMetadata", "DeletionProtectionDescription") != "in use" {
		t.Errorf("KeyMetadata = %v", r.Body)
	}
	c.want(t, "Rejected.StateModifiedFailed", "ScheduleKeyDeletion", params{"KeyId": id})
	c.want(t, "InvalidParameter", "SetDeletionProtection", params{"ProtectedResourceArn": id, "EnableDeletionProtection": "true"})
	c.want(t, "InvalidParameter", "SetDeletionProtection", params{"ProtectedResourceArn": arn, "KeyId": c.external(t), "EnableDeletionProtection": "false"})
	c.want(t, "MissingParameter", "SetDeletionProtection", params{"EnableDeletionProtection": "true"})
	c.want(t, "MissingParameter", "SetDeletionProtection", params{"ProtectedResourceArn": arn})
	c.must(t, "SetDeletionProtection", params{"ProtectedResourceArn": arn, "EnableDeletionProtection": "false"})
	for _, days := range []string{"6", "367", "x"} {
		c.want(t, "InvalidParameter", "ScheduleKeyDeletion", params{"KeyId": id, "PendingWindowInDays": days})
	}
	c.must(t, "ScheduleKeyDeletion", params{"KeyId": id, "PendingWindowInDays": "366"})
}

// Terraform names the CMK by KeyId, and others by both.
func TestDeletionProtectionByKeyID(t *testing.T) {
	_, c := newClient(t, localkms.Config{})
	id := c.external(t)
	arn := "acs:kms:cn-hangzhou:1234567890123456:key/" + id
	for i, in := range []params{{"KeyId": id}, {"KeyId": arn}, {"KeyId": id, "ProtectedResourceArn": arn}, {"KeyId": arn, "ProtectedResourceArn": arn}} {
		want := "Disabled"
		in["EnableDeletionProtection"] = "false"
		if i%2 == 0 {
			want, in["EnableDeletionProtection"] = "Enabled", "true"
		}
		c.must(t, "SetDeletionProtection", in)
		if got := c.must(t, "DescribeKey", params{"KeyId": id}).text(t, "KeyMetadata", "DeletionProtection"); got != want {
			t.Errorf("%v: %s, want %s", in, got, want)
		}
	}
	c.want(t, "Unsupported.Alias", "SetDeletionProtection", params{"KeyId": "alias/x", "EnableDeletionProtection": "true"})
	c.want(t, "Forbidden.KeyNotFound", "SetDeletionProtection", params{"KeyId": "none", "EnableDeletionProtection": "true"})
}

func TestDescription(t *testing.T) {
	_, c := newClient(t, localkms.Config{})
	id := c.external(t)
	for _, text := range []string{"new", ""} {
		c.must(t, "UpdateKeyDescription", params{"KeyId": id, "Description": text})
		if got := c.must(t, "DescribeKey", params{"KeyId": id}).text(t, "KeyMetadata", "Description"); got != text {
			t.Errorf("Description = %q, want %q", got, text)
		}
	}
	c.want(t, "MissingParameter", "UpdateKeyDescription", params{"KeyId": id})
	c.want(t, "InvalidParameter", "UpdateKeyDescription", params{"KeyId": id, "Description": strings.Repeat("x", 8193)})
}

func TestDescribeRegions(t *testing.T) {
	_, c := newClient(t, localkms.Config{Region: "eu-central-1"})
	got, err := json.Marshal(c.must(t, "DescribeRegions", nil).Body["Regions"])
	if err != nil || string(got) != `{"Region":[{"RegionId":"eu-central-1"}]}` {
		t.Errorf("Regions = %s, %v", got, err)
	}
}

func TestDataKeys(t *testing.T) {
	_, c := newClient(t, localkms.Config{})
	id := c.create(t, nil)
	for _, test := range []struct {
		in   params
		size int
	}{
		{params{}, 32},
		{params{"KeySpec": "AES_256"}, 32},
		{params{"KeySpec": "AES_128"}, 16},
		{params{"NumberOfBytes": "1"}, 1},
		{params{"NumberOfBytes": "1024", "KeySpec": "AES_128"}, 1024},
	} {
		test.in["KeyId"] = id
		r := c.must(t, "GenerateDataKey", test.in)
		plain, _ := base64.StdEncoding.DecodeString(r.text(t, "Plaintext"))
		blob, _ := base64.StdEncoding.DecodeString(r.text(t, "CiphertextBlob"))
		// Version id, nonce, the base64 text of the key, tag.
		if want := 36 + 12 + base64.StdEncoding.EncodedLen(test.size) + 16; len(blob) != want {
			t.Errorf("%v: the blob has %d bytes, want %d", test.in, len(blob), want)
		}
		if len(plain) != test.size {
			t.Errorf("%v makes %d bytes, want %d", test.in, len(plain), test.size)
		}
		if got := c.must(t, "Decrypt", params{"CiphertextBlob": r.text(t, "CiphertextBlob")}).text(t, "Plaintext"); got != r.text(t, "Plaintext") {
			t.Errorf("%v: another data key came back", test.in)
		}
	}
	r := c.must(t, "GenerateDataKeyWithoutPlaintext", params{"KeyId": id})
	if _, shown := r.Body["Plaintext"]; shown || r.text(t, "KeyId") != id || r.text(t, "KeyVersionId") == "" {
		t.Errorf("GenerateDataKeyWithoutPlaintext = %v", r.Body)
	}
	wantFailures(t, c, []failure{
		{"of a KB more", "InvalidParameter", "GenerateDataKey", params{"KeyId": id, "NumberOfBytes": "1025"}},
		{"of nothing", "InvalidParameter", "GenerateDataKey", params{"KeyId": id, "NumberOfBytes": "0"}},
		{"of another spec", "InvalidParameter", "GenerateDataKey", params{"KeyId": id, "KeySpec": "AES_512"}},
		{"for an enclave", "Rejected.UnsupportedOperation", "GenerateDataKey", params{"KeyId": id, "Recipient": "{}"}},
		{"for an enclave", "Rejected.UnsupportedOperation", "Decrypt", params{"CiphertextBlob": r.text(t, "CiphertextBlob"), "Recipient": "{}"}},
	})
}

func TestEncryptionContext(t *testing.T) {
	_, c := newClient(t, localkms.Config{})
	id := c.create(t, nil)
	seal := func(context string) string {
		return c.must(t, "Encrypt", params{"KeyId": id, "Plaintext": "aGVsbG8=", "EncryptionContext": context}).text(t, "CiphertextBlob")
	}
	for _, test := range []struct{ sealed, opened, code string }{
		{`{"a":"1","b":"2"}`, "{\n \"b\": \"2\", \"a\":\"1\" }", ""},
		{`{"a":"1"}`, `{"a":"\u0031"}`, ""},
		{``, `{}`, ""},
		{`{"a":"1"}`, `{"a":"2"}`, "InvalidParameter"},
		{`{"a":"1"}`, ``, "InvalidParameter"},
		{``, `{"a":"1"}`, "InvalidParameter"},
		{`{"a":"1"}`, `{"a":1}`, "InvalidParameter"},
	} {
		c.want(t, test.code, "Decrypt", params{"CiphertextBlob": seal(test.sealed), "EncryptionContext": test.opened})
	}
	blob, _ := base64.StdEncoding.DecodeString(seal(""))
	broken := append([]byte(nil), blob...)
	broken[len(broken)-1] ^= 1
	version := append([]byte(nil), blob...)
	copy(version, "00000000-0000-4000-8000-000000000000")
	encode := base64.StdEncoding.EncodeToString
	wantFailures(t, c, []failure{
		{"a damaged blob", "InvalidParameter", "Decrypt", params{"CiphertextBlob": encode(broken)}},
		{"a short blob", "InvalidParameter", "Decrypt", params{"CiphertextBlob": encode(blob[:40])}},
		{"a shorter blob", "InvalidParameter", "Decrypt", params{"CiphertextBlob": encode(blob[:8])}},
		{"an unknown version", "InvalidParameter", "Decrypt", params{"CiphertextBlob": encode(version)}},
		{"no base64", "InvalidParameter", "Decrypt", params{"CiphertextBlob": "?"}},
		{"6 KB and a byte", "InvalidParameter", "Encrypt", params{"KeyId": id, "Plaintext": encode(make([]byte, 6145))}},
		{"a long context", "InvalidParameter", "Encrypt", params{"KeyId": id, "Plaintext": "AA==", "EncryptionContext": `{"a":"` + strings.Repeat("x", 8192) + `"}`}},
	})
	c.must(t, "Encrypt", params{"KeyId": id, "Plaintext": encode(make([]byte, 6144))})
}

// A dry run never succeeds, and never has an effect.
func TestDryRun(t *testing.T) {
	_, c := newClient(t, localkms.Config{})
	id := c.create(t, nil)
	blob := c.must(t, "Encrypt", params{"KeyId": id, "Plaintext": "AA=="}).text(t, "CiphertextBlob")
	disabled := c.create(t, nil)
	c.must(t, "DisableKey", params{"KeyId": disabled})
	wantFailures(t, c, []failure{
		{"good", "DryRunOperationError", "Encrypt", params{"KeyId": id, "Plaintext": "AA==", "DryRun": "true"}},
		{"good", "DryRunOperationError", "Decrypt", params{"CiphertextBlob": blob, "DryRun": "true"}},
		{"good", "DryRunOperationError", "GenerateDataKey", params{"KeyId": id, "DryRun": "True"}},
		{"good", "DryRunOperationError", "GenerateDataKeyWithoutPlaintext", params{"KeyId": id, "DryRun": "true"}},
		{"bad", "ValidationError", "Encrypt", params{"KeyId": id, "Plaintext": strings.Repeat("x", 8193), "DryRun": "true"}},
		{"incomplete", "ValidationError", "Encrypt", params{"KeyId": id, "DryRun": "true"}},
		{"disabled", "Rejected.Disabled", "Encrypt", params{"KeyId": disabled, "Plaintext": "AA==", "DryRun": "true"}},
		{"unknown", "Forbidden.KeyNotFound", "GenerateDataKey", params{"KeyId": "none", "DryRun": "true"}},
		{"no boolean", "InvalidParameter", "Encrypt", params{"KeyId": id, "Plaintext": "AA==", "DryRun": "perhaps"}},
	})
	c.must(t, "Encrypt", params{"KeyId": id, "Plaintext": "AA==", "DryRun": "false"})
}
