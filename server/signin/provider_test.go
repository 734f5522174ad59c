package signin_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"keyferry/server/person"
	"keyferry/server/signin"
	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

// provider is an OpenID provider that we did not write: the op package of zitadel/oidc, which is a
// certified one, with the storage of its example. It runs inside the test, so that a test can rotate
// its keys and end it. Whoever is at the login page is signed in without a password.
type provider struct {
	*storage.Storage
	*httptest.Server
	client string

	mu     sync.Mutex
	groups []string
	key    signingKey
	login  string // user name of whoever is at the login page; empty refuses
	logins int
}

type signingKey struct {
	id  string
	key *ecdsa.PrivateKey
}

func (k signingKey) ID() string                                  { return k.id }
func (k signingKey) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.ES256 }
func (k signingKey) Algorithm() jose.SignatureAlgorithm          { return jose.ES256 }
func (k signingKey) Use() string                                 { return "sig" }
func (k signingKey) Key() any                                    { return k.key }

type publicKey struct{ signingKey }

func (k publicKey) Key() any { return &k.key.PublicKey }

func newSigningKey(t *testing.T, id string) signingKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signingKey{id, key}
}

// users are the people of the directory.
type users map[string]*storage.User

func (u users) GetUserByID(id string) *storage.User { return u[id] }
func (u users) ExampleClientID() string             { return "service" }
func (u users) GetUserByUsername(name string) *storage.User {
	for _, user := range u {
		if user.Username == name {
			return user
		}
	}
	return nil
}

var directory = users{
	"id-1": {ID: "id-1", Username: "ines", Password: "x", FirstName: "Ines", LastName: "支付 \u202eX", Email: "ines@example.com", EmailVerified: true},
	"id-2": {ID: "id-2", Username: "olga", Password: "x", FirstName: "Olga", LastName: "O", Email: "olga@example.com"},
}

const testSecret = "client-secret-7f3a"

// newProvider serves a provider until the test ends.
func newProvider(t *testing.T) *provider {
	t.Helper()
	mux := http.NewServeMux()
	p := &provider{Server: httptest.NewUnstartedServer(mux), client: "keyferry", login: "ines",
		groups: []string{"payments", "staff"}, key: newSigningKey(t, "first")}
	issuer := "http://" + p.Listener.Addr().String()
	p.Storage = storage.NewStorageWithClients(directory, map[string]*storage.Client{})
	served, err := op.NewProvider(&op.Config{CodeMethodS256: true, AuthMethodPost: true}, p, op.StaticIssuer(issuer), op.WithAllowInsecure(),
		op.WithLogger(slog.New(slog.NewTextHandler(io.Discard, nil))))
	if err != nil {
		t.Fatal(err)
	}
	login := op.NewIssuerInterceptor(served.IssuerFromRequest).HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		name := p.login
		p.logins++
		p.mu.Unlock()
		id := r.FormValue("authRequestID")
		if err := p.CheckUsernamePassword(name, "x", id); err != nil {
			request, _ := p.AuthRequestByID(r.Context(), id)
			op.AuthRequestError(w, r, request, oidc.ErrAccessDenied(), served)
			return
		}
		http.Redirect(w, r, op.AuthCallbackURL(served)(r.Context(), id), http.StatusFound)
	})
	mux.HandleFunc("/login/username", login)
	mux.Handle("/", served)
	p.Start()
	t.Cleanup(p.Close)
	return p
}

// register makes the console a client of the provider.
func (p *provider) register(base string) {
	p.Storage = storage.NewStorageWithClients(directory, map[string]*storage.Client{
		p.client: storage.WebClient(p.client, testSecret, base+"/signin/callback"),
	})
}

func (p *provider) SetUserinfoFromRequest(ctx context.Context, info *oidc.UserInfo, token op.IDTokenRequest, scopes []string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	info.AppendClaims("groups", p.groups)
	return p.Storage.SetUserinfoFromRequest(ctx, info, token, scopes)
}

func (p *provider) SetUserinfoFromToken(ctx context.Context, info *oidc.UserInfo, token, subject, origin string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	info.AppendClaims("groups", p.groups)
	return p.Storage.SetUserinfoFromToken(ctx, info, token, subject, origin)
}

