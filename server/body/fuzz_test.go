package body

import (
	"encoding/json"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// FuzzRead holds three laws: no body is a fault; a refusal is one of the package's own, which quote
// nothing; and what is taken, another reader of JSON understands in the same way.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		`{"KeyId": "key-hzz1", "KeyMaterialExpireUnix": 0}`,
		`{"KeyId": "key-hzz1"}`,
		` {"KeyMaterialExpireUnix":1e3,"KeyId":"\u00e9\ud83d"} `,
		`{"KeyId": "a", "KeyId": "b"}`,
		`{"keyid": "a"}`,
		`{"KeyId": null}`,
		`{"KeyId": "a"} {}`,
		`[]`, ``, `{"KeyId"`, "\xff{}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) {
		request := httptest.NewRequest("POST", "/", strings.NewReader(content))
		request.Header.Set("Content-Type", "application/json")
		var keyID string
		var expires int64
		if err := Read(httptest.NewRecorder(), request, 1<<20, Fields{"KeyId": &keyID, "KeyMaterialExpireUnix": &expires}); err != nil {
			if !slices.Contains([]error{ErrMediaType, ErrTooLarge, ErrMalformed}, err) {
				t.Fatalf("refused with %v", err)
			}
			return
		}
		var other map[string]any
		if err := json.Unmarshal([]byte(content), &other); err != nil {
			t.Fatalf("taken, although encoding/json refuses it: %v", err)
		}
		if other["KeyId"] != keyID {
			t.Errorf("understood as %q, and by another as %q", keyID, other["KeyId"])
		}
		if number, there := other["KeyMaterialExpireUnix"]; there && number != float64(expires) || !there && expires != 0 {
			t.Errorf("understood as %d, and by another as %v", expires, number)
		}
		delete(other, "KeyId")
		delete(other, "KeyMaterialExpireUnix")
		if len(other) > 0 {
			t.Errorf("taken with more in it: %v", other)
		}
	})
}
