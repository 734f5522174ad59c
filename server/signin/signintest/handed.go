package signintest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// Age lets people have proved who they are so long ago, as those have who stay signed in at a
// provider. Who must prove it again does so now.
func (p *Provider) Age(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.age = d
}

// AuthRequestByCode returns the sign-in that a code belongs to.
func (p *Provider) AuthRequestByCode(ctx context.Context, code string) (op.AuthRequest, error) {
	request, err := p.Storage.AuthRequestByCode(ctx, code)
	if err != nil {
		return nil, err
	}
	kept, ok := request.(*storage.AuthRequest)
	if !ok || slices.Contains(kept.Prompt, oidc.PromptLogin) {
		return request, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return aged{request, request.GetAuthTime().Add(-p.age)}, nil
}

// aged is a sign-in by somebody who proved who they are at another time.
type aged struct {
	op.AuthRequest
	proved time.Time
}

func (a aged) GetAuthTime() time.Time { return a.proved }

// CreateAccessToken makes a token; the storage wants the sign-in as it made it.
func (p *Provider) CreateAccessToken(ctx context.Context, request op.TokenRequest) (string, time.Time, error) {
	if a, ok := request.(aged); ok {
		request = a.AuthRequest
	}
	return p.Storage.CreateAccessToken(ctx, request)
}

// Handed returns the codes and tokens that the provider has handed out.
func (p *Provider) Handed() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.handed)
}

// noting notes what an answer hands out: a code in its address, tokens in its body.
func (p *Provider) noting(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := &noted{ResponseWriter: w}
		next.ServeHTTP(n, r)
		var tokens struct {
			Access string `json:"access_token"`
			ID     string `json:"id_token"`
		}
		json.Unmarshal(n.body.Bytes(), &tokens) // most answers are no JSON
		found := []string{tokens.Access, tokens.ID}
		if to, err := url.Parse(w.Header().Get("Location")); err == nil {
			found = append(found, to.Query().Get("code"))
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.handed = append(p.handed, slices.DeleteFunc(found, func(s string) bool { return s == "" })...)
	})
}

// noted is an answer of which a copy is kept.
type noted struct {
	http.ResponseWriter
	body bytes.Buffer
}

func (n *noted) Write(b []byte) (int, error) {
	n.body.Write(b)
	return n.ResponseWriter.Write(b)
}

// Logout tells a console that somebody has signed out at the provider.
func (p *Provider) Logout(t testing.TB, console, person string) {
	t.Helper()
	now := time.Now()
	claims, err := json.Marshal(map[string]any{
		"iss": p.Issuer, "aud": ClientID, "sub": person, "jti": rand.Text(), "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
		"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
	})
	if err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	key := jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: p.key.key, KeyID: p.key.id}}
	p.mu.Unlock()
	signer, err := jose.NewSigner(key, nil)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(claims)
	if err != nil {
		t.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.PostForm(console+"/signin/backchannel-logout", url.Values{"logout_token": {token}})
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("telling of a sign-out: %s", response.Status)
	}
}
