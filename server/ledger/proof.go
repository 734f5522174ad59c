package ledger

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"keyferry/server/store"
)

// Evidence shows that an entry is in the log, to whoever has the public key and nothing else.
type Evidence struct {
	Format     string           `json:"format"` // "keyferry evidence 1"
	Index      int64            `json:"index"`
	Entry      string           `json:"entry"` // the exact bytes
	Proof      tlog.RecordProof `json:"proof"` // hashes in base64, from the leaf to the root, as in RFC 6962
	Checkpoint string           `json:"checkpoint"`
	PublicKey  string           `json:"publicKey"` // to compare with the one that is known from elsewhere
}

const evidenceFormat = "keyferry evidence 1"

// ErrNoEntry reports an index that the log does not have.
var ErrNoEntry = errors.New("the ledger has no such entry")

// Proof returns the evidence for an entry.
func (l *Log) Proof(ctx context.Context, index int64) (Evidence, error) {
	e := Evidence{Format: evidenceFormat, Index: index, PublicKey: l.key.Public()}
	_, checkpoint, err := l.committed(ctx, func(tx *store.Tx, tree tlog.Tree) error {
		if index < 0 || index >= tree.N {
			return ErrNoEntry
		}
		var entry []byte
		if err := tx.QueryRow("SELECT entry FROM ledger_entries WHERE place = ?", index).Scan(&entry); err != nil {
			return fmt.Errorf("%w: entry %d is gone (%v)", ErrAltered, index, err)
		}
		proof, err := tlog.ProveRecord(tree.N, index, hashes(tx))
		if err != nil {
			return err
		}
		if tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry)) != nil {
			return fmt.Errorf("%w: entry %d is not the one that was written", ErrAltered, index)
		}
		e.Entry, e.Proof = string(entry), proof
		return nil
	})
	e.Checkpoint = string(checkpoint)
	return e, err
}

// Check reports an error unless the log of a key has the entry.
func (e Evidence) Check(key note.Verifier) error {
	if e.Format != evidenceFormat {
		return errors.New("this is not the evidence for an entry of a ledger")
	}
	tree, err := openCheckpoint(e.Checkpoint, key)
	if err != nil {
		return err
	}
	if e.Index < 0 || e.Index >= tree.N ||
		tlog.CheckRecord(e.Proof, tree.N, tree.Hash, e.Index, tlog.RecordHash([]byte(e.Entry))) != nil {
		return fmt.Errorf("%w: the checkpoint has no such entry at index %d", ErrAltered, e.Index)
	}
	return nil
}
