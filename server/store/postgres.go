package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// postgres is PostgreSQL.
type postgres struct{}

// writeLock is the number of the advisory lock that whoever writes holds until the end of the
// transaction: the bytes of "keyferry".
const writeLock = 0x6b65796665727279

func (postgres) kind() string { return Postgres }
func (postgres) readers() int { return 7 }
func (postgres) blob() string { return "BYTEA" }
func (postgres) key() string  { return "BIGINT PRIMARY KEY" }

func (postgres) open(url string, use use) (writers, readers *sql.DB, err error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, nil, err // pgx leaves out the password
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "keyferry"
	}
	if use == forReading {
		config.RuntimeParams["default_transaction_read_only"] = "on"
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 10 * time.Second
	}
	db := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(durable))
	db.SetMaxOpenConns(postgres{}.readers() + 1) // one writes
	db.SetMaxIdleConns(postgres{}.readers() + 1)
	return db, db, nil
}

// durable makes commits wait for the disk, where the server or the role has turned that off.
func durable(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'")
	return err
}

// begin waits for the lock, so that transactions never have to be repeated because they met.
// Statements after it see what was committed before, at the default level of isolation.
func (postgres) begin(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, fmt.Sprintf("BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock(%d)", writeLock),
		pgx.QueryExecModeSimpleProtocol)
	return err
}

func (postgres) beginRead(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
	return err
}

// sendTogether sends statements in one round trip. They have failed if one of them has.
func sendTogether(ctx context.Context, conn *sql.Conn, all []statement) error {
	batch := &pgx.Batch{}
	for _, s := range all {
		queued := batch.Queue(postgres{}.placeholders(s.query), s.args...)
		if s.into != nil {
			queued.QueryRow(func(row pgx.Row) error { return row.Scan(s.into...) })
			continue
		}
		queued.Exec(func(tag pgconn.CommandTag) error { return s.check(tag.RowsAffected()) })
	}
	return conn.Raw(func(driver any) error {
		return driver.(*stdlib.Conn).Conn().SendBatch(ctx, batch).Close()
	})
}

func (postgres) check(context.Context, *sql.Conn, string) error { return nil }

// rewritten are the queries with the marks that PostgreSQL reads.
var rewritten sync.Map

// placeholders writes $1, $2 and so on for each "?".
func (postgres) placeholders(query string) string {
	if done, ok := rewritten.Load(query); ok {
		return done.(string)
	}
	parts := strings.Split(query, "?")
	var b strings.Builder
	b.WriteString(parts[0])
	for i, part := range parts[1:] {
		fmt.Fprintf(&b, "$%d%s", i+1, part)
	}
	rewritten.Store(query, b.String())
	return b.String()
}

// sort reads the SQLSTATE. The codes are in appendix A of the manual of PostgreSQL.
func (p postgres) sort(err error) reason {
	var failure *pgconn.PgError
	if !errors.As(err, &failure) {
		if pgconn.SafeToRetry(err) {
			return again
		}
		return other
	}
	switch failure.Code {
	case "40001", "40P01", // serialization_failure, deadlock_detected
		"57P01", "57P02", "57P03": // the server stops or starts
		return again
	case "53100": // disk_full
		return full
	case "23505": // unique_violation
		return duplicate
	}
	return other
}

// lost reports whether the connection has ended.
func (postgres) lost(conn *sql.Conn) bool {
	return conn.Raw(func(driver any) error {
		if driver.(*stdlib.Conn).Conn().IsClosed() {
			return net.ErrClosed
		}
		return nil
	}) != nil
}
