package console_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"keyferry/server/console"
	"keyferry/server/kms"
	"keyferry/server/localkms"
	"keyferry/server/localkms/localkmstest"
	"keyferry/server/requests"
)

func TestBothCallsReachTheKMS(t *testing.T) {
	s := newSite(t, nil)
	publicKey, token := s.parameters(t)
	material := bytes.Repeat([]byte("k"), 32)
	wrapped, _ := localkmstest.Wrap(t, publicKey, material)
	a := s.call(t, "ImportKeyMaterial", map[string]any{
		"KeyId": keyID(), "ImportToken": token, "EncryptedKeyMaterial": wrapped,
		"KeyMaterialExpireUnix": time.Now().Add(time.Hour).Unix(),
	})
	if a.status != http.StatusOK || !strings.Contains(a.body, `"RequestId":"`) {
		t.Fatalf("ImportKeyMaterial: %d %s", a.status, a.body)
	}
	if got := s.kms.Material(keyID()); !bytes.Equal(got, material) {
		t.Errorf("the KMS unwrapped %x, want %x", got, material)
	}
	log := s.log.String()
	for _, secret := range []string{token, publicKey, wrapped, token[:40]} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds a secret: %s", log)
		}
	}
	var out struct{ RequestId string }
	if err := json.Unmarshal([]byte(a.body), &out); err != nil {
		t.Fatal(err)
	}
	audit := s.log.lines("audit")
	if len(audit) != 2 || !strings.Contains(audit[0], "action=GetParametersForImport key_id="+keyID()+" result=ok kms_request_id=") ||
		!strings.Contains(audit[1], "action=ImportKeyMaterial key_id="+keyID()+" result=ok kms_request_id="+out.RequestId+" id="+a.header.Get("X-Request-Id")) {
		t.Errorf("the audit lines are %q", audit)
	}
}

