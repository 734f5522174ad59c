package signin_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keyferry/server/signin"
	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

// signedIn returns a browser whose person signed in.
func (c *console) signedIn(t *testing.T) *browser {
	t.Helper()
	b := c.browser(t)
	if b.get("/signin/start"); b.who().ID == "" {
		t.Fatal("not signed in")
	}
	return b
}

// TestStolenAfterSignOut ends a session for everybody who has its cookie.
func TestStolenAfterSignOut(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		f := newForger(t)
		c := newConsole(t, db, false, func(config *signin.Config) { config.Issuer, config.ClientID = f.URL, "keyferry" })
		b := c.signedIn(t)
		other := c.signedIn(t) // another session of the same person
		stolen := c.with(t, b.session())
		if stolen.who().ID == "" {
			t.Fatal("the cookie is not enough, so the test shows nothing")
		}
		if status, _ := b.post("/signin/out", struct{}{}); status != http.StatusNoContent {
			t.Errorf("signing out: %d", status)
		}
		if b.session() != nil {
			t.Error("the browser has the cookie still")
		}
		if stolen.who().ID != "" {
			t.Error("the stolen cookie is good after the person signed out")
		}
		if other.who().ID == "" {
			t.Error("another session ended too")
		}
		if status, _ := b.post("/signin/out", struct{}{}); status != http.StatusNoContent {
			t.Errorf("signing out again: %d", status)
		}
		c.wantKinds(t, "signin.succeeded", "signin.succeeded", "signin.ended")
	})
}

// TestLimits ends sessions that nobody used, and those that are old however they are used.
func TestLimits(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		f := newForger(t)
		c := newConsole(t, db, false, func(config *signin.Config) {
			config.Issuer, config.ClientID, config.Idle, config.Limit = f.URL, "keyferry", 30*time.Minute, 4*time.Hour
		})
		idle, used := c.signedIn(t), c.signedIn(t)
		for range 11 {
			c.clock.forward(20 * time.Minute)
			if used.who().ID == "" {
				t.Fatal("a session ended that is used")
			}
		}
		if idle.who().ID != "" {
			t.Error("a session lasts that nobody used for hours")
		}
		c.clock.forward(21 * time.Minute)
		if used.who().ID != "" {
			t.Error("a session lasts longer than its limit")
		}
		c.clock.forward(-4 * time.Hour)
		exact := c.signedIn(t)
		c.clock.forward(30 * time.Minute)
		if exact.who().ID != "" {
			t.Error("a session lasts at the end of its idle time")
		}
	})
}

// TestFixation signs somebody in whose browser an attacker gave a cookie.
func TestFixation(t *testing.T) {
	f := newForger(t)
	c := withForger(t, f)
	attacker := c.signedIn(t)
	before := attacker.session()
	for name, planted := range map[string]string{"a made-up id": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "the attacker's": before.Value} {
		victim := c.with(t, &http.Cookie{Name: before.Name, Value: planted, Path: "/"})
		victim.get("/signin/start")
		if victim.session().Value == planted {
			t.Errorf("%s: the victim's session has the attacker's id", name)
		}
		if victim.who().ID == "" {
			t.Errorf("%s: not signed in", name)
		}
	}
	if attacker.who().ID != "" {
		t.Error("the session that was planted holds good beside the victim's")
	}
}

// TestForged refuses cookies that the console did not make.
func TestForged(t *testing.T) {
	f := newForger(t)
	c := withForger(t, f)
	real := c.signedIn(t).session()
	sum := sha256.Sum256([]byte(real.Value))
	for _, value := range []string{
		"", "x", real.Value[:len(real.Value)-1], real.Value + "A", strings.ToLower(real.Value), "' OR 1=1 --", strings.Repeat("A", 4000),
		base64.RawURLEncoding.EncodeToString(sum[:]), // as the database has it
	} {
		if who := c.with(t, &http.Cookie{Name: real.Name, Value: value, Path: "/"}).who(); who.ID != "" {
			t.Errorf("the cookie %q is %+v", value, who)
		}
	}
}

