package localkms_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"keyferry/server/localkms"
)

var accessKeys = []localkms.AccessKey{
	{ID: localkms.DefaultAccessKeyID, Secret: localkms.DefaultAccessKeySecret},
	{ID: "inactive", Secret: "s", Inactive: true},
	{ID: "STS.temporary", Secret: "s", SecurityToken: "token/+=="},
	{ID: "STS.stale", Secret: "s", SecurityToken: "token", Expires: time.Now().Add(-time.Minute)},
}

// What is wrong with a V1 request, and what the gateway calls it.
func TestAuthenticateV1(t *testing.T) {
	_, c := newClient(t, localkms.Config{AccessKeys: accessKeys})
	stamp := func(d time.Duration) string { return time.Now().Add(d).UTC().Format("2006-01-02T15:04:05Z") }
	for _, test := range []struct {
		name, code string
		change     params // "-" removes
	}{
		{"as it should be", "", nil},
		{"no AccessKeyId", "MissingAccessKeyId", params{"AccessKeyId": "-"}},
		{"no SignatureMethod", "MissingSignatureMethod", params{"SignatureMethod": "-"}},
		{"no SignatureVersion", "MissingSignatureVersion", params{"SignatureVersion": "-"}},
		{"no Timestamp", "MissingTimestamp", params{"Timestamp": "-"}},
		{"no Action", "MissingAction", params{"Action": "-"}},
		{"no Version", "MissingVersion", params{"Version": "-"}},
		{"another version", "InvalidVersion", params{"Version": "2014-05-26"}},
		{"another action", "InvalidApi.NotFound", params{"Action": "LaunchRocket"}},
		{"an action of another case", "InvalidApi.NotFound", params{"Action": "listKeys"}},
		{"another method", "InvalidSignatureMethod", params{"SignatureMethod": "HMAC-SHA256"}},
		{"another signature version", "IncompleteSignature", params{"SignatureVersion": "2.0"}},
		{"unknown AccessKey", "InvalidAccessKeyId.NotFound", params{"AccessKeyId": "nobody"}},
		{"inactive AccessKey", "InvalidAccessKeyId.Inactive", params{"AccessKeyId": "inactive"}},
		{"time in another form", "InvalidTimeStamp.Format", params{"Timestamp": "Mon, 02 Jan 2006 15:04:05 GMT"}},
		{"time with milliseconds", "InvalidTimeStamp.Format", params{"Timestamp": time.Now().UTC().Format("2006-01-02T15:04:05.000Z")}},
		{"time with an offset", "InvalidTimeStamp.Format", params{"Timestamp": time.Now().UTC().Format("2006-01-02T15:04:05+00:00")}},
		{"14 minutes old", "", params{"Timestamp": stamp(-14 * time.Minute)}},
		{"14 minutes ahead", "", params{"Timestamp": stamp(14 * time.Minute)}},
		{"16 minutes old", "InvalidTimeStamp.Expired", params{"Timestamp": stamp(-16 * time.Minute)}},
		{"16 minutes ahead", "InvalidTimeStamp.Expired", params{"Timestamp": stamp(16 * time.Minute)}},
		{"no nonce", "", params{"SignatureNonce": "-"}},
		{"a token without need", "InvalidSecurityToken.MismatchWithAccessKey", params{"SecurityToken": "x"}},
		{"no token", "MissingSecurityToken", params{"AccessKeyId": "STS.temporary"}},
		{"another token", "InvalidSecurityToken.MismatchWithAccessKey", params{"AccessKeyId": "STS.temporary", "SecurityToken": "x"}},
		{"a mangled token", "InvalidSecurityToken.Malformed", params{"AccessKeyId": "STS.temporary", "SecurityToken": "to ken"}},
		{"the token", "", params{"AccessKeyId": "STS.temporary", "SecurityToken": "token/+=="}},
		{"a stale token", "InvalidSecurityToken.Expired", params{"AccessKeyId": "STS.stale", "SecurityToken": "token"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			values := c.common("ListKeys", nil)
			for name, value := range test.change {
				if values.Set(name, value); value == "-" {
					values.Del(name)
				}
			}
			secret := c.secret
			if strings.HasPrefix(values.Get("AccessKeyId"), "STS.") {
				secret = "s"
			}
			r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1/?"+sign(http.MethodPost, secret, values).Encode(), nil)
			if got := c.send(t, r); got.code() != test.code {
				t.Errorf("%d %q, want %q", got.Status, got.code(), test.code)
			}
		})
	}
}

