package ledger

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"keyferry/server/store"
)

// levelShift: the place of a hash in the database is that in its level, plus the level times this.
const levelShift = 56

func hashPlace(index int64) int64 {
	level, n := tlog.SplitStoredHashIndex(index)
	return int64(level)<<levelShift + n
}

// hashes returns a reader of the stored hashes within a transaction.
func hashes(tx *store.Tx) tlog.HashReaderFunc {
	return func(indexes []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, 0, len(indexes))
		for some := range slices.Chunk(indexes, 32) {
			read, err := readHashes(tx, some)
			if err != nil {
				return nil, err
			}
			found = append(found, read...)
		}
		return found, nil
	}
}

// readHashes reads up to 32 hashes, with the same statement for any number of them.
func readHashes(tx *store.Tx, indexes []int64) ([]tlog.Hash, error) {
	args := make([]any, 32)
	for i := range args {
		args[i] = hashPlace(indexes[min(i, len(indexes)-1)])
	}
	rows, err := tx.Query("SELECT place, hash FROM ledger_hashes WHERE place IN (?"+strings.Repeat(", ?", 31)+")", args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	byPlace := map[int64]tlog.Hash{}
	for rows.Next() {
		var place int64
		var hash []byte
		if err := rows.Scan(&place, &hash); err != nil {
			return nil, err
		}
		if len(hash) == tlog.HashSize {
			byPlace[place] = tlog.Hash(hash)
		}
	}
	found := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		hash, ok := byPlace[hashPlace(index)]
		if !ok && rows.Err() == nil {
			return nil, fmt.Errorf("%w: a hash is gone", ErrAltered)
		}
		found[i] = hash
	}
	return found, rows.Err()
}
