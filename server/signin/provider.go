package signin

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

const (
	discoveryLife = time.Hour       // of what the provider says of itself
	pause         = 2 * time.Second // between two attempts to reach a provider that is down
	maxAnswer     = 1 << 20         // of the provider, in bytes
)

// provider is the OpenID Connect provider. It is asked when somebody signs in, so that the console
// starts and works for those who are signed in while it is down.
type provider struct {
	config *Config
	client *http.Client

	mu     sync.Mutex
	found  *found
	failed time.Time
	why    error
}

// found is a provider that was reached.
type found struct {
	config   *Config
	client   *http.Client
	provider *oidc.Provider
	verifier *oidc.IDTokenVerifier
	oauth    oauth2.Config
	at       time.Time
}

func newProvider(config *Config) *provider {
	return &provider{config: config, client: &http.Client{
		Timeout:       config.Patience,
		Transport:     bounded{http.DefaultTransport},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// bounded limits how much is read of an answer.
type bounded struct{ http.RoundTripper }

// RoundTrip sends a request.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		response.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(response.Body, maxAnswer), response.Body}
	}
	return response, err
}

// discover returns what the provider says of itself, which it is asked at most once an hour. While
// it is down, what it said before still holds.
func (p *provider) discover(ctx context.Context) (*found, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	found, err := p.since(ctx, time.Now().Add(-discoveryLife))
	if err != nil && p.found != nil {
		return p.found, nil
	}
	return found, err
}

// reach is discover for whoever is about to be sent there: it fails while the provider is down.
func (p *provider) reach(ctx context.Context) (*found, error) {
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.since(ctx, now) // if another sign-in has asked meanwhile, its answer is new enough
}

// since returns what the provider has said since a time, and asks it if it has said nothing. The
// caller holds mu.
func (p *provider) since(ctx context.Context, oldest time.Time) (*found, error) {
	if p.found != nil && !p.found.at.Before(oldest) {
		return p.found, nil
	}
	if p.why == nil || time.Since(p.failed) > pause {
		// Others wait for the result, whether whoever asked first goes away or not.
		next, err := p.ask(context.WithoutCancel(ctx))
		if err != nil {
			p.why, p.failed = err, time.Now()
			return nil, err
		}
		p.found, p.why = next, nil
		return next, nil
	}
	return nil, p.why
}

func (p *provider) ask(ctx context.Context) (*found, error) {
	discovered, err := oidc.NewProvider(oidc.ClientContext(ctx, p.client), p.config.Issuer)
	if err != nil {
		return nil, discoveryFault(err)
	}
	var more struct {
		Token   string   `json:"token_endpoint"`
		Keys    string   `json:"jwks_uri"`
		Methods []string `json:"token_endpoint_auth_methods_supported"`
	}
	endpoint := discovered.Endpoint()
	if err := discovered.Claims(&more); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrProviderWrong, err)
	}
	for _, address := range []string{endpoint.AuthURL, more.Token, more.Keys} {
		if err := checkEndpoint(address, p.config.Issuer); err != nil {
			return nil, fmt.Errorf("%w: %v", ErrProviderWrong, err)
		}
	}
	endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if len(more.Methods) > 0 && !slices.Contains(more.Methods, "client_secret_basic") || p.config.ClientSecret == "" {
		endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return &found{
		config: p.config, client: p.client, provider: discovered, at: time.Now(),
		verifier: discovered.Verifier(&oidc.Config{ClientID: p.config.ClientID, Now: p.config.Clock}),
		oauth: oauth2.Config{
			ClientID: p.config.ClientID, ClientSecret: p.config.ClientSecret, Endpoint: endpoint,
			RedirectURL: p.config.BaseURL + "/signin/callback",
			Scopes:      append([]string{oidc.ScopeOpenID, "profile", "email"}, p.config.Scopes...),
		},
	}, nil
}

