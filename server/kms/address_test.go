package kms

import (
	"crypto/tls"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestNewRefuses(t *testing.T) {
	junk := filepath.Join(t.TempDir(), "junk.pem")
	if err := os.WriteFile(junk, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		config Config
		why    string
	}{
		{"no region", Config{}, "region"},
		{"region with a slash", Config{Region: "cn-hangzhou/x"}, "region"},
		{"region with a dot", Config{Region: "evil.example"}, "region"},
		{"region with a line break", Config{Region: "cn-hangzhou\n"}, "region"},
		{"region too long", Config{Region: strings.Repeat("a", 65)}, "region"},
		{"unknown network", Config{Region: "cn-hangzhou", Network: "intranet"}, "network"},
		{"network and endpoint", Config{Region: "cn-hangzhou", Network: "vpc", Endpoint: "kms.example"}, "network"},
		{"scheme", Config{Region: "cn-hangzhou", Endpoint: "https://kms.example"}, "scheme"},
		{"path", Config{Region: "cn-hangzhou", Endpoint: "kms.example/path"}, "path"},
		{"query", Config{Region: "cn-hangzhou", Endpoint: "kms.example?a=b"}, "query"},
		{"user", Config{Region: "cn-hangzhou", Endpoint: "me@kms.example"}, "user"},
		{"space", Config{Region: "cn-hangzhou", Endpoint: "kms .example"}, "host:port"},
		{"no host", Config{Region: "cn-hangzhou", Endpoint: ":443"}, "host:port"},
		{"port 0", Config{Region: "cn-hangzhou", Endpoint: "kms.example:0"}, "port"},
		{"port by name", Config{Region: "cn-hangzhou", Endpoint: "kms.example:https"}, "port"},
		{"port too large", Config{Region: "cn-hangzhou", Endpoint: "kms.example:65536"}, "port"},
		{"zone", Config{Region: "cn-hangzhou", Endpoint: "[fe80::1%eth0]:443"}, "host:port"},
		{"plain http without an endpoint", Config{Region: "cn-hangzhou", PlainHTTP: true}, "loopback"},
		{"plain http to a name", Config{Region: "cn-hangzhou", PlainHTTP: true, Endpoint: "kms.example"}, "loopback"},
		{"plain http to a private address", Config{Region: "cn-hangzhou", PlainHTTP: true, Endpoint: "10.0.0.1:8788"}, "loopback"},
		{"plain http to all addresses", Config{Region: "cn-hangzhou", PlainHTTP: true, Endpoint: "0.0.0.0:8788"}, "loopback"},
		{"plain http to IPv6", Config{Region: "cn-hangzhou", PlainHTTP: true, Endpoint: "[2001:db8::1]:8788"}, "loopback"},
		{"plain http to what looks local", Config{Region: "cn-hangzhou", PlainHTTP: true, Endpoint: "localhost.example:80"}, "loopback"},
		{"plain http to what begins local", Config{Region: "cn-hangzhou", PlainHTTP: true, Endpoint: "127.0.0.1.example:80"}, "loopback"},
		{"id without secret", Config{Region: "cn-hangzhou", AccessKeyID: "id"}, "AccessKey"},
		{"secret without id", Config{Region: "cn-hangzhou", AccessKeySecret: testSecret}, "AccessKey"},
		{"negative time-out", Config{Region: "cn-hangzhou", Timeout: -time.Second}, "time-out"},
		{"version with a space", Config{Region: "cn-hangzhou", Version: "1 2"}, "version"},
		{"missing CA file", Config{Region: "cn-hangzhou", CAFile: junk + ".not"}, "CA file"},
		{"CA file without certificates", Config{Region: "cn-hangzhou", CAFile: junk}, "no PEM certificate"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := New(test.config)
			if err == nil || !strings.Contains(err.Error(), test.why) {
				t.Errorf("error is %v, want one about %q", err, test.why)
			}
			if err != nil && strings.Contains(err.Error(), testSecret) {
				t.Errorf("error holds the secret: %v", err)
			}
		})
	}
}

// seen is a pool that goes nowhere and remembers where it should have gone.
type seen struct{ url string }

