package signin_test

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"keyferry/server/person"
	"keyferry/server/signin"
)

// TestOneTime lets the operator in by an address that holds good once, with and without a database.
func TestOneTime(t *testing.T) {
	for _, kept := range []bool{true, false} {
		c := newConsoleMaybe(t, kept, func(config *signin.Config) { config.OneTime = true })
		address := c.service.Address()
		if !strings.HasPrefix(address, c.URL+"/signin/operator?token=") {
			t.Fatalf("the address is %s", address)
		}
		if who := c.browser(t).who(); who.ID != "" {
			t.Errorf("a stranger is %+v", who)
		}
		for _, wrong := range []string{"", "AAAAAAAAAAAAAAAAAAAAAAAAAA", "x"} {
			c.browser(t).fails("/signin/operator?token="+wrong, "SignIn.Address")
		}
		head, err := http.NewRequest(http.MethodHead, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		c.browser(t).do(head) // a program that looks at links must not use it up
		b := c.browser(t)
		if at, _ := b.get(address); at.String() != c.URL+"/" {
			t.Errorf("the address leads to %s", at)
		}
		if who := b.who(); who.Kind != person.Operator || who.ID != "operator" || !c.service.Fresh(who) {
			t.Errorf("the operator is %+v", who)
		}
		thief := c.browser(t)
		thief.fails(address, "SignIn.Address")
		if thief.who().ID != "" || b.who().ID == "" {
			t.Error("the address is not the first browser's alone")
		}
		if len(c.said.addresses) != 1 || c.said.addresses[0] == address || c.said.addresses[0] != c.service.Address() {
			t.Errorf("the next address is %q", c.said.addresses)
		}
		second := c.browser(t)
		if second.get(c.service.Address()); second.who().ID == "" {
			t.Error("the next address is not good")
		}
		secret := mustURL(t, address).Query().Get("token")
		if strings.Contains(c.log.String(), secret) || strings.Contains(c.log.String(), b.session().Value) {
			t.Error("the log has the address or the cookie")
		}
		stolen := c.with(t, b.session())
		if b.post("/signin/out", struct{}{}); stolen.who().ID != "" {
			t.Error("the cookie is good after the operator signed out")
		}
	}
}

// newConsoleMaybe is newConsole with a database or without one.
func newConsoleMaybe(t *testing.T, kept bool, change func(*signin.Config)) *console {
	t.Helper()
	if kept {
		return newConsole(t, database(t), false, change)
	}
	return newConsole(t, nil, false, change)
}

// TestAlone lets the one person who runs the console do everything without a sign-in.
func TestAlone(t *testing.T) {
	for _, kept := range []bool{true, false} {
		c := newConsoleMaybe(t, kept, func(config *signin.Config) { config.BaseURL = "" })
		if who := c.browser(t).who(); who.Kind != person.Operator || who.ID != "operator" {
			t.Errorf("whoever asks is %+v", who)
		}
		if _, response := c.browser(t).get("/signin/start"); response.StatusCode != http.StatusNotFound {
			t.Errorf("a sign-in that does not exist: %s", response.Status)
		}
		if !kept {
			continue
		}
		secret, code := c.newLink(t, "REQUEST1", time.Hour)
		b := c.browser(t)
		if fault := b.open(secret, code); fault != "" || b.who().Kind != person.Guest {
			t.Errorf("a guest is %+v: %s", b.who(), fault)
		}
	}
}

// TestDemo lets anybody be one of three made-up people, in front of the local KMS alone.
func TestDemo(t *testing.T) {
	c := newConsole(t, database(t), false, func(config *signin.Config) {
		config.Demo, config.LocalKMS = signin.DemoPeople(), true
	})
	b := c.browser(t)
	for _, want := range signin.DemoPeople() {
		before := b.session()
		if status, answer := b.post("/signin/demo", map[string]string{"Person": want.ID}); status != http.StatusNoContent {
			t.Fatalf("%s: %d %v", want.ID, status, answer)
		}
		if who := b.who(); who.ID != want.ID || who.Name != want.Name || !slices.Equal(who.Groups, want.Groups) || !c.service.Fresh(who) {
			t.Errorf("signed in as %+v", who)
		}
		if before != nil && c.with(t, before).who().ID != "" {
			t.Error("the session before holds good")
		}
	}
	if status, _ := b.post("/signin/demo", map[string]string{"Person": "mallory"}); status != http.StatusBadRequest {
		t.Errorf("somebody unknown: %d", status)
	}
	config := signin.Config{Demo: signin.DemoPeople(), DB: c.db, Ledger: c.ledger, BaseURL: c.URL}
	if _, err := signin.New(config); err == nil {
		t.Error("made-up people in front of Alibaba Cloud")
	}
}

// TestConfig refuses what would not be safe or does not fit together.
func TestConfig(t *testing.T) {
	db := database(t)
	c := newConsole(t, db, false, func(*signin.Config) {})
	good := signin.Config{Issuer: "https://provider.example/realms/x", ClientID: "keyferry", BaseURL: "https://keyferry.example", DB: db, Ledger: c.ledger}
	if _, err := signin.New(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*signin.Config){
		"issuer over http":     func(c *signin.Config) { c.Issuer = "http://provider.example" },
		"issuer is no address": func(c *signin.Config) { c.Issuer = "provider" },
		"issuer with a query":  func(c *signin.Config) { c.Issuer += "?x" },
		"no client":            func(c *signin.Config) { c.ClientID = "" },
		"no base":              func(c *signin.Config) { c.BaseURL = "" },
		"base over http":       func(c *signin.Config) { c.BaseURL = "http://keyferry.example" },
		"base with a path":     func(c *signin.Config) { c.BaseURL += "/x" },
		"base with a slash":    func(c *signin.Config) { c.BaseURL += "/" },
		"base with a user":     func(c *signin.Config) { c.BaseURL = "https://a:b@keyferry.example" },
		"another scheme":       func(c *signin.Config) { c.BaseURL = "ftp://keyferry.example" },
		"no database":          func(c *signin.Config) { c.DB = nil },
		"no ledger":            func(c *signin.Config) { c.Ledger = nil },
		"short idle":           func(c *signin.Config) { c.Idle = time.Second },
		"limit below idle":     func(c *signin.Config) { c.Idle, c.Limit = time.Hour, time.Minute },
		"two ways":             func(c *signin.Config) { c.Demo, c.LocalKMS = signin.DemoPeople(), true },
		"address and provider": func(c *signin.Config) { c.OneTime, c.Announce = true, func(string) {} },
		"nobody to tell":       func(c *signin.Config) { c.Issuer, c.OneTime = "", true },
	} {
		config := good
		change(&config)
		if _, err := signin.New(config); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// TestFlags reads the secret from a file or from the environment, and shows it nowhere.
func TestFlags(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	flags := signin.Flags{OIDCIssuer: "https://provider.example", OIDCClientID: "keyferry", OIDCClientSecretFile: file}
	for content, want := range map[string]string{"from-file\n": "from-file", "a b\r\n": "a b", "": "", "two\nlines\n": "", strings.Repeat("x", 5000): ""} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		config, err := flags.Config()
		if want == "" {
			if err == nil || len(content) > 0 && strings.Contains(err.Error(), content) {
				t.Errorf("%.20q: %v", content, err)
			}
			continue
		}
		if err != nil || config.ClientSecret != want || !config.StepUp {
			t.Errorf("%q: %+v, %v", content, config.ClientSecret, err)
		}
	}
	t.Setenv("KEYFERRY_OIDC_CLIENT_SECRET", "from-environment")
	flags.OIDCClientSecretFile = ""
	if config, err := flags.Config(); err != nil || config.ClientSecret != "from-environment" {
		t.Errorf("from the environment: %v", err)
	}
	flags.OIDCClientSecretFile = filepath.Join(t.TempDir(), "missing")
	if _, err := flags.Config(); err == nil {
		t.Error("a file that is missing: taken")
	}
	if _, err := (signin.Flags{OIDCClientID: "keyferry"}).Config(); err == nil {
		t.Error("a client without a provider: taken")
	}
}

// TestClaims reads groups in the forms that providers write them.
func TestClaims(t *testing.T) {
	for name, test := range map[string]struct {
		claim  string
		claims map[string]any
		want   []string
	}{
		"list":        {"groups", map[string]any{"groups": []string{"b", "a", "b", ""}}, []string{"a", "b"}},
		"text":        {"groups", map[string]any{"groups": "a b"}, []string{"a b"}},
		"object":      {"roles", map[string]any{"groups": nil, "roles": map[string]any{"b": 1, "a": map[string]any{}}}, []string{"a", "b"}},
		"nested":      {"realm_access.roles", map[string]any{"groups": nil, "realm_access": map[string]any{"roles": []any{"x", 5, "支付"}}}, []string{"x", "支付"}},
		"address":     {"https://keyferry.example/groups", map[string]any{"groups": []string{"no"}, "https://keyferry.example/groups": []string{"/a"}}, []string{"/a"}},
		"none":        {"groups", map[string]any{"groups": nil}, nil},
		"a number":    {"groups", map[string]any{"groups": 5}, nil},
		"line breaks": {"groups", map[string]any{"groups": []string{"a\nb", "c"}}, []string{"c"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newForger(t)
			f.claims = test.claims
			c := withForger(t, f, func(config *signin.Config) { config.GroupsClaim = test.claim })
			if got := c.signedIn(t).who().Groups; !slices.Equal(got, test.want) {
				t.Errorf("groups %q, want %q", got, test.want)
			}
		})
	}
}

// TestScopes asks for what the flags say, with PKCE, state and nonce.
func TestScopes(t *testing.T) {
	f := newForger(t)
	c := withForger(t, f, func(config *signin.Config) { config.Scopes = []string{"groups"} })
	b := c.signedIn(t)
	at := slices.IndexFunc(b.seen, func(address string) bool { return strings.HasPrefix(address, f.URL+"/auth") })
	query := mustURL(t, b.seen[at]).Query()
	for name, want := range map[string]string{
		"scope": "openid profile email groups", "response_type": "code", "client_id": "keyferry", "redirect_uri": c.URL + "/signin/callback",
		"code_challenge_method": "S256", "max_age": "43200",
	} {
		if got := query.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"state", "nonce", "code_challenge"} {
		if len(query.Get(name)) < 26 {
			t.Errorf("%s is %q", name, query.Get(name))
		}
	}
	if strings.Contains(b.seen[at], testSecret) {
		t.Error("the secret is in the address")
	}
}
