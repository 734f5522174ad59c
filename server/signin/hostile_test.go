package signin_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"keyferry/server/ledger"
	"keyferry/server/signin"
	"keyferry/server/signin/signintest"
)

func mustURL(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// forger is a provider that answers whatever a test wants.
type forger struct {
	*httptest.Server
	key *ecdsa.PrivateKey

	mu        sync.Mutex
	nonce     string              // of the last sign-in
	claims    map[string]any      // of the next token, over those of an honest one; nil removes
	sign      func([]byte) string // makes the token of claims; nil signs honestly
	token     http.HandlerFunc    // answers in place of the token endpoint
	callback  url.Values          // of the way back, over the honest ones
	discovery int                 // status of the answer; zero for an honest one
	metadata  map[string]any      // over the honest one
	userinfo  map[string]any      // nil for none
	keys      http.HandlerFunc
}

// testSecret is the console's at the provider.
const testSecret = signintest.ClientSecret

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newForger(t *testing.T) *forger {
	t.Helper()
	f := &forger{key: newKey(t)}
	mux := http.NewServeMux()
	f.Server = httptest.NewServer(mux)
	t.Cleanup(f.Close)
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.discovery != 0 {
			w.WriteHeader(f.discovery)
			return
		}
		about := map[string]any{
			"issuer": f.URL, "authorization_endpoint": f.URL + "/auth", "token_endpoint": f.URL + "/token", "jwks_uri": f.URL + "/keys",
			"id_token_signing_alg_values_supported": []string{"ES256", "RS256", "HS256", "none"},
		}
		if f.userinfo != nil {
			about["userinfo_endpoint"] = f.URL + "/userinfo"
		}
		for name, value := range f.metadata {
			about[name] = value
		}
		json.NewEncoder(w).Encode(about)
	})
	mux.HandleFunc("/auth", func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.nonce = r.FormValue("nonce")
		back := url.Values{"state": {r.FormValue("state")}, "code": {"the-code-5c1d"}}
		for name, values := range f.callback {
			back[name] = values
		}
		http.Redirect(w, r, r.FormValue("redirect_uri")+"?"+back.Encode(), http.StatusFound)
	})
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.token != nil {
			r.ParseForm() // only then does the server notice that the console has gone
			f.token(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]any{"access_token": "the-access-token-91b2", "token_type": "Bearer", "id_token": f.idToken(t)})
	})
	mux.HandleFunc("/userinfo", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(f.userinfo)
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, r *http.Request) {
		if f.keys != nil {
			f.keys(w, r)
			return
		}
		json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &f.key.PublicKey, KeyID: "forger", Algorithm: "ES256", Use: "sig"}}})
	})
	return f
}

// idToken makes the next token.
func (f *forger) idToken(t *testing.T) string {
	now := time.Now()
	claims := map[string]any{"iss": f.URL, "sub": "id-1", "aud": "keyferry", "nonce": f.nonce, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
		"auth_time": now.Unix(), "name": "Ines", "email": "ines@example.com", "email_verified": true, "groups": []string{"payments"}, "sid": "session-1"}
	for name, value := range f.claims {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Error(err)
	}
	if f.sign != nil {
		return f.sign(payload)
	}
	return signed(t, jose.ES256, f.key, "forger", payload)
}

// signed makes a token.
func signed(t *testing.T, algorithm jose.SignatureAlgorithm, key any, id string, payload []byte) string {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", id).WithType("JWT"))
	if err != nil {
		t.Error(err)
		return ""
	}
	object, err := signer.Sign(payload)
	if err != nil {
		t.Error(err)
		return ""
	}
	token, err := object.CompactSerialize()
	if err != nil {
		t.Error(err)
	}
	return token
}

func withForger(t *testing.T, f *forger, change ...func(*signin.Config)) *console {
	t.Helper()
	return newConsole(t, database(t), false, func(config *signin.Config) {
		config.Issuer, config.ClientID, config.ClientSecret = f.URL, "keyferry", testSecret
		config.Patience = 2 * time.Second
		for _, c := range change {
			c(config)
		}
	})
}

