package localkms_test

import (
	"net/http"
	"testing"
	"time"

	"keyferry/server/localkms"
)

// specimens makes CMKs for a test of what can be done to them.
type specimens struct {
	*client
	material []byte
}

// in returns a CMK in a state; all are EXTERNAL and, but for the one in
// PendingImport, hold the material.
func (s specimens) in(t testing.TB, state string) string {
	t.Helper()
	id := s.external(t)
	s.bring(t, id, s.material)
	s.move(t, id, state)
	return id
}

var keyStates = []string{"Enabled", "Disabled", "PendingDeletion", "PendingImport"}

// stateTable is the vendor's table of what each action answers in each state, with the state after
// it. An empty code is success.
var stateTable = []struct {
	action string
	code   [4]string // Enabled, Disabled, PendingDeletion, PendingImport
	after  [4]string // empty: as before
}{
	{action: "Encrypt", code: [4]string{"", "Rejected.Disabled", "Rejected.PendingDeletion", "Rejected.PendingImport"}},
	{action: "Decrypt", code: [4]string{"", "Rejected.Disabled", "Rejected.PendingDeletion", "Rejected.PendingImport"}},
	{action: "GenerateDataKey", code: [4]string{"", "Rejected.Disabled", "Rejected.PendingDeletion", "Rejected.PendingImport"}},
	{action: "GenerateDataKeyWithoutPlaintext", code: [4]string{"", "Rejected.Disabled", "Rejected.PendingDeletion", "Rejected.PendingImport"}},
	{action: "CreateKey"},
	{action: "DescribeKey"},
	{action: "DescribeRegions"},
	{action: "ListKeys"},
	{action: "ListAliases"},
	{action: "ListAliasesByKeyId"},
	{action: "ListResourceTags"},
	{action: "ListTagResources"},
	{action: "DeleteAlias"},
	{action: "EnableKey", code: [4]string{"", "", "Rejected.StateModifiedFailed", "Rejected.StateModifiedFailed"}, after: [4]string{"", "Enabled", "", ""}},
	{action: "DisableKey", code: [4]string{"", "", "Rejected.StateModifiedFailed", "Rejected.StateModifiedFailed"}, after: [4]string{"Disabled", "", "", ""}},
	{action: "ScheduleKeyDeletion", code: [4]string{"", "", "Rejected.StateModifiedFailed", ""}, after: [4]string{"PendingDeletion", "PendingDeletion", "", "PendingDeletion"}},
	{action: "CancelKeyDeletion", code: [4]string{"Rejected.StateModifiedFailed", "Rejected.StateModifiedFailed", "", "Rejected.StateModifiedFailed"}, after: [4]string{"", "", "Enabled", ""}},
	{action: "CreateAlias", code: [4]string{"", "", "Rejected.StateModifiedFailed", ""}},
	{action: "UpdateAlias", code: [4]string{"", "", "Rejected.PendingDeletion", ""}},
	{action: "UpdateKeyDescription", code: [4]string{"", "", "Rejected.PendingDeletion", ""}},
	{action: "SetDeletionProtection", code: [4]string{"", "", "Rejected.PendingDeletion", ""}},
	{action: "TagResource", code: [4]string{"", "", "Rejected.PendingDeletion", ""}},
	{action: "UntagResource", code: [4]string{"", "", "Rejected.PendingDeletion", ""}},
	{action: "TagResources", code: [4]string{"", "", "Rejected.PendingDeletion", ""}},
	{action: "UntagResources", code: [4]string{"", "", "Rejected.PendingDeletion", ""}},
	{action: "ListKeyVersions"},
	{action: "DescribeKeyVersion"},
	// All CMKs of this table are EXTERNAL, which never rotate.
	{action: "UpdateRotationPolicy", code: [4]string{"Unsupported.Origin", "Rejected.Disabled", "Rejected.PendingDeletion", "Rejected.PendingImport"}},
	{action: "GetParametersForImport"},
	{action: "ImportKeyMaterial", code: [4]string{"", "", "Rejected.StateModifiedFailed", ""}, after: [4]string{"", "", "", "Enabled"}},
	{action: "DeleteKeyMaterial", after: [4]string{"PendingImport", "PendingImport", "", ""}},
}

// arguments returns parameters with which an action concerns a CMK, and
// succeeds if its state allows.
func (s specimens) arguments(t testing.TB, action, id, blob string) params {
	t.Helper()
	p := params{"KeyId": id}
	switch action {
	case "Encrypt":
		p["Plaintext"] = "aGVsbG8="
	case "Decrypt":
		return params{"CiphertextBlob": blob}
	case "CreateKey", "ListKeys", "ListAliases", "DescribeRegions":
		return nil
	case "CreateAlias":
		p["AliasName"] = "alias/new"
	case "UpdateAlias", "DeleteAlias":
		p["AliasName"] = "alias/old"
	case "UpdateKeyDescription":
		p["Description"] = "new"
	case "SetDeletionProtection":
		return params{"ProtectedResourceArn": "acs:kms:cn-hangzhou:1234567890123456:key/" + id, "EnableDeletionProtection": "true"}
	case "TagResource":
		p["Tags"] = `[{"TagKey":"k","TagValue":"v"}]`
	case "UntagResource":
		p["TagKeys"] = `["k"]`
	case "TagResources", "UntagResources", "ListTagResources":
		return params{"ResourceType": "key", "ResourceId.1": id, "Tag.1.Key": "k", "Tag.1.Value": "v", "TagKey.1": "k"}
	case "UpdateRotationPolicy":
		p["EnableAutomaticRotation"], p["RotationInterval"] = "true", "7d"
	case "DescribeKeyVersion":
		p["KeyVersionId"] = s.must(t, "DescribeKey", params{"KeyId": id}).text(t, "KeyMetadata", "PrimaryKeyVersion")
	case "GetParametersForImport":
		p["WrappingAlgorithm"], p["WrappingKeySpec"] = oaepSHA256, "RSA_2048"
	case "ImportKeyMaterial":
		return s.importing(t, id, oaepSHA256, s.material)
	}
	return p
}

