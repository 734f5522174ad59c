package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"

	driver "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"
)

// sqlite is SQLite, by the driver that needs no C compiler.
//
// A write-ahead log costs one sync for each commit, which is a tenth of what a rollback journal
// costs, and lets others read meanwhile. With synchronous = FULL a commit outlives a power cut.
// What was deleted is overwritten in the file (secure_delete), and stays in the log only until
// [DB.tidy] empties that. The caches are small, since the system has the file in its own.
type sqlite struct{}

const pragmas = "_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)" +
	"&_pragma=secure_delete(ON)&_pragma=journal_size_limit(0)&_pragma=temp_store(MEMORY)" +
	"&_pragma=foreign_keys(ON)&_pragma=cache_size(-2000)"

func (sqlite) kind() string                     { return SQLite }
func (sqlite) readers() int                     { return 4 }
func (sqlite) blob() string                     { return "BLOB" }
func (sqlite) key() string                      { return "INTEGER PRIMARY KEY" }
func (sqlite) placeholders(query string) string { return query }

func (sqlite) open(path string, use use) (writers, readers *sql.DB, err error) {
	if path == "" {
		return nil, nil, errors.New("no file is named")
	}
	if path, err = filepath.Abs(path); err != nil {
		return nil, nil, err
	}
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() + "?mode=rw&"
	if readers, err = sql.Open("sqlite", dsn+"_pragma=query_only(1)&_pragma=busy_timeout(10000)&_pragma=cache_size(-500)"); err != nil {
		return nil, nil, err
	}
	readers.SetMaxOpenConns(sqlite{}.readers())
	readers.SetMaxIdleConns(sqlite{}.readers())
	if use == forReading {
		_, err := os.Stat(path)
		return readers, readers, err
	}
	if err := createFile(path); err != nil {
		return nil, nil, err
	}
	if writers, err = sql.Open("sqlite", dsn+pragmas); err != nil {
		return nil, nil, errors.Join(err, readers.Close())
	}
	writers.SetMaxOpenConns(1)
	return writers, readers, nil
}

// createFile makes an empty file unless there is one: SQLite would let others read it.
func createFile(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return syncFolder(path)
}

// syncFolder waits until the name of a new file is on the disk.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" { // where folders cannot be synced
		return nil
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// tidy copies the write-ahead log into the file and empties it, unless somebody reads.
func (sqlite) tidy(ctx context.Context, conn *sql.Conn) (done bool, err error) {
	if _, err := conn.ExecContext(ctx, "PRAGMA busy_timeout(0)"); err != nil {
		return false, err
	}
	defer conn.ExecContext(context.Background(), "PRAGMA busy_timeout(10000)")
	var busy, pages, moved int
	err = conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &moved)
	return busy == 0, err
}

func (sqlite) begin(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE")
	return err
}

func (sqlite) beginRead(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, "BEGIN")
	return err
}

// check finds a file that was cut, the end of which SQLite would read as zeros. It cannot tell while
// pages are in the write-ahead log.
func (sqlite) check(ctx context.Context, conn *sql.Conn, path string) error {
	var pages, size int64
	if err := conn.QueryRowContext(ctx, "PRAGMA page_count").Scan(&pages); err != nil {
		return err
	}
	if err := conn.QueryRowContext(ctx, "PRAGMA page_size").Scan(&size); err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if wal, err := os.Stat(path + "-wal"); err == nil && wal.Size() > 0 {
		return nil
	}
	if info.Size() != 0 && info.Size() != pages*size {
		return fmt.Errorf("%s was cut: it has %d bytes of %d; bring back a copy", path, info.Size(), pages*size)
	}
	return nil
}

func (sqlite) sort(err error) reason {
	var failure *driver.Error
	if !errors.As(err, &failure) {
		return other
	}
	switch code := failure.Code(); code & 0xff {
	case codes.SQLITE_BUSY, codes.SQLITE_LOCKED:
		return again
	case codes.SQLITE_FULL:
		return full
	case codes.SQLITE_IOERR:
		if code == codes.SQLITE_IOERR_SHMSIZE { // there is no room for -shm
			return full
		}
		return unsure
	case codes.SQLITE_CONSTRAINT:
		if code == codes.SQLITE_CONSTRAINT_UNIQUE || code == codes.SQLITE_CONSTRAINT_PRIMARYKEY {
			return duplicate
		}
	}
	return other
}

func (sqlite) lost(*sql.Conn) bool { return false }