// encode is base64 of a token's part.
func encode(part string) string { return base64.RawURLEncoding.EncodeToString([]byte(part)) }

// TestHostile answers sign-ins in every wrong way, each of which has a page of its own.
func TestHostile(t *testing.T) {
	now := time.Now()
	other := newKey(t)
	type change = func(*testing.T, *forger)
	claims := func(c map[string]any) change { return func(_ *testing.T, f *forger) { f.claims = c } }
	back := func(v url.Values) change { return func(_ *testing.T, f *forger) { f.callback = v } }
	tokenError := func(status int, code string) change {
		return func(_ *testing.T, f *forger) {
			f.token = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(status)
				json.NewEncoder(w).Encode(map[string]string{"error": code, "error_description": "the-code-5c1d"})
			}
		}
	}
	discovery := func(status int) change {
		return func(_ *testing.T, f *forger) { f.discovery = status }
	}
	public := func(t *testing.T, f *forger) []byte {
		der, err := x509.MarshalPKIXPublicKey(&f.key.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	}
	for name, test := range map[string]struct {
		change change
		code   string
		start  string
		logs   string
	}{
		"honest":               {change: func(*testing.T, *forger) {}},
		"honest, again":        {change: func(*testing.T, *forger) {}, start: "/signin/start?again=1"},
		"wrong issuer":         {change: claims(map[string]any{"iss": "https://other.example"}), code: "SignIn.Issuer"},
		"issuer with a slash":  {change: func(_ *testing.T, f *forger) { f.claims = map[string]any{"iss": f.URL + "/"} }, code: "SignIn.Issuer"},
		"no issuer":            {change: claims(map[string]any{"iss": nil}), code: "SignIn.Issuer"},
		"wrong audience":       {change: claims(map[string]any{"aud": "other"}), code: "SignIn.Audience"},
		"no audience":          {change: claims(map[string]any{"aud": nil}), code: "SignIn.Audience"},
		"one of two audiences": {change: claims(map[string]any{"aud": []string{"other", "keyferry"}}), code: "SignIn.Audience"},
		"other party":          {change: claims(map[string]any{"aud": []string{"other", "keyferry"}, "azp": "other"}), code: "SignIn.Audience"},
		"party":                {change: claims(map[string]any{"aud": []string{"other", "keyferry"}, "azp": "keyferry"})},
		"wrong nonce":          {change: claims(map[string]any{"nonce": "other"}), code: "SignIn.Nonce"},
		"no nonce":             {change: claims(map[string]any{"nonce": nil}), code: "SignIn.Nonce"},
		"expired":              {change: claims(map[string]any{"exp": now.Add(-time.Minute).Unix()}), code: "SignIn.TokenExpired"},
		"no expiry":            {change: claims(map[string]any{"exp": nil}), code: "SignIn.TokenExpired"},
		"not yet":              {change: claims(map[string]any{"nbf": now.Add(time.Hour).Unix()}), code: "SignIn.TokenExpired"},
		"of the future":        {change: claims(map[string]any{"iat": now.Add(time.Hour).Unix()}), code: "SignIn.TokenExpired"},
		"no subject":           {change: claims(map[string]any{"sub": nil}), code: "SignIn.Token"},
		"wrong at_hash":        {change: claims(map[string]any{"at_hash": "AAAA"}), code: "SignIn.Token"},
		"claims of a type":     {change: claims(map[string]any{"name": 5}), code: "SignIn.Token"},
		"proved long ago":      {change: claims(map[string]any{"auth_time": now.Add(-13 * time.Hour).Unix()}), code: "SignIn.Stale"},
		"not asked again":      {change: claims(map[string]any{"auth_time": now.Add(-5 * time.Minute).Unix()}), code: "SignIn.Stale", start: "/signin/start?again=1"},
		"does not say, again":  {change: claims(map[string]any{"auth_time": nil}), code: "SignIn.Stale", start: "/signin/start?again=1"},
		"proved tomorrow":      {change: claims(map[string]any{"auth_time": now.Add(24 * time.Hour).Unix()}), code: "SignIn.TokenExpired"},
		"alg none": {code: "SignIn.Algorithm", change: func(_ *testing.T, f *forger) {
			f.sign = func(p []byte) string { return encode(`{"alg":"none","typ":"JWT"}`) + "." + encode(string(p)) + "." }
		}},
		"alg None": {code: "SignIn.Algorithm", change: func(_ *testing.T, f *forger) {
			f.sign = func(p []byte) string { return encode(`{"alg":"None","kid":"forger"}`) + "." + encode(string(p)) + "." }
		}},
		"HS256 with the public key": {code: "SignIn.Algorithm", change: func(t *testing.T, f *forger) {
			f.sign = func(p []byte) string { return signed(t, jose.HS256, public(t, f), "forger", p) }
		}},
		"HS256 with the secret": {code: "SignIn.Algorithm", change: func(t *testing.T, f *forger) {
			f.sign = func(p []byte) string {
				return signed(t, jose.HS256, []byte(strings.Repeat(testSecret, 3)), "forger", p)
			}
		}},
		"another key": {code: "SignIn.Signature", change: func(t *testing.T, f *forger) {
			f.sign = func(p []byte) string { return signed(t, jose.ES256, other, "forger", p) }
		}},
		"an unknown key": {code: "SignIn.Signature", change: func(t *testing.T, f *forger) {
			f.sign = func(p []byte) string { return signed(t, jose.ES256, other, "other", p) }
		}},
		"a key in the token": {code: "SignIn.Signature", change: func(t *testing.T, f *forger) {
			f.sign = func(p []byte) string {
				signer, _ := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: other}, &jose.SignerOptions{EmbedJWK: true})
				object, _ := signer.Sign(p)
				token, _ := object.CompactSerialize()
				return token
			}
		}},
		"signature cut": {code: "SignIn.Signature", change: func(t *testing.T, f *forger) {
			f.sign = func(p []byte) string { s := signed(t, jose.ES256, f.key, "forger", p); return s[:len(s)-8] }
		}},
		"no token at all":  {code: "SignIn.Token", change: func(_ *testing.T, f *forger) { f.sign = func([]byte) string { return "" } }},
		"no token":         {code: "SignIn.Token", change: func(_ *testing.T, f *forger) { f.sign = func([]byte) string { return "x.y.z" } }},
		"code replayed":    {change: tokenError(400, "invalid_grant"), code: "SignIn.Code"},
		"wrong secret":     {change: tokenError(401, "invalid_client"), code: "SignIn.ProviderError"},
		"provider fails":   {change: tokenError(503, "x"), code: "SignIn.ProviderDown"},
		"provider's fault": {change: tokenError(500, "x"), code: "SignIn.ProviderDown"},
		"not its fault":    {change: tokenError(499, "x"), code: "SignIn.ProviderError"},
		"not JSON": {code: "SignIn.ProviderDown", change: func(_ *testing.T, f *forger) {
			f.token = func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<html>")) }
		}},
		"slow": {code: "SignIn.ProviderDown", change: func(_ *testing.T, f *forger) {
			f.token = func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
		}},
		"endless": {code: "SignIn.ProviderDown", change: func(_ *testing.T, f *forger) {
			f.token = func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				for r.Context().Err() == nil {
					if _, err := w.Write([]byte(strings.Repeat(" ", 1<<16))); err != nil {
						return
					}
				}
			}
		}},
		"redirected": {code: "SignIn.ProviderError", change: func(_ *testing.T, f *forger) {
			f.token = func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, f.URL+"/elsewhere", http.StatusTemporaryRedirect)
			}
		}},
		"keys fail": {code: "SignIn.ProviderDown", change: func(_ *testing.T, f *forger) {
			f.keys = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }
		}},
		"wrong state":        {change: back(url.Values{"state": {"AAAAAAAAAAAAAAAAAAAAAAAAAA"}}), code: "SignIn.Expired"},
		"no state":           {change: back(url.Values{"state": {""}}), code: "SignIn.State"},
		"no code":            {change: back(url.Values{"code": nil}), code: "SignIn.Code"},
		"issuer on way back": {change: back(url.Values{"iss": {"https://other.example"}}), code: "SignIn.Issuer"},
		"refused":            {change: back(url.Values{"error": {"access_denied"}, "code": nil}), code: "SignIn.Refused"},
		"error":              {change: back(url.Values{"error": {"<script>"}, "code": nil}), code: "SignIn.ProviderError"},
		"says it is down":    {change: back(url.Values{"error": {"temporarily_unavailable"}}), code: "SignIn.ProviderDown"},
		"other issuer named": {code: "SignIn.ProviderWrong", change: func(_ *testing.T, f *forger) { f.metadata = map[string]any{"issuer": "https://other.example"} }},
		"no endpoints":       {code: "SignIn.ProviderWrong", change: func(_ *testing.T, f *forger) { f.metadata = map[string]any{"token_endpoint": ""} }},
		"odd endpoint": {code: "SignIn.ProviderWrong", change: func(_ *testing.T, f *forger) {
			f.metadata = map[string]any{"authorization_endpoint": "javascript:alert(1)"}
		}},
		"no such issuer":  {code: "SignIn.ProviderWrong", change: discovery(404), logs: "404"},
		"discovery fails": {code: "SignIn.ProviderDown", change: discovery(503), logs: "503"},
		"about another": {code: "SignIn.Token", change: func(_ *testing.T, f *forger) {
			f.claims = map[string]any{"groups": nil}
			f.userinfo = map[string]any{"sub": "id-2", "groups": []string{"admins"}}
		}},
		"userinfo": {change: func(_ *testing.T, f *forger) {
			f.claims = map[string]any{"groups": nil}
			f.userinfo = map[string]any{"sub": "id-1", "groups": []string{"payments"}}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newForger(t)
			test.change(t, f)
			c := withForger(t, f)
			b := c.browser(t)
			start := test.start
			if start == "" {
				start = "/signin/start"
			}
			if test.code == "" {
				b.get(start)
				if who := b.who(); who.ID == "" || len(who.Groups) != 1 || who.Groups[0] != "payments" {
					t.Errorf("signed in as %+v", who)
				}
			} else {
				b.fails(start, test.code)
				if who := b.who(); who.ID != "" || b.session() != nil {
					t.Errorf("signed in as %+v", who)
				}
			}
			if !strings.Contains(c.log.String(), test.logs) {
				t.Errorf("the log has no %q", test.logs)
			}
			wantNoSecret(t, c, b, f.nonce, "the-code-5c1d", "the-access-token-91b2")
		})
	}
}

