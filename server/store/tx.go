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
	batch   *batch      // nil if the transaction only reads
	later   []statement // that PostgreSQL has not got yet, besides those in batch
	sent    bool        // whether it has got some of this call
	last    bool        // whether this is not for a call but for what all left for the end
	step    step
	failed  error // of the first statement that failed
	late    bool  // whether that was sent by another call than it was given to
}

// step is how far the point is to which the transaction can return.
type step int

const (
	needless step = iota // nobody else has part in the transaction
	wanted               // before the first statement that changes something
	set
)

// statement is what Later was called with.
type statement struct {
	query string
	args  []any
	one   bool  // it must change one row
	into  []any // for the columns of the row that it returns; nil if it returns none
}

// Exec runs a statement that returns no rows. It finds the rows that Insert was given.
func (tx *Tx) Exec(query string, args ...any) (sql.Result, error) {
	if err := tx.change(); err != nil {
		return nil, err
	}
	if err := tx.insertNow(); err != nil {
		return nil, err
	}
	return tx.exec(query, args...)
}

// Later runs a statement whose result nobody needs. PostgreSQL gets it together with those that
// follow, also of calls that share the transaction, before the next query or at the end, in one round
// trip. Its error may come from there. If it is not known whose statement failed, the transaction is
// taken back, and Write calls each function again.
func (tx *Tx) Later(query string, args ...any) error {
	return tx.add(statement{query: query, args: args})
}

// LaterOne is Later for a statement that must change exactly one row. Otherwise its error is ErrStale.
func (tx *Tx) LaterOne(query string, args ...any) error {
	return tx.add(statement{query: query, args: args, one: true})
}

func (tx *Tx) add(s statement) error {
	if err := tx.change(); err != nil {
		return err
	}
	if tx.Kind() == Postgres {
		tx.later = append(tx.later, s)
		return nil
	}
	result, err := tx.exec(s.query, s.args...)
	if err != nil || !s.one {
		return err
	}
	changed, err := result.RowsAffected()
	return tx.note(errors.Join(err, s.check(changed)))
}

// check reports a statement that changed another number of rows than one, if that matters.
func (s statement) check(changed int64) error {
	if s.one && changed != 1 {
		return fmt.Errorf("%w: %d rows changed instead of one", ErrStale, changed)
	}
	return nil
}

// change is called before each statement that changes something. Before the first of a call that
// shares its transaction it sets the point to return to.
func (tx *Tx) change() error {
	if tx.step != wanted {
		return nil
	}
	tx.step = set
	if tx.Kind() == Postgres {
		tx.later = append(tx.later, statement{query: "SAVEPOINT step"})
		return nil
	}
	_, err := tx.exec("SAVEPOINT step")
	return err
}

// send sends what PostgreSQL has not got yet.
func (tx *Tx) send() error {
	if !tx.waits() {
		return nil
	}
	err := tx.note(tx.sendWith())
	tx.late = tx.late || err != nil
	return err
}

// waits reports whether there is something that PostgreSQL has not got yet.
func (tx *Tx) waits() bool {
	return len(tx.later) > 0 || tx.batch != nil && len(tx.batch.unsent) > 0
}

// sendWith sends what PostgreSQL has not got yet, and then what it is given. If that has parts of
// several calls, its error is not that of any.
func (tx *Tx) sendWith(last ...statement) error {
	tx.sent = tx.sent || len(tx.later) > 0
	all, others := append(tx.later, last...), false
	tx.later = nil
	if b := tx.batch; b != nil && len(b.unsent) > 0 {
		all, others = append(b.unsent, all...), true
		b.unsent = nil
	}
	err := sendTogether(tx.ctx, tx.conn, all)
	if others && err != nil && !errors.Is(err, sql.ErrNoRows) && (!tx.last || tx.batch.joined > 1) {
		tx.batch.broken = true
		err = fmt.Errorf("%w: %v", errAgain, err)
	}
	return err
}

// exec runs a statement at once.
func (tx *Tx) exec(query string, args ...any) (sql.Result, error) {
	if err := tx.send(); err != nil {
		return nil, err
	}
	if statement := tx.parsed(query); statement != nil {
		result, err := statement.ExecContext(tx.ctx, args...)
		return result, tx.note(err)
	}
	result, err := tx.conn.ExecContext(tx.ctx, tx.dialect.placeholders(query), args...)
	return result, tx.note(err)
}

// parsed returns a statement that SQLite has parsed, and nil for PostgreSQL, whose driver keeps
// statements by itself, and for what cannot be parsed.
func (tx *Tx) parsed(query string) *sql.Stmt {
	if tx.batch == nil || tx.batch.parsed == nil {
		return nil
	}
	statement := tx.batch.parsed[query]
	if statement == nil {
		var err error
		if statement, err = tx.conn.PrepareContext(tx.ctx, query); err != nil {
			return nil // as will be said when it runs
		}
		tx.batch.parsed[query] = statement
	}
	return statement
}

// Query runs a statement that returns rows. The caller closes them before the next statement.
func (tx *Tx) Query(query string, args ...any) (*sql.Rows, error) {
	if err := tx.send(); err != nil {
		return nil, err
	}
	if statement := tx.parsed(query); statement != nil {
		rows, err := statement.QueryContext(tx.ctx, args...)
		return rows, tx.note(err)
	}
	rows, err := tx.conn.QueryContext(tx.ctx, tx.dialect.placeholders(query), args...)
	return rows, tx.note(err)
}

// QueryRow returns a statement that returns at most one row. It runs when the row is scanned.
func (tx *Tx) QueryRow(query string, args ...any) Row { return Row{tx, query, args} }

// Row is a row that is to be read.
type Row struct {
	tx    *Tx
	query string
	args  []any
}

// Scan runs the statement and copies the columns of the row, as [sql.Row] does. It returns
// [sql.ErrNoRows] if there is none.
func (r Row) Scan(into ...any) error {
	tx := r.tx
	if tx.waits() {
		err := tx.sendWith(statement{query: r.query, args: r.args, into: into})
		if errors.Is(err, sql.ErrNoRows) {
			return err
		}
		tx.late = tx.late || err != nil
		return tx.note(err)
	}
	var row *sql.Row
	if statement := tx.parsed(r.query); statement != nil {
		row = statement.QueryRowContext(tx.ctx, r.args...)
	} else {
		row = tx.conn.QueryRowContext(tx.ctx, tx.dialect.placeholders(r.query), r.args...)
	}
	if err := row.Err(); err != nil {
		return tx.note(err)
	}
	return row.Scan(into...)
}

// Kind returns "sqlite" or "postgres".
func (tx *Tx) Kind() string { return tx.dialect.kind() }

// Writes reports whether the transaction is one of [DB.Write].
func (tx *Tx) Writes() bool { return tx.batch != nil }

// AtCommit keeps a value for all calls of Write that share the transaction, and has f called at its
// end, before the commit. A later value under the same key replaces an earlier one, and takes its
// place again if the function that set it fails. An error of f is that of all who share.
func (tx *Tx) AtCommit(key, value any, f func(*Tx) error) {
	tx.batch.kept[key] = kept{value, f}
}

// Kept returns the value that was kept under a key in this transaction, or nil.
func (tx *Tx) Kept(key any) any {
	if tx.batch == nil {
		return nil
	}
	return tx.batch.kept[key].value
}

type kept struct {
	value any
	f     func(*Tx) error
}

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