// discoveryFault tells a provider that is down from an issuer that is not one. What the answer says
// is public, so the log may have its beginning.
func discoveryFault(err error) error {
	var unreachable *url.Error
	var mismatch *oidc.IssuerMismatchError
	switch {
	case errors.As(err, &unreachable), errors.As(err, &mismatch):
		return err
	case strings.HasPrefix(err.Error(), "5"): // the status of the answer
		return fmt.Errorf("%w: %.200s", ErrProviderDown, err.Error())
	}
	return fmt.Errorf("%w: %.200s", ErrProviderWrong, err.Error())
}

// checkEndpoint wants https where the issuer is https.
func checkEndpoint(address, issuer string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || strings.HasPrefix(issuer, "https:")) {
		return fmt.Errorf("the provider names the address %q", address)
	}
	return nil
}

// address is where the browser goes to sign in. With max_age, the provider has to say when the
// person proved who they are.
func (p *found) address(f flow, limit time.Duration) string {
	options := []oauth2.AuthCodeOption{oidc.Nonce(f.Nonce), oauth2.S256ChallengeOption(f.Verifier)}
	age := limit
	if f.Again {
		age = freshness
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"))
	}
	if len(p.config.ACR) > 0 {
		options = append(options, oauth2.SetAuthURLParam("acr_values", strings.Join(p.config.ACR, " ")))
	}
	options = append(options, oauth2.SetAuthURLParam("max_age", strconv.Itoa(int(age.Seconds()))))
	return p.oauth.AuthCodeURL(f.State, options...)
}

// identity is whom the provider names.
type identity struct {
	subject, name, email string
	groups               []string
	proved               time.Time // when they proved who they are; zero if the provider does not say
	sid                  string    // the provider's id of its session, or empty
	acr                  string    // the class of the authentication, or empty
}

// claims are those of an ID token, or of userinfo, that are used besides the groups.
type claims struct {
	Subject   string   `json:"sub"`
	Name      string   `json:"name"`
	Preferred string   `json:"preferred_username"`
	Email     string   `json:"email"`
	Verified  any      `json:"email_verified"` // some providers write it as text
	AuthTime  *float64 `json:"auth_time"`
	Party     string   `json:"azp"`
	Session   string   `json:"sid"`
	Class     any      `json:"acr"` // some write a number
}

// redeem exchanges the code for an ID token and checks it.
func (p *found) redeem(ctx context.Context, f flow, code string) (*identity, error) {
	ctx = oidc.ClientContext(ctx, p.client)
	token, err := p.oauth.Exchange(ctx, code, oauth2.VerifierOption(f.Verifier))
	if err != nil {
		return nil, err
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return nil, ErrToken
	}
	checked, err := p.verifier.Verify(ctx, raw)
	if err != nil {
		return nil, tokenFault(err)
	}
	var c claims
	all := map[string]any{}
	if checked.Claims(&c) != nil || checked.Claims(&all) != nil {
		return nil, ErrToken
	}
	switch {
	case subtle.ConstantTimeCompare([]byte(checked.Nonce), []byte(f.Nonce)) != 1:
		return nil, ErrNonce
	case c.Party != "" && c.Party != p.config.ClientID, c.Party == "" && len(checked.Audience) > 1:
		return nil, ErrAudience // it was made for another client, and only mentions this one
	case checked.IssuedAt.After(p.config.Clock().Add(skew)):
		return nil, ErrTokenExpired
	case checked.Subject == "" || len(checked.Subject) > 255 || len(c.Session) > 255:
		return nil, ErrToken
	case len(p.config.ACR) > 0 && !slices.ContainsFunc(p.config.ACR, func(acr string) bool { return c.Class == acr }): // acr_values is only a wish
		return nil, ErrClass
	case checked.AccessTokenHash != "" && checked.VerifyAccessToken(token.AccessToken) != nil:
		return nil, ErrToken
	}
	if err := p.complete(ctx, token, checked.Subject, &c, all); err != nil {
		return nil, err
	}
	return p.identify(checked.Subject, c, all), nil
}