// wantNoSecret looks for what must not be written in the log and in the ledger.
func wantNoSecret(t *testing.T, c *console, b *browser, secrets ...string) {
	t.Helper()
	secrets = append(secrets, testSecret)
	for _, cookie := range b.cookies() {
		secrets = append(secrets, cookie.Value)
	}
	written := c.log.String()
	records, err := c.ledger.Entries(t.Context(), ledger.Filter{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		written += string(r.Bytes)
	}
	for _, secret := range secrets {
		if secret != "" && strings.Contains(written, secret) {
			t.Errorf("the log or the ledger has %q", secret)
		}
	}
}

// TestTampered alters the cookie of a sign-in, and lets one take too long.
func TestTampered(t *testing.T) {
	f := newForger(t)
	c := withForger(t, f)
	begin := func() (*browser, string) {
		b := c.browser(t)
		b.client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
			b.seen = append(b.seen, r.URL.String())
			if r.URL.Path == "/signin/callback" {
				return http.ErrUseLastResponse
			}
			return nil
		}
		b.get("/signin/start")
		b.client.CheckRedirect = nil
		return b, b.seen[len(b.seen)-1]
	}
	b, answer := begin()
	b.cookies()[0].Value = ""
	for name, value := range map[string]string{"empty": "e30", "no base64": "!", "no JSON": "eA"} {
		b, answer := begin()
		cookie := b.cookies()[0]
		b.client.Jar.SetCookies(mustURL(t, c.URL+"/"), []*http.Cookie{{Name: cookie.Name, Value: value, Path: "/"}})
		if at, _ := b.get(answer); at.Fragment != "error=SignIn.State" {
			t.Errorf("%s: led to %s", name, at)
		}
	}
	// The state has the beginning of the right one, which names the cookie.
	wrong := mustURL(t, answer)
	query := wrong.Query()
	query.Set("state", query.Get("state")[:20]+"AAAAAA")
	wrong.RawQuery = query.Encode()
	b.fails(wrong.String(), "SignIn.State")
	b.fails(answer, "SignIn.Expired") // one answer alone is taken
	b, answer = begin()
	c.clock.forward(11 * time.Minute)
	b.fails(answer, "SignIn.Expired")
	c.clock.forward(-time.Hour)
	b, answer = begin()
	c.clock.forward(time.Hour)
	b.fails(answer, "SignIn.Expired")
}

