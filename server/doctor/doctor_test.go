package doctor

import (
	"bytes"
	"encoding/pem"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keyferry/server/kms"
	"keyferry/server/localkms"
	"keyferry/server/localkms/localkmstest"
)

const (
	keyID    = "key-hzzkeyferrylocal00001"
	ordinary = "key-hzzkeyferrylocal00004"
	secret   = "the-secret-of-the-AccessKey"
	token    = "the-token-of-a-temporary-AccessKey"
)

// TestMain takes everything out of the environment that names credentials or a proxy.
func TestMain(m *testing.M) {
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "ALIBABA_CLOUD_") {
			os.Unsetenv(name)
		}
	}
	os.Setenv("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")
	os.Setenv("HOME", "/nowhere")
	if os.Getenv(behindProxy) != "" {
		examineBehindProxy()
		return
	}
	os.Exit(m.Run())
}

// start serves a local KMS with these AccessKeys.
func start(t *testing.T, keys ...localkms.AccessKey) *localkmstest.Server {
	return localkmstest.Start(t, localkms.Config{AccessKeys: keys})
}

func configFor(endpoint string) kms.Config {
	return kms.Config{
		Region: "cn-hangzhou", Endpoint: endpoint, PlainHTTP: true, Timeout: 5 * time.Second,
		AccessKeyID: "id", AccessKeySecret: secret,
	}
}

// examine returns the report, as text too, after it was searched for secrets.
func examine(t *testing.T, config Config) (map[string]Check, string) {
	t.Helper()
	report, err := Run(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := report.Write(&text, "0", "test"); err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{secret, token, "Signature="} {
		if strings.Contains(text.String(), value) {
			t.Errorf("the report holds %q:\n%s", value, text.String())
		}
	}
	checks := map[string]Check{}
	for _, c := range report.Checks {
		checks[c.Name] = c
		if (c.Result == Failed) && c.Do == "" {
			t.Errorf("%s failed, and nothing says what to do:\n%s", c.Name, text.String())
		}
	}
	return checks, text.String()
}

// changed serves what next answers, with other headers.
func changed(t *testing.T, next *localkmstest.Server, change func(http.Header)) string {
	t.Helper()
	address, err := url.Parse(next.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(address) },
		ModifyResponse: func(r *http.Response) error { change(r.Header); return nil },
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Date"] = nil // so that it is the one of next
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

func TestEverythingReady(t *testing.T) {
	server := start(t, localkms.AccessKey{ID: "id", Secret: secret, Actions: []string{"GetParametersForImport"}})
	endpoint := server.Endpoint
	checks, text := examine(t, Config{KMS: configFor(endpoint), KeyID: keyID})
	for name, c := range checks {
		if c.Result != OK {
			t.Errorf("%s is %s:\n%s", name, c.Result, text)
		}
	}
	for _, part := range []string{"RSAES_OAEP_SHA_256: taken, the token lives 24h0m0s", "RSAES_PKCS1_V1_5: taken", "Access-Control-Allow-Origin: *"} {
		if !strings.Contains(text, part) {
			t.Errorf("the report does not say %q:\n%s", part, text)
		}
	}
	if state := server.Material(keyID); state != nil {
		t.Error("the doctor imported something")
	}
}

func TestFaults(t *testing.T) {
	good := localkms.AccessKey{ID: "id", Secret: secret}
	unused := func() string {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		return listener.Addr().String()
	}()
	for _, test := range []struct {
		name   string
		key    localkms.AccessKey
		edit   func(*Config, *localkmstest.Server)
		check  string
		result Result
		says   string
	}{
		{"refused network", good, func(c *Config, _ *localkmstest.Server) { c.KMS.Endpoint = unused }, "network", Failed, "connection refused"},
		{"no TLS", good, func(c *Config, _ *localkmstest.Server) { c.KMS.PlainHTTP = false }, "network", Failed, "does not speak TLS"},
		{"unknown name", good, func(c *Config, _ *localkmstest.Server) {
			c.KMS.PlainHTTP, c.KMS.Endpoint = false, "kms.nowhere.invalid"
		}, "network", Failed, "does not resolve"},
		{"clock 20 minutes ahead", good, func(c *Config, _ *localkmstest.Server) {
			c.Now = func() time.Time { return time.Now().Add(20 * time.Minute) }
		}, "clock", Failed, "20m0s ahead of"},
		{"KMS 3 minutes ahead", good, func(c *Config, s *localkmstest.Server) {
			c.KMS.Endpoint = changed(t, s, func(h http.Header) {
				h.Set("Date", time.Now().Add(3*time.Minute).UTC().Format(http.TimeFormat))
			})
		}, "clock", Warning, "behind the KMS's"},
		{"no clock", good, func(c *Config, s *localkmstest.Server) {
			c.KMS.Endpoint = changed(t, s, func(h http.Header) { h.Del("Date") })
		}, "clock", Warning, "no Date header"},
		{"no credentials", good, func(c *Config, _ *localkmstest.Server) {
			c.KMS.AccessKeyID, c.KMS.AccessKeySecret = "", ""
		}, "credentials", Failed, "OIDC: ALIBABA_CLOUD_OIDC_TOKEN_FILE"},
		{"unknown AccessKey", localkms.AccessKey{ID: "other", Secret: secret}, nil, "key", Failed, "InvalidAccessKeyId.NotFound"},
		{"wrong secret", localkms.AccessKey{ID: "id", Secret: "another"}, nil, "key", Failed, "SignatureDoesNotMatch"},
		{"disabled AccessKey", localkms.AccessKey{ID: "id", Secret: secret, Inactive: true}, nil, "key", Failed, "InvalidAccessKeyId.Inactive"},
		{"temporary AccessKey without token", localkms.AccessKey{ID: "id", Secret: secret, SecurityToken: token}, nil, "key", Failed, "MissingSecurityToken"},
		{"missing permission", localkms.AccessKey{ID: "id", Secret: secret, Actions: []string{"ListKeys"}}, nil, "key", Failed, "lacks kms:GetParametersForImport"},
		{"other CMKs permitted", localkms.AccessKey{ID: "id", Secret: secret, KeyIDs: []string{ordinary}}, nil, "key", Failed, "lacks kms:GetParametersForImport"},
		{"unknown CMK", good, func(c *Config, _ *localkmstest.Server) { c.KeyID = "key-hzznobody" }, "key", Failed, "no such CMK in this region"},
		{"ordinary CMK", good, func(c *Config, _ *localkmstest.Server) { c.KeyID = ordinary }, "key", Failed, "origin must be EXTERNAL"},
		{"throttled", good, func(_ *Config, s *localkmstest.Server) {
			s.Inject(localkms.Fault{Kind: localkms.FaultThrottle})
		}, "key", Failed, "--kms-reads-per-second"},
		{"a proxy's error page", good, func(c *Config, _ *localkmstest.Server) { c.KMS.Endpoint = gateway(t) }, "network", Warning, "a proxy or a gateway before the KMS"},
		{"one algorithm refused", good, func(_ *Config, s *localkmstest.Server) {
			s.Inject(localkms.Fault{Kind: localkms.FaultError, Status: 400, Code: "InvalidParameter", Times: 1})
		}, "key", Warning, "RSAES_OAEP_SHA_256: KMS answered HTTP 400, InvalidParameter"},
		{"no CORS", good, func(c *Config, s *localkmstest.Server) {
			c.KMS.Endpoint = changed(t, s, func(h http.Header) { h.Del("Access-Control-Allow-Origin") })
		}, "browsers", Warning, "no page may read its answers"},
		{"CORS for another", good, func(c *Config, s *localkmstest.Server) {
			c.KMS.Endpoint = changed(t, s, func(h http.Header) { h.Set("Access-Control-Allow-Origin", "https://kms.console.example") })
		}, "browsers", Warning, "Pages from files are not among those"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := start(t, test.key)
			config := Config{KMS: configFor(server.Endpoint), KeyID: keyID}
			if test.edit != nil {
				test.edit(&config, server)
			}
			checks, text := examine(t, config)
			if c := checks[test.check]; c.Result != test.result || !strings.Contains(strings.Join(c.Said, "\n")+c.Do, test.says) {
				t.Errorf("%s is %s, want %s and %q:\n%s", test.check, c.Result, test.result, test.says, text)
			}
		})
	}
}

// gateway answers as a proxy does that has lost the KMS.
func gateway(t *testing.T) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "<html>"+secret+"</html>", http.StatusBadGateway)
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// overTLS serves a local KMS over TLS, and returns its address and a file with its authority.
func overTLS(t *testing.T) (endpoint, authority string) {
	t.Helper()
	k := localkmstest.New(t, localkms.Config{AccessKeys: []localkms.AccessKey{{ID: "id", Secret: secret}}, Hosts: []string{"kms.cn-hangzhou.aliyuncs.com", "example.com"}})
	server := httptest.NewUnstartedServer(k)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)
	server.StartTLS()
	t.Cleanup(server.Close)
	authority = filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(authority, block, 0o600); err != nil {
		t.Fatal(err)
	}
	return server.Listener.Addr().String(), authority
}

