package ledger

import (
	"maps"

	"golang.org/x/mod/sumdb/tlog"

	"keyferry/server/store"
)

// grown is how far the calls that share a transaction have brought the log. Its head is read once, and
// entries, hashes and the next head are written once, before the commit. It does not change: what comes
// next is another value, so that a call that fails can be taken back.
type grown struct {
	tree    *tree
	digests map[string]string // of people, by id: somebody is often named more than once
}

// Append adds an entry in the caller's transaction and returns its index. The entry is in the log
// if the transaction is committed, and otherwise never was. An entry that its kind does not allow
// is refused.
func (l *Log) Append(tx *store.Tx, e Entry) (index int64, err error) {
	if err := e.check(); err != nil {
		return 0, err
	}
	g, err := l.grown(tx)
	if err != nil {
		return 0, err
	}
	digests, err := g.people(tx, &e)
	if err != nil {
		return 0, err
	}
	w := e.write(func(id string) string { return digests[id] })
	entry, err := w.bytes()
	if err != nil {
		return 0, err
	}
	return g.tree.size, l.insert(tx, g, w, entry, digests)
}

// grown returns how far the log has come in a transaction.
func (l *Log) grown(tx *store.Tx) (*grown, error) {
	if g, ok := tx.Kept(l).(*grown); ok {
		return g, nil
	}
	known := l.known() // nobody else can commit now, so the log has at least these
	h, err := l.head(tx)
	if err != nil {
		return nil, err
	}
	if h.tree.N < known.N {
		return nil, shrunk(h.tree.N, known.N)
	}
	return &grown{tree: h.grown}, nil
}

// people returns the digests of those whom the entry names, and of those named before.
func (g *grown) people(tx *store.Tx, e *Entry) (map[string]string, error) {
	digests, own := g.digests, false
	for _, id := range e.names() {
		if _, found := digests[id]; found {
			continue
		}
		made, err := personDigest(tx, id)
		if err != nil {
			return nil, err
		}
		if !own {
			digests, own = maps.Clone(digests), true
		}
		if digests == nil {
			digests = map[string]string{}
		}
		digests[id] = made
	}
	return digests, nil
}

// insert adds the bytes of an entry and what is derived from them.
func (l *Log) insert(tx *store.Tx, g *grown, w *written, entry []byte, digests map[string]string) error {
	at, err := w.at()
	if err != nil {
		return err
	}
	tx.Insert("ledger_entries (place, entry, at, kind, request, key_id, person)",
		g.tree.size, entry, at.UnixMicro(), w.Kind, w.Request, w.KeyID, w.Person)
	next := &grown{tree: g.tree.clone(), digests: digests}
	first := tlog.StoredHashIndex(0, next.tree.size)
	complete, err := next.tree.add(tlog.RecordHash(entry))
	if err != nil {
		return err
	}
	for i, hash := range complete {
		tx.Insert("ledger_hashes (place, hash)", hashPlace(first+int64(i)), hash[:])
	}
	l.keep(tx, next)
	return nil
}

func (l *Log) keep(tx *store.Tx, g *grown) {
	tx.AtCommit(l, g, func(tx *store.Tx) error { return l.finish(tx, g) })
}

// finish writes the next head.
func (l *Log) finish(tx *store.Tx, g *grown) error {
	next, err := l.sign(g.tree)
	if err != nil {
		return err
	}
	l.trust(next)
	return tx.Later("UPDATE ledger_head SET size = ?, root = ?, edge = ?, checkpoint = ? WHERE id = 1",
		next.tree.N, next.tree.Hash[:], next.grown.bytes(), next.checkpoint)
}
