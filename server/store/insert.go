package store

import (
	"math/bits"
	"strings"
)

// mostRows is how many rows one statement inserts. It is a power of two, as all such numbers are, so
// that there are few different statements, which the database knows already.
const mostRows = 64

// Insert adds a row at the end of the transaction, such as to "places (id, name)". It is sent together
// with the other rows for these columns, also those of the calls of Write that share the transaction,
// which costs less than a statement for each. Until then queries do not find it. If the database
// refuses it, the transaction fails for all calls that share it.
func (tx *Tx) Insert(into string, row ...any) {
	rows, _ := tx.Kept(insertion(into)).([][]any)
	rows = append(rows, row)
	tx.AtCommit(insertion(into), rows, func(tx *Tx) error { return tx.insert(into, rows) })
}

// insertion is the key under which rows are kept: the table and its columns.
type insertion string

// insertNow inserts what Insert was given so far. If the call fails, that of others is inserted again
// at the end.
func (tx *Tx) insertNow() error {
	if tx.batch == nil {
		return nil
	}
	for key, rows := range tx.batch.kept {
		into, ok := key.(insertion)
		if !ok {
			continue
		}
		delete(tx.batch.kept, key)
		if err := tx.insert(string(into), rows.value.([][]any)); err != nil {
			return err
		}
	}
	return nil
}

// insert sends rows.
func (tx *Tx) insert(into string, rows [][]any) error {
	for len(rows) > 0 {
		n := min(1<<(bits.Len(uint(len(rows)))-1), mostRows)
		marks := "(?" + strings.Repeat(", ?", len(rows[0])-1) + ")"
		args := make([]any, 0, n*len(rows[0]))
		for _, row := range rows[:n] {
			args = append(args, row...)
		}
		if err := tx.Later("INSERT INTO "+into+" VALUES "+marks+strings.Repeat(", "+marks, n-1), args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}
