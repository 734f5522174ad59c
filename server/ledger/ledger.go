// Package ledger keeps what happened in a log that only grows, which anyone with its public key can
// check: a Merkle tree as RFC 6962 has it, with signed checkpoints (C2SP tlog-checkpoint), served as
// tiles (C2SP tlog-tiles). README.md has the form of the entries and what a check finds.
package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"keyferry/server/store"
)

// ErrAltered reports that what the database, a file or a server has is not what the ledger's key
// signed, or not a continuation of what was seen before.
var ErrAltered = errors.New("the ledger was altered")

// Log is the ledger in a database. Its methods may be called by several goroutines at once.
type Log struct {
	db  *store.DB
	key Key

	mu      sync.Mutex
	trusted *head     // the last that this process made or checked; needs mu
	seen    tlog.Tree // the largest tree that this process knows to be committed; needs mu
}

// Open opens the ledger in a database, and begins one if there is none. It refuses one that
// another key signed, or that was changed without the key as far as its last checkpoint shows.
func Open(ctx context.Context, db *store.DB, key Key) (*Log, error) {
	l := &Log{db: db, key: key, trusted: &head{}}
	err := db.Write(ctx, func(tx *store.Tx) error {
		var heads, entries int
		if err := tx.QueryRow("SELECT (SELECT count(*) FROM ledger_head), (SELECT count(*) FROM ledger_entries WHERE place = 0)").
			Scan(&heads, &entries); err != nil {
			return err
		}
		if heads+entries > 0 {
			_, err := l.head(tx)
			return err
		}
		h, err := l.sign(&tree{})
		if err != nil {
			return err
		}
		_, err = tx.Exec("INSERT INTO ledger_head (id, size, root, edge, checkpoint) VALUES (1, 0, ?, ?, ?)",
			h.tree.Hash[:], h.grown.bytes(), h.checkpoint)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("opening the ledger: %w", err)
	}
	if _, err := l.Checkpoint(ctx); err != nil {
		return nil, fmt.Errorf("opening the ledger: %w", err)
	}
	return l, nil
}

// head is the row that says how far the log has come.
type head struct {
	tree       tlog.Tree
	checkpoint string
	grown      *tree
}

// head reads the row and locks it until the end of a transaction that writes. It returns only what
// the key has signed.
func (l *Log) head(tx *store.Tx) (*head, error) {
	h := &head{}
	var root, edge []byte
	lock := ""
	if tx.Kind() == store.Postgres && tx.Writes() {
		lock = " FOR UPDATE"
	}
	err := tx.QueryRow("SELECT size, root, edge, checkpoint FROM ledger_head WHERE id = 1"+lock).
		Scan(&h.tree.N, &root, &edge, &h.checkpoint)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("%w: the row with its size and root is gone", ErrAltered)
	}
	if err != nil {
		return nil, err
	}
	copy(h.tree.Hash[:], root)
	return h, l.checkHead(h, edge)
}

// checkHead compares the row with its signature: the size and the root directly, and the edge
// because it hashes to the root.
func (l *Log) checkHead(h *head, edge []byte) error {
	l.mu.Lock()
	trusted := l.trusted
	l.mu.Unlock()
	signed := trusted.tree
	if h.checkpoint != trusted.checkpoint {
		var err error
		if signed, err = openCheckpoint(h.checkpoint, l.key.verifier); err != nil {
			return err
		}
	}
	if signed != h.tree {
		return fmt.Errorf("%w: its size or root is not that of its checkpoint", ErrAltered)
	}
	l.trust(h)
	var ok bool
	if h.grown, ok = newTree(h.tree.N, edge); !ok {
		return fmt.Errorf("%w: its edge does not belong to its size", ErrAltered)
	}
	if root, err := h.grown.root(); err != nil || root != h.tree.Hash {
		return fmt.Errorf("%w: its edge does not hash to its root", ErrAltered)
	}
	return nil
}

// known returns the largest tree that this process knows to be committed.
func (l *Log) known() tlog.Tree {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seen
}

// shrunk reports a log that has fewer entries than were known.
func shrunk(has, had int64) error {
	return fmt.Errorf("%w: it has %d entries, and had %d", ErrAltered, has, had)
}

// sign returns the row for a tree.
func (l *Log) sign(t *tree) (*head, error) {
	root, err := t.root()
	if err != nil {
		return nil, err
	}
	h := &head{tree: tlog.Tree{N: t.size, Hash: root}, grown: t}
	text := torchwood.Checkpoint{Origin: l.key.Origin(), Tree: h.tree}.String()
	signed, err := note.Sign(&note.Note{Text: text}, l.key.signer)
	h.checkpoint = string(signed)
	return h, err
}

// openCheckpoint returns the tree that a checkpoint of the log is about, after checking the
// signature.
func openCheckpoint(checkpoint string, key note.Verifier) (tlog.Tree, error) {
	if origin, _, _ := strings.Cut(checkpoint, "\n"); origin != key.Name() && origin != "" {
		return tlog.Tree{}, fmt.Errorf("%w, or this is not its key: its checkpoint is of the log %q, and the key of %q", ErrAltered, origin, key.Name())
	}
	n, err := note.Open([]byte(checkpoint), note.VerifierList(key))
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("%w: its checkpoint is not signed by the key %s", ErrAltered, key.Name())
	}
	c, err := torchwood.ParseCheckpoint(n.Text)
	if err != nil || c.Origin != key.Name() {
		return tlog.Tree{}, fmt.Errorf("%w: its checkpoint is malformed", ErrAltered)
	}
	return c.Tree, nil
}

func (l *Log) trust(h *head) {
	l.mu.Lock()
	l.trusted = h
	l.mu.Unlock()
}
