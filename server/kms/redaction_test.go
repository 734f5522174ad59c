package kms

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestNoErrorHoldsWhatWasSent walks every error that a bad KMS and a bad
// network can cause, in every form an error can be printed in.
func TestNoErrorHoldsWhatWasSent(t *testing.T) {
	for name, answer := range map[string]answer{
		"echo as Message":    echo(400, "InvalidParameter", func(r *http.Request) string { return r.URL.String() }),
		"echo decoded":       echo(400, "InvalidParameter", decodedQuery),
		"echo of pieces":     echo(400, "InvalidParameter", pieces),
		"echo spaced out":    echo(400, "InvalidParameter", func(r *http.Request) string { return strings.ReplaceAll(decodedQuery(r), "+", "+\x00\u200b") }),
		"echo, throttled":    echo(429, "Rejected.Throttling", decodedQuery),
		"echo as Code":       echoAs(400, "Code"),
		"echo as RequestId":  echoAs(400, "RequestId"),
		"echo as success id": echoAs(200, "RequestId"),
		"signature as id":    signatureAsID,
		"string to sign": echo(400, "SignatureDoesNotMatch", func(r *http.Request) string {
			return "Specified signature is not matched with our calculation. Server String To Sign is:POST&%2F&" +
				url.QueryEscape(r.URL.Query().Encode())
		}),
		"incomplete signature": echo(400, "IncompleteSignature", func(r *http.Request) string { return "server string to sign is:" + decodedQuery(r) }),
		"echo as HTML":         echoHTML(502),
		"echo as HTML, 200":    echoHTML(200),
		"echo as detail":       echoDetail,
		"echo as panic":        echoPanic,
		"echo as headers":      echoHeaders,
		"echo as Location": func(w http.ResponseWriter, r *http.Request, _ int) {
			http.Redirect(w, r, "http://127.0.0.1:1"+r.URL.String(), http.StatusTemporaryRedirect)
		},
		"echo as half a body": func(w http.ResponseWriter, r *http.Request, try int) {
			io.WriteString(w, r.URL.String())
			http.NewResponseController(w).Flush()
			hangUp(w, r, try)
		},
		"malformed HTTP":        echoRaw("%s\r\n\r\n"),
		"malformed status line": echoRaw("HTTP/1.1 2x0 %s\r\n\r\n"),
		"malformed header":      echoRaw("HTTP/1.1 200 OK\r\n%s\r\n\r\n"),
		"hung up":               hangUp,
		"endless":               endless,
		"slow body":             stall,
		"no answer":             silence,
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			fake := newFakeKMS(t, answer)
			client := newTestClient(t, fake, logTo(&log), within(400*time.Millisecond))
			id, err := client.ImportKeyMaterial(t.Context(), testImport())
			needles := secretsOf(fake)
			sweep(t, needles, "RequestId", id)
			sweep(t, needles, "log", log.String())
			if err != nil {
				sweepError(t, needles, err)
			}
		})
	}
}

func TestNoErrorOfTheNetworkHoldsWhatWasSent(t *testing.T) {
	fake := newFakeKMS(t, good)
	for name, edit := range map[string]func(*Config){
		"refused":         func(c *Config) { c.Endpoint = "127.0.0.1:1" },
		"unknown host":    func(c *Config) { c.Endpoint, c.PlainHTTP = "kms.invalid", false },
		"TLS to no TLS":   func(c *Config) { c.PlainHTTP = false },
		"bad credentials": func(c *Config) { c.AccessKeyID, c.AccessKeySecret = "", "" },
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			client := newTestClient(t, fake, edit, logTo(&log))
			_, err := client.ImportKeyMaterial(t.Context(), testImport())
			if err == nil {
				t.Fatal("no error")
			}
			sweepError(t, secretsOf(fake), err)
			sweep(t, secretsOf(fake), "log", log.String())
		})
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("cause with " + testToken))
	_, err := newTestClient(t, fake).ImportKeyMaterial(ctx, testImport())
	sweepError(t, secretsOf(fake), err)
}

// secretsOf lists what was sent, in every form and in pieces.
func secretsOf(fake *fakeKMS) []string {
	secrets := []string{testToken, testMaterial, testSecret}
	for _, query := range fake.queries() {
		secrets = append(secrets, query.Get("Signature"))
	}
	var needles []string
	for _, secret := range secrets {
		for _, form := range []string{secret, url.QueryEscape(secret), url.QueryEscape(url.QueryEscape(secret))} {
			for ; len(form) >= 14; form = form[14:] {
				needles = append(needles, form[:14])
			}
		}
	}
	return needles
}

func sweepError(t *testing.T, needles []string, err error) {
	t.Helper()
	for _, form := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		sweep(t, needles, form, fmt.Sprintf(form, err))
	}
	asJSON, _ := json.Marshal(err)
	sweep(t, needles, "JSON", string(asJSON))
	if len(err.Error()) > 1000 {
		t.Errorf("error text has %d bytes", len(err.Error()))
	}
	for _, r := range err.Error() {
		if r < ' ' || r == 0x7f {
			t.Errorf("error text holds a control character: %q", err.Error())
		}
	}
	switch wrapping := err.(type) {
	case interface{ Unwrap() error }:
		if inner := wrapping.Unwrap(); inner != nil {
			sweepError(t, needles, inner)
		}
	case interface{ Unwrap() []error }:
		for _, inner := range wrapping.Unwrap() {
			sweepError(t, needles, inner)
		}
	}
}

