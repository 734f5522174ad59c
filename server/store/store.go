// Package store keeps what the console must not lose in SQLite, which needs nothing else, or in
// PostgreSQL, which several consoles can share. Callers write SQL that both understand, and a
// transaction means the same in both: see README.md.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Errors that callers may test for.
var (
	// ErrFull reports that the disk of the database is full. Nothing was changed.
	ErrFull = errors.New("the disk of the database is full; nothing was changed")
	// ErrUnknown reports that the connection or the disk failed while a transaction was being
	// committed: look into the database to learn whether it was.
	ErrUnknown = errors.New("the database failed while committing; it is not known whether the change was made")
	// ErrDuplicate reports a row that exists already.
	ErrDuplicate = errors.New("the row exists already")
	// ErrStale reports a statement of [Tx.LaterOne] that found its row changed or gone.
	ErrStale = errors.New("the row is not as it was read")
)

// The kinds of database, as [DB.Kind] returns them.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// DB is an open database. Its methods may be called by several goroutines at once.
type DB struct {
	dialect dialect
	writers *sql.DB
	readers *sql.DB       // the same as writers for PostgreSQL
	seats   chan struct{} // as many as may read at once
	rows    sync.Map      // statements of Row that SQLite has parsed, by their text

	turn    sync.Mutex           // of the one Write whose function runs
	waiting atomic.Int64         // calls of Write that wait for their turn
	batch   *batch               // the transaction that is open between two turns, or nil; needs turn
	conn    *sql.Conn            // SQLite's one connection that writes, or nil before the first; needs turn
	parsed  map[string]*sql.Stmt // by it; needs turn
	due     *time.Timer          // calls tidy; needs turn, nil when nothing was written since
	wary    time.Time            // when PostgreSQL last refused what several calls did; needs turn
	closed  bool                 // needs turn
}

// dialect is what differs between the two databases.
type dialect interface {
	kind() string
	open(url string, use use) (writers, readers *sql.DB, err error)
	readers() int                                        // that read at once at most
	begin(ctx context.Context, conn *sql.Conn) error     // so that no other transaction writes
	beginRead(ctx context.Context, conn *sql.Conn) error // of one state of the database
	placeholders(query string) string
	blob() string                                                 // type of bytes
	key() string                                                  // type of a whole number that rows are stored by
	check(ctx context.Context, conn *sql.Conn, path string) error // finds damage, cheaply
	sort(err error) reason
	lost(conn *sql.Conn) bool // whether the connection has ended
}

// reason is what an error of the database means for the caller of a transaction.
type reason int

const (
	other     reason = iota
	again            // the transaction was not made, and may succeed if it is tried again
	full             // the disk is full
	duplicate        // a row breaks a unique index
	unsure           // the disk failed: what was being committed may be there after a restart
)

// seat waits until the caller may read, in the order in which callers come: for a connection, package
// sql would let one at random go first. The seat must be left afterwards.
func (db *DB) seat(ctx context.Context) error {
	select {
	case db.seats <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (db *DB) leave() { <-db.seats }

// use is what a database is opened for.
type use int

const (
	forWriting use = iota // it is created if it does not exist
	forReading
)

// Open opens a database, creates what is missing in it, and applies the migrations that it has not
// seen. The url is the path of an SQLite file, which may begin with sqlite: and is created if it
// does not exist, or begins with postgres:// or postgresql://. Several programs may open the same
// database at once.
func Open(ctx context.Context, url string) (*DB, error) {
	db, err := open(url, forWriting)
	if err != nil {
		return nil, err
	}
	if err := db.migrate(ctx, strings.TrimPrefix(url, "sqlite:")); err != nil {
		return nil, fmt.Errorf("opening the database: %w", errors.Join(err, db.Close()))
	}
	return db, nil
}

// OpenToRead opens a database that exists, and changes nothing in it: Write fails.
func OpenToRead(url string) (*DB, error) { return open(url, forReading) }

func open(url string, use use) (*DB, error) {
	db := &DB{dialect: sqlite{}}
	if strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://") {
		db.dialect = postgres{}
	}
	db.seats = make(chan struct{}, db.dialect.readers())
	var err error
	if db.writers, db.readers, err = db.dialect.open(strings.TrimPrefix(url, "sqlite:"), use); err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	return db, nil
}

// Close closes the database. Transactions that are under way fail.
func (db *DB) Close() error {
	db.turn.Lock()
	defer db.turn.Unlock()
	db.closed = true
	if db.due != nil {
		db.due.Stop()
	}
	var err error
	for _, statement := range db.parsed {
		err = errors.Join(err, statement.Close())
	}
	if db.conn != nil {
		err = errors.Join(err, db.conn.Close())
	}
	if db.readers != db.writers {
		err = errors.Join(err, db.readers.Close())
	}
	return errors.Join(err, db.writers.Close())
}

// Kind returns "sqlite" or "postgres".
func (db *DB) Kind() string { return db.dialect.kind() }

// Read calls f in a transaction that sees one state of the database and changes nothing. While f
// runs it must not call Read or Write.
func (db *DB) Read(ctx context.Context, f func(*Tx) error) error {
	if err := db.seat(ctx); err != nil {
		return fmt.Errorf("reading the database: %w", err)
	}
	defer db.leave()
	conn, err := db.reader(ctx)
	if err != nil {
		return fmt.Errorf("reading the database: %w", err)
	}
	defer conn.Close()
	defer conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
	tx := &Tx{ctx: ctx, conn: conn, dialect: db.dialect}
	if err := f(tx); err != nil {
		return err
	}
	return tx.failed
}

// Row reads one row by itself, which costs a third of what Read does. See [Row.Scan].
func (db *DB) Row(ctx context.Context, into []any, query string, args ...any) error {
	if err := db.seat(ctx); err != nil {
		return err
	}
	defer db.leave()
	statement, err := db.prepared(ctx, query)
	if err != nil {
		return err
	}
	if statement != nil {
		return statement.QueryRowContext(ctx, args...).Scan(into...)
	}
	return db.readers.QueryRowContext(ctx, db.dialect.placeholders(query), args...).Scan(into...)
}

// prepared returns a statement that SQLite need not parse again, and nil for PostgreSQL, whose driver
// keeps statements by itself. Closing the database closes it.
func (db *DB) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	if db.Kind() == Postgres {
		return nil, nil
	}
	if known, ok := db.rows.Load(query); ok {
		return known.(*sql.Stmt), nil
	}
	statement, err := db.readers.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if known, loaded := db.rows.LoadOrStore(query, statement); loaded {
		statement.Close()
		return known.(*sql.Stmt), nil
	}
	return statement, nil
}

// reader returns a connection with a transaction that reads.
func (db *DB) reader(ctx context.Context) (*sql.Conn, error) {
	for {
		conn, err := db.readers.Conn(ctx)
		if err != nil {
			return nil, err
		}
		if err = db.dialect.beginRead(ctx, conn); err == nil {
			return conn, nil
		}
		again := ctx.Err() == nil && db.dialect.lost(conn) // while it was idle; the next may be good
		conn.Close()
		if !again {
			return nil, err
		}
	}
}