// TestCookies wants the attributes that keep cookies from other sites and scripts.
func TestCookies(t *testing.T) {
	for _, secure := range []bool{true, false} {
		c, _ := withProvider(t, database(t), secure)
		b := c.browser(t)
		var set []string
		inner := b.client.Transport
		b.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			response, err := inner.RoundTrip(r)
			if err == nil && strings.HasPrefix(r.URL.String(), c.URL) {
				set = append(set, response.Header.Values("Set-Cookie")...)
				if len(response.Header.Values("Set-Cookie")) > 0 && response.Header.Get("Cache-Control") != "no-store" {
					t.Errorf("an answer with a cookie may be kept: %q", response.Header.Get("Cache-Control"))
				}
			}
			return response, err
		})
		b.get("/signin/start")
		if len(set) != 3 {
			t.Fatalf("cookies: %q", set)
		}
		for i, cookie := range set {
			site := "; SameSite=Lax"
			if i == 2 {
				site = "; SameSite=Strict"
			}
			if !strings.Contains(cookie, "; HttpOnly") || !strings.Contains(cookie, "; Path=/;") || !strings.Contains(cookie, site) ||
				strings.Contains(cookie, "; Secure") != secure || strings.HasPrefix(cookie, "__Host-") != secure || strings.Contains(cookie, "Domain") {
				t.Errorf("secure %v: %s", secure, cookie)
			}
			if i == 2 && (strings.Contains(cookie, "Max-Age") || strings.Contains(cookie, "Expires")) {
				t.Errorf("the session outlives the browser: %s", cookie)
			}
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestCrossSite refuses what another site makes a browser send.
func TestCrossSite(t *testing.T) {
	f := newForger(t)
	c := withForger(t, f)
	b := c.signedIn(t)
	for name, header := range map[string]http.Header{
		"a form":                  {"Content-Type": {"application/x-www-form-urlencoded"}, "Sec-Fetch-Site": {"cross-site"}},
		"an old browser's form":   {"Content-Type": {"text/plain"}},
		"a form of the same host": {"Sec-Fetch-Site": {"same-origin"}},
		"a script":                {"Keyferry-Request": {"1"}, "Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.example"}},
		"another port":            {"Keyferry-Request": {"1"}, "Sec-Fetch-Site": {"same-site"}, "Origin": {"http://127.0.0.1:1"}},
		"origin alone":            {"Keyferry-Request": {"1"}, "Origin": {"https://evil.example"}},
		"no origin":               {"Keyferry-Request": {"1"}, "Origin": {"null"}},
		"another value":           {"Keyferry-Request": {"0"}, "Sec-Fetch-Site": {"same-origin"}},
	} {
		for _, path := range []string{"/signin/out", "/signin/guest", "/act"} {
			r, err := http.NewRequest(http.MethodPost, c.URL+path, strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			r.Header = header.Clone()
			if _, response := b.do(r); response.StatusCode != http.StatusForbidden {
				t.Errorf("%s to %s: %s", name, path, response.Status)
			}
		}
	}
	if b.who().ID == "" {
		t.Error("another site signed the person out")
	}
	if status, _ := b.post("/act", struct{}{}); status != http.StatusOK {
		t.Errorf("a request of the console's own pages: %d", status)
	}
	// Another site cannot begin a sign-in either.
	stranger := c.browser(t)
	stranger.headers.Set("Sec-Fetch-Site", "cross-site")
	if at, _ := stranger.get("/signin/start"); at.Path != "/signin" || len(stranger.cookies()) > 0 {
		t.Errorf("another site began a sign-in, which led to %s", at)
	}
	for _, path := range []string{"/signin/out", "/signin/guest", "/signin/backchannel-logout"} {
		if _, response := b.get(path); response.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("GET %s: %s", path, response.Status)
		}
	}
}

// TestNothingSecretKept looks for cookies, codes and tokens in the files of the database, the log
// and the ledger.
func TestNothingSecretKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keyferry.db")
	db := storetest.Open(t, path)
	f := newForger(t)
	c := newConsole(t, db, false, func(config *signin.Config) {
		config.Issuer, config.ClientID, config.ClientSecret = f.URL, "keyferry", testSecret
	})
	b := c.signedIn(t)
	secret, code := c.newLink(t, "REQUEST", time.Hour)
	guest := c.browser(t)
	guest.post("/signin/guest", map[string]string{"Secret": secret, "Code": "x" + code})
	guest.post("/signin/guest", map[string]string{"Secret": secret, "Code": code})
	wantNoSecret(t, c, guest, secret, "the-code-5c1d", "the-access-token-91b2", f.nonce, b.session().Value)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{b.session().Value, guest.session().Value, secret, testSecret, "the-code-5c1d", "the-access-token-91b2", f.nonce} {
		if bytes.Contains(content, []byte(value)) {
			t.Errorf("the database has %q", value)
		}
	}
	for _, address := range append(b.seen, guest.seen...) {
		if strings.Contains(address, b.session().Value) || strings.Contains(address, secret) {
			t.Errorf("an address has a secret: %s", address)
		}
	}
}

// TestDatabaseDown does not take somebody for a stranger because the database does not answer.
func TestDatabaseDown(t *testing.T) {
	f := newForger(t)
	db := mortal(t)
	c := newConsole(t, db, false, func(config *signin.Config) { config.Issuer, config.ClientID = f.URL, "keyferry" })
	b := c.signedIn(t)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, response := b.get("/who"); response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("asking who it is: %s", response.Status)
	}
	if status, answer := b.post("/signin/out", struct{}{}); status != http.StatusServiceUnavailable || answer["Code"] != "SignIn.Unavailable" || b.session() == nil {
		t.Errorf("signing out: %d %v", status, answer)
	}
	c.browser(t).fails("/signin/start", "SignIn.Unavailable")
}