// What is not an import never travels on, is never echoed, and is never logged.
func TestRefusedBeforeItTravels(t *testing.T) {
	s := newSite(t, nil)
	plain := sha256.Sum256([]byte("a key that must not be seen"))
	good := func(change map[string]any) map[string]any {
		fields := map[string]any{"KeyId": keyID(), "EncryptedKeyMaterial": someCiphertext, "ImportToken": someToken}
		maps.Copy(fields, change)
		return fields
	}
	std := base64.StdEncoding.EncodeToString
	for _, test := range []struct {
		name   string
		change map[string]any
		code   string
	}{
		{"32 raw bytes as base64", map[string]any{"EncryptedKeyMaterial": std(plain[:])}, "Console.NotCiphertext"},
		{"64 hexadecimal digits", map[string]any{"EncryptedKeyMaterial": hex.EncodeToString(plain[:])}, "Console.NotCiphertext"},
		{"hexadecimal digits as base64", map[string]any{"EncryptedKeyMaterial": std([]byte(hex.EncodeToString(plain[:])))}, "Console.NotCiphertext"},
		{"nothing", map[string]any{"EncryptedKeyMaterial": ""}, "Console.NotCiphertext"},
		{"255 bytes", map[string]any{"EncryptedKeyMaterial": std(make([]byte, 255))}, "Console.NotCiphertext"},
		{"257 bytes", map[string]any{"EncryptedKeyMaterial": std(make([]byte, 257))}, "Console.NotCiphertext"},
		{"line break in the base64", map[string]any{"EncryptedKeyMaterial": someCiphertext[:76] + "\n" + someCiphertext[76:]}, "Console.NotCiphertext"},
		{"URL alphabet", map[string]any{"EncryptedKeyMaterial": strings.Repeat("-_", 170) + "AA=="}, "Console.NotCiphertext"},
		{"key behind zeros", map[string]any{"EncryptedKeyMaterial": std(append(make([]byte, 224), plain[:]...))}, "Console.NotCiphertext"},
		{"key again and again", map[string]any{"EncryptedKeyMaterial": std(bytes.Repeat(plain[:], 8))}, "Console.NotCiphertext"},
		{"hexadecimal digits to 256", map[string]any{"EncryptedKeyMaterial": std([]byte(strings.Repeat(hex.EncodeToString(plain[:]), 4)))}, "Console.NotCiphertext"},
		{"dirty last bits", map[string]any{"EncryptedKeyMaterial": someCiphertext[:341] + "R=="}, "Console.NotCiphertext"},
		{"token as long as a key in hexadecimal", map[string]any{"ImportToken": hex.EncodeToString(plain[:])}, "Console.ImportToken"},
		{"token that is a key in base64", map[string]any{"ImportToken": std(plain[:])}, "Console.ImportToken"},
		{"token that is two keys in hexadecimal", map[string]any{"ImportToken": strings.Repeat(hex.EncodeToString(plain[:]), 2)}, "Console.ImportToken"},
		{"token that is hexadecimal digits in base64", map[string]any{"ImportToken": std([]byte(hex.EncodeToString(plain[:]) + "\n"))}, "Console.ImportToken"},
		{"token that is base64 in base64", map[string]any{"ImportToken": std([]byte(std(bytes.Repeat(plain[:], 2))))}, "Console.ImportToken"},
		{"token that is not base64", map[string]any{"ImportToken": strings.Repeat("!", 400)}, "Console.ImportToken"},
		{"token of 9 KiB", map[string]any{"ImportToken": strings.Repeat("A", 9<<10)}, "Console.ImportToken"},
		{"key id that is a key in hexadecimal", map[string]any{"KeyId": hex.EncodeToString(plain[:])}, "Console.KeyId"},
		{"alias", map[string]any{"KeyId": "alias/orders"}, "Console.KeyId"},
		{"key id with a line break", map[string]any{"KeyId": keyID() + "\n"}, "Console.KeyId"},
		{"empty key id", map[string]any{"KeyId": ""}, "Console.KeyId"},
		{"expiry in the past", map[string]any{"KeyMaterialExpireUnix": time.Now().Add(-time.Minute).Unix()}, "Console.ExpireUnix"},
		{"expiry before 1970", map[string]any{"KeyMaterialExpireUnix": -1}, "Console.ExpireUnix"},
		{"expiry in milliseconds", map[string]any{"KeyMaterialExpireUnix": time.Now().Add(time.Hour).UnixMilli()}, "Console.ExpireFar"},
		{"expiry after the year 9999", map[string]any{"KeyMaterialExpireUnix": 253402300800}, "Console.ExpireFar"},
		{"expiry as text", map[string]any{"KeyMaterialExpireUnix": "0"}, "Console.Malformed"},
		{"expiry with a fraction", map[string]any{"KeyMaterialExpireUnix": 1.5}, "Console.Malformed"},
		{"number as key id", map[string]any{"KeyId": 7}, "Console.Malformed"},
		{"null", map[string]any{"ImportToken": nil}, "Console.Malformed"},
		{"field that the KMS does not have", map[string]any{"KeyMaterial": std(plain[:])}, "Console.Malformed"},
		{"field of another case", map[string]any{"keyid": keyID()}, "Console.Malformed"},
		{"nested value", map[string]any{"KeyId": map[string]any{"a": 1}}, "Console.Malformed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := s.call(t, "ImportKeyMaterial", good(test.change))
			f := a.failure(t)
			if a.status != http.StatusBadRequest || f.Code != test.code {
				t.Errorf("answered %d %s, want 400 %s", a.status, f.Code, test.code)
			}
			if f.Message == "" || f.Advice == "" || f.ConsoleRequestId != a.header.Get("X-Request-Id") {
				t.Errorf("the answer lacks words or the request id: %+v", f)
			}
			for _, form := range []string{std(plain[:]), hex.EncodeToString(plain[:]), string(plain[:])} {
				if strings.Contains(a.body, form) || strings.Contains(s.log.String(), form) {
					t.Error("the answer or the log repeats what was sent")
				}
			}
		})
	}
	if n := s.calls.Load(); n != 0 {
		t.Errorf("%d requests reached the KMS, want none", n)
	}
}