// complete asks the provider's userinfo for what the token does not have, since many providers keep
// tokens short.
func (p *found) complete(ctx context.Context, token *oauth2.Token, subject string, c *claims, all map[string]any) error {
	_, hasGroups := claim(all, p.config.GroupsClaim)
	if p.provider.UserInfoEndpoint() == "" || hasGroups && c.Email != "" {
		return nil
	}
	info, err := p.provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return fmt.Errorf("%w: userinfo", ErrProviderDown) // what it answered may be about the person
	}
	more := map[string]any{}
	var other claims
	if info.Subject != subject || info.Claims(&other) != nil || info.Claims(&more) != nil {
		return ErrToken // it is about somebody else
	}
	if !hasGroups {
		if groups, ok := claim(more, p.config.GroupsClaim); ok {
			all[p.config.GroupsClaim] = groups
		}
	}
	if c.Email == "" {
		c.Email, c.Verified = other.Email, other.Verified
	}
	if c.Name == "" && c.Preferred == "" {
		c.Name, c.Preferred = other.Name, other.Preferred
	}
	return nil
}

// identify reads the claims. An address counts only if the provider verified it, because requests
// can name their importer by it.
func (p *found) identify(subject string, c claims, all map[string]any) *identity {
	who := &identity{subject: subject, sid: c.Session, name: oneLine(c.Name)}
	if class, _ := c.Class.(string); oneWord(class) {
		who.acr = class
	}
	if who.name == "" {
		who.name = oneLine(c.Preferred)
	}
	if c.Verified == true || c.Verified == "true" {
		who.email = oneLine(c.Email)
	}
	if groups, ok := claim(all, p.config.GroupsClaim); ok {
		who.groups = groupNames(groups)
	}
	if c.AuthTime != nil {
		who.proved = time.Unix(int64(*c.AuthTime), 0).UTC()
	}
	return who
}

// tokenFault says what is wrong with a token. The library has words for most of it alone.
func tokenFault(err error) *Fault {
	var expired *oidc.TokenExpiredError
	says := func(part string) bool { return strings.Contains(err.Error(), part) }
	switch {
	case errors.As(err, &expired), says("nbf"):
		return ErrTokenExpired
	case says("fetching keys"):
		return ErrProviderDown
	case says("issued by a different provider"):
		return ErrIssuer
	case says("audience"):
		return ErrAudience
	case says("signature algorithm"):
		return ErrAlgorithm
	case says("failed to verify"):
		return ErrSignature
	}
	return ErrToken
}

// providerFault says why the provider could not be used. The log has the reason, but no answer of
// the provider, since an answer could hold a token.
func (s *Service) providerFault(err error) *Fault {
	var fault *Fault
	var mismatch *oidc.IssuerMismatchError
	var refused *oauth2.RetrieveError
	var network net.Error
	var unreachable *url.Error
	switch {
	case errors.As(err, &mismatch):
		s.log.Error("the provider names another issuer", "expected", mismatch.Provided, "named", mismatch.Discovered)
		return ErrProviderWrong
	case errors.As(err, &refused):
		s.log.Warn("the provider refused the code", "status", refused.Response.StatusCode, "error", known(refused.ErrorCode))
		if refused.ErrorCode == "invalid_grant" {
			return ErrCode
		}
		if refused.Response.StatusCode >= 500 {
			return ErrProviderDown
		}
		return ErrProviderError
	case errors.As(err, &unreachable):
		s.log.Warn("the provider is unreachable", "error", unreachable.Err)
		return ErrProviderDown
	case errors.As(err, &network), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		s.log.Warn("the provider is unreachable", "timeout", true)
		return ErrProviderDown
	case errors.As(err, &fault):
		if err != error(fault) {
			s.log.Warn("the provider cannot be used", "error", err)
		}
		return fault
	}
	s.log.Warn("the provider's answer cannot be read")
	return ErrProviderDown
}

// known is an error code of OAuth for the log. Others could be any text.
func known(code string) string {
	switch code {
	case "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope":
		return code
	}
	return "-"
}
