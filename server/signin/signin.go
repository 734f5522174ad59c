// Package signin says who asks: a person whom an OpenID Connect provider names, the holder of a
// link to one request, or the operator. It keeps their sessions.
package signin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"golang.org/x/time/rate"

	"keyferry/server/address"
	"keyferry/server/ledger"
	"keyferry/server/person"
	"keyferry/server/store"
)

// Defaults of Config.
const (
	DefaultIdle        = 30 * time.Minute
	DefaultLimit       = 12 * time.Hour
	DefaultGroupsClaim = "groups"
	DefaultPerAddress  = 20
)

// freshness is how young a sign-in must be for submitting and approving.
const freshness = 5 * time.Minute

// skew is by how much the clocks of the console and the provider may differ.
const skew = time.Minute

// Ledger records what happened, in the transaction of what happens. *ledger.Log is one.
type Ledger interface {
	Append(tx *store.Tx, e ledger.Entry) (index int64, err error)
}

// Config is what a Service is made of. One of Issuer, Demo and OneTime says how people sign in;
// with none of them nobody does, and whoever asks is the operator.
type Config struct {
	// BaseURL is the address of the console as browsers have it, such as https://keyferry.example,
	// without a path. It must be https, or http with a loopback host. It must be set if anybody can
	// sign in.
	BaseURL string

	Issuer       string   // of the OpenID Connect provider: https, or http with a loopback host
	ClientID     string   // must be set with Issuer
	ClientSecret string   // empty for a public client
	GroupsClaim  string   // name of the claim with groups; a.b means b within a; empty means groups
	Scopes       []string // besides openid, profile and email
	// ACR are the classes of authentication of which a sign-in must have one; empty means any.
	ACR []string
	// Patience is how long one answer of the provider may take; zero means ten seconds.
	Patience time.Duration

	Demo     []person.Person // made-up people, whom everybody may be; only with LocalKMS
	LocalKMS bool            // the console's calls go to the local KMS

	OneTime  bool                 // the operator signs in by an address that holds good once
	Announce func(address string) // shows the operator the next address; must be set with OneTime

	DB     *store.DB // must be set with Issuer and Demo; without it there are no guests
	Ledger Ledger    // must be set with DB

	// PerAddress is how many steps of signing in a second to take from one address, after a burst of five
	// times as many; zero means DefaultPerAddress.
	PerAddress float64

	StepUp bool          // submitting and approving need a sign-in younger than five minutes
	Idle   time.Duration // a session ends after that without a request; zero means DefaultIdle
	Limit  time.Duration // every session ends after that; zero means DefaultLimit

	// Observe is told of each attempt to sign in: the way is oidc, guest, operator or demo, and the
	// code that of the fault, or empty. Nil means nothing.
	Observe func(way, code string)

	Fail  func(http.ResponseWriter, *http.Request, *Fault) // answers a script; nil answers {"Code": …}
	Clock func() time.Time                                 // nil means time.Now
	Log   *slog.Logger                                     // nil logs nothing
}

// Service says who asks.
type Service struct {
	config   Config
	log      *slog.Logger
	now      func() time.Time
	secure   bool // the console is reached by https
	cookies  names
	sessions sessions
	provider *provider // nil without Issuer
	operator *operator // nil without OneTime
	limits   limits    // of what strangers can ask for
	refusals *rate.Limiter
}

// New makes a Service. It reaches neither provider nor database.
func New(config Config) (*Service, error) {
	defaults(&config)
	if err := check(&config); err != nil {
		return nil, fmt.Errorf("setting up sign-in: %w", err)
	}
	s := &Service{config: config, log: config.Log, now: config.Clock, limits: newLimits(config.PerAddress),
		refusals: rate.NewLimiter(1, 10)}
	base, _ := url.Parse(config.BaseURL)
	s.secure = base.Scheme == "https"
	s.cookies = cookieNames(base)
	s.sessions = newSessions(s)
	if config.Issuer != "" {
		s.provider = newProvider(&s.config)
	}
	if config.OneTime {
		s.operator = newOperator(config.BaseURL)
	}
	return s, nil
}

