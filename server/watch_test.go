package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// collector takes traces as an OpenTelemetry collector does, and keeps their bytes.
type collector struct {
	*httptest.Server
	mu    sync.Mutex
	taken bytes.Buffer
}

func startCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		c.mu.Lock()
		defer c.mu.Unlock()
		if r.URL.Path == "/v1/traces" {
			c.taken.Write(body)
		}
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *collector) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.taken.String()
}

// What watches a console sees what it does, and none of what must stay secret: a request with an
// approval, an import, a guest link with wrong codes as well, and addresses and bodies with secrets in
// the wrong place. Metrics, traces
// and log are searched for every secret that the people saw.
func TestWatching(t *testing.T) {
	if !moduleBuilt(t) {
		t.Fatal("the WebAssembly module is not built: run make wasm")
	}
	traces := startCollector(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", traces.URL)
	log := newOutput()
	c := runLogging(t, log, "--log-format=json", "serve", "--listen=127.0.0.1:0", "--localkms-listen=127.0.0.1:0", "--metrics-listen=127.0.0.1:0",
		"--database="+filepath.Join(t.TempDir(), "k.db"), "--policy=policy/example", "--demo-people")
	base, metrics := c.wait(t, `console on (http://127\.0\.0\.1:\d+)`), c.wait(t, `Metrics on (\S+)`)

	secrets := map[string]string{}
	robin, ines, olga := visitorAs(t, base, "robin"), visitorAs(t, base, "ines"), visitorAs(t, base, "olga")
	terms := func(kind, importer, label, key string) map[string]any {
		return map[string]any{"Requests": []any{map[string]any{
			"KeyId": key, "Label": label, "Algorithms": []string{"RSAES_OAEP_SHA_256"},
			"ImporterKind": kind, "Importer": importer, "Expiry": "any", "ExpiryDays": 0,
			"Deadline": time.Now().Add(48 * time.Hour).UTC().Format(time.RFC3339), "Note": "the note itself", "Commitment": "",
		}}}
	}
	secrets["the note"] = "the note itself"
	var made struct{ Requests []struct{ Id string } }
	robin.post("/api/requests", http.StatusCreated, terms("group", "payments", "payments/cards", "key-hzzkeyferrylocal00001"), &made)
	path := "/api/requests/" + made.Requests[0].Id
	var parameters struct{ PublicKey, ImportToken, TokenExpireTime string }
	ines.post(path+"/parameters", http.StatusOK, map[string]any{"WrappingAlgorithm": "RSAES_OAEP_SHA_256"}, &parameters)
	submission := wrapFor(t, parameters.PublicKey, parameters.ImportToken, parameters.TokenExpireTime)
	expires := time.Now().Add(90 * 24 * time.Hour).Unix()
	submission["KeyMaterialExpireUnix"] = expires
	var seen struct{ State, Digest string }
	ines.post(path+"/submit", http.StatusOK, submission, &seen)
	olga.post(path+"/approve", http.StatusOK, map[string]any{"Digest": seen.Digest}, &seen)
	if seen.State != "imported" {
		t.Fatalf("the request is %s", seen.State)
	}
	secrets["the token"] = parameters.ImportToken
	secrets["the ciphertext"] = submission["EncryptedKeyMaterial"].(string)
	secrets["the public key"] = parameters.PublicKey

	robin.post("/api/requests", http.StatusCreated, terms("link", "", "vaults/guest", "key-hzzkeyferrylocal00002"), &made)
	guestPath := "/api/requests/" + made.Requests[0].Id
	var link struct{ Secret, Code string }
	robin.post(guestPath+"/guest-link", http.StatusOK, map[string]any{}, &link)
	secrets["the guest link"] = link.Secret
	guest := visitorAs(t, base, "")
	guest.post("/signin/guest", http.StatusForbidden, map[string]any{"Secret": link.Secret, "Code": "x" + link.Code}, nil)
	guest.post("/signin/guest", http.StatusOK, map[string]any{"Secret": link.Secret, "Code": link.Code}, nil)
	guest.get(guestPath, http.StatusOK, nil)
	robin.post("/api/requests?token="+url.QueryEscape(link.Secret), http.StatusBadRequest, map[string]any{"EncryptedKeyMaterial": secrets["the ciphertext"]}, nil)
	guest.get("/nowhere/"+link.Secret, http.StatusNotFound, nil)
	address, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	for name, who := range map[string]*visitor{"robin's": robin, "ines's": ines, "olga's": olga, "the guest's": guest} {
		for _, cookie := range who.client.Jar.Cookies(address) {
			secrets[name+" cookie "+cookie.Name] = cookie.Value
		}
	}

	counted := get(t, metrics)
	for _, line := range []string{
		`keyferry_requests{state="imported"} 1`, `keyferry_requests{state="open"} 1`, `keyferry_requests{state="lapsed"} 0`,
		`keyferry_kms_calls_total{action="GetParametersForImport",code="ok"} 1`, `keyferry_kms_calls_total{action="ImportKeyMaterial",code="ok"} 1`,
		`keyferry_kms_queue_wait_seconds_count{action="ImportKeyMaterial"} 1`, `keyferry_kms_rate{action="ImportKeyMaterial",region="cn-hangzhou"} 10`,
		`keyferry_signins_total{code="ok",way="demo"} 3`, `keyferry_signins_total{code="SignIn.GuestCode",way="guest"} 1`, `keyferry_signins_total{code="ok",way="guest"} 1`,
		`keyferry_key_material_expires_timestamp_seconds{key_id="key-hzzkeyferrylocal00001",region="cn-hangzhou"} `, "keyferry_ledger_entries ", "keyferry_database_readable 1",
		`keyferry_http_requests_total{method="POST",route="/api/requests/:id/approve",status="200"} 1`, `keyferry_build_info{version="`,
	} {
		if !strings.Contains(counted, line) {
			t.Errorf("the metrics do not have %s", line)
		}
	}
	c.finish(t)
	traced := traces.text()
	for _, part := range []string{"POST /api/requests/:id/approve", "KMS ImportKeyMaterial", "KMS GetParametersForImport", "POST /signin/*", "keyferry"} {
		if !strings.Contains(traced, part) {
			t.Errorf("the traces do not have %q", part)
		}
	}
	for _, part := range []string{`{"time":"`, `"msg":"request"`, `"route":"/api/requests/:id/approve"`} {
		if !strings.Contains(log.String(), part) {
			t.Errorf("the log does not have %s", part)
		}
	}
	for place, text := range map[string]string{"the metrics": counted, "the traces": traced, "the log": log.String()} {
		for name, secret := range secrets {
			if len(secret) < 8 {
				t.Errorf("%s has nothing to search for", name)
				continue
			}
			for _, form := range formsOf(secret) {
				if strings.Contains(text, form) {
					t.Errorf("%s have %s", place, name)
				}
			}
		}
	}
}

// formsOf returns a secret and other ways to write it, and its parts.
func formsOf(secret string) []string {
	half := len(secret) / 2
	forms := []string{secret, secret[:max(half, 8)], url.QueryEscape(secret), hex.EncodeToString([]byte(secret)), base64.StdEncoding.EncodeToString([]byte(secret))}
	if raw, err := base64.StdEncoding.DecodeString(secret); err == nil && len(raw) > 16 {
		forms = append(forms, string(raw), hex.EncodeToString(raw))
	}
	return forms
}

func get(t *testing.T, address string) string {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", address, response.Status, err)
	}
	return string(body)
}

func TestTracesThatCannotBeSent(t *testing.T) {
	for variable, value := range map[string]string{"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"} {
		t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://user:password@127.0.0.1:1")
		t.Setenv(variable, value)
		refused(t, variable, "serve", "--listen=127.0.0.1:0", "--localkms-listen=127.0.0.1:0")
	}
}
