package kms

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestImportParameters(t *testing.T) {
	fake := newFakeKMS(t, good)
	got, err := newTestClient(t, fake).ImportParameters(t.Context(), testKeyID, WrappingSpec{"RSAES_OAEP_SHA_256", "RSA_2048"})
	if err != nil {
		t.Fatal(err)
	}
	want := &Parameters{
		KeyID: testKeyID, PublicKey: "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A", ImportToken: testToken,
		TokenExpireTime: time.Date(2031, 1, 25, 0, 1, 2, 0, time.UTC),
		RequestID:       "4C467B38-3910-447D-87BC-AC049166F216",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
	query := fake.queries()[0]
	for name, want := range map[string]string{
		"Action": actionParameters, "Version": "2016-01-20", "KeyId": testKeyID, "RegionId": "cn-hangzhou",
		"WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048", "AccessKeyId": "test-id",
	} {
		if got := query.Get(name); got != want {
			t.Errorf("%s on the wire is %q, want %q", name, got, want)
		}
	}
}

func TestImportParametersTakesAnARN(t *testing.T) {
	fake := newFakeKMS(t, func(w http.ResponseWriter, r *http.Request, try int) {
		query := r.URL.Query()
		query.Set("KeyId", testKeyID)
		r.URL.RawQuery = query.Encode()
		good(w, r, try)
	})
	arn := "acs:kms:cn-hangzhou:1234567890123456:key/" + testKeyID
	if _, err := newTestClient(t, fake).ImportParameters(t.Context(), arn, WrappingSpec{}); err != nil {
		t.Error(err)
	}
}

func TestImportKeyMaterial(t *testing.T) {
	for _, test := range []struct {
		name    string
		expires int64
		wire    string
	}{
		{"never, and 0 is sent all the same", 0, "0"},
		{"a time", 1924992000, "1924992000"},
		{"a time past 2038", 4102444800, "4102444800"},
	} {
		t.Run(test.name, func(t *testing.T) {
			fake := newFakeKMS(t, good)
			in := testImport()
			in.KeyMaterialExpireUnix = test.expires
			id, err := newTestClient(t, fake).ImportKeyMaterial(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			if id != "4C467B38-3910-447D-87BC-AC049166F216" {
				t.Errorf("RequestId is %q", id)
			}
			query := fake.queries()[0]
			for name, want := range map[string]string{
				"Action": actionImport, "KeyId": testKeyID, "ImportToken": testToken,
				"EncryptedKeyMaterial": testMaterial, "KeyMaterialExpireUnix": test.wire,
			} {
				if got := query[name]; len(got) != 1 || got[0] != want {
					t.Errorf("%s on the wire is %q, want %q", name, got, want)
				}
			}
		})
	}
}

func TestUserAgentNamesKeyferry(t *testing.T) {
	fake := newFakeKMS(t, good)
	client := newTestClient(t, fake, func(c *Config) { c.Version = "1.2.3" })
	if err := calls[actionImport](t, client); err != nil {
		t.Fatal(err)
	}
	if agent := fake.requests[0].UserAgent(); !strings.HasSuffix(agent, " Keyferry/1.2.3") {
		t.Errorf("User-Agent is %q", agent)
	}
}

func TestAnswersThatMakeNoSense(t *testing.T) {
	complete := `"KeyId":"` + testKeyID + `","PublicKey":"cA==","ImportToken":"dA==","TokenExpireTime":"2031-01-25T00:01:02Z"`
	for _, test := range []struct{ name, body, why string }{
		{"no PublicKey", strings.Replace(complete, "PublicKey", "X", 1), "PublicKey"},
		{"no ImportToken", strings.Replace(complete, "ImportToken", "X", 1), "ImportToken"},
		{"no TokenExpireTime", strings.Replace(complete, "TokenExpireTime", "X", 1), "TokenExpireTime"},
		{"no KeyId", strings.Replace(complete, "KeyId", "X", 1), "KeyId"},
		{"another KeyId", strings.Replace(complete, testKeyID, "key-hzz1", 1), "KeyId"},
		{"no time", strings.Replace(complete, "2031-01-25T00", "tomorrow", 1), "TokenExpireTime"},
		{"null fields", `"KeyId":null,"PublicKey":null`, "PublicKey"},
	} {
		t.Run(test.name, func(t *testing.T) {
			fake := newFakeKMS(t, body(http.StatusOK, "{"+test.body+"}"))
			err := calls[actionParameters](t, newTestClient(t, fake))
			if !errors.Is(err, ErrBadAnswer) || !strings.Contains(err.Error(), test.why) {
				t.Errorf("error is %v, want ErrBadAnswer on %s", err, test.why)
			}
			if errors.Is(err, ErrOutcomeUnknown) {
				t.Errorf("error is ErrOutcomeUnknown for a call that changes nothing: %v", err)
			}
		})
	}
	for name, text := range map[string]string{
		"empty": "", "an empty object": "{}", "HTML": "<html>welcome to the hotel</html>",
		"an array": `["RequestId"]`, "half": `{"RequestId":"4C46`,
	} {
		t.Run("import answered by "+name, func(t *testing.T) {
			fake := newFakeKMS(t, body(http.StatusOK, text))
			err := calls[actionImport](t, newTestClient(t, fake))
			if !errors.Is(err, ErrBadAnswer) || !errors.Is(err, ErrOutcomeUnknown) {
				t.Errorf("error is %v, want ErrBadAnswer and ErrOutcomeUnknown", err)
			}
			if n := fake.count(); n != 1 {
				t.Errorf("sent %d times", n)
			}
		})
	}
}
