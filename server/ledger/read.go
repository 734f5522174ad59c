package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"keyferry/server/store"
)

// Filter says which entries to search for. Empty fields mean any.
type Filter struct {
	Kind    string // "request." with the dot means all kinds that begin with it
	Request string
	KeyID   string
	Person  string // id, or the digest that entries have
	From    time.Time
	Until   time.Time // exclusive
	Before  int64     // only entries with a smaller index; 0 means any
	Limit   int       // 0 means 100; at most 1000
}

// Record is an entry as the log has it.
type Record struct {
	Index  int64
	Entry         // Person and Others have the ids that are known, and are empty for forgotten people
	Digest string // of the person, as it is written
	Bytes  []byte // as they are hashed
}

// Entries returns entries, the newest first. The search uses columns beside the entries, which
// nothing signs: what it returns is from the entries themselves, but only Verify shows that none is
// left out.
func (l *Log) Entries(ctx context.Context, f Filter) (found []Record, err error) {
	err = l.db.Read(ctx, func(tx *store.Tx) error {
		found = nil
		where, args, err := f.where(tx)
		if err != nil {
			return err
		}
		rows, err := tx.Query("SELECT place, entry FROM ledger_entries WHERE "+where+" ORDER BY place DESC LIMIT ?", args...)
		if err != nil {
			return err
		}
		if found, err = readRecords(rows); err != nil {
			return err
		}
		return resolve(tx, found)
	})
	return found, err
}

// where returns the condition of a search and its arguments.
func (f Filter) where(tx *store.Tx) (string, []any, error) {
	conditions, args := []string{"place >= 0"}, []any{}
	add := func(condition string, values ...any) {
		conditions, args = append(conditions, condition), append(args, values...)
	}
	if prefix, ok := strings.CutSuffix(f.Kind, "."); ok {
		add("kind > ? AND kind < ?", f.Kind, prefix+"/") // "/" comes after "." in ASCII
	} else if f.Kind != "" {
		add("kind = ?", f.Kind)
	}
	if f.Request != "" {
		add("request = ?", f.Request)
	}
	if f.KeyID != "" {
		add("key_id = ?", f.KeyID)
	}
	if f.Person != "" {
		known, err := knownDigest(tx, f.Person)
		if err != nil {
			return "", nil, err
		}
		if known == "" {
			known = f.Person
		}
		add("person = ?", known)
	}
	if !f.From.IsZero() {
		add("at >= ?", f.From.UnixMicro())
	}
	if !f.Until.IsZero() {
		add("at < ?", f.Until.UnixMicro())
	}
	if f.Before > 0 {
		add("place < ?", f.Before)
	}
	limit := f.Limit
	if limit <= 0 {
		limit = 100
	}
	return strings.Join(conditions, " AND "), append(args, min(limit, 1000)), nil
}

func readRecords(rows *sql.Rows) ([]Record, error) {
	defer rows.Close()
	var found []Record
	for rows.Next() {
		r := Record{}
		if err := rows.Scan(&r.Index, &r.Bytes); err != nil {
			return nil, err
		}
		if err := r.parse(); err != nil {
			return nil, err
		}
		found = append(found, r)
	}
	return found, rows.Err()
}

// parse fills in what the bytes say. People are still digests afterwards.
func (r *Record) parse() error {
	w, err := parse(r.Bytes)
	if err != nil {
		return fmt.Errorf("%w: entry %d: %v", ErrAltered, r.Index, err)
	}
	at, err := w.at()
	if err != nil {
		return err
	}
	r.Digest = w.Person
	r.Entry = Entry{At: at, Kind: w.Kind, Request: w.Request, Region: w.Region, KeyID: w.KeyID,
		Person: w.Person, Others: w.Others, Policies: w.Policies, Fields: w.Fields}
	return nil
}

// resolve replaces the digests of people by their ids.
func resolve(tx *store.Tx, records []Record) error {
	known := map[string]string{"": ""}
	id := func(digest string) (string, error) {
		if id, ok := known[digest]; ok {
			return id, nil
		}
		var person string
		err := tx.QueryRow("SELECT person FROM ledger_people WHERE digest = ?", digest).Scan(&person)
		if err == sql.ErrNoRows {
			err = nil
		}
		known[digest] = person
		return person, err
	}
	for i := range records {
		var err error
		if records[i].Person, err = id(records[i].Person); err != nil {
			return err
		}
		for part, digest := range records[i].Others {
			if records[i].Others[part], err = id(digest); err != nil {
				return err
			}
		}
	}
	return nil
}

// Size returns the number of entries.
func (l *Log) Size(ctx context.Context) (int64, error) {
	tree, _, err := l.committed(ctx, nil)
	return tree.N, err
}

// Checkpoint returns the signed checkpoint of all entries: a signed note, as C2SP tlog-checkpoint
// has it. It fails with [ErrAltered] if the log does not continue what this process saw earlier.
func (l *Log) Checkpoint(ctx context.Context) ([]byte, error) {
	_, checkpoint, err := l.committed(ctx, nil)
	return checkpoint, err
}

// committed reads the head outside a transaction that writes, compares it with what was seen
// before, and calls f, if there is one, in the same transaction.
func (l *Log) committed(ctx context.Context, f func(*store.Tx, tlog.Tree) error) (tree tlog.Tree, checkpoint []byte, err error) {
	known := l.known() // before the transaction, which sees at least these
	err = l.db.Read(ctx, func(tx *store.Tx) error {
		h, err := l.head(tx)
		if err != nil {
			return err
		}
		tree, checkpoint = h.tree, []byte(h.checkpoint)
		if err := l.continues(tx, known, tree); err != nil {
			return err
		}
		if f != nil {
			return f(tx, tree)
		}
		return nil
	})
	return tree, checkpoint, err
}

// continues reports an error unless a tree continues the one that was known, and remembers it.
func (l *Log) continues(tx *store.Tx, known, tree tlog.Tree) error {
	if tree.N < known.N {
		return shrunk(tree.N, known.N)
	}
	if known.N > 0 && tree != known {
		proof, err := tlog.ProveTree(tree.N, known.N, hashes(tx))
		if err != nil {
			return err
		}
		if tlog.CheckTree(proof, tree.N, tree.Hash, known.N, known.Hash) != nil {
			return fmt.Errorf("%w: its %d entries do not continue the %d that it had", ErrAltered, tree.N, known.N)
		}
	}
	l.mu.Lock()
	if tree.N > l.seen.N {
		l.seen = tree
	}
	l.mu.Unlock()
	return nil
}