func (p *provider) SigningKey(context.Context) (op.SigningKey, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.key, nil
}

func (p *provider) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{jose.ES256}, nil
}

func (p *provider) KeySet(context.Context) ([]op.Key, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return []op.Key{publicKey{p.key}}, nil
}

// set changes the provider.
func (p *provider) set(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

// withProvider serves a console whose people sign in with a real provider.
func withProvider(t *testing.T, db *store.DB, secure bool, change ...func(*signin.Config)) (*console, *provider) {
	t.Helper()
	p := newProvider(t)
	c := newConsole(t, db, secure, func(config *signin.Config) {
		config.Issuer, config.ClientID, config.ClientSecret = p.URL, p.client, testSecret
		for _, f := range change {
			f(config)
		}
	})
	p.register(c.URL)
	return c, p
}

// TestProvider signs in with a provider that we did not write, over https and over http.
func TestProvider(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c, p := withProvider(t, db, true)
		b := c.browser(t)
		if who := b.who(); who.ID != "" {
			t.Fatalf("a stranger is %+v", who)
		}
		if at, _ := b.get("/signin/start?to=/en/request?id=5"); at.String() != c.URL+"/en/request?id=5" {
			t.Fatalf("signing in led to %s", at)
		}
		who := b.who()
		if who.Kind != person.Directory || who.Name != "Ines 支付 X" || who.Email != "ines@example.com" ||
			!slices.Equal(who.Groups, []string{"payments", "staff"}) || len(who.ID) != 26 || time.Since(who.SignedIn).Abs() > time.Minute {
			t.Errorf("signed in as %+v", who)
		}
		if !c.service.Fresh(who) {
			t.Error("a new sign-in is not fresh")
		}
		for _, cookie := range b.cookies() {
			if strings.Contains(cookie.Name, "signin") {
				t.Errorf("the cookie %s outlives the sign-in", cookie.Name)
			}
		}

		// The same person has the same id in another browser, and another person another one.
		other := c.browser(t)
		other.get("/signin/start")
		if again := other.who(); again.ID != who.ID {
			t.Errorf("the same person has the ids %s and %s", who.ID, again.ID)
		}
		p.set(func() { p.login, p.groups = "olga", nil })
		third := c.browser(t)
		third.get("/signin/start")
		if olga := third.who(); olga.ID == who.ID || olga.ID == "" || olga.Email != "" || len(olga.Groups) != 0 {
			t.Errorf("another person, whose address nobody verified, is %+v", olga)
		}
		c.wantKinds(t, "signin.succeeded", "signin.succeeded", "signin.succeeded")
	})
}

// TestStepUp asks somebody again after five minutes.
func TestStepUp(t *testing.T) {
	c, p := withProvider(t, database(t), false)
	b := c.browser(t)
	b.get("/signin/start")
	before := b.who()
	c.clock.forward(5 * time.Minute)
	if c.service.Fresh(before) {
		t.Error("a sign-in of five minutes ago is fresh")
	}
	old := b.session()
	c.clock.forward(-5 * time.Minute) // the provider has the real time
	b.seen = nil
	b.get("/signin/start?again=1&to=/x")
	var asked bool
	for _, address := range b.seen {
		asked = asked || strings.Contains(address, "prompt=login") && strings.Contains(address, "max_age=300") && strings.HasPrefix(address, p.URL)
	}
	if !asked {
		t.Errorf("the provider was not told to ask the person again: %q", b.seen)
	}
	if after := b.who(); after.ID != before.ID || !c.service.Fresh(after) {
		t.Errorf("signed in again as %+v", after)
	}
	if p.logins != 2 {
		t.Errorf("%d times at the login page", p.logins)
	}
	if b.session().Value == old.Value {
		t.Error("the session kept its id")
	}
	if who := c.with(t, old).who(); who.ID != "" {
		t.Error("the session before still holds good")
	}
	off, _ := withProvider(t, database(t), false, func(config *signin.Config) { config.StepUp = false })
	if !off.service.Fresh(person.Person{Kind: person.Directory}) {
		t.Error("--no-step-up asks all the same")
	}
}

