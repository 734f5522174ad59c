package ledger

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Check is what a ledger is compared with.
type Check struct {
	Key  note.Verifier // public key of the ledger, from a place that its operator does not control
	Kept []byte        // a checkpoint of an earlier verification, or nil
}

// Report is what a verification found.
type Report struct {
	Tree       tlog.Tree
	Kept       int64  // number of entries that the kept checkpoint covers
	Checkpoint []byte // to keep for the next verification
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
	kept := tlog.Tree{Hash: emptyRoot}
	if c.Kept != nil {
		if kept, err = openCheckpoint(string(c.Kept), c.Key); err != nil {
			return nil, errors.New("the kept checkpoint is not one of this ledger, or not signed by its key")
		}
	}
	r.Kept = kept.N
	if r.Tree.N < kept.N {
		return nil, fmt.Errorf("%w: it has %d entries, but had %d when the checkpoint was kept", ErrAltered, r.Tree.N, kept.N)
	}
	return r, compare(ctx, from, r.Tree, kept)
}

// compare reads the entries of a tree and compares them with its root, and with a smaller one.
func compare(ctx context.Context, from Source, signed, kept tlog.Tree) error {
	t := &tree{edge: map[int64]tlog.Hash{}}
	reachesKept := func() error {
		if t.size != kept.N {
			return nil
		}
		if root, err := t.root(); err != nil || root != kept.Hash {
			return fmt.Errorf("%w: its first %d entries are not those of the kept checkpoint; one was changed, removed "+
				"or moved since, or this is another branch of the same log", ErrAltered, kept.N)
		}
		return nil
	}
	if err := reachesKept(); err != nil {
		return err
	}
	err := from.Entries(ctx, signed.N, func(entry []byte) error {
		if _, err := t.add(tlog.RecordHash(entry)); err != nil {
			return err
		}
		return reachesKept()
	})
	if err != nil {
		return err
	}
	if root, err := t.root(); err != nil || root != signed.Hash || t.size != signed.N {
		return fmt.Errorf("%w: its %d entries are not those that its key signed", ErrAltered, signed.N)
	}
	return nil
}
