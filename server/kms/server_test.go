package kms

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	testKeyID  = "08c33a6f-4e0a-4a1b-9fa7-7ddfd2d5e4c1"
	testSecret = "S3cr3tOfTheAccessKeyForTestsOnly"
)

var (
	testMaterial = strings.Repeat("qL7+x/9k", 42) + "AbCdEf=="
	testToken    = "Base64Token+" + strings.Repeat("z8Rt/pQw", 60) + "=="
)

// TestMain takes everything out of the environment that names credentials, so
// that no test finds any of the person's, nor asks the ECS metadata address.
func TestMain(m *testing.M) {
	if os.Getenv(childTask) != "" { // its environment was made for it
		os.Exit(m.Run())
	}
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "ALIBABA_CLOUD_") {
			os.Unsetenv(name)
		}
	}
	home, err := os.MkdirTemp("", "keyferry-kms-home")
	if err != nil {
		panic(err)
	}
	os.Setenv("HOME", home)
	os.Setenv("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")
	code := m.Run()
	os.RemoveAll(home)
	os.Exit(code)
}

// fakeKMS answers as a test tells it, and remembers what came.
type fakeKMS struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*http.Request
}

// answer is told the number of the request, from 1.
type answer func(w http.ResponseWriter, r *http.Request, try int)

func newFakeKMS(t *testing.T, answer answer) *fakeKMS {
	t.Helper()
	fake := &fakeKMS{}
	fake.Server = httptest.NewServer(fake.handler(answer))
	t.Cleanup(fake.Close)
	return fake
}

func newFakeTLSKMS(t *testing.T, answer answer) *fakeKMS {
	t.Helper()
	fake := &fakeKMS{}
	fake.Server = httptest.NewUnstartedServer(fake.handler(answer))
	fake.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)
	fake.StartTLS()
	t.Cleanup(fake.Close)
	return fake
}

func (f *fakeKMS) handler(answer answer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.requests = append(f.requests, r)
		try := len(f.requests)
		f.mu.Unlock()
		answer(w, r, try)
	})
}

func (f *fakeKMS) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.requests)
}

func (f *fakeKMS) queries() []url.Values {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []url.Values
	for _, r := range f.requests {
		all = append(all, r.URL.Query())
	}
	return all
}

func (f *fakeKMS) host() string { return f.Listener.Addr().String() }

// authorities writes the fake's certificate into a file.
func (f *fakeKMS) authorities(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: f.Certificate().Raw})
	if err := os.WriteFile(file, block, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// newTestClient returns a client of the fake, changed by each edit.
func newTestClient(t *testing.T, fake *fakeKMS, edits ...func(*Config)) *Client {
	t.Helper()
	config := Config{
		Region: "cn-hangzhou", Endpoint: fake.host(), PlainHTTP: true,
		AccessKeyID: "test-id", AccessKeySecret: testSecret, Timeout: 5 * time.Second,
		Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, edit := range edits {
		edit(&config)
	}
	client, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	client.backoff = 2 * time.Millisecond
	return client
}

func within(timeout time.Duration) func(*Config) {
	return func(c *Config) { c.Timeout = timeout }
}

func logTo(buffer *bytes.Buffer) func(*Config) {
	return func(c *Config) {
		c.Logger = slog.New(slog.NewTextHandler(buffer, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
}

func testImport() *Import {
	return &Import{KeyID: testKeyID, EncryptedKeyMaterial: testMaterial, ImportToken: testToken}
}

// calls are the two, for tests that hold for both.
var calls = map[string]func(*testing.T, *Client) error{
	actionParameters: func(t *testing.T, c *Client) error {
		_, err := c.ImportParameters(t.Context(), testKeyID, WrappingSpec{"RSAES_OAEP_SHA_256", "RSA_2048"})
		return err
	},
	actionImport: func(t *testing.T, c *Client) error {
		_, err := c.ImportKeyMaterial(t.Context(), testImport())
		return err
	},
}

func good(w http.ResponseWriter, r *http.Request, _ int) {
	fields := map[string]any{"RequestId": "4C467B38-3910-447D-87BC-AC049166F216"}
	if r.URL.Query().Get("Action") == actionParameters {
		fields["KeyId"] = r.URL.Query().Get("KeyId")
		fields["PublicKey"] = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A"
		fields["ImportToken"] = testToken
		fields["TokenExpireTime"] = "2031-01-25T00:01:02Z"
	}
	writeJSON(w, http.StatusOK, fields)
}

func writeJSON(w http.ResponseWriter, status int, fields map[string]any) {
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(fields)
}

// refuse answers with an error of the KMS's.
func refuse(status int, code string) answer {
	return func(w http.ResponseWriter, _ *http.Request, _ int) {
		writeJSON(w, status, map[string]any{
			"HttpStatus": status, "Code": code, "Message": "Said by " + code + ".",
			"RequestId": "4C467B38-3910-447D-87BC-AC049166F216", "HostId": "kms.cn-hangzhou.aliyuncs.com",
		})
	}
}

func html(status int) answer {
	return func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		io.WriteString(w, "<html><head><title>Gateway</title></head><body>upstream trouble</body></html>")
	}
}

func body(status int, text string) answer {
	return func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.WriteHeader(status)
		io.WriteString(w, text)
	}
}

// inTurn gives each request its own answer, and the last one to all after.
func inTurn(answers ...answer) answer {
	return func(w http.ResponseWriter, r *http.Request, try int) {
		answers[min(try, len(answers))-1](w, r, try)
	}
}