// TestManyFlows keeps the cookies of a browser short that begins often and never comes back.
func TestManyFlows(t *testing.T) {
	f := newForger(t)
	c := withForger(t, f)
	b := c.browser(t)
	for range 20 {
		b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		b.get("/signin/start")
	}
	if n := len(b.cookies()); n > 5 {
		t.Errorf("%d cookies", n)
	}
	b.client.CheckRedirect = nil
	if b.get("/signin/start"); b.who().ID == "" {
		t.Error("not signed in")
	}
}

// TestNext leads to paths of the console alone.
func TestNext(t *testing.T) {
	f := newForger(t)
	c := withForger(t, f)
	for to, want := range map[string]string{
		"/en/requests": "/en/requests", "/en/request?id=1&x=%2F": "/en/request?id=1&x=%2F", "/": "/", "": "/",
		"https://evil.example": "/", "//evil.example": "/", `/\evil.example`: "/", "/\t/evil.example": "/", "/\n/evil.example": "/",
		`\/evil.example`: "/", "evil.example": "/", "javascript:alert(1)": "/", " /en": "/", "/signin/start?again=1": "/", "/signin/out": "/",
		"/" + strings.Repeat("x", 500): "/", "/" + strings.Repeat("x", 499): "/" + strings.Repeat("x", 499), "/a b": "/", "/a\x7f": "/",
		"///evil.example": "/", "/en\r\nSet-Cookie: a=b": "/",
	} {
		b := c.browser(t)
		at, _ := b.get("/signin/start?to=" + url.QueryEscape(to))
		if at.String() != c.URL+want {
			t.Errorf("%q leads to %s", to, at)
		}
	}
}

