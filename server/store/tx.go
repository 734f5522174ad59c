package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Tx is a transaction. It must not be used after the function that got it has returned, nor by two
// goroutines at once. Queries mark their arguments by "?" and have none in their literals.
//
// When a statement fails, the function that got the transaction must return: the transaction will
// not be committed, whatever it returns.
type Tx struct {
	ctx     context.Context
	conn    *sql.Conn
	dialect dialect
	writes  bool
	failed  error // of the first statement that failed
	ready   map[string]*sql.Stmt
}

// Exec runs a statement that returns no rows.
func (tx *Tx) Exec(query string, args ...any) (sql.Result, error) {
	if tx.ready == nil { // PostgreSQL's driver keeps statements by itself
		result, err := tx.conn.ExecContext(tx.ctx, tx.dialect.placeholders(query), args...)
		return result, tx.note(err)
	}
	statement := tx.ready[query]
	if statement == nil {
		var err error
		if statement, err = tx.conn.PrepareContext(tx.ctx, query); err != nil {
			return nil, tx.note(err)
		}
		tx.ready[query] = statement
	}
	result, err := statement.ExecContext(tx.ctx, args...)
	return result, tx.note(err)
}

// Query runs a statement that returns rows. The caller closes them before the next statement.
func (tx *Tx) Query(query string, args ...any) (*sql.Rows, error) {
	rows, err := tx.conn.QueryContext(tx.ctx, tx.dialect.placeholders(query), args...)
	return rows, tx.note(err)
}

// QueryRow runs a statement that returns at most one row.
func (tx *Tx) QueryRow(query string, args ...any) *sql.Row {
	row := tx.conn.QueryRowContext(tx.ctx, tx.dialect.placeholders(query), args...)
	tx.note(row.Err())
	return row
}

// Kind returns "sqlite" or "postgres".
func (tx *Tx) Kind() string { return tx.dialect.kind() }

// Writes reports whether the transaction is one of [DB.Write].
func (tx *Tx) Writes() bool { return tx.writes }

// note translates the error of a statement and remembers the first.
func (tx *Tx) note(err error) error {
	err = translate(tx.dialect, err)
	if tx.failed == nil {
		tx.failed = err
	}
	return err
}

// translate wraps the errors that callers may test for.
func translate(d dialect, err error) error {
	if err == nil {
		return nil
	}
	var sentinel error
	switch d.sort(err) {
	case full:
		sentinel = ErrFull
	case duplicate:
		sentinel = ErrDuplicate
	default:
		return err
	}
	if errors.Is(err, sentinel) {
		return err
	}
	return fmt.Errorf("%w: %w", sentinel, err)
}