func (s *seen) RoundTrip(r *http.Request) (*http.Response, error) {
	s.url = r.URL.Scheme + "://" + r.URL.Host + r.URL.Path
	return nil, errors.New("going nowhere")
}

func TestWhereRequestsGo(t *testing.T) {
	// The SDK would stumble over all three; the pool alone uses proxies.
	t.Setenv("HTTPS_PROXY", "http://bad proxy:%zz")
	t.Setenv("HTTP_PROXY", "://")
	t.Setenv("NO_PROXY", "(")
	for _, test := range []struct {
		config Config
		want   string
	}{
		{Config{}, "https://kms.cn-hangzhou.aliyuncs.com/"},
		{Config{Network: "vpc"}, "https://kms-vpc.cn-hangzhou.aliyuncs.com/"},
		{Config{Region: "ap-southeast-1"}, "https://kms.ap-southeast-1.aliyuncs.com/"},
		{Config{Endpoint: "kms.example"}, "https://kms.example/"},
		{Config{Endpoint: "kms.example:8443"}, "https://kms.example:8443/"},
		{Config{Endpoint: "127.0.0.1:8788"}, "https://127.0.0.1:8788/"},
		{Config{Endpoint: "::1"}, "https://[::1]/"},
		{Config{Endpoint: "localhost:8788", PlainHTTP: true}, "http://localhost:8788/"},
		{Config{Endpoint: "127.1.2.3:8788", PlainHTTP: true}, "http://127.1.2.3:8788/"},
		{Config{Endpoint: "127.0.0.1", PlainHTTP: true}, "http://127.0.0.1/"},
		{Config{Endpoint: "[::1]:8788", PlainHTTP: true}, "http://[::1]:8788/"},
	} {
		config := test.config
		if config.Region == "" {
			config.Region = "cn-hangzhou"
		}
		config.AccessKeyID, config.AccessKeySecret = "id", testSecret
		client, err := New(config)
		if err != nil {
			t.Errorf("%+v: %v", test.config, err)
			continue
		}
		pool := &seen{}
		client.pool = pool
		calls[actionImport](t, client)
		if pool.url != test.want {
			t.Errorf("%+v goes to %s, want %s", test.config, pool.url, test.want)
		}
	}
}

func TestTLSWithACAFile(t *testing.T) {
	fake := newFakeTLSKMS(t, good)
	client := newTestClient(t, fake, func(c *Config) { c.PlainHTTP, c.CAFile = false, fake.authorities(t) })
	for action, call := range calls {
		if err := call(t, client); err != nil {
			t.Errorf("%s: %v", action, err)
		}
	}
	if version := fake.requests[0].TLS.Version; version < tls.VersionTLS12 {
		t.Errorf("TLS version is %x", version)
	}
}

func TestTLSFailuresSendNothing(t *testing.T) {
	trusted := newFakeTLSKMS(t, good)
	old := &fakeKMS{}
	for _, test := range []struct {
		name string
		fake *fakeKMS
		edit func(*Config)
	}{
		{"not trusted", trusted, func(c *Config) {}},
		{"not for this name", trusted, func(c *Config) {
			c.CAFile = trusted.authorities(t)
			c.Endpoint = "localhost:" + c.Endpoint[strings.LastIndex(c.Endpoint, ":")+1:]
		}},
		{"no TLS at all", newFakeKMS(t, good), func(c *Config) {}},
		{"TLS 1.1 only", startOldTLS(t, old), func(c *Config) { c.CAFile = old.authorities(t) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			client := newTestClient(t, test.fake, func(c *Config) { c.PlainHTTP = false; test.edit(c) })
			for action, call := range calls {
				if err := call(t, client); !errors.Is(err, ErrUnreachable) {
					t.Errorf("%s: error is %v, want ErrUnreachable", action, err)
				}
			}
			if n := test.fake.count(); n != 0 {
				t.Errorf("%d requests arrived", n)
			}
		})
	}
}

func startOldTLS(t *testing.T, fake *fakeKMS) *fakeKMS {
	t.Helper()
	*fake = fakeKMS{Server: newFakeTLSKMS(t, good).Server}
	fake.TLS.MinVersion, fake.TLS.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	return fake
}
