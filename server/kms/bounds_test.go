package kms

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
)

// TestSessionSeconds checks the bounds of a session's length: of a role, and of a role by OIDC.
func TestSessionSeconds(t *testing.T) {
	previous := credentials.NewStaticAKCredentialsProvider("id", testSecret)
	for seconds, want := range map[int]struct{ role, oidc bool }{
		-1: {false, false}, 0: {true, true}, 1: {false, false}, 899: {false, false}, 900: {true, true},
		3600: {true, true}, 3601: {true, false},
	} {
		p := profile{Seconds: seconds, RoleARN: "acs:ram::1:role/r", OIDCTokenFile: "/nowhere", OIDCProviderARN: "x"}
		if _, err := p.assume(previous, nil); (err == nil) != want.role {
			t.Errorf("a role for %d s: %v", seconds, err)
		}
		if _, err := p.oidc(); (err == nil) != want.oidc {
			t.Errorf("OIDC for %d s: %v", seconds, err)
		}
	}
}

// TestLongestChainOfProfiles opens as many profiles as may follow each other, and one more.
func TestLongestChainOfProfiles(t *testing.T) {
	for sources, want := range map[int]bool{1: true, maxSources: true, maxSources + 1: false} {
		text := cli(append(chained(sources), key(string(rune('a'+sources))))...)[".aliyun/config.json"]
		file, err := parseCLIFile([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.provider("a", "the first", nil); (err == nil) != want {
			t.Errorf("%d sources: %v", sources, err)
		}
	}
}

// TestPlain checks every byte that could occur in an AccessKey.
func TestPlain(t *testing.T) {
	for c := range 256 {
		if got, want := plain("a"+string([]byte{byte(c)})), c > ' ' && c <= '~'; got != want {
			t.Errorf("%q: %v, want %v", byte(c), got, want)
		}
	}
}

// TestProcessOutputIsBounded writes as much as a process may, and a byte more.
func TestProcessOutputIsBounded(t *testing.T) {
	var output limited
	for range 2 {
		if n, err := output.Write(make([]byte, maxProcessOutput/2)); err != nil || n != maxProcessOutput/2 {
			t.Fatalf("%d bytes, %v", n, err)
		}
	}
	if n, err := output.Write([]byte{0}); err == nil || n != 0 || !output.full || output.buffer.Len() != maxProcessOutput {
		t.Errorf("a byte more: %d bytes, %v, %d kept", n, err, output.buffer.Len())
	}
}

// TestProcessIsRunWhenNeedBe counts how often a process_command is run for three calls.
func TestProcessIsRunWhenNeedBe(t *testing.T) {
	for name, test := range map[string]struct {
		expires string
		runs    int
	}{
		"no expiry":    {"", 1},
		"lasting":      {fmt.Sprintf(`,"sts_expiration":%d`, time.Now().Add(time.Hour).Unix()), 1},
		"about to end": {fmt.Sprintf(`,"sts_expiration":%d`, time.Now().Add(2*time.Minute).Unix()), 3},
	} {
		t.Run(name, func(t *testing.T) {
			runs, script := filepath.Join(t.TempDir(), "runs"), filepath.Join(t.TempDir(), "keys")
			text := "#!/bin/sh\necho >> " + runs + "\n" +
				`echo '{"mode":"StsToken","access_key_id":"id","access_key_secret":"s","sts_token":"t"` + test.expires + "}'\n"
			if err := os.WriteFile(script, []byte(text), 0o700); err != nil {
				t.Fatal(err)
			}
			process := &processCredentials{command: script}
			for range 3 {
				if found, err := process.GetCredentials(); err != nil || found.AccessKeyId != "id" || found.ProviderName != "external" {
					t.Fatalf("%+v, %v", found, err)
				}
			}
			lines, err := os.ReadFile(runs)
			if err != nil || len(lines) != test.runs {
				t.Errorf("run %d times, %v, want %d", len(lines), err, test.runs)
			}
		})
	}
}

// TestLargestAnswer answers with as many bytes as are read, and with one more.
func TestLargestAnswer(t *testing.T) {
	for size, want := range map[int]error{maxAnswer: nil, maxAnswer + 1: ErrBadAnswer} {
		const begin, end = `{"RequestId":"4C467B38-3910-447D-87BC-AC049166F216","More":"`, `"}`
		text := begin + strings.Repeat("x", size-len(begin)-len(end)) + end
		fake := newFakeKMS(t, body(http.StatusOK, text))
		if err := calls[actionImport](t, newTestClient(t, fake)); !errors.Is(err, want) {
			t.Errorf("%d bytes: %v, want %v", size, err, want)
		}
	}
}

// TestRedactBounds checks the shortest secret that is taken out, and the longest text that is not
// cut.
func TestRedactBounds(t *testing.T) {
	for _, test := range []struct {
		text, secret string
		limit        int
		want         string
	}{
		{"a 1234567 b", "1234567", 50, "a 1234567 b"},
		{"a 12345678 b", "12345678", 50, "a [redacted] b"},
		{"密钥 not found", "", 12, "密钥 not found"},
		{"密钥 not found.", "", 12, "密钥 not foun…"},
	} {
		if got := redact(test.text, []string{test.secret}, test.limit); got != test.want {
			t.Errorf("%q without %q: %q, want %q", test.text, test.secret, got, test.want)
		}
	}
}

func TestErrorText(t *testing.T) {
	for want, err := range map[string]Error{
		"KMS answered HTTP 502 without an error code":  {HTTPStatus: 502},
		"KMS answered HTTP 400, X":                     {HTTPStatus: 400, Code: "X"},
		"KMS answered HTTP 400, X: why":                {HTTPStatus: 400, Code: "X", Message: "why"},
		"KMS answered HTTP 400, X (RequestId id)":      {HTTPStatus: 400, Code: "X", RequestID: "id"},
		"KMS answered HTTP 400, X: why (RequestId id)": {HTTPStatus: 400, Code: "X", Message: "why", RequestID: "id"},
	} {
		if got := err.Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestErrorWithoutAMessage has an answer with a code alone: its body is no message.
func TestErrorWithoutAMessage(t *testing.T) {
	fake := newFakeKMS(t, body(http.StatusBadRequest, `{"Code":"InvalidKeyMaterial","RequestId":"id"}`))
	var refused *Error
	if err := calls[actionImport](t, newTestClient(t, fake)); !errors.As(err, &refused) || refused.Message != "" || refused.Code != "InvalidKeyMaterial" {
		t.Errorf("error is %+v", err)
	}
}