func TestStates(t *testing.T) {
	covered := map[string]bool{}
	for _, row := range stateTable {
		covered[row.action] = true
		for i, state := range keyStates {
			t.Run(row.action+" "+state, func(t *testing.T) {
				_, c := newClient(t, localkms.Config{})
				s := specimens{c, newMaterial(32)}
				id := s.in(t, "Enabled")
				blob := c.must(t, "Encrypt", params{"KeyId": id, "Plaintext": "aGVsbG8="}).text(t, "CiphertextBlob")
				c.must(t, "TagResource", params{"KeyId": id, "Tags": `[{"TagKey":"k","TagValue":"v"}]`})
				other := c.external(t)
				c.must(t, "CreateAlias", params{"AliasName": "alias/old", "KeyId": other})
				s.move(t, id, state)
				arguments := s.arguments(t, row.action, id, blob)
				before := c.must(t, "DescribeKey", params{"KeyId": id})

				got := c.want(t, row.code[i], row.action, arguments)
				wantStatus := http.StatusConflict
				if row.code[i] == "" {
					wantStatus = http.StatusOK
				} else if row.code[i] == "Unsupported.Origin" {
					wantStatus = http.StatusBadRequest
				}
				if got.Status != wantStatus {
					t.Errorf("status = %d, want %d", got.Status, wantStatus)
				}
				after := c.must(t, "DescribeKey", params{"KeyId": id})
				if row.code[i] != "" {
					sameJSON(t, before.Body["KeyMetadata"], after.Body["KeyMetadata"])
				}
				want := row.after[i]
				if want == "" {
					want = state
				}
				if got := after.text(t, "KeyMetadata", "KeyState"); got != want {
					t.Errorf("afterwards the CMK is %s, want %s", got, want)
				}
			})
		}
	}
	for _, action := range localkms.ActionNames() {
		if !covered[action] {
			t.Errorf("the table has no row for %s", action)
		}
	}
}

// move brings an enabled CMK into another state.
func (s specimens) move(t testing.TB, id, state string) {
	t.Helper()
	switch state {
	case "Disabled":
		s.must(t, "DisableKey", params{"KeyId": id})
	case "PendingDeletion":
		s.must(t, "ScheduleKeyDeletion", params{"KeyId": id, "PendingWindowInDays": "7"})
	case "PendingImport":
		s.must(t, "DeleteKeyMaterial", params{"KeyId": id})
	}
}

// What the material does in PendingDeletion, and the states that follow.
func TestDeletionAndMaterial(t *testing.T) {
	kms, c := newClient(t, localkms.Config{})
	s := specimens{c, newMaterial(32)}

	id := s.in(t, "PendingDeletion")
	date := c.must(t, "DescribeKey", params{"KeyId": id}).text(t, "KeyMetadata", "DeleteDate")
	c.must(t, "DeleteKeyMaterial", params{"KeyId": id})
	if got := c.must(t, "DescribeKey", params{"KeyId": id}).text(t, "KeyMetadata", "DeleteDate"); got != date || date == "" {
		t.Errorf("DeleteDate was %q and is %q", date, got)
	}
	c.must(t, "CancelKeyDeletion", params{"KeyId": id})
	if got := c.state(t, id); got != "PendingImport" {
		t.Errorf("cancelled without material the CMK is %s", got)
	}

	// Without a window it is 30 days; then the CMK and its aliases go.
	c.must(t, "CreateAlias", params{"AliasName": "alias/gone", "KeyId": id})
	c.must(t, "ScheduleKeyDeletion", params{"KeyId": id})
	kms.Clock().Advance(30*24*time.Hour - time.Minute)
	if got := c.state(t, id); got != "PendingDeletion" {
		t.Errorf("a minute before its date the CMK is %s", got)
	}
	kms.Clock().Advance(time.Minute)
	c.want(t, "Forbidden.KeyNotFound", "DescribeKey", params{"KeyId": id})
	c.want(t, "Forbidden.AliasNotFound", "DescribeKey", params{"KeyId": "alias/gone"})
	if got := c.must(t, "ListKeys", nil).Body["TotalCount"]; got != 4.0 {
		t.Errorf("%v keys are left, want those of the seed", got)
	}
}

// Material that expires in a CMK that waits for its deletion.
func TestExpiryInPendingDeletion(t *testing.T) {
	kms, c := newClient(t, localkms.Config{})
	id := c.external(t)
	in := c.importing(t, id, oaepSHA256, newMaterial(32))
	in["KeyMaterialExpireUnix"] = unixIn(kms, 24*time.Hour)
	c.must(t, "ImportKeyMaterial", in)
	c.must(t, "ScheduleKeyDeletion", params{"KeyId": id, "PendingWindowInDays": "7"})
	kms.Clock().Advance(25 * time.Hour)
	if got := c.state(t, id); got != "PendingDeletion" || kms.Material(id) != nil {
		t.Errorf("the CMK is %s, material: %v", got, kms.Material(id) != nil)
	}
	kms.Clock().Advance(7 * 24 * time.Hour)
	c.want(t, "Forbidden.KeyNotFound", "DescribeKey", params{"KeyId": id})
}