func sweep(t *testing.T, needles []string, where, text string) {
	t.Helper()
	for _, needle := range needles {
		if strings.Contains(text, needle) || strings.Contains(text, fmt.Sprintf("%x", needle)) {
			t.Errorf("%s holds %q of what was sent: %s", where, needle, text)
			return
		}
	}
}

func decodedQuery(r *http.Request) string {
	var text []string
	for name, values := range r.URL.Query() {
		text = append(text, name+"="+values[0])
	}
	return strings.Join(text, ", ") + " secret " + testSecret
}

// pieces are what a message that shortens its values would hold.
func pieces(r *http.Request) string {
	query := r.URL.Query()
	return fmt.Sprintf("token %s... material ...%s (signature %s...)\n",
		query.Get("ImportToken")[:30], query.Get("EncryptedKeyMaterial")[300:], query.Get("Signature")[:20])
}

func echo(status int, code string, text func(*http.Request) string) answer {
	return func(w http.ResponseWriter, r *http.Request, _ int) {
		writeJSON(w, status, map[string]any{"Code": code, "Message": text(r), "RequestId": "4C467B38-3910-447D-87BC-AC049166F216"})
	}
}

func echoAs(status int, field string) answer {
	return func(w http.ResponseWriter, r *http.Request, _ int) {
		fields := map[string]any{"Code": "X", "Message": "m", "RequestId": "id"}
		fields[field] = decodedQuery(r)
		writeJSON(w, status, fields)
	}
}

func echoHTML(status int) answer {
	return func(w http.ResponseWriter, r *http.Request, _ int) {
		w.WriteHeader(status)
		fmt.Fprintf(w, "<html>%s %s</html>", r.URL, decodedQuery(r))
	}
}

func echoDetail(w http.ResponseWriter, r *http.Request, _ int) {
	writeJSON(w, 403, map[string]any{"Code": "Forbidden.NoPermission", "Message": "no", "Recommend": decodedQuery(r),
		"HostId": decodedQuery(r), "AccessDeniedDetail": map[string]any{"AuthAction": decodedQuery(r)}})
}

func echoPanic(w http.ResponseWriter, r *http.Request, _ int) {
	writeJSON(w, 403, map[string]any{"Code": "X", "Message": "no", "AccessDeniedDetail": decodedQuery(r)})
}

func echoHeaders(w http.ResponseWriter, r *http.Request, try int) {
	w.Header().Set("X-Echo", r.URL.String())
	refuse(400, "InvalidParameter")(w, r, try)
}

// echoRaw answers with something that is not HTTP.
func echoRaw(format string) answer {
	return func(w http.ResponseWriter, r *http.Request, _ int) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(connection, format, r.URL)
		connection.Close()
	}
}

func TestRedact(t *testing.T) {
	secrets := []string{"", testToken}
	for _, test := range []struct{ name, text, want string }{
		{"plain", "The specified Key is not found.", "The specified Key is not found."},
		{"an ARN and an id stay", "No permission for acs:kms:cn-hangzhou:1234567890123456:key/" + testKeyID + " now",
			"No permission for acs:kms:cn-hangzhou:1234567890123456:key/" + testKeyID + " now"},
		{"control characters", "a\x00b\x1b[31mc\r\nd\u202ee", "ab[31mc  de"},
		{"invalid UTF-8", "a\xff\xfeb", "ab"},
		{"token", "token " + testToken + " is invalid", "token [redacted] is invalid"},
		{"unknown base64", "value " + strings.Repeat("Zm9v", 12) + " is invalid", "value [redacted] is invalid"},
		{"signed text", "Not matched. server string to sign is:POST&%2F&x", "Not matched."},
		{"signed text, other case", "İİİ Not matched. Server String to sign IS:POST&%2F&x", "İİİ Not matched."},
		{"length", strings.Repeat("ab ", 300), strings.Repeat("ab ", 300)[:499] + "…"},
		{"Chinese", "密钥不存在", "密钥不存在"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := redact(test.text, secrets, maxMessage); got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

func FuzzRedact(f *testing.F) {
	f.Add("Specified signature is not matched. server string to sign is:" + testToken)
	f.Add("\xff\x00" + testToken[:40])
	f.Fuzz(func(t *testing.T, text string) {
		got := redact(text+testToken+text, []string{testToken}, maxMessage)
		if strings.Contains(got, testToken) || len([]rune(got)) > maxMessage {
			t.Errorf("got %q", got)
		}
	})
}

func signatureAsID(w http.ResponseWriter, r *http.Request, _ int) {
	writeJSON(w, 200, map[string]any{"RequestId": r.URL.Query().Get("Signature")})
}