// TestFresh knows who can be asked again.
func TestFresh(t *testing.T) {
	now := time.Now()
	for _, test := range []struct {
		kind person.Kind
		age  time.Duration
		want bool
	}{
		{person.Directory, 0, true}, {person.Directory, 5*time.Minute - 1, true}, {person.Directory, 5 * time.Minute, false},
		{person.Directory, -30 * time.Second, true}, {person.Directory, -time.Hour, false},
		{person.Guest, time.Hour, true}, {person.Operator, time.Hour, true},
	} {
		if got := signin.Fresh(person.Person{Kind: test.kind, SignedIn: now.Add(-test.age)}, now); got != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
	if signin.Fresh(person.Person{Kind: person.Directory}, now) {
		t.Error("fresh without a time")
	}
}

// TestRotatedKey signs in with a key that the console has not seen, and not with one that the
// provider took back.
func TestRotatedKey(t *testing.T) {
	c, p := withProvider(t, database(t), false)
	c.browser(t).get("/signin/start")
	p.set(func() { p.key = newSigningKey(t, "second") })
	b := c.browser(t)
	if b.get("/signin/start"); b.who().ID == "" {
		t.Error("not signed in after the provider changed its key")
	}
	p.set(func() { p.key = newSigningKey(t, "second") }) // another key with the same name
	b = c.browser(t)
	if b.get("/signin/start"); b.who().ID == "" {
		t.Error("not signed in after the provider changed its key and kept the name")
	}
}

// TestProviderDown says so, keeps those who are signed in, and works again by itself.
func TestProviderDown(t *testing.T) {
	c, p := withProvider(t, database(t), false)
	b := c.browser(t)
	b.get("/signin/start")
	p.Close()
	if b.who().ID == "" {
		t.Error("nobody is signed in any more because the provider is down")
	}
	// It was reached before, so the console knows the address; the browser cannot open it.
	r, _ := http.NewRequest(http.MethodGet, c.URL+"/signin/start", nil)
	if _, err := b.client.Do(r); err == nil {
		t.Error("the provider is not down")
	}
	fresh := newConsole(t, database(t), false, func(config *signin.Config) {
		config.Issuer, config.ClientID = p.URL, "keyferry"
	})
	fresh.browser(t).fails("/signin/start", "SignIn.ProviderDown")
	if err := fresh.service.Ready(t.Context()); err == nil {
		t.Error("ready while the provider is down")
	}
	if strings.Contains(fresh.log.String(), testSecret) {
		t.Error("the log has the client's secret")
	}
}

// TestRefusedAtProvider shows that the person said no.
func TestRefusedAtProvider(t *testing.T) {
	c, p := withProvider(t, database(t), false)
	p.set(func() { p.login = "nobody" })
	b := c.browser(t)
	b.fails("/signin/start", "SignIn.Refused")
	if b.who().ID != "" {
		t.Error("signed in all the same")
	}
	c.wantKinds(t, "signin.refused")
}

// TestReplay takes no answer of the provider twice.
func TestReplay(t *testing.T) {
	c, _ := withProvider(t, database(t), false)
	b := c.browser(t)
	check := b.client.CheckRedirect
	b.client.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		if strings.HasPrefix(r.URL.Path, "/signin/callback") {
			return errors.Join(check(r, via), http.ErrUseLastResponse) // stops before the console sees it
		}
		return check(r, via)
	}
	r, _ := http.NewRequest(http.MethodGet, c.URL+"/signin/start", nil)
	response, err := b.client.Do(r)
	if err == nil {
		response.Body.Close()
	}
	answer := b.seen[len(b.seen)-1]
	if !strings.Contains(answer, "/signin/callback?") {
		t.Fatalf("no answer of the provider in %q", b.seen)
	}
	b.client.CheckRedirect = check
	// Another browser has not begun this sign-in.
	c.browser(t).fails(answer, "SignIn.Expired")
	// A thief who has the browser's cookies before it uses the answer.
	thief := c.browser(t)
	for _, cookie := range b.cookies() {
		thief.client.Jar.SetCookies(mustURL(t, c.URL+"/"), []*http.Cookie{cookie})
	}
	if b.get(answer); b.who().ID == "" {
		t.Fatal("not signed in")
	}
	b.fails(answer, "SignIn.Expired") // its flow is used up
	thief.fails(answer, "SignIn.Code")
	if thief.who().ID != "" {
		t.Error("a thief is signed in")
	}
}