func TestSignatureMismatch(t *testing.T) {
	_, c := newClient(t, localkms.Config{})
	values := c.as(c.id, "wrong").signed(http.MethodGet, "ListKeys", nil)
	got := c.send(t, httptest.NewRequest(http.MethodGet, "http://127.0.0.1/?"+values.Encode(), nil))
	if got.Status != 400 || got.code() != "SignatureDoesNotMatch" {
		t.Fatalf("%d %s", got.Status, got.code())
	}
	_, tail, ok := strings.Cut(got.text(t, "Message"), "server string to sign is:")
	if !ok || !strings.HasPrefix(tail, "GET&%2F&AccessKeyId%3Dkeyferry-local%26Action%3DListKeys%26") || !strings.HasSuffix(tail, "Version%3D2016-01-20") {
		t.Errorf("the string to sign is %q", tail)
	}

	values = c.signed(http.MethodGet, "ListKeys", nil)
	values.Set("Signature", "not base64")
	if got := c.send(t, httptest.NewRequest(http.MethodGet, "http://127.0.0.1/?"+values.Encode(), nil)); got.code() != "IncompleteSignature" {
		t.Errorf("a signature that is no base64: %s", got.code())
	}
	// The method is signed.
	values = c.signed(http.MethodPost, "ListKeys", nil)
	if got := c.send(t, httptest.NewRequest(http.MethodGet, "http://127.0.0.1/?"+values.Encode(), nil)); got.code() != "SignatureDoesNotMatch" {
		t.Errorf("a GET signed as a POST: %s", got.code())
	}
}

// What is wrong with a V3 request, and what the gateway calls it.
func TestAuthenticateV3(t *testing.T) {
	_, c := newClient(t, localkms.Config{AccessKeys: accessKeys})
	authorize := func(old, new string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), old, new, 1))
		}
	}
	resigned := func(as *client, name, value string) func(*http.Request) {
		return func(r *http.Request) {
			if r.Header.Set(name, value); value == "" {
				r.Header.Del(name)
			}
			as.signV3(r)
		}
	}
	stamp := func(d time.Duration) string { return time.Now().Add(d).UTC().Format("2006-01-02T15:04:05Z") }
	temporary, stale := c.as("STS.temporary", "s"), c.as("STS.stale", "s")
	for _, test := range []struct {
		name, code string
		change     func(*http.Request)
	}{
		{"as it should be", "", func(*http.Request) {}},
		{"another secret", "SignatureDoesNotMatch", c.as(c.id, "wrong").signV3},
		{"unknown AccessKey", "InvalidAccessKeyId.NotFound", c.as("nobody", "s").signV3},
		{"inactive AccessKey", "InvalidAccessKeyId.Inactive", c.as("inactive", "s").signV3},
		{"another algorithm", "InvalidSignatureMethod", authorize("ACS3-HMAC-SHA256", "ACS3-HMAC-SM3")},
		{"version 4", "InvalidSignatureMethod", authorize("ACS3-HMAC-SHA256", "ACS4-HMAC-SHA256")},
		{"nothing after the algorithm", "IncompleteSignature", func(r *http.Request) { r.Header.Set("Authorization", "ACS3-HMAC-SHA256") }},
		{"a part twice", "IncompleteSignature", authorize("Credential=", "Signature=00,Credential=")},
		{"a signature that is no hex", "IncompleteSignature", authorize("Signature=", "Signature=zz")},
		{"no credential", "IncompleteSignature", authorize("Credential="+c.id, "Credential=")},
		{"a header not signed", "IncompleteSignature", authorize("x-acs-date;", "")},
		{"another query", "SignatureDoesNotMatch", func(r *http.Request) { r.URL.RawQuery = "PageSize=99" }},
		{"another action", "SignatureDoesNotMatch", func(r *http.Request) { r.Header.Set("x-acs-action", "CreateKey") }},
		{"another host", "SignatureDoesNotMatch", func(r *http.Request) { r.Host = "localhost" }},
		{"another digest", "IncompleteSignature", resigned(c, "x-acs-content-sha256", strings.Repeat("0", 64))},
		{"no action", "IncompleteSignature", resigned(c, "x-acs-action", "")},
		{"an unknown action", "InvalidApi.NotFound", resigned(c, "x-acs-action", "LaunchRocket")},
		{"another version", "InvalidVersion", resigned(c, "x-acs-version", "2014-05-26")},
		{"an old date", "InvalidTimeStamp.Expired", resigned(c, "x-acs-date", stamp(-16*time.Minute))},
		{"a date to come", "InvalidTimeStamp.Expired", resigned(c, "x-acs-date", stamp(16*time.Minute))},
		{"a date with milliseconds", "InvalidTimeStamp.Format", resigned(c, "x-acs-date", time.Now().UTC().Format("2006-01-02T15:04:05.000Z"))},
		{"no date at all", "InvalidTimeStamp.Format", resigned(c, "x-acs-date", "today")},
		{"no token", "MissingSecurityToken", temporary.signV3},
		{"another token", "InvalidSecurityToken.MismatchWithAccessKey", resigned(temporary, "x-acs-security-token", "x")},
		{"the token", "", resigned(temporary, "x-acs-security-token", "token/+==")},
		{"a stale token", "InvalidSecurityToken.Expired", resigned(stale, "x-acs-security-token", "token")},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := c.requestV3(http.MethodPost, "ListKeys", url.Values{"PageSize": {"5"}}, nil)
			test.change(r)
			if got := c.send(t, r); got.code() != test.code {
				t.Errorf("%d %q, want %q", got.Status, got.code(), test.code)
			}
		})
	}
}

