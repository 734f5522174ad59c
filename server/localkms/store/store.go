// Package store keeps the CMKs, aliases and tags of a local KMS: in memory, and in an SQLite file
// if it shall outlive the process. A change is in the file before it can be seen.
package store

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"
)

// Store holds the state of all accounts under one lock. There is no region below an account,
// since a KMS answers for one region, as a regional endpoint does.
type Store struct {
	log      *slog.Logger
	mu       sync.RWMutex
	accounts map[string]*Account
	secrets  Secrets
	file     *database // nil keeps the state in memory only

	waiting sync.Mutex
	queue   []*write // that wait for the lock
}

// Secrets are the store's own keys, 32 bytes each; they are made with it and live as long.
type Secrets struct {
	// Binding keys the digest of imported material, so that a state file does not let anybody
	// test guesses.
	Binding [32]byte
	// Token seals import tokens.
	Token [32]byte
}

// New returns an empty store in memory.
func New(log *slog.Logger) *Store {
	s := &Store{log: log, accounts: map[string]*Account{}}
	rand.Read(s.secrets.Binding[:])
	rand.Read(s.secrets.Token[:])
	return s
}

// Read runs fn over an account as it is at now. fn must not keep the account.
func (s *Store) Read(name string, now time.Time, fn func(*Account) error) error {
	s.mu.RLock()
	acct := s.accounts[name]
	if acct == nil || acct.settled(now) {
		defer s.mu.RUnlock()
		if acct == nil {
			acct = newAccount()
		}
		return fn(acct)
	}
	s.mu.RUnlock()
	return s.Write(name, now, func(t *Tx) error { return fn(t.Account) })
}

// write is one call of Write that waits for the lock.
type write struct {
	account string
	now     time.Time
	fn      func(*Tx) error
	done    bool
	err     error
}

// Write runs fn over an account as it is at now, and makes the change that fn collects: as a
// whole, and durable before Write returns. If fn fails nothing changes.
//
// Who gets the lock serves all who wait for it: writing to the disk takes far longer than the
// changes themselves, and many changes share one.
func (s *Store) Write(name string, now time.Time, fn func(*Tx) error) error {
	w := &write{account: name, now: now, fn: fn}
	s.waiting.Lock()
	s.queue = append(s.queue, w)
	s.waiting.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !w.done {
		s.waiting.Lock()
		batch := s.queue
		s.queue = nil
		s.waiting.Unlock()
		s.performAll(batch)
	}
	return w.err
}

// performAll performs writes in their order, and keeps their changes in one step.
func (s *Store) performAll(batch []*write) {
	var changes, undo []change
	for _, w := range batch {
		w.done = true
		acct := s.accounts[w.account]
		if acct == nil {
			acct = newAccount()
			s.accounts[w.account] = acct
		}
		apply := func(c change) {
			if c.account = w.account; !c.empty() {
				undo = append(undo, acct.inverse(c))
				changes = append(changes, c)
				acct.apply(c)
			}
		}
		// What time has done is a change like any other: what a client has seen stays true
		// after a restart, even if the clock is set back.
		apply(acct.due(w.now))
		t := &Tx{Account: acct}
		if w.err = w.fn(t); w.err == nil {
			apply(t.change)
		}
	}
	if s.file == nil || len(changes) == 0 {
		return
	}
	if err := s.file.save(changes); err != nil {
		s.log.Error("writing state file", "error", err)
		for _, c := range slices.Backward(undo) {
			s.accounts[c.account].apply(c)
		}
		for _, w := range batch {
			w.err = err // some may have seen what is now undone
		}
	}
}

// Adopt takes over the content and the secrets of another store, in one step.
func (s *Store) Adopt(other *Store) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file != nil {
		if err := s.file.replace(other); err != nil {
			return err
		}
	}
	s.accounts, s.secrets = other.accounts, other.secrets
	return nil
}

// Close closes the state file.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		return nil
	}
	return s.file.close()
}

// Material returns a copy of the material of a key in any account, or nil.
func (s *Store) Material(keyID string, now time.Time) []byte {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, acct := range s.accounts {
		k := acct.keys[keyID]
		if k == nil || k.Material == nil || k.Expires != 0 && k.Expires <= now.Unix() ||
			k.State == PendingDeletion && k.DeleteAt <= now.Unix() {
			continue
		}
		return slices.Clone(k.Material)
	}
	return nil
}

// Bind returns the keyed digest, 32 bytes, that ties a CMK to its first material.
func (s *Store) Bind(keyID string, material []byte) []byte {
	s.mu.RLock()
	secret := s.secrets.Binding
	s.mu.RUnlock()
	mac := hmac.New(sha256.New, secret[:])
	mac.Write([]byte(keyID))
	mac.Write([]byte{0})
	mac.Write(material)
	return mac.Sum(nil)
}

// TokenKey returns the key that seals import tokens.
func (s *Store) TokenKey() *[32]byte {
	s.mu.RLock()
	defer s.mu.RUnlock()
	key := s.secrets.Token
	return &key
}

// Accounts returns the names of the accounts that hold something, sorted.
func (s *Store) Accounts() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Sorted(maps.Keys(s.accounts))
}
