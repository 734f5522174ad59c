package localkms

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"
)

// store holds the state of all accounts under one lock. An account is a
// tenant: nothing in it can be reached from another. There is no region below
// it, since a KMS answers for one region, as a regional endpoint does.
type store struct {
	log     *slog.Logger
	mu      sync.RWMutex
	tenants map[string]*account
	secrets secrets
	journal *journal // nil keeps the state in memory only
}

// secrets are the store's own keys; they are made with it and live as long.
type secrets struct {
	// Binding keys the digest of imported material, so that a state file does
	// not let anybody test guesses at it.
	Binding [32]byte
	// Token seals import tokens.
	Token [32]byte
}

func newSecrets() (s secrets) {
	rand.Read(s.Binding[:])
	rand.Read(s.Token[:])
	return s
}

func newStore(log *slog.Logger) *store {
	return &store{log: log, tenants: map[string]*account{}, secrets: newSecrets()}
}

// change is what one call does to one account. It becomes true as a whole or
// not at all.
type change struct {
	Account string            `json:"account"`
	Keys    []*key            `json:"keys,omitempty"`
	Removed []string          `json:"removed,omitempty"`
	Aliases map[string]string `json:"aliases,omitempty"` // name to key id; "" removes
}

// tx collects the change that a call makes. What it has put is seen by its own
// later reads, and by nobody else before the commit.
type tx struct {
	*account
	change change
}

func (t *tx) put(k *key) {
	for i, have := range t.change.Keys {
		if have.ID == k.ID {
			t.change.Keys[i] = k
			return
		}
	}
	t.change.Keys = append(t.change.Keys, k)
}

func (t *tx) setAlias(name, keyID string) {
	if t.change.Aliases == nil {
		t.change.Aliases = map[string]string{}
	}
	t.change.Aliases[name] = keyID
}

// read runs fn over an account as it is at now.
func (s *store) read(name string, now time.Time, fn func(*account) error) error {
	s.mu.RLock()
	acct := s.tenants[name]
	if acct == nil || acct.settled(now) {
		defer s.mu.RUnlock()
		if acct == nil {
			acct = newAccount()
		}
		return fn(acct)
	}
	s.mu.RUnlock()
	return s.write(name, now, func(t *tx) error { return fn(t.account) })
}

// write runs fn and commits what it changed. If fn fails, nothing has changed.
func (s *store) write(name string, now time.Time, fn func(*tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	acct := s.tenants[name]
	if acct == nil {
		acct = newAccount()
		s.tenants[name] = acct
	}
	if err := s.settle(name, acct, now); err != nil {
		return err
	}
	t := &tx{account: acct, change: change{Account: name}}
	if err := fn(t); err != nil {
		return err
	}
	return s.commit(acct, t.change)
}

// settle lets happen what was due by now: material that expires, keys whose
// deletion date has come. It is a change like any other, so that what a client
// has seen stays true after a restart, wherever the clock stands then.
func (s *store) settle(name string, acct *account, now time.Time) error {
	if acct.settled(now) {
		return nil
	}
	due := acct.takeDue(now)
	c := change{Account: name}
	for _, k := range due {
		if k.State == statePendingDeletion && k.DeleteAt <= now.Unix() {
			c.Removed = append(c.Removed, k.ID)
		} else {
			c.Keys = append(c.Keys, k.withoutMaterial())
		}
	}
	err := s.commit(acct, c)
	if err != nil {
		for _, k := range due {
			acct.expect(k) // not done: due again at the next call
		}
	}
	return err
}

// commit makes a change durable, then true.
func (s *store) commit(acct *account, c change) error {
	if len(c.Keys) == 0 && len(c.Removed) == 0 && len(c.Aliases) == 0 {
		return nil
	}
	if s.journal != nil {
		if err := s.journal.append(c); err != nil {
			s.log.Error("writing state file", "error", err)
			return errInternal
		}
	}
	acct.apply(c)
	s.compactIfLarge()
	return nil
}

func (s *store) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.journal == nil {
		return nil
	}
	return s.journal.close()
}

// material returns a copy of the material of a key in whatever account.
func (s *store) material(keyID string, now time.Time) []byte {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, acct := range s.tenants {
		k := acct.keys[keyID]
		if k == nil || k.material == nil || k.nextEvent() != 0 && k.nextEvent() <= now.Unix() {
			continue
		}
		return append([]byte(nil), k.material...)
	}
	return nil
}

// bind returns the keyed digest that ties a CMK to its first material.
func (s *store) bind(keyID string, material []byte) []byte {
	s.mu.RLock()
	secret := s.secrets.Binding
	s.mu.RUnlock()
	mac := hmac.New(sha256.New, secret[:])
	mac.Write([]byte(keyID))
	mac.Write([]byte{0})
	mac.Write(material)
	return mac.Sum(nil)
}

// sameBinding compares in constant time: how much of a digest is right must
// not show.
func sameBinding(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }

// accounts returns the names of the accounts that hold something, sorted.
func (s *store) accounts() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Sorted(maps.Keys(s.tenants))
}
