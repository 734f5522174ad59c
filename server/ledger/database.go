package ledger

import (
	"bytes"
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"keyferry/server/store"
)

// database is the ledger in a database. Besides the entries it checks what is derived from them.
type database struct {
	db *store.DB
}

// FromDatabase reads the ledger in a database. Its Entries also compares the stored hashes and the
// columns for searching with the entries.
func FromDatabase(db *store.DB) Source { return database{db} }

func (d database) Checkpoint(ctx context.Context) (checkpoint []byte, err error) {
	err = d.db.Read(ctx, func(tx *store.Tx) error {
		var size, entries, last, hashes int64
		err := tx.QueryRow("SELECT size, checkpoint FROM ledger_head WHERE id = 1").Scan(&size, &checkpoint)
		if err != nil {
			return fmt.Errorf("reading the ledger's head: %w", err)
		}
		if err := tx.QueryRow("SELECT count(*), coalesce(max(place), -1) FROM ledger_entries").Scan(&entries, &last); err != nil {
			return err
		}
		if err := tx.QueryRow("SELECT count(*) FROM ledger_hashes").Scan(&hashes); err != nil {
			return err
		}
		if entries != size || last != size-1 || hashes != tlog.StoredHashCount(size) {
			return fmt.Errorf("%w: there are %d entries up to number %d and %d hashes for a size of %d",
				ErrAltered, entries, last, hashes, size)
		}
		return nil
	})
	return checkpoint, err
}

// chunk is how many entries one transaction reads.
const chunk = 1024

func (d database) Entries(ctx context.Context, size int64, f func([]byte) error) error {
	t := &tree{edge: map[int64]tlog.Hash{}}
	for t.size < size {
		var rows []row
		stored := map[int64]tlog.Hash{}
		err := d.db.Read(ctx, func(tx *store.Tx) (err error) {
			last := min(t.size+chunk, size)
			if rows, err = readRows(tx, t.size, last); err != nil {
				return err
			}
			return readLevels(tx, t.size, last, stored)
		})
		if err != nil {
			return err
		}
		for _, r := range rows {
			if err := r.check(t, stored); err != nil {
				return err
			}
			if err := f(r.entry); err != nil {
				return err
			}
		}
	}
	return nil
}

// row is an entry with the columns beside it.
type row struct {
	place                        int64
	entry                        []byte
	at                           int64
	kind, request, keyID, person string
}

// readRows returns the entries from first to last, without the latter.
func readRows(tx *store.Tx, first, last int64) ([]row, error) {
	rows, err := tx.Query("SELECT place, entry, at, kind, request, key_id, person FROM ledger_entries "+
		"WHERE place >= ? AND place < ? ORDER BY place", first, last)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []row
	for rows.Next() {
		r := row{}
		if err := rows.Scan(&r.place, &r.entry, &r.at, &r.kind, &r.request, &r.keyID, &r.person); err != nil {
			return nil, err
		}
		if r.place != first+int64(len(found)) {
			break
		}
		found = append(found, r)
	}
	if rows.Err() == nil && int64(len(found)) != last-first {
		return nil, fmt.Errorf("%w: entry %d is gone", ErrAltered, first+int64(len(found)))
	}
	return found, rows.Err()
}

// readLevels reads the hashes of all levels that the entries from first to last complete.
func readLevels(tx *store.Tx, first, last int64, into map[int64]tlog.Hash) error {
	for level := 0; last>>level > 0; level++ {
		from, to := hashPlace(tlog.StoredHashIndex(level, first>>level)), hashPlace(tlog.StoredHashIndex(level, last>>level))
		place := from
		err := scanBytes(tx, selectHashes, from, int(to-from), func(hash []byte) error {
			if len(hash) == tlog.HashSize {
				into[place] = tlog.Hash(hash)
			}
			place++
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// check adds the entry to the tree and compares what is stored beside it.
func (r row) check(t *tree, stored map[int64]tlog.Hash) error {
	first := tlog.StoredHashIndex(0, t.size)
	complete, err := t.add(tlog.RecordHash(r.entry))
	if err != nil {
		return err
	}
	for i, hash := range complete {
		if kept := stored[hashPlace(first+int64(i))]; !bytes.Equal(kept[:], hash[:]) {
			return fmt.Errorf("%w: entry %d is not the one that was written, or its hash was changed", ErrAltered, r.place)
		}
	}
	w, err := parse(r.entry)
	if err != nil {
		return fmt.Errorf("%w: entry %d: %v", ErrAltered, r.place, err)
	}
	at, err := w.at()
	if err != nil {
		return err
	}
	if r.at != at.UnixMicro() || r.kind != w.Kind || r.request != w.Request || r.keyID != w.KeyID || r.person != w.Person {
		return fmt.Errorf("%w: the search for entry %d was changed: a column beside it says something else", ErrAltered, r.place)
	}
	return nil
}
