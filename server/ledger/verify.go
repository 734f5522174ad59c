package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Check is what a ledger is compared with.
type Check struct {
	Key  note.Verifier // public key of the ledger, from a place that its operator does not control
	Kept [][]byte      // checkpoints from earlier verifications and from evidence
	// Witnesses must all have cosigned the newest cosigned checkpoint, which is then compared too.
	Witnesses []note.Verifier
}

// Report is what a verification found.
type Report struct {
	Tree       tlog.Tree
	Kept       int64  // number of entries that the kept checkpoints cover
	Checkpoint []byte // to keep for the next verification
	Cosigned   []Cosignature
	// HashesAlone is set if the server did not show the entries: nothing was removed, moved or
	// changed that a checkpoint covers, but what the entries say was not read.
	HashesAlone bool
}

// Verify reads a whole ledger and returns an error that wraps [ErrAltered] if an entry was changed,
// removed, moved or added without the key since it was written, or, whoever did it, since the kept
// checkpoint. Other errors mean that the ledger could not be read.
func Verify(ctx context.Context, from Source, c Check) (*Report, error) {
	checkpoint, err := from.Checkpoint(ctx)
	if err != nil {
		return nil, err
	}
	r := &Report{Checkpoint: checkpoint}
	if r.Tree, err = openCheckpoint(string(checkpoint), c.Key); err != nil {
		return nil, err
	}
	if len(c.Witnesses) > 0 {
		cosigned, err := from.Cosigned(ctx)
		if err != nil {
			return nil, err
		}
		if r.Cosigned, err = openCosigned(cosigned, c.Key, c.Witnesses); err != nil {
			return nil, err
		}
		c.Kept = append(slices.Clip(c.Kept), cosigned)
	}
	var kept []tlog.Tree
	for _, k := range c.Kept {
		earlier, err := openCheckpoint(string(k), c.Key)
		if err != nil {
			return nil, errors.New("the kept checkpoint is not one of this ledger, or not signed by its key")
		}
		if r.Tree.N < earlier.N {
			return nil, fmt.Errorf("%w: it has %d entries, but had %d when a checkpoint was kept", ErrAltered, r.Tree.N, earlier.N)
		}
		kept, r.Kept = append(kept, earlier), max(r.Kept, earlier.N)
	}
	err = compare(r.Tree, kept, func(f func(tlog.Hash) error) error {
		return from.Entries(ctx, r.Tree.N, func(entry []byte) error { return f(tlog.RecordHash(entry)) })
	})
	if s, ok := from.(server); ok && errors.Is(err, errRefused) {
		r.HashesAlone = true
		err = compare(r.Tree, kept, func(f func(tlog.Hash) error) error { return s.Hashes(ctx, r.Tree.N, f) })
	}
	return r, err
}

// compare compares the hashes of entries, which each calls a function with, with the root of a tree
// and with those of smaller ones.
func compare(signed tlog.Tree, kept []tlog.Tree, each func(func(tlog.Hash) error) error) error {
	t := &tree{edge: map[int64]tlog.Hash{}}
	check := func() error {
		for _, k := range kept {
			if t.size != k.N {
				continue
			}
			if root, err := t.root(); err != nil || root != k.Hash {
				return fmt.Errorf("%w: its first %d entries are not those of the kept checkpoint; one was changed, removed "+
					"or moved since, or this is another branch of the same log", ErrAltered, k.N)
			}
		}
		return nil
	}
	if err := check(); err != nil {
		return err
	}
	err := each(func(hash tlog.Hash) error {
		if _, err := t.add(hash); err != nil {
			return err
		}
		return check()
	})
	if err != nil {
		return err
	}
	if root, err := t.root(); err != nil || root != signed.Hash || t.size != signed.N {
		return fmt.Errorf("%w: its %d entries are not those that its key signed", ErrAltered, signed.N)
	}
	return nil
}