// TestClass takes the classes of authentication that the operator demands, and no others.
func TestClass(t *testing.T) {
	for _, test := range []struct {
		demanded []string
		acr      any
		taken    bool
	}{
		{nil, nil, true}, {nil, "low", true}, {nil, 1, true}, {nil, "<script>", true},
		{[]string{"phr", "phrh"}, "phrh", true},
		{[]string{"phr", "phrh"}, "phr phrh", false}, {[]string{"phr"}, "PHR", false}, {[]string{"phr"}, "low", false},
		{[]string{"phr"}, nil, false}, {[]string{"phr"}, []string{"phr"}, false}, {[]string{"1"}, 1, false},
	} {
		f := newForger(t)
		f.claims = map[string]any{"acr": test.acr}
		c := withForger(t, f, func(config *signin.Config) { config.ACR = test.demanded })
		b := c.browser(t)
		if !test.taken {
			b.fails("/signin/start", "SignIn.Class")
			c.wantKinds(t, "signin.refused")
			continue
		}
		b.get("/signin/start")
		if b.who().ID == "" {
			t.Errorf("demanded %q, and got %v: refused", test.demanded, test.acr)
		}
		for _, address := range b.seen {
			if u := mustURL(t, address); u.Path == "/auth" && u.Query().Get("acr_values") != strings.Join(test.demanded, " ") {
				t.Errorf("the provider was asked for %q", u.Query().Get("acr_values"))
			}
		}
	}
	if _, err := (signin.Flags{OIDCACR: []string{"phr"}}).Config(); err == nil {
		t.Error("--oidc-acr without --oidc-issuer: taken")
	}
}
