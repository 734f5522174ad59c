// Package signintest runs an OpenID provider for tests, one that we did not write: the op package
// of github.com/zitadel/oidc, which is certified, with the storage of its example.
//
// A provider within the test can be told who is at its login page, change its keys and go away,
// which a server of its own, such as glewlwyd or Keycloak, could not at once.
package signintest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// The console at the provider.
const (
	ClientID     = "keyferry"
	ClientSecret = "client-secret-7f3a"
)

// Person is somebody of the directory.
type Person struct {
	ID, Name, Email string
	EmailVerified   bool
	Groups          []string
}

// Provider is an OpenID provider. Whoever is at its login page is signed in without a password.
type Provider struct {
	*storage.Storage
	Issuer string

	server *httptest.Server
	mu     sync.Mutex
	people map[string]Person
	key    signingKey
	at     string // id of whoever is at the login page; empty refuses
	logins int
	age    time.Duration
	handed []string
}

// New serves a provider until the test ends. Its issuer has the host localhost, and so is another
// site to a browser than a console at 127.0.0.1.
func New(t testing.TB, people ...Person) *Provider {
	t.Helper()
	mux := http.NewServeMux()
	p := &Provider{server: httptest.NewUnstartedServer(mux), people: map[string]Person{}, key: newSigningKey(t, "first")}
	for _, one := range people {
		p.people[one.ID] = one
	}
	_, port, err := net.SplitHostPort(p.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	p.Issuer = "http://" + net.JoinHostPort("localhost", port)
	p.Register("http://127.0.0.1")
	served, err := op.NewProvider(&op.Config{CodeMethodS256: true, AuthMethodPost: true}, p, op.StaticIssuer(p.Issuer),
		op.WithAllowInsecure(), op.WithLogger(slog.New(slog.NewTextHandler(io.Discard, nil))))
	if err != nil {
		t.Fatal(err)
	}
	mux.HandleFunc("/login/username", op.NewIssuerInterceptor(served.IssuerFromRequest).HandlerFunc(p.login(served)))
	mux.Handle("/", p.noting(served))
	p.server.Start()
	t.Cleanup(p.Close)
	return p
}

// Close ends the provider.
func (p *Provider) Close() { p.server.Close() }

// Register makes a console with an address a client of the provider.
func (p *Provider) Register(base string) {
	p.Storage = storage.NewStorageWithClients(users{p}, map[string]*storage.Client{
		ClientID: storage.WebClient(ClientID, ClientSecret, base+"/signin/callback"),
	})
}

// At puts a person at the login page; nobody refuses the sign-in.
func (p *Provider) At(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at = id
}

// Logins is how often somebody came to the login page.
func (p *Provider) Logins() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.logins
}

// ChangeKey signs with a new key from now on, and takes the old one back.
func (p *Provider) ChangeKey(t testing.TB, id string) {
	t.Helper()
	key := newSigningKey(t, id)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.key = key
}

func (p *Provider) login(served *op.Provider) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		at := p.at
		p.logins++
		p.mu.Unlock()
		id := r.FormValue("authRequestID")
		if err := p.CheckUsernamePassword(at, password, id); err != nil {
			request, err := p.AuthRequestByID(r.Context(), id)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			op.AuthRequestError(w, r, request, oidc.ErrAccessDenied(), served)
			return
		}
		http.Redirect(w, r, op.AuthCallbackURL(served)(r.Context(), id), http.StatusFound)
	}
}

// signingKey implements op.SigningKey.
type signingKey struct {
	id  string
	key *ecdsa.PrivateKey
}

func (k signingKey) ID() string                                  { return k.id }
func (k signingKey) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.ES256 }
func (k signingKey) Algorithm() jose.SignatureAlgorithm          { return jose.ES256 }
func (k signingKey) Use() string                                 { return "sig" }
func (k signingKey) Key() any                                    { return k.key }

// publicKey implements op.Key.
type publicKey struct{ signingKey }

func (k publicKey) Key() any { return &k.key.PublicKey }

func newSigningKey(t testing.TB, id string) signingKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signingKey{id, key}
}

// SigningKey returns the key that signs now.
func (p *Provider) SigningKey(context.Context) (op.SigningKey, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.key, nil
}

// SignatureAlgorithms returns the one algorithm of the keys.
func (p *Provider) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{jose.ES256}, nil
}

// KeySet returns the public key.
func (p *Provider) KeySet(context.Context) ([]op.Key, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return []op.Key{publicKey{p.key}}, nil
}

// SetUserinfoFromRequest adds the groups to what an ID token may have.
func (p *Provider) SetUserinfoFromRequest(ctx context.Context, info *oidc.UserInfo, token op.IDTokenRequest, scopes []string) error {
	info.AppendClaims("groups", p.groups(token.GetSubject()))
	return p.Storage.SetUserinfoFromRequest(ctx, info, token, scopes)
}

// SetUserinfoFromToken adds the groups to what userinfo answers.
func (p *Provider) SetUserinfoFromToken(ctx context.Context, info *oidc.UserInfo, token, subject, origin string) error {
	info.AppendClaims("groups", p.groups(subject))
	return p.Storage.SetUserinfoFromToken(ctx, info, token, subject, origin)
}

func (p *Provider) groups(id string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.people[id].Groups
}

// password is everybody's: the storage of the example wants one.
const password = "x"

// users implements storage.UserStore. The user name is the id.
type users struct{ p *Provider }

func (u users) GetUserByID(id string) *storage.User {
	u.p.mu.Lock()
	defer u.p.mu.Unlock()
	one, ok := u.p.people[id]
	if !ok {
		return nil
	}
	return &storage.User{ID: id, Username: id, Password: password, FirstName: one.Name, Email: one.Email, EmailVerified: one.EmailVerified}
}

func (u users) GetUserByUsername(name string) *storage.User { return u.GetUserByID(name) }
func (u users) ExampleClientID() string                     { return "service" }
