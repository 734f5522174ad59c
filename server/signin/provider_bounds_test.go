package signin

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/oauth2"
)

// described serves what a provider says of itself, with more fields, until the test ends. It counts
// how often it was asked; while down is set it answers 503.
type described struct {
	*httptest.Server
	asked atomic.Int64
	down  atomic.Bool
}

func describe(t *testing.T, more map[string]any) *described {
	d := &described{}
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.asked.Add(1)
		if d.down.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		says := map[string]any{"issuer": d.URL, "authorization_endpoint": d.URL + "/a", "token_endpoint": d.URL + "/t", "jwks_uri": d.URL + "/k"}
		for name, value := range more {
			says[name] = value
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(says)
	}))
	t.Cleanup(d.Close)
	return d
}

func (d *described) config(secret string) *Config {
	return &Config{Issuer: d.URL, ClientID: "keyferry", ClientSecret: secret, Patience: time.Minute, Clock: time.Now}
}

// The provider is asked once an hour, and while it is down, once in two seconds. What it said before
// holds for whoever comes back from it, and not for whoever is to be sent there.
func TestDiscover(t *testing.T) {
	d := describe(t, nil)
	p := newProvider(d.config("secret"))
	for i, test := range []struct {
		said, failed time.Duration // how long ago
		down, reach  bool
		asked        int64
		fails        bool
	}{
		{asked: 1},
		{asked: 0},
		{said: discoveryLife - time.Minute, asked: 0},
		{said: discoveryLife + time.Minute, asked: 1},
		{said: time.Minute, reach: true, asked: 1},
		{said: discoveryLife + time.Minute, down: true, asked: 1},
		{said: discoveryLife + time.Minute, down: true, asked: 0},
		{said: discoveryLife + time.Minute, down: true, reach: true, asked: 0, fails: true},
		{said: discoveryLife + time.Minute, failed: pause + time.Second, down: true, reach: true, asked: 1, fails: true},
		{said: discoveryLife + time.Minute, reach: true, asked: 0, fails: true},
		{said: discoveryLife + time.Minute, failed: pause + time.Second, reach: true, asked: 1},
	} {
		d.down.Store(test.down)
		if test.said != 0 {
			p.found.at = time.Now().Add(-test.said)
		}
		if test.failed != 0 {
			p.failed = time.Now().Add(-test.failed)
		}
		before, use := d.asked.Load(), p.discover
		if test.reach {
			use = p.reach
		}
		found, err := use(t.Context())
		if asked := d.asked.Load() - before; asked != test.asked || (err != nil) != test.fails || (found == nil) != test.fails {
			t.Errorf("step %d: asked %d times, %v, %v", i, asked, found != nil, err)
		}
	}
	fresh := newProvider(describe(t, map[string]any{"issuer": "https://other.example"}).config("secret"))
	if found, err := fresh.discover(t.Context()); found != nil || err == nil {
		t.Error("a provider that never answered was found")
	}
}

// The console's secret goes where the provider wants it.
func TestAuthStyle(t *testing.T) {
	for _, test := range []struct {
		methods []string
		secret  string
		want    oauth2.AuthStyle
	}{
		{nil, "secret", oauth2.AuthStyleInHeader}, // what OpenID Connect Discovery says of a provider without a list
		{[]string{"client_secret_post", "client_secret_basic"}, "secret", oauth2.AuthStyleInHeader},
		{[]string{"client_secret_post"}, "secret", oauth2.AuthStyleInParams},
		{nil, "", oauth2.AuthStyleInParams},
		{[]string{"client_secret_basic"}, "", oauth2.AuthStyleInParams},
	} {
		more := map[string]any{}
		if test.methods != nil {
			more["token_endpoint_auth_methods_supported"] = test.methods
		}
		found, err := newProvider(describe(t, more).config(test.secret)).reach(t.Context())
		if err != nil || found.oauth.Endpoint.AuthStyle != test.want {
			t.Errorf("%q with the secret %q: %v", test.methods, test.secret, err)
		}
		if address := found.address(flow{}, time.Hour); strings.Contains(address, "acr_values") || !strings.Contains(address, "max_age=3600") {
			t.Errorf("the address is %s", address)
		}
	}
}

// An address of the provider is https where the issuer is, and a host's.
func TestCheckEndpoint(t *testing.T) {
	for _, test := range []struct {
		address, issuer string
		good            bool
	}{
		{"https://a.example/t", "https://a.example", true},
		{"http://a.example/t", "https://a.example", false},
		{"http://127.0.0.1/t", "http://127.0.0.1", true},
		{"https://a.example/t", "http://127.0.0.1", true},
		{"ftp://127.0.0.1/t", "http://127.0.0.1", false},
		{"ftp://a.example/t", "https://a.example", false},
		{"https:///t", "https://a.example", false},
		{"https://a example/t", "https://a.example", false},
		{"", "http://127.0.0.1", false},
	} {
		if err := checkEndpoint(test.address, test.issuer); (err == nil) != test.good {
			t.Errorf("%q of %q: %v", test.address, test.issuer, err)
		}
	}
}

// A sign-in may take ten minutes, and may have begun a minute from now. Its state names a cookie.
func TestTakeFlow(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	s := &Service{now: func() time.Time { return now }, cookies: names{flow: "flow-"}}
	for _, test := range []struct {
		age   time.Duration
		state string
		want  *Fault
	}{
		{0, "", nil},
		{10 * time.Minute, "", nil},
		{10*time.Minute + time.Second, "", ErrExpired},
		{-time.Minute, "", nil},
		{-time.Minute - time.Second, "", ErrExpired},
		{0, "AAAAAAA", ErrState},
		{0, "BBBBBBBB", ErrExpired}, // the shortest that could name a cookie
		{0, "AAAAAAAA", ErrState},
	} {
		f := flow{State: strings.Repeat("A", 26), Nonce: "nonce", Verifier: "verifier", Began: now.Add(-test.age).Unix()}
		content, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		if test.state == "" {
			test.state = f.State
		}
		r := httptest.NewRequest(http.MethodGet, "/signin/callback?state="+test.state, nil)
		r.AddCookie(&http.Cookie{Name: "flow-AAAAAAAA", Value: base64.RawURLEncoding.EncodeToString(content)})
		if _, fault := s.takeFlow(httptest.NewRecorder(), r); fault != test.want {
			t.Errorf("began %v ago, state %q: %v, want %v", test.age, test.state, fault, test.want)
		}
	}
}