// A key in place of a key id reaches neither the KMS nor the log, whichever endpoint gets it, and
// no answer repeats it.
func TestKeyIDs(t *testing.T) {
	s := newSite(t, nil)
	table := keyIDTable(t)
	send := map[string]func(id string) answer{
		"GetParametersForImport": func(id string) answer {
			return s.call(t, "GetParametersForImport", map[string]any{"KeyId": id, "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"})
		},
		"ImportKeyMaterial": func(id string) answer {
			return s.call(t, "ImportKeyMaterial", map[string]any{"KeyId": id, "EncryptedKeyMaterial": someCiphertext, "ImportToken": someToken})
		},
		"calendar": func(id string) answer {
			form := url.Values{"KeyId": {id}, "KeyMaterialExpireUnix": {"4000000000"}, "Remind": {"7"}}
			return s.do(t, http.MethodPost, "/en/calendar", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
		},
	}
	for where, send := range send {
		for name, id := range table.Refused {
			before := s.calls.Load()
			a := send(id)
			if a.status != http.StatusBadRequest || a.failure(t).Code != "Console.KeyId" || s.calls.Load() != before {
				t.Errorf("%s, %s: answered %d %s, %d calls", where, name, a.status, a.body, s.calls.Load()-before)
			}
			if len(id) > 20 && (strings.Contains(a.body, id) || strings.Contains(s.log.String(), id)) {
				t.Errorf("%s, %s: the answer or the log repeats it", where, name)
			}
		}
		for name, id := range table.Taken {
			if a := send(id); a.status == http.StatusBadRequest && a.failure(t).Code == "Console.KeyId" {
				t.Errorf("%s, %s: refused", where, name)
			}
		}
	}
	if log := s.log.String(); strings.Count(log, "msg=audit") != 2*len(table.Taken) {
		t.Errorf("the audit lines are not those of what was taken:\n%s", log)
	}
}

// Neither a method nor a path nor a header of the client's choosing reaches the log.
func TestLogRepeatsNothing(t *testing.T) {
	s := newSite(t, nil)
	const key = "Zm9yIHRlc3RzIG9ubHkgLSAzMiBieXRlcyBvZiBrZXk"
	for _, header := range []string{"User-Agent", "X-Request-Id", "Referer", "Cookie", "Accept-Language", "Origin", "Authorization", "Content-Type", "X-Forwarded-For"} {
		s.do(t, http.MethodPost, "/kms/ImportKeyMaterial", key, header, key)
	}
	s.do(t, key, "/", "")
	s.do(t, http.MethodGet, "/"+key, "")
	s.do(t, http.MethodGet, "/static/"+key+"/"+key, "")
	s.do(t, http.MethodPost, "/kms/"+key, "")
	for _, field := range []string{"WrappingAlgorithm", "WrappingKeySpec", "KeyId"} {
		fields := map[string]any{"KeyId": keyID(), "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048", field: key}
		if a := s.call(t, "GetParametersForImport", fields); a.status != http.StatusBadRequest || strings.Contains(a.body, key) {
			t.Errorf("%s: answered %d %s", field, a.status, a.body)
		}
	}
	s.do(t, http.MethodPost, "/en/calendar", "KeyId="+key+"&KeyMaterialExpireUnix="+key+"&Remind="+key, "Content-Type", "application/x-www-form-urlencoded")
	if log := s.log.String(); strings.Contains(log, key) || strings.Count(log, "msg=request") != 17 {
		t.Errorf("the log holds what was sent, or not a line for each request:\n%s", log)
	}
}

func TestStrictDecoding(t *testing.T) {
	s := newSite(t, nil)
	ok := `{"KeyId":"` + keyID() + `","WrappingAlgorithm":"RSAES_OAEP_SHA_256","WrappingKeySpec":"RSA_2048"}`
	for _, test := range []struct {
		name, media, body string
		status            int
		code              string
	}{
		{"as the page sends it", "application/json", ok, 200, ""},
		{"with a character set", "application/json; charset=utf-8", ok, 200, ""},
		{"form", "application/x-www-form-urlencoded", "KeyId=x", 415, "Console.MediaType"},
		{"plain text, which needs no preflight", "text/plain", ok, 415, "Console.MediaType"},
		{"no media type", "", ok, 415, "Console.MediaType"},
		{"empty", "application/json", "", 400, "Console.Malformed"},
		{"array", "application/json", "[" + ok + "]", 400, "Console.Malformed"},
		{"two objects", "application/json", ok + ok, 400, "Console.Malformed"},
		{"something after it", "application/json", ok + "x", 400, "Console.Malformed"},
		{"a name twice", "application/json", strings.Replace(ok, "{", `{"KeyId":"other",`, 1), 400, "Console.Malformed"},
		{"not finished", "application/json", ok[:len(ok)-1], 400, "Console.Malformed"},
		{"a field missing", "application/json", `{"KeyId":"` + keyID() + `"}`, 400, "Console.Malformed"},
		{"another algorithm", "application/json", strings.Replace(ok, "OAEP_SHA_256", "OAEP_SHA_512", 1), 400, "Console.WrappingAlgorithm"},
		{"another wrapping key", "application/json", strings.Replace(ok, "RSA_2048", "EC_SM2", 1), 400, "Console.WrappingKeySpec"},
		{"larger than any import", "application/json", `{"KeyId":"` + strings.Repeat("x", 20<<10) + `"}`, 413, "Console.TooLarge"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := s.do(t, http.MethodPost, "/kms/GetParametersForImport", test.body, "Content-Type", test.media)
			if a.status != test.status {
				t.Errorf("answered %d %s, want %d", a.status, a.body, test.status)
			}
			if test.code != "" && a.failure(t).Code != test.code {
				t.Errorf("answered %s, want %s", a.body, test.code)
			}
		})
	}
}

