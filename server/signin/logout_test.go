package signin_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"keyferry/server/signin"
	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// logoutToken makes a logout token with changes; nil removes a claim.
func (f *forger) logoutToken(t *testing.T, jti string, changes map[string]any) string {
	t.Helper()
	now := time.Now()
	claims := map[string]any{"iss": f.URL, "aud": "keyferry", "iat": now.Unix(), "exp": now.Add(2 * time.Minute).Unix(), "jti": jti,
		"sub": "id-1", "sid": "session-1", "events": map[string]any{logoutEvent: map[string]any{}}}
	for name, value := range changes {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	return signed(t, jose.ES256, f.key, "forger", payload)
}

// backChannel sends what the provider sends, and returns the status.
func (c *console) backChannel(t *testing.T, token string) int {
	t.Helper()
	response, err := c.Client().PostForm(c.URL+"/signin/backchannel-logout", url.Values{"logout_token": {token}})
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.Header.Get("Cache-Control") != "no-store" {
		t.Error("the answer may be kept")
	}
	return response.StatusCode
}

// TestBackChannelLogout ends the sessions that a token names.
func TestBackChannelLogout(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		f := newForger(t)
		c := newConsole(t, db, true, func(config *signin.Config) { config.Issuer, config.ClientID = f.URL, "keyferry" })
		in := func(subject, sid string) *browser {
			f.mu.Lock()
			f.claims = map[string]any{"sub": subject, "sid": sid}
			if sid == "" {
				f.claims["sid"] = nil
			}
			f.mu.Unlock()
			return c.signedIn(t)
		}
		for i, test := range []struct {
			what    string
			changes map[string]any
			ended   []string
		}{
			{"session", map[string]any{"sub": nil}, []string{"1a"}},
			{"person", map[string]any{"sid": nil}, []string{"1a", "1b", "1-"}},
			{"both", nil, []string{"1a", "1-"}},
			{"session of another", map[string]any{"sub": "id-2"}, nil},
			{"stranger", map[string]any{"sub": "id-3"}, nil},
			{"unknown session", map[string]any{"sub": nil, "sid": "other"}, nil},
		} {
			browsers := map[string]*browser{"1a": in("id-1", "session-1"), "1b": in("id-1", "session-2"), "1-": in("id-1", ""), "2": in("id-2", "session-3")}
			if status := c.backChannel(t, f.logoutToken(t, "jti-"+string(rune('a'+i)), test.changes)); status != http.StatusOK {
				t.Errorf("%s: %d", test.what, status)
			}
			for name, b := range browsers {
				want := !strings.Contains(strings.Join(test.ended, " "), name)
				if got := b.who().ID != ""; got != want {
					t.Errorf("%s: the session %s holds good: %v", test.what, name, got)
				}
			}
		}
	})
}

// TestWrongLogout changes nothing for a token that is wrong.
func TestWrongLogout(t *testing.T) {
	f := newForger(t)
	c := withForger(t, f)
	b := c.signedIn(t)
	stranger := newKey(t)
	now := time.Now()
	for name, changes := range map[string]map[string]any{
		"issuer":         {"iss": "https://other.example"},
		"audience":       {"aud": "other"},
		"expired":        {"exp": now.Add(-time.Minute).Unix()},
		"no expiry":      {"exp": nil},
		"old":            {"iat": now.Add(-time.Hour).Unix(), "exp": now.Add(time.Hour).Unix()},
		"future":         {"iat": now.Add(time.Hour).Unix(), "exp": now.Add(2 * time.Hour).Unix()},
		"no time":        {"iat": nil},
		"no events":      {"events": nil},
		"other event":    {"events": map[string]any{"http://schemas.openid.net/event/other": map[string]any{}}},
		"event is text":  {"events": map[string]any{logoutEvent: "yes"}},
		"event is null":  {"events": map[string]any{logoutEvent: nil}},
		"nonce":          {"nonce": "x"},
		"nobody":         {"sub": nil, "sid": nil},
		"no id":          {"jti": nil},
		"events is text": {"events": logoutEvent},
	} {
		if status := c.backChannel(t, f.logoutToken(t, "jti-"+name, changes)); status != http.StatusBadRequest {
			t.Errorf("%s: %d", name, status)
		}
	}
	payload := []byte(`{"iss":"` + f.URL + `","aud":"keyferry","sub":"id-1","jti":"x","iat":1,"exp":9999999999,"events":{"` + logoutEvent + `":{}}}`)
	for name, token := range map[string]string{
		"empty": "", "text": "x.y.z", "an ID token": f.idToken(t),
		"alg none":    encode(`{"alg":"none"}`) + "." + encode(string(payload)) + ".",
		"another key": signed(t, jose.ES256, stranger, "forger", payload),
		"HS256":       signed(t, jose.HS256, []byte(strings.Repeat(testSecret, 3)), "forger", payload),
	} {
		if status := c.backChannel(t, token); status != http.StatusBadRequest {
			t.Errorf("%s: %d", name, status)
		}
	}
	response, err := c.Client().Post(c.URL+"/signin/backchannel-logout", "application/json", strings.NewReader(`{"logout_token":"x"}`))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusBadRequest {
		t.Errorf("JSON: %s", response.Status)
	}
	if b.who().ID == "" {
		t.Error("a wrong token ended the session")
	}
	token := f.logoutToken(t, "once", nil)
	if status := c.backChannel(t, token); status != http.StatusOK || b.who().ID != "" {
		t.Errorf("a right token: %d", status)
	}
	b = c.signedIn(t)
	if status := c.backChannel(t, token); status != http.StatusBadRequest || b.who().ID == "" {
		t.Errorf("the same token again: %d", status)
	}
	c.wantKinds(t, "signin.succeeded", "signin.ended", "signin.succeeded")
	f.Close()
	unreached := newConsole(t, database(t), false, func(config *signin.Config) { config.Issuer, config.ClientID = f.URL, "keyferry" })
	if status := unreached.backChannel(t, token); status != http.StatusServiceUnavailable {
		t.Errorf("while the provider is down: %d", status)
	}
}

// TestLogoutAge takes a token that is ten minutes old, or a minute too new, and none beyond that. Its
// id is kept for as long as it could be taken again.
func TestLogoutAge(t *testing.T) {
	f := newForger(t)
	now := time.Unix(time.Now().Unix(), 0)
	db := database(t)
	c := newConsole(t, db, false, func(config *signin.Config) {
		config.Issuer, config.ClientID, config.Clock = f.URL, "keyferry", func() time.Time { return now }
	})
	for age, want := range map[time.Duration]int{
		10 * time.Minute: http.StatusOK, 10*time.Minute + time.Second: http.StatusBadRequest,
		-time.Minute: http.StatusOK, -time.Minute - time.Second: http.StatusBadRequest,
	} {
		token := f.logoutToken(t, age.String(), map[string]any{"iat": now.Add(-age).Unix()})
		if status := c.backChannel(t, token); status != want {
			t.Errorf("a token of %v: %d, want %d", age, status, want)
		}
	}
	var least, most int64
	if err := db.Row(t.Context(), []any{&least, &most}, "SELECT min(until), max(until) FROM signin_logouts"); err != nil {
		t.Fatal(err)
	}
	if want := now.Add(11 * time.Minute).UnixMicro(); least != want || most != want {
		t.Errorf("the ids are kept until %v and %v, want %v", time.UnixMicro(least), time.UnixMicro(most), time.UnixMicro(want))
	}
}