func defaults(config *Config) {
	if config.Idle == 0 {
		config.Idle = DefaultIdle
	}
	if config.Limit == 0 {
		config.Limit = DefaultLimit
	}
	if config.GroupsClaim == "" {
		config.GroupsClaim = DefaultGroupsClaim
	}
	if config.PerAddress == 0 {
		config.PerAddress = DefaultPerAddress
	}
	if config.Patience == 0 {
		config.Patience = 10 * time.Second
	}
	if config.Fail == nil {
		config.Fail = failJSON
	}
	if config.Observe == nil {
		config.Observe = func(string, string) {}
	}
	if config.Clock == nil {
		config.Clock = time.Now
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
}

func check(c *Config) error {
	ways := 0
	for _, used := range []bool{c.Issuer != "", len(c.Demo) > 0, c.OneTime} {
		if used {
			ways++
		}
	}
	switch {
	case ways > 1:
		return errors.New("there is one way to sign in: a provider, made-up people, or the operator's address")
	case len(c.Demo) > 0 && !c.LocalKMS:
		return errors.New("made-up people sign in only with the local KMS")
	case slices.ContainsFunc(c.ACR, func(acr string) bool { return !oneWord(acr) }):
		return errors.New("--oidc-acr must be a word of letters, digits and ._:-/@, up to 128 of them")
	case c.Issuer != "" && c.ClientID == "":
		return errors.New("--oidc-issuer needs --oidc-client-id")
	case (c.Issuer != "" || len(c.Demo) > 0) && c.DB == nil:
		return errors.New("people sign in only with --database")
	case c.DB != nil && c.Ledger == nil, c.OneTime && c.Announce == nil:
		return errors.New("Ledger and Announce must be set")
	case c.Idle < time.Minute || c.Limit < c.Idle:
		return errors.New("--sign-in-idle must be a minute at least, and not longer than --sign-in-limit")
	}
	if c.Issuer != "" {
		if err := checkURL("--oidc-issuer", c.Issuer, true); err != nil {
			return err
		}
	}
	if ways == 0 && c.BaseURL == "" {
		return nil
	}
	return checkURL("--base-url", c.BaseURL, false)
}

// checkURL wants https, or http with a loopback host: codes and cookies must not cross a network
// in the clear.
func checkURL(flag, given string, path bool) error {
	u, err := url.Parse(given)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.ForceQuery ||
		u.Scheme != "https" && u.Scheme != "http" {
		return fmt.Errorf("%s: %q is not an address such as https://example.com", flag, given)
	}
	if u.Scheme == "http" && !address.Loopback(u.Hostname()) {
		return fmt.Errorf("%s: %q must be https, since only a loopback address is safe with http", flag, given)
	}
	if !path && u.Path != "" {
		return fmt.Errorf("%s: %q must have no path, and not end with a slash", flag, given)
	}
	return nil
}

// Fresh reports whether a person proved less than five minutes ago who they are. Guests and the
// operator have no provider that could ask them again, and are always fresh.
func Fresh(p person.Person, now time.Time) bool {
	if p.Kind != person.Directory {
		return true
	}
	age := now.Sub(p.SignedIn)
	return age < freshness && age > -skew
}

// Fresh reports whether a person may submit and approve without signing in again: always, unless
// Config.StepUp is set.
func (s *Service) Fresh(p person.Person) bool { return !s.config.StepUp || Fresh(p, s.now()) }

// Ready reports whether people can sign in now.
func (s *Service) Ready(ctx context.Context) error {
	if s.provider == nil {
		return nil
	}
	_, err := s.provider.discover(ctx)
	return err
}

// alone reports whether nobody signs in.
func (s *Service) alone() bool {
	return s.provider == nil && s.operator == nil && len(s.config.Demo) == 0
}

// record writes a line of the ledger, in the transaction of what happened.
func (s *Service) record(tx *store.Tx, e ledger.Entry) error {
	e.At = s.now()
	_, err := s.config.Ledger.Append(tx, e)
	return err
}

// refuse notes a sign-in that failed, in the log and, unless too many fail, in the ledger.
func (s *Service) refuse(ctx context.Context, f *Fault) {
	s.log.Warn("sign-in refused", "code", f.Code)
	if s.config.DB == nil || !s.refusals.Allow() {
		return
	}
	err := s.config.DB.Write(ctx, func(tx *store.Tx) error {
		return s.record(tx, ledger.Entry{Kind: "signin.refused", Fields: map[string]string{"code": f.Code}})
	})
	if err != nil {
		s.log.Error("recording a refused sign-in", "error", err)
	}
}

// count writes a number as the ledger has it.
func count(n int) string { return strconv.Itoa(n) }
