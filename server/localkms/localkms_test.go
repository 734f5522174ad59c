package localkms_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keyferry/server/localkms"
	"keyferry/server/localkms/localkmstest"
)

func sameJSON(t testing.TB, before, after any) {
	t.Helper()
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("something changed (-before +after):\n%s", diff)
	}
}

func TestDefaultSeed(t *testing.T) {
	_, c := newClient(t, localkms.Config{})
	r := c.must(t, "ListKeys", nil)
	keys := r.Body["Keys"].(map[string]any)["Key"].([]any)
	var states []string
	for _, key := range keys {
		states = append(states, c.state(t, key.(map[string]any)["KeyId"].(string)))
	}
	if diff := cmp.Diff([]string{"PendingImport", "PendingImport", "PendingImport", "Enabled"}, states); diff != "" {
		t.Errorf("states of the default seed (-want +got):\n%s", diff)
	}
}

func TestDescribeKey(t *testing.T) {
	clock := localkms.NewClock(func() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC) })
	_, c := newClient(t, localkms.Config{Clock: clock})
	c.now = clock.Now
	id := c.create(t, params{"Origin": "EXTERNAL", "Description": "for orders"})
	got := c.must(t, "DescribeKey", params{"KeyId": id}).Body["KeyMetadata"].(map[string]any)
	version, _ := got["PrimaryKeyVersion"].(string)
	if !regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(version) {
		t.Errorf("PrimaryKeyVersion = %q", version)
	}
	delete(got, "PrimaryKeyVersion")
	want := map[string]any{
		"KeyId": id, "Arn": "acs:kms:cn-hangzhou:1234567890123456:key/" + id, "Creator": "1234567890123456",
		"CreationDate": "2026-03-04T05:06:07Z", "Description": "for orders", "KeySpec": "Aliyun_AES_256",
		"KeyState": "PendingImport", "KeyUsage": "ENCRYPT/DECRYPT", "Origin": "EXTERNAL", "ProtectionLevel": "SOFTWARE",
		"DeleteDate": "", "MaterialExpireTime": "", "LastRotationDate": "2026-03-04T05:06:07Z",
		"AutomaticRotation": "Disabled", "DeletionProtection": "Disabled",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("KeyMetadata (-want +got):\n%s", diff)
	}
	if byARN := c.must(t, "DescribeKey", params{"KeyId": want["Arn"].(string)}); byARN.text(t, "KeyMetadata", "KeyId") != id {
		t.Error("the ARN names another key")
	}
	c.want(t, "Forbidden.KeyNotFound", "DescribeKey", params{"KeyId": strings.Replace(want["Arn"].(string), "cn-hangzhou", "cn-beijing", 1)})
	c.want(t, "Forbidden.KeyNotFound", "DescribeKey", params{"KeyId": "nothing"})
	c.want(t, "MissingParameter", "DescribeKey", nil)
}

func TestRequestID(t *testing.T) {
	_, c := newClient(t, localkms.Config{})
	form := regexp.MustCompile(`^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$`)
	for _, r := range []result{c.must(t, "ListKeys", nil), c.do(t, "DescribeKey", nil)} {
		if id := r.text(t, "RequestId"); !form.MatchString(id) || r.Header.Get("x-acs-request-id") != id {
			t.Errorf("RequestId = %q, header %q", id, r.Header.Get("x-acs-request-id"))
		}
	}
}