func TestCertificates(t *testing.T) {
	endpoint, authority := overTLS(t)
	config := configFor(endpoint)
	config.PlainHTTP = false
	checks, text := examine(t, Config{KMS: config})
	if c := checks["network"]; c.Result != Failed || !strings.Contains(text, "authority that is not trusted") || !strings.Contains(c.Do, "--ca-file") {
		t.Errorf("an authority that is not trusted:\n%s", text)
	}
	config.CAFile = authority
	checks, text = examine(t, Config{KMS: config, KeyID: keyID})
	if c := checks["certificate"]; c.Result != OK || !strings.Contains(text, "issued by O=Acme Co") || checks["key"].Result != OK {
		t.Errorf("with the authority in a file:\n%s", text)
	}
	config.Endpoint = "localhost" + endpoint[strings.LastIndex(endpoint, ":"):]
	if checks, text = examine(t, Config{KMS: config}); !strings.Contains(checks["network"].Do, "--endpoint") || !strings.Contains(text, "for another name") {
		t.Errorf("another name:\n%s", text)
	}
}

// proxy tunnels every connection to one address, if user and password are right.
func proxy(t *testing.T, to string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Proxy-Authorization") != "Basic dXNlcjpwYXNzd29yZC1vZi1wcm94eQ==" {
			http.Error(w, "who are you?", http.StatusProxyAuthRequired)
			return
		}
		if strings.HasPrefix(r.Host, "forbidden.") {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		far, err := net.Dial("tcp", to)
		if err != nil {
			http.Error(w, "no", http.StatusBadGateway)
			return
		}
		near, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		io.WriteString(near, "HTTP/1.1 200 Connection established\r\n\r\n")
		go func() { io.Copy(far, near); far.Close() }()
		go func() { io.Copy(near, far); near.Close() }()
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}
