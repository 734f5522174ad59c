package signin

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"sync"
	"time"

	"keyferry/server/ledger"
	"keyferry/server/person"
	"keyferry/server/store"
)

// oneTime is where the operator's address leads.
const oneTime = "/signin/operator"

// operator keeps the address by which the operator signs in: whoever can read the terminal, and
// nobody else on the computer.
type operator struct {
	base string

	mu     sync.Mutex
	secret string
}

func newOperator(base string) *operator { return &operator{base: base, secret: rand.Text()} }

// address is the address that is good now.
func (o *operator) address() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.base + oneTime + "?token=" + o.secret
}

// use reports whether a secret is the right one, and replaces it. Digests are compared, so that the
// time says nothing of the secret.
func (o *operator) use(secret string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	given, wanted := sha256.Sum256([]byte(secret)), sha256.Sum256([]byte(o.secret))
	if subtle.ConstantTimeCompare(given[:], wanted[:]) != 1 {
		return false
	}
	o.secret = rand.Text()
	return true
}

// Address returns the address by which the operator signs in, once. Each use makes another, which
// Config.Announce shows.
func (s *Service) Address() string { return s.operator.address() }

// operatorPerson is whoever runs the console.
func operatorPerson(now time.Time) person.Person {
	return person.Person{ID: "operator", Kind: person.Operator, SignedIn: now.UTC().Truncate(time.Second)}
}

// openAddress exchanges the one-time address for a session, and leads to the console, so that the
// address is not seen any more.
func (s *Service) openAddress(w http.ResponseWriter, r *http.Request) {
	if !s.limits.allow(r) {
		s.failPage(w, r, "operator", ErrTooMany)
		return
	}
	if r.Method != http.MethodGet || !s.operator.use(r.URL.Query().Get("token")) {
		s.failPage(w, r, "operator", ErrAddress)
		return
	}
	b, err := s.admit(r.Context())
	s.config.Announce(s.operator.address())
	if err != nil {
		s.log.Error("keeping a session", "error", err)
		s.failPage(w, r, "operator", ErrUnavailable)
		return
	}
	s.config.Observe("operator", "")
	s.sessions.give(w, b)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// admit makes the operator's session.
func (s *Service) admit(ctx context.Context) (b begun, err error) {
	new := session{person: operatorPerson(s.now()), idle: s.config.Idle}
	if s.config.DB == nil {
		return s.sessions.begin(ctx, nil, new)
	}
	err = s.config.DB.Write(ctx, func(tx *store.Tx) error {
		if err := s.record(tx, ledger.Entry{Kind: "signin.succeeded", Person: new.person.ID}); err != nil {
			return err
		}
		b, err = s.sessions.begin(ctx, tx, new)
		return err
	})
	return b, err
}