func TestControl(t *testing.T) {
	kms, c := newClient(t, localkms.Config{})
	control := func(method, path, body string, want int) map[string]any {
		t.Helper()
		r := httptest.NewRequest(method, "http://127.0.0.1:9"+path, strings.NewReader(body))
		w := httptest.NewRecorder()
		kms.Control().ServeHTTP(w, r)
		if w.Code != want {
			t.Fatalf("%s %s = %d %s, want %d", method, path, w.Code, w.Body, want)
		}
		var object map[string]any
		if bytes.HasPrefix(w.Body.Bytes(), []byte("{")) {
			if err := json.Unmarshal(w.Body.Bytes(), &object); err != nil {
				t.Fatal(err)
			}
		}
		return object
	}
	id := c.external(t)
	if got := control("GET", "/healthz", "", 200)["status"]; got != "ok" {
		t.Errorf("status = %v", got)
	}
	if got := control("GET", "/keys/"+id+"/material", "", 200); got["present"] != false {
		t.Errorf("an empty CMK has material: %v", got)
	}
	material := newMaterial(32)
	c.bring(t, id, material)
	if got := control("GET", "/keys/"+id+"/material", "", 200); got["present"] != true || len(got["hex"].(string)) != 64 {
		t.Errorf("material = %v", got)
	}
	control("GET", "/keys/none/material", "", 404)
	if got := control("GET", "/keys/"+id, "", 200); got["KeyState"] != "Enabled" || got["bound"] != true {
		t.Errorf("key = %v", got)
	}

	control("PUT", "/clock", `{"set":"2030-01-01T00:00:00Z"}`, 200)
	if got := control("POST", "/clock", `{"advance":"25h"}`, 200)["now"].(string); !strings.HasPrefix(got, "2030-01-02T01:00:0") {
		t.Errorf("now = %s", got)
	}
	control("PUT", "/clock", `{"reset":true}`, 200)
	control("PUT", "/clock", `{}`, 400)
	control("PUT", "/clock", `{"advanced":"1h"}`, 400)
	control("PUT", "/clock", `{"reset":true}{"advance":"1h"}`, 400)

	control("POST", "/faults", `{"kind":"throttle","action":"DescribeKey","times":1}`, 200)
	c.want(t, "Rejected.Throttling", "DescribeKey", params{"KeyId": id})
	c.must(t, "DescribeKey", params{"KeyId": id})
	control("POST", "/faults", `{"kind":"gremlin"}`, 400)

	control("PUT", "/accesskeys", `{"id":"second","secret":"s","actions":["kms:List*"]}`, 200)
	c.as("second", "s").must(t, "ListKeys", nil)
	control("PUT", "/accesskeys", `{"id":"third","secret":"s","actions":["Fly"]}`, 400)

	control("POST", "/reset", `{"seed":{"keys":[{"keyId":"key-one","origin":"EXTERNAL","material":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}]}}`, 200)
	if got := c.state(t, "key-one"); got != "Enabled" {
		t.Errorf("the seeded CMK is %s", got)
	}
	c.want(t, "Forbidden.KeyNotFound", "DescribeKey", params{"KeyId": id})
	control("POST", "/reset", "", 200)
	c.want(t, "Forbidden.KeyNotFound", "DescribeKey", params{"KeyId": "key-one"})
}

// A page elsewhere must not reach the control API under a name of its own, nor
// across origins.
func TestControlRefusesBrowsers(t *testing.T) {
	kms := localkmstest.New(t, localkms.Config{Hosts: []string{"kms.test"}})
	for _, test := range []struct {
		host, site string
		want       int
	}{
		{"localhost:8789", "", 200},
		{"[::1]:8789", "", 200},
		{"kms.test", "", 200},
		{"attacker.example", "", http.StatusMisdirectedRequest},
		{"127.0.0.1", "cross-site", http.StatusForbidden},
	} {
		r := httptest.NewRequest("POST", "http://"+test.host+"/clock", strings.NewReader(`{"reset":true}`))
		if test.site != "" {
			r.Header.Set("Sec-Fetch-Site", test.site)
		}
		w := httptest.NewRecorder()
		kms.Control().ServeHTTP(w, r)
		if w.Code != test.want {
			t.Errorf("host %s, site %q: %d, want %d", test.host, test.site, w.Code, test.want)
		}
	}
}

// A KMS of the plainest Config makes wrapping keys of its own.
func TestPool(t *testing.T) {
	kms := localkms.New(localkms.Config{PoolSize: 1})
	defer kms.Close()
	c := &client{kms, localkms.DefaultAccessKeyID, localkms.DefaultAccessKeySecret, time.Now}
	c.bring(t, c.external(t), newMaterial(32))
}
