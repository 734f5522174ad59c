package localkms_test

import (
	"encoding/base64"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keyferry/server/localkms"
)

func (c *client) versions(t testing.TB, id string) []string {
	t.Helper()
	ids := []string{}
	for _, v := range c.must(t, "ListKeyVersions", params{"KeyId": id, "PageSize": "100"}).Body["KeyVersions"].(map[string]any)["KeyVersion"].([]any) {
		v := v.(map[string]any)
		if v["KeyId"] != id || v["CreationDate"] == "" {
			t.Errorf("a version of %s: %v", id, v)
		}
		ids = append(ids, v["KeyVersionId"].(string))
	}
	return ids
}

// A CMK rotates by the clock; what an older version encrypted can still be decrypted.
func TestRotation(t *testing.T) {
	start := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	clock := localkms.NewClock(func() time.Time { return start })
	kms, c := newClient(t, localkms.Config{Clock: clock})
	c.now = func() time.Time { return start }
	id := c.create(t, nil)
	first := c.versions(t, id)
	if len(first) != 1 {
		t.Fatalf("a new CMK has %d versions", len(first))
	}
	blob := c.must(t, "Encrypt", params{"KeyId": id, "Plaintext": "before"}).text(t, "CiphertextBlob")
	c.must(t, "UpdateRotationPolicy", params{"KeyId": id, "EnableAutomaticRotation": "true", "RotationInterval": "7d"})
	about := func() map[string]any {
		t.Helper()
		metadata := c.must(t, "DescribeKey", params{"KeyId": id}).Body["KeyMetadata"].(map[string]any)
		return map[string]any{"rotation": metadata["AutomaticRotation"], "interval": metadata["RotationInterval"],
			"last": metadata["LastRotationDate"], "next": metadata["NextRotationDate"]}
	}
	want := map[string]any{"rotation": "Enabled", "interval": "604800s", "last": "2026-03-04T05:06:07Z", "next": "2026-03-11T05:06:07Z"}
	if diff := cmp.Diff(want, about()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	material := kms.Material(id)
	clock.Advance(7*24*time.Hour - time.Second)
	if got := c.versions(t, id); len(got) != 1 {
		t.Errorf("a second before its time it has rotated: %v", got)
	}
	clock.Advance(time.Second)
	second := c.versions(t, id)
	if len(second) != 2 || second[0] != first[0] {
		t.Fatalf("versions after the rotation: %v", second)
	}
	want["last"], want["next"] = "2026-03-11T05:06:07Z", "2026-03-18T05:06:07Z"
	if diff := cmp.Diff(want, about()); diff != "" {
		t.Errorf("after the rotation (-want +got):\n%s", diff)
	}
	if string(kms.Material(id)) == string(material) {
		t.Error("the material is the same")
	}
	opened := c.must(t, "Decrypt", params{"CiphertextBlob": blob})
	if opened.text(t, "Plaintext") != "before" || opened.text(t, "KeyVersionId") != first[0] {
		t.Errorf("Decrypt = %v", opened.Body)
	}
	if got := c.must(t, "Encrypt", params{"KeyId": id, "Plaintext": "after"}).text(t, "KeyVersionId"); got != second[1] {
		t.Errorf("it encrypts under version %s, want %s", got, second[1])
	}

	// A disabled CMK does not rotate; enabled again it goes on.
	c.must(t, "DisableKey", params{"KeyId": id})
	clock.Advance(15 * 24 * time.Hour)
	if got := about(); got["rotation"] != "Suspended" || len(c.versions(t, id)) != 2 {
		t.Errorf("disabled: %v, %d versions", got, len(c.versions(t, id)))
	}
	c.must(t, "EnableKey", params{"KeyId": id})
	if got := len(c.versions(t, id)); got != 4 {
		t.Errorf("enabled after two intervals there are %d versions, want 4", got)
	}
	c.must(t, "UpdateRotationPolicy", params{"KeyId": id, "EnableAutomaticRotation": "false"})
	clock.Advance(100 * 24 * time.Hour)
	if got := about(); got["rotation"] != "Disabled" || len(c.versions(t, id)) != 4 {
		t.Errorf("turned off: %v, %d versions", got, len(c.versions(t, id)))
	}
}

func TestKeyVersions(t *testing.T) {
	_, c := newClient(t, localkms.Config{})
	id, other := c.create(t, nil), c.create(t, nil)
	version := c.versions(t, id)[0]
	r := c.must(t, "DescribeKeyVersion", params{"KeyId": id, "KeyVersionId": version})
	if r.text(t, "KeyVersion", "KeyVersionId") != version || r.text(t, "KeyVersion", "KeyId") != id || r.text(t, "KeyVersion", "CreationDate") == "" {
		t.Errorf("DescribeKeyVersion = %v", r.Body)
	}
	if page := c.must(t, "ListKeyVersions", params{"KeyId": id, "PageNumber": "2"}); page.Body["TotalCount"] != 1.0 || page.Body["PageNumber"] != 2.0 {
		t.Errorf("ListKeyVersions = %v", page.Body)
	}
	external := c.external(t)
	wantFailures(t, c, []failure{
		{"of another CMK", "Forbidden.KeyVersionNotFound", "DescribeKeyVersion", params{"KeyId": other, "KeyVersionId": version}},
		{"of no CMK", "Forbidden.KeyNotFound", "DescribeKeyVersion", params{"KeyId": "none", "KeyVersionId": version}},
		{"unnamed", "MissingParameter", "DescribeKeyVersion", params{"KeyId": id}},
		{"without CMK", "MissingParameter", "ListKeyVersions", nil},
		{"of external", "Rejected.PendingImport", "UpdateRotationPolicy", params{"KeyId": external, "EnableAutomaticRotation": "true", "RotationInterval": "7d"}},
		{"without interval", "MissingParameter", "UpdateRotationPolicy", params{"KeyId": id, "EnableAutomaticRotation": "true"}},
		{"without switch", "MissingParameter", "UpdateRotationPolicy", params{"KeyId": id, "RotationInterval": "7d"}},
		{"with a short interval", "InvalidParameter", "UpdateRotationPolicy", params{"KeyId": id, "EnableAutomaticRotation": "true", "RotationInterval": "6d"}},
		{"of an alias", "Unsupported.Alias", "UpdateRotationPolicy", params{"KeyId": "alias/x", "EnableAutomaticRotation": "false"}},
	})
	c.bring(t, external, newMaterial(32))
	c.want(t, "Unsupported.Origin", "UpdateRotationPolicy", params{"KeyId": external, "EnableAutomaticRotation": "true", "RotationInterval": "7d"})
}

// Encrypt takes text, and Decrypt gives the same text back; JSON has it as it is.
func TestPlaintextIsText(t *testing.T) {
	_, c := newClient(t, localkms.Config{})
	id := c.create(t, nil)
	for _, text := range []string{
		"plaintext", "YWK=", "YWI=", "?", "a", " x \n", "AA==\n", "<a href=\"x\">&amp;</a>", "grüße, 世界 🙂", "\u2028\u2029", `\u2028 \\u2029`,
		"-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----\n",
	} {
		blob := c.must(t, "Encrypt", params{"KeyId": id, "Plaintext": text}).text(t, "CiphertextBlob")
		if got := c.must(t, "Decrypt", params{"CiphertextBlob": blob}).text(t, "Plaintext"); got != text {
			t.Errorf("%q came back as %q", text, got)
		}
		if sealed, err := base64.StdEncoding.DecodeString(blob); err != nil || len(sealed) != 36+12+len(text)+16 {
			t.Errorf("%s: the blob has %d bytes", strconv.Quote(text), len(sealed))
		}
	}
}
