package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"time"
)

const (
	attempts  = 20                    // of one Write
	batchSize = 64                    // calls of Write that one transaction joins
	batchTime = 50 * time.Millisecond // after which a transaction is joined by no other call
	patience  = 60 * time.Second      // for the statements of one transaction
	untidy    = time.Second           // how long what was deleted may stay in SQLite's write-ahead log
	caution   = time.Second           // how long each call is sent by itself after one was refused
)

// errAgain reports that a transaction was not made for a reason that lay outside it.
var errAgain = errors.New("the transaction was interrupted")

// Write calls f in a transaction and commits what it did, or takes it back if f returns an error,
// which Write returns. When Write returns nil, the change is on the disk.
//
// Transactions of all programs that use the database follow one another: f sees what all earlier
// ones did, and nobody else writes while it runs. So f should be short, must not wait for
// anything else, must not call Read or Write, and may be called several times: what it does
// besides its statements must bear that.
//
// Calls that come while another commits share the next commit, since a commit waits for the disk.
// Each is taken back alone if its f fails.
func (db *DB) Write(ctx context.Context, f func(*Tx) error) error {
	for attempt := 1; ; attempt++ {
		err := db.write(ctx, f)
		if err == nil || attempt == attempts || (!errors.Is(err, errAgain) && db.dialect.sort(err) != again) {
			return translate(db.dialect, err)
		}
		pause := time.Duration(rand.Int64N(int64(min(attempt, 10)) * int64(10*time.Millisecond)))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// write is one attempt.
func (db *DB) write(ctx context.Context, f func(*Tx) error) error {
	b, err := db.takeTurn(ctx, f)
	if err != nil {
		return err
	}
	<-b.done
	return b.err
}

// batch is a transaction that several calls of Write share.
type batch struct {
	ctx    context.Context
	cancel context.CancelFunc
	conn   *sql.Conn
	parsed map[string]*sql.Stmt // what SQLite has parsed, which takes as long as running it; nil for PostgreSQL
	kept   map[any]kept         // see Tx.AtCommit
	unsent []statement          // of calls whose f was successful, that PostgreSQL has not got yet
	alone  bool                 // whether PostgreSQL gets what each call does by itself
	broken bool                 // whether PostgreSQL refused something, perhaps of an earlier call
	joined int                  // calls whose f was successful
	began  time.Time
	done   chan struct{} // closed at the end
	err    error         // of the commit; set before done is closed
}

// takeTurn waits until no other f runs, calls f, and commits unless somebody waits who will. It
// returns the batch that f became part of.
func (db *DB) takeTurn(ctx context.Context, f func(*Tx) error) (*batch, error) {
	db.waiting.Add(1)
	db.turn.Lock()
	defer db.turn.Unlock()
	db.waiting.Add(-1)
	var joined *batch
	err := ctx.Err()
	if err == nil {
		joined, err = db.run(f)
	}
	// Whoever waits has to come here as well, and commits then. Calls whose f fails do not count for the
	// size, so the time ends a batch that meets those alone: others wait for it, in this process and,
	// since it holds the lock, in every other.
	if b := db.batch; b != nil && (db.waiting.Load() == 0 || b.joined == batchSize || time.Since(b.began) > batchTime) {
		db.end(db.commit(b))
	}
	return joined, err
}

// run calls f within the open batch, or a new one.
func (db *DB) run(f func(*Tx) error) (*batch, error) {
	if db.batch == nil {
		b, err := db.begin()
		if err != nil {
			return nil, err
		}
		db.batch = b
	}
	b := db.batch
	finished := false
	defer func() {
		if !finished { // f has panicked
			b.rollback()
			db.end(errAgain)
		}
	}()
	before := maps.Clone(b.kept)
	tx := b.tx(db.dialect)
	err := tx.call(f)
	finished = true
	if err == nil {
		b.joined++
		return b, nil
	}
	b.kept = before
	if b.broken {
		db.wary = time.Now()
	}
	if !tx.undo() {
		b.rollback()
		db.end(errAgain)
	}
	return nil, err
}

// tx returns a part of the transaction for one function.
func (b *batch) tx(d dialect) *Tx {
	tx := &Tx{ctx: b.ctx, conn: b.conn, dialect: d, batch: b}
	if b.joined > 0 {
		tx.step = wanted
	}
	return tx
}

// call calls f, and sends what it left to be sent.
func (tx *Tx) call(f func(*Tx) error) error {
	err := f(tx)
	if err == nil && tx.failed == nil {
		switch {
		case tx.Kind() == Postgres:
			tx.leave()
		case tx.step == set:
			tx.exec("RELEASE step")
		}
	}
	if tx.failed == nil {
		return err
	}
	if errors.Is(tx.failed, errAgain) || tx.dialect.sort(tx.failed) == again || tx.dialect.lost(tx.conn) {
		return errors.Join(errAgain, tx.failed)
	}
	if err == nil || tx.late { // what f returned may follow from a statement that it had given before
		return tx.failed
	}
	return err
}

// leave leaves what a successful call did to be sent later, unless that is to be sent by itself. A
// point to return to is not needed where all of it is sent later.
func (tx *Tx) leave() {
	switch {
	case tx.step == set && (tx.sent || tx.batch.alone):
		tx.later = append(tx.later, statement{query: "RELEASE step"})
	case tx.step == set:
		tx.later = tx.later[1:]
	}
	if tx.batch.alone {
		tx.send()
		return
	}
	tx.batch.unsent = append(tx.batch.unsent, tx.later...)
	tx.later = nil
}

// undo takes back what a function did that failed. It returns false if the whole transaction must
// be: when nobody else has part in it, or there is no point to return to.
func (tx *Tx) undo() bool {
	tx.later = nil
	switch {
	case tx.step == needless, tx.batch.broken:
		return false
	case tx.step == wanted, tx.Kind() == Postgres && !tx.sent:
		return tx.failed == nil // it has changed nothing
	}
	return tx.batch.exec("ROLLBACK TO step") == nil && tx.batch.exec("RELEASE step") == nil
}

func (b *batch) exec(statement string) error {
	_, err := b.conn.ExecContext(b.ctx, statement)
	return err
}

// rollback fails if the database has done it.
func (b *batch) rollback() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(b.ctx), time.Second)
	defer cancel()
	b.conn.ExecContext(ctx, "ROLLBACK")
}

