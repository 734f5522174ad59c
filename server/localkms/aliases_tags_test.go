package localkms_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keyferry/server/localkms"
)

func TestAliases(t *testing.T) {
	_, c := newClient(t, localkms.Config{})
	one, two := c.create(t, nil), c.create(t, nil)
	for _, name := range []string{"alias/b", "alias/a/b-c_D", "alias/c"} {
		c.must(t, "CreateAlias", params{"AliasName": name, "KeyId": one})
	}
	c.must(t, "UpdateAlias", params{"AliasName": "alias/c", "KeyId": two})
	names := func(action string, p params) []string {
		names := []string{}
		for _, a := range c.must(t, action, p).Body["Aliases"].(map[string]any)["Alias"].([]any) {
			a := a.(map[string]any)
			if a["AliasArn"] != "acs:kms:cn-hangzhou:1234567890123456:"+a["AliasName"].(string) {
				t.Errorf("AliasArn = %v", a["AliasArn"])
			}
			names = append(names, a["AliasName"].(string))
		}
		return names
	}
	if diff := cmp.Diff([]string{"alias/a/b-c_D", "alias/b", "alias/c"}, names("ListAliases", nil)); diff != "" {
		t.Errorf("ListAliases (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"alias/b"}, names("ListAliases", params{"PageNumber": "2", "PageSize": "1"})); diff != "" {
		t.Errorf("ListAliases, second page (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{}, names("ListAliases", params{"PageSize": "0"})); diff != "" {
		t.Errorf("ListAliases, empty page (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"alias/a/b-c_D", "alias/b"}, names("ListAliasesByKeyId", params{"KeyId": one})); diff != "" {
		t.Errorf("ListAliasesByKeyId (-want +got):\n%s", diff)
	}
	for _, name := range []string{"alias/c", "acs:kms:cn-hangzhou:1234567890123456:alias/c"} {
		if got := c.must(t, "Encrypt", params{"KeyId": name, "Plaintext": "AA=="}).text(t, "KeyId"); got != two {
			t.Errorf("%s encrypts with %s, want the CMK's own id %s", name, got, two)
		}
	}
	c.must(t, "DeleteAlias", params{"AliasName": "alias/b"})
	wantFailures(t, c, []failure{
		{"that exists", "AliasAlreadyExists", "CreateAlias", params{"AliasName": "alias/c", "KeyId": one}},
		{"without prefix", "InvalidParameter", "CreateAlias", params{"AliasName": "x", "KeyId": one}},
		{"with a dot", "InvalidParameter", "CreateAlias", params{"AliasName": "alias/x.y", "KeyId": one}},
		{"without name", "InvalidParameter", "CreateAlias", params{"AliasName": "alias/", "KeyId": one}},
		{"too long", "InvalidParameter", "CreateAlias", params{"AliasName": "alias/" + strings.Repeat("x", 256), "KeyId": one}},
		{"of a service", "InvalidParameter", "CreateAlias", params{"AliasName": "alias/acs/ecs", "KeyId": one}},
		{"of an alias", "Unsupported.Alias", "CreateAlias", params{"AliasName": "alias/x", "KeyId": "alias/c"}},
		{"of no key", "Forbidden.KeyNotFound", "CreateAlias", params{"AliasName": "alias/x", "KeyId": "none"}},
		{"that is gone", "Forbidden.AliasNotFound", "DeleteAlias", params{"AliasName": "alias/b"}},
		{"that is gone", "Forbidden.AliasNotFound", "UpdateAlias", params{"AliasName": "alias/b", "KeyId": one}},
		{"that is gone", "Forbidden.AliasNotFound", "DescribeKey", params{"KeyId": "alias/b"}},
	})
}

func TestTags(t *testing.T) {
	_, c := newClient(t, localkms.Config{})
	one, two, bare := c.create(t, nil), c.create(t, nil), c.create(t, nil)
	c.must(t, "TagResource", params{"KeyId": one, "Tags": `[{"TagKey":"a","TagValue":"1"},{"TagKey":"b","TagValue":"2"}]`})
	c.must(t, "TagResource", params{"KeyId": one, "Tags": `[{"TagKey":"a","TagValue":"3"}]`})
	if diff := cmp.Diff(map[string]string{"a": "3", "b": "2"}, c.tagsOf(t, one)); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	c.must(t, "UntagResource", params{"KeyId": one, "TagKeys": `["b","never there"]`})
	c.must(t, "TagResources", params{"ResourceType": "key", "ResourceId.1": one, "ResourceId.2": two, "Tag.1.Key": "team", "Tag.1.Value": "orders", "RegionId": "cn-hangzhou"})
	if diff := cmp.Diff(map[string]string{"a": "3", "team": "orders"}, c.tagsOf(t, one)); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	resources := func(p params) []string {
		p["ResourceType"] = "key"
		found := []string{}
		for _, r := range c.must(t, "ListTagResources", p).Body["TagResources"].(map[string]any)["TagResource"].([]any) {
			r := r.(map[string]any)
			found = append(found, fmt.Sprint(r["ResourceType"], " ", r["ResourceId"], " ", r["TagKey"], "=", r["TagValue"]))
		}
		return found
	}
	if diff := cmp.Diff([]string{"key " + one + " a=3", "key " + one + " team=orders"}, resources(params{"ResourceId.1": one, "ResourceId.2": bare})); diff != "" {
		t.Errorf("of a CMK (-want +got):\n%s", diff)
	}
	if got := resources(params{"Tag.1.Key": "team", "Tag.1.Value": "orders"}); len(got) != 3 {
		t.Errorf("with a tag: %v", got)
	}
	if got := resources(params{"Tag.1.Key": "team", "Tag.1.Value": "others"}); len(got) != 0 {
		t.Errorf("with another value: %v", got)
	}
	c.must(t, "UntagResources", params{"ResourceType": "key", "ResourceId.1": one, "TagKey.1": "a"})
	c.must(t, "UntagResources", params{"ResourceType": "key", "ResourceId.1": two, "All": "true"})
	if diff := cmp.Diff([]string{"key " + one + " team=orders"}, resources(params{"Tag.1.Key": "team"})); diff != "" {
		t.Errorf("after untagging (-want +got):\n%s", diff)
	}
	wantFailures(t, c, []failure{
		{"of nothing", "MissingParameter", "TagResource", params{"Tags": `[{"TagKey":"a","TagValue":"1"}]`}},
		{"of a secret", "Rejected.UnsupportedOperation", "TagResource", params{"SecretName": "s", "Tags": `[{"TagKey":"a","TagValue":"1"}]`}},
		{"of two", "InvalidParameter", "TagResource", params{"SecretName": "s", "KeyId": one, "Tags": `[{"TagKey":"a","TagValue":"1"}]`}},
		{"keys that are no list", "InvalidParameter", "UntagResource", params{"KeyId": one, "TagKeys": "a"}},
		{"of another type", "InvalidParameter", "TagResources", params{"ResourceType": "secret", "ResourceId.1": "s", "Tag.1.Key": "a"}},
		{"without resource", "MissingParameter", "TagResources", params{"ResourceType": "key", "Tag.1.Key": "a"}},
		{"without tag", "MissingParameter", "TagResources", params{"ResourceType": "key", "ResourceId.1": one}},
		{"without tag", "MissingParameter", "UntagResources", params{"ResourceType": "key", "ResourceId.1": one}},
		{"of one that is not there", "Forbidden.KeyNotFound", "TagResources", params{"ResourceType": "key", "ResourceId.1": one, "ResourceId.2": "none", "Tag.1.Key": "half"}},
		{"of everything", "MissingParameter", "ListTagResources", params{"ResourceType": "key"}},
		{"with another's token", "InvalidParameter", "ListTagResources", params{"ResourceType": "key", "ResourceId.1": one, "NextToken": "x"}},
	})
	if _, half := c.tagsOf(t, one)["half"]; half {
		t.Error("a failed TagResources has tagged the first resource")
	}
}

// More tagged CMKs than an answer covers come page by page.
func TestListTagResourcesPages(t *testing.T) {
	seed := &localkms.Seed{}
	for range 250 {
		seed.Keys = append(seed.Keys, localkms.SeedKey{Tags: map[string]string{"team": "orders"}})
	}
	_, c := newClient(t, localkms.Config{Seed: seed})
	seen, token := map[string]bool{}, ""
	for range 3 {
		p := params{"ResourceType": "key", "Tag.1.Key": "team", "NextToken": token}
		r := c.must(t, "ListTagResources", p)
		for _, one := range r.Body["TagResources"].(map[string]any)["TagResource"].([]any) {
			seen[one.(map[string]any)["ResourceId"].(string)] = true
		}
		token = r.text(t, "NextToken")
	}
	if len(seen) != 250 || token != "" {
		t.Errorf("%d of 250 in three pages, token %q", len(seen), token)
	}
}

// A seed may have the CMKs that the vendor's services make; clients use their aliases and leave
// them alone.
func TestServiceAliases(t *testing.T) {
	_, c := newClient(t, localkms.Config{Seed: &localkms.Seed{Keys: []localkms.SeedKey{
		{KeyID: "key-service", Aliases: []string{"alias/acs/mse"}}, {KeyID: "key-own"},
	}}})
	sealed := c.must(t, "Encrypt", params{"KeyId": "alias/acs/mse", "Plaintext": "token"})
	if got := sealed.text(t, "KeyId"); got != "key-service" {
		t.Errorf("it encrypts with %s", got)
	}
	for creator, want := range map[string]string{"Service": "key-service", "User": "key-own"} {
		r := c.must(t, "ListKeys", params{"Filters": `[{"Key":"CreatorType","Values":["` + creator + `"]}]`})
		if diff := cmp.Diff([]string{want}, listed(t, r)); diff != "" {
			t.Errorf("CMKs of %s (-want +got):\n%s", creator, diff)
		}
	}
	wantFailures(t, c, []failure{
		{"of a service", "InvalidParameter", "CreateAlias", params{"AliasName": "alias/acs/oss", "KeyId": "key-own"}},
		{"of a service", "InvalidParameter", "UpdateAlias", params{"AliasName": "alias/acs/mse", "KeyId": "key-own"}},
		{"of a service", "InvalidParameter", "DeleteAlias", params{"AliasName": "alias/acs/mse"}},
		{"of a service", "Rejected.UnsupportedOperation", "UpdateRotationPolicy", params{"KeyId": "key-service", "EnableAutomaticRotation": "true", "RotationInterval": "7d"}},
	})
}