// The KMS's refusals arrive with its code, its RequestId and words in the person's language.
func TestAnswersOfTheKMS(t *testing.T) {
	for _, test := range []struct {
		name   string
		fault  localkms.Fault
		action string
		status int
		code   string
	}{
		{"throttled", localkms.Fault{Kind: localkms.FaultThrottle}, "GetParametersForImport", 429, "Rejected.Throttling"},
		{"fault of the KMS", localkms.Fault{Kind: localkms.FaultError}, "GetParametersForImport", 500, "InternalFailure"},
		{"page of a proxy", localkms.Fault{Kind: localkms.FaultHTML}, "GetParametersForImport", 502, "Console.KMSBadAnswer"},
		{"connection lost", localkms.Fault{Kind: localkms.FaultCutBefore}, "ImportKeyMaterial", 502, "Console.KMSOutcomeUnknown"},
		{"answer lost", localkms.Fault{Kind: localkms.FaultCutAfter}, "ImportKeyMaterial", 502, "Console.KMSOutcomeUnknown"},
		{"slow", localkms.Fault{Kind: localkms.FaultDelay, Delay: localkms.Duration(time.Minute)}, "ImportKeyMaterial", 502, "Console.KMSOutcomeUnknown"},
		{"slow to hand out parameters", localkms.Fault{Kind: localkms.FaultDelay, Delay: localkms.Duration(time.Minute)}, "GetParametersForImport", 504, "Console.KMSTimeout"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			limit := 5 * time.Second
			if test.fault.Kind == localkms.FaultDelay {
				limit = 2 * time.Second // this long the test waits
			}
			s := newSiteWithin(t, limit, nil)
			_, token := s.parameters(t)
			if err := s.kms.Inject(test.fault); err != nil {
				t.Fatal(err)
			}
			fields := map[string]any{"KeyId": keyID(), "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}
			if test.action == "ImportKeyMaterial" {
				fields = map[string]any{"KeyId": keyID(), "EncryptedKeyMaterial": someCiphertext, "ImportToken": token}
			}
			a := s.call(t, test.action, fields, "Accept-Language", "zh-CN")
			f := a.failure(t)
			if a.status != test.status || f.Code != test.code {
				t.Errorf("answered %d %+v, want %d %s", a.status, f, test.status, test.code)
			}
			if !strings.HasPrefix(test.code, "Console.") && (f.RequestId == "" || f.Detail == "") {
				t.Errorf("the KMS's RequestId or words are missing: %+v", f)
			}
			if !strings.ContainsRune(f.Message, '。') {
				t.Errorf("the words are not Chinese: %q", f.Message)
			}
			if strings.Contains(s.log.String(), token) {
				t.Error("the log holds the token")
			}
		})
	}
}

func TestUnknownKeyCarriesTheKMSCode(t *testing.T) {
	s := newSite(t, nil)
	f := s.call(t, "GetParametersForImport", map[string]any{
		"KeyId": "key-hzz0000000000000000000", "WrappingAlgorithm": "RSAES_OAEP_SHA_1", "WrappingKeySpec": "RSA_2048",
	})
	got := f.failure(t)
	if f.status != http.StatusNotFound || got.Code != "Forbidden.KeyNotFound" || got.RequestId == "" {
		t.Errorf("answered %d %+v", f.status, got)
	}
	if audit := s.log.lines("audit"); len(audit) != 1 || !strings.Contains(audit[0], " result=Forbidden.KeyNotFound kms_request_id="+got.RequestId+" id="+got.ConsoleRequestId) {
		t.Errorf("the audit lines are %q", audit)
	}
}

// A KMS that nobody answers for has taken nothing, and the person is told so.
func TestUnreachableKMS(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	client, err := kms.New(kms.Config{
		Region: localkms.DefaultRegion, Endpoint: closed.Addr().String(), PlainHTTP: true, AccessKeyID: "a", AccessKeySecret: "b",
	})
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, func(c *console.Config) { c.KMS = requests.Direct(client) })
	a := s.call(t, "ImportKeyMaterial", map[string]any{
		"KeyId": keyID(), "EncryptedKeyMaterial": someCiphertext, "ImportToken": someToken,
	})
	if f := a.failure(t); a.status != http.StatusBadGateway || f.Code != "Console.KMSUnreachable" {
		t.Errorf("answered %d %+v", a.status, f)
	}
	if strings.Contains(s.log.String(), someToken) {
		t.Error("the log holds the token")
	}
}