// writer returns a connection to write with. SQLite has one, which is kept for what it has parsed.
func (db *DB) writer(ctx context.Context) (*sql.Conn, error) {
	if db.conn != nil {
		return db.conn, nil
	}
	conn, err := db.writers.Conn(ctx)
	if err == nil && db.Kind() == SQLite {
		db.conn, db.parsed = conn, map[string]*sql.Stmt{}
	}
	return conn, err
}

func (db *DB) release(conn *sql.Conn) {
	if conn != db.conn {
		conn.Close()
	}
}

// begin opens a transaction. It is not bound to the context of any caller, since others join it.
func (db *DB) begin() (*batch, error) {
	b := &batch{done: make(chan struct{}), kept: map[any]kept{}, began: time.Now(), alone: time.Since(db.wary) < caution}
	b.ctx, b.cancel = context.WithTimeout(context.Background(), patience)
	var err error
	if b.conn, err = db.writer(b.ctx); err == nil {
		if err = db.dialect.begin(b.ctx, b.conn); err == nil {
			b.parsed = db.parsed
			return b, nil
		}
		if db.dialect.lost(b.conn) { // while it was idle
			err = errors.Join(errAgain, err)
		}
		b.rollback()
		db.release(b.conn)
	}
	b.cancel()
	return nil, fmt.Errorf("writing to the database: %w", err)
}

// commit makes a batch durable.
func (db *DB) commit(b *batch) error {
	if b.joined == 0 {
		b.rollback()
		return nil
	}
	err := db.finish(b)
	if b.broken {
		db.wary = time.Now()
	}
	if err == nil {
		db.tidyLater()
		return nil
	}
	switch {
	case errors.Is(err, errAgain), db.dialect.sort(err) == again:
		err = errors.Join(errAgain, err)
	case db.dialect.sort(err) == unsure, db.dialect.lost(b.conn):
		err = fmt.Errorf("%w: %v", ErrUnknown, err)
	default:
		err = fmt.Errorf("committing: %w", err)
	}
	b.rollback()
	return err
}

// finish does what calls left for the end, and commits.
func (db *DB) finish(b *batch) error {
	tx := &Tx{ctx: b.ctx, conn: b.conn, dialect: db.dialect, batch: b, last: true}
	if err := tx.send(); err != nil { // not with the COMMIT, since PostgreSQL does not check for LaterOne
		if db.dialect.lost(b.conn) {
			err = errors.Join(errAgain, err)
		}
		return err
	}
	for _, last := range b.kept {
		if err := last.f(tx); err != nil {
			return errors.Join(tx.failed, err)
		}
	}
	if db.Kind() != Postgres {
		return b.exec("COMMIT")
	}
	tx.later = append(tx.later, statement{query: "COMMIT"})
	return tx.send()
}

// end lets go of the batch and tells everybody who has part in it.
func (db *DB) end(err error) {
	b := db.batch
	db.batch = nil
	db.release(b.conn)
	b.cancel()
	b.err = err
	close(b.done)
}

// tidyLater calls tidy soon, if this is SQLite. The caller has the turn.
func (db *DB) tidyLater() {
	if db.Kind() == SQLite && db.due == nil && !db.closed {
		db.due = time.AfterFunc(untidy, db.tidy)
	}
}

// tidy removes from the disk what was deleted. Where it cannot, because somebody reads, it comes
// back.
func (db *DB) tidy() {
	db.turn.Lock()
	defer db.turn.Unlock()
	if db.closed {
		return
	}
	if b := db.batch; b != nil { // nobody waits longer than for another commit
		db.end(db.commit(b))
	}
	db.due = nil
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := db.writer(ctx)
	if err != nil {
		return
	}
	if done, err := (sqlite{}).tidy(ctx, conn); err != nil || !done {
		db.tidyLater()
	}
}
