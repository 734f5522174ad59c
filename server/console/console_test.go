package console_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"keyferry/server/console"
	"keyferry/server/kms"
	"keyferry/server/localkms"
	"keyferry/server/localkms/localkmstest"
	"keyferry/server/requests"
	"keyferry/web"
)

// site is a console in front of a local KMS, each on an address of its own.
type site struct {
	*httptest.Server
	kms   *localkms.KMS
	calls *atomic.Int64 // that reached the KMS
	log   *logged
}

// logged keeps what the console wrote to its log.
type logged struct {
	mu      sync.Mutex
	written bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.written.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.written.String()
}

// tree is a small set of static files: what the console needs to know, with recognisable contents.
func tree(t *testing.T) *web.Tree {
	t.Helper()
	static, err := web.ReadTree(fstest.MapFS{
		"app.css":               {Data: []byte("body{}")},
		"pages/import.js":       {Data: []byte("export {}")},
		"js/worker.js":          {Data: []byte("export {}")},
		"wasm/keyferry.wasm":    {Data: []byte("\x00asm plain")},
		"wasm/keyferry.wasm.br": {Data: []byte("brotli twin")},
		"wasm/keyferry.wasm.gz": {Data: []byte("gzip twin")},
		"wasm/strength.wasm":    {Data: []byte("\x00asm of another kind")},
	})
	if err != nil {
		t.Fatal(err)
	}
	return static
}

// lines returns the lines of one message.
func (l *logged) lines(message string) []string {
	var all []string
	for line := range strings.Lines(l.String()) {
		if strings.Contains(line, " msg="+message+" ") {
			all = append(all, line)
		}
	}
	return all
}

func newSite(t *testing.T, change func(*console.Config)) *site {
	t.Helper()
	return newSiteWithin(t, 5*time.Second, change)
}

// newSiteWithin is newSite with a limit to a call to the KMS.
func newSiteWithin(t *testing.T, limit time.Duration, change func(*console.Config)) *site {
	t.Helper()
	return newSiteOf(t, limit, func(c *console.Config, _ *kms.Client) {
		if change != nil {
			change(c)
		}
	})
}

// newSiteOf is newSiteWithin whose change knows the client of the KMS as well.
func newSiteOf(t *testing.T, limit time.Duration, change func(*console.Config, *kms.Client)) *site {
	t.Helper()
	s := &site{kms: localkmstest.New(t, localkms.Config{}), calls: &atomic.Int64{}, log: &logged{}}
	behind := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.calls.Add(1)
		s.kms.ServeHTTP(w, r)
	}))
	t.Cleanup(behind.Close)
	client, err := kms.New(kms.Config{
		Region: localkms.DefaultRegion, Endpoint: behind.Listener.Addr().String(), PlainHTTP: true,
		AccessKeyID: localkms.DefaultAccessKeyID, AccessKeySecret: localkms.DefaultAccessKeySecret,
		Timeout: limit,
	})
	if err != nil {
		t.Fatal(err)
	}
	config := console.Config{
		KMS: requests.Direct(client), Static: tree(t), Region: localkms.DefaultRegion, Version: "test",
		LocalKMSURL: behind.URL, Logger: slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	change(&config, client)
	handler, err := console.New(config)
	if err != nil {
		t.Fatal(err)
	}
	s.Server = httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s
}

// answer is a response, read to its end.
type answer struct {
	status int
	header http.Header
	body   string
}

func (s *site) do(t *testing.T, method, path, body string, headers ...string) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
		if headers[i] == "Host" {
			request.Host = headers[i+1]
		}
	}
	client := &http.Client{
		Transport:     &http.Transport{DisableCompression: true, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	all, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(all)}
}

// call posts one of the two actions as the page does.
func (s *site) call(t *testing.T, action string, fields map[string]any, headers ...string) answer {
	t.Helper()
	body, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return s.do(t, http.MethodPost, "/kms/"+action, string(body), append([]string{"Content-Type", "application/json"}, headers...)...)
}

func (a answer) failure(t *testing.T) console.Failure {
	t.Helper()
	var f console.Failure
	if err := json.Unmarshal([]byte(a.body), &f); err != nil {
		t.Fatalf("the answer is not JSON: %v\n%s", err, a.body)
	}
	return f
}

func keyID() string { return localkms.DefaultSeed().Keys[0].KeyID }

// parameters are import parameters as the page asks for them.
func (s *site) parameters(t *testing.T) (publicKey, token string) {
	t.Helper()
	a := s.call(t, "GetParametersForImport", map[string]any{
		"KeyId": keyID(), "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048",
	})
	var out struct{ KeyId, PublicKey, ImportToken, TokenExpireTime, RequestId string }
	if err := json.Unmarshal([]byte(a.body), &out); err != nil || a.status != http.StatusOK {
		t.Fatalf("GetParametersForImport: %d %s", a.status, a.body)
	}
	if out.KeyId != keyID() || out.RequestId == "" {
		t.Errorf("GetParametersForImport answered KeyId %q, RequestId %q", out.KeyId, out.RequestId)
	}
	if until, err := time.Parse(time.RFC3339, out.TokenExpireTime); err != nil || time.Until(until) < 23*time.Hour {
		t.Errorf("the token is valid until %q", out.TokenExpireTime)
	}
	return out.PublicKey, out.ImportToken
}

// someToken and someCiphertext have the right shapes and mean nothing.
var (
	someToken      = base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 293))
	someCiphertext = base64.StdEncoding.EncodeToString(scrambled(256))
)

// scrambled are bytes that look random and are always the same.
func scrambled(size int) []byte {
	all := make([]byte, size)
	rand.NewChaCha8([32]byte{}).Read(all)
	return all
}

// keyIDTable is what is taken for a key id, and what is not, by name.
func keyIDTable(t *testing.T) (table struct{ Taken, Refused map[string]string }) {
	t.Helper()
	content, err := os.ReadFile("testdata/key_ids.json")
	if err == nil {
		err = json.Unmarshal(content, &table)
	}
	if err != nil || len(table.Taken) == 0 || len(table.Refused) == 0 {
		t.Fatalf("reading the key ids: %v", err)
	}
	return table
}