// A request works once; the same nonce under another AccessKey is another.
func TestReplay(t *testing.T) {
	_, c := newClient(t, localkms.Config{AccessKeys: append([]localkms.AccessKey{{ID: "second", Secret: "s"}}, accessKeys...)})
	target := "http://127.0.0.1/?" + c.signed(http.MethodPost, "ListKeys", params{"SignatureNonce": "n"}).Encode()
	for i, want := range []string{"", "SignatureNonceUsed"} {
		if got := c.send(t, httptest.NewRequest(http.MethodPost, target, nil)); got.code() != want {
			t.Errorf("request %d: %q, want %q", i+1, got.code(), want)
		}
	}
	c.as("second", "s").must(t, "ListKeys", params{"SignatureNonce": "n"})
	// One that is not signed rightly uses nothing up.
	c.as(c.id, "wrong").want(t, "SignatureDoesNotMatch", "ListKeys", params{"SignatureNonce": "fresh"})
	c.must(t, "ListKeys", params{"SignatureNonce": "fresh"})

	r := c.requestV3(http.MethodPost, "ListKeys", nil, nil)
	for i, want := range []string{"", "SignatureNonceUsed"} {
		if got := c.send(t, r.Clone(t.Context())); got.code() != want {
			t.Errorf("V3 request %d: %q, want %q", i+1, got.code(), want)
		}
	}
}

// A least-privilege policy: two actions on one CMK and nothing else.
func TestPermissions(t *testing.T) {
	kms, admin := newClient(t, localkms.Config{})
	id, other := admin.external(t), admin.external(t)
	if err := kms.PutAccessKey(localkms.AccessKey{
		ID: "proxy", Secret: "s", Actions: []string{"kms:GetParametersForImport", "kms:ImportKeyMaterial"}, KeyIDs: []string{id},
	}); err != nil {
		t.Fatal(err)
	}
	if err := kms.PutAccessKey(localkms.AccessKey{ID: "reader", Secret: "s", Actions: []string{"kms:Describe*", "List*"}}); err != nil {
		t.Fatal(err)
	}
	proxy, reader := admin.as("proxy", "s"), admin.as("reader", "s")
	proxy.bring(t, id, newMaterial(32))
	if got := proxy.want(t, "Forbidden.NoPermission", "DescribeKey", params{"KeyId": id}); got.Status != 403 {
		t.Errorf("status = %d", got.Status)
	}
	proxy.want(t, "Forbidden.NoPermission", "GetParametersForImport", params{"KeyId": other, "WrappingAlgorithm": oaepSHA256, "WrappingKeySpec": "RSA_2048"})
	proxy.want(t, "AccessDeniedError", "Encrypt", params{"KeyId": id, "Plaintext": "AA==", "DryRun": "true"})
	reader.must(t, "DescribeKey", params{"KeyId": id})
	reader.must(t, "ListKeys", nil)
	reader.want(t, "Forbidden.NoPermission", "CreateKey", nil)
}

// Tenants live side by side and see nothing of each other.
func TestTenants(t *testing.T) {
	_, one := newClient(t, localkms.Config{AccessKeys: []localkms.AccessKey{
		{ID: localkms.DefaultAccessKeyID, Secret: localkms.DefaultAccessKeySecret},
		{ID: "two", Secret: "s", Account: "2222222222222222"},
	}})
	two := one.as("two", "s")
	if got := two.must(t, "ListKeys", nil).Body["TotalCount"]; got != 0.0 {
		t.Errorf("the other account holds %v keys", got)
	}
	mine, theirs := one.external(t), two.external(t)
	material := newMaterial(32)
	two.bring(t, theirs, material)
	two.must(t, "CreateAlias", params{"AliasName": "alias/x", "KeyId": theirs})
	one.must(t, "CreateAlias", params{"AliasName": "alias/x", "KeyId": mine})

	one.want(t, "Forbidden.KeyNotFound", "DescribeKey", params{"KeyId": theirs})
	one.want(t, "Forbidden.KeyNotFound", "DescribeKey", params{"KeyId": "acs:kms:cn-hangzhou:2222222222222222:key/" + theirs})
	blob := two.must(t, "Encrypt", params{"KeyId": theirs, "Plaintext": "AA=="}).text(t, "CiphertextBlob")
	one.want(t, "InvalidParameter", "Decrypt", params{"CiphertextBlob": blob})
	in := two.importing(t, theirs, oaepSHA256, material)
	in["KeyId"] = mine
	one.want(t, "InvalidImportToken", "ImportKeyMaterial", in)
	if got := two.must(t, "DescribeKey", params{"KeyId": "alias/x"}).text(t, "KeyMetadata", "Creator"); got != "2222222222222222" {
		t.Errorf("Creator = %s", got)
	}
}
