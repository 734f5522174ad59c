package localkms

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"slices"
)

// openStore returns the store that a state file keeps, or a new one. A new one
// is filled by sow before anything is written, so that there is never a file
// with half of a seed in it.
func openStore(file string, log *slog.Logger, sow func(*store) error) (*store, error) {
	s := newStore(log)
	if file == "" {
		return s, sow(s)
	}
	_, err := os.Stat(file)
	isNew := errors.Is(err, fs.ErrNotExist)
	if err != nil && !isNew {
		return nil, fmt.Errorf("opening state file: %w", err)
	}
	j := &journal{path: file}
	if j.seal, j.lock, err = readSealerKey(file+".key", isNew); err != nil {
		return nil, fmt.Errorf("opening state file: %w", err)
	}
	if isNew {
		err = sow(s)
		if err == nil {
			err = j.rewrite(s.tenants, s.secrets)
		}
	} else {
		err = j.load(&s.secrets, s.replay)
	}
	if err != nil {
		j.close()
		return nil, fmt.Errorf("opening state file %s: %w", file, err)
	}
	s.journal = j
	return s, nil
}

// replay makes a change true that has been durable before.
func (s *store) replay(c change) {
	if s.tenants[c.Account] == nil {
		s.tenants[c.Account] = newAccount()
	}
	s.tenants[c.Account].apply(c)
}

// adopt takes over the content of another store, in one step.
func (s *store) adopt(other *store) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.journal != nil {
		if err := s.journal.rewrite(other.tenants, other.secrets); err != nil {
			return err
		}
	}
	s.tenants, s.secrets = other.tenants, other.secrets
	return nil
}

// compactIfLarge rewrites the state file when most of it is history. A failure
// costs nothing but room: the file goes on as it was.
func (s *store) compactIfLarge() {
	if s.journal == nil {
		return
	}
	live := 0
	for _, acct := range s.tenants {
		live += len(acct.keys) + len(acct.aliases)
	}
	if s.journal.appended < 1000+2*live {
		return
	}
	if err := s.journal.rewrite(s.tenants, s.secrets); err != nil {
		s.log.Error("compacting state file", "error", err)
	}
}

// snapshotKeys is how many keys a record of a snapshot holds.
const snapshotKeys = 100

// snapshot returns changes that make the tenants out of nothing.
func snapshot(tenants map[string]*account) []change {
	var changes []change
	for _, name := range slices.Sorted(maps.Keys(tenants)) {
		acct := tenants[name]
		for keys := range slices.Chunk(acct.order, snapshotKeys) {
			changes = append(changes, change{Account: name, Keys: keys})
		}
		if len(acct.aliases) > 0 {
			changes = append(changes, change{Account: name, Aliases: acct.aliases})
		}
	}
	return changes
}
