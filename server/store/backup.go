package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// ErrPostgres reports that a database is PostgreSQL's to copy.
var ErrPostgres = errors.New("PostgreSQL has programs of its own for that, pg_dump and pg_restore: see README.md of the store")

// Backup copies an SQLite database into a new file, readable by its owner alone, while other programs
// read and write it. The copy is one state of the database, without what was deleted, and is checked
// before it gets its name.
func Backup(ctx context.Context, database, file string) error {
	path, err := sqlitePath(database)
	if err != nil {
		return err
	}
	if err := mustExist(path); err != nil {
		return err
	}
	return writeNew(file, func(partial string) error {
		from, err := sql.Open("sqlite", address(path)+"?mode=rw&_pragma=busy_timeout(10000)&_pragma=temp_store(MEMORY)")
		if err != nil {
			return err
		}
		defer from.Close()
		if _, err := from.ExecContext(ctx, "VACUUM INTO ?", partial); err != nil {
			return translate(sqlite{}, err)
		}
		return checkCopy(ctx, partial)
	})
}

// Restore makes a database of a file that Backup wrote. It replaces nothing: where there is a
// database it fails.
func Restore(ctx context.Context, file, database string) error {
	path, err := sqlitePath(database)
	if err != nil {
		return err
	}
	for _, ending := range []string{"", "-wal", "-shm"} {
		if _, err := os.Lstat(path + ending); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s exists: stop the console, and move it away with everything whose name begins like it", path+ending)
		}
	}
	return writeNew(path, func(partial string) error {
		if err := copyInto(file, partial); err != nil {
			return err
		}
		return checkCopy(ctx, partial)
	})
}

func sqlitePath(database string) (string, error) {
	if strings.HasPrefix(database, "postgres://") || strings.HasPrefix(database, "postgresql://") {
		return "", ErrPostgres
	}
	path := strings.TrimPrefix(database, "sqlite:")
	if path == "" {
		return "", errors.New("no database is named")
	}
	return filepath.Abs(path)
}

func address(path string) string { return "file:" + (&url.URL{Path: path}).EscapedPath() }

func mustExist(path string) error {
	_, err := os.Stat(path)
	return err
}

// writeNew has a function write a file, which gets its name when it is whole and on the disk. It
// replaces nothing.
func writeNew(name string, write func(partial string) error) error {
	partial := name + ".partial"
	if _, err := os.Lstat(name); err == nil {
		return fmt.Errorf("%s exists", name)
	}
	if err := os.Remove(partial); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := createFile(partial); err != nil {
		return err
	}
	defer os.Remove(partial)
	if err := write(partial); err != nil {
		return err
	}
	file, err := os.OpenFile(partial, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Link(partial, name); err != nil { // unlike a renaming, it fails if the name is taken
		return err
	}
	return syncFolder(name)
}

func copyInto(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// checkCopy expects a whole database of this program, or of a version before it.
func checkCopy(ctx context.Context, path string) error {
	db, err := sql.Open("sqlite", address(path)+"?mode=ro&immutable=1&_pragma=query_only(1)")
	if err != nil {
		return err
	}
	defer db.Close()
	var found string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&found); err != nil || found != "ok" {
		return fmt.Errorf("it is no whole database: %s %w", found, errors.Join(err))
	}
	wanted, err := readMigrations(migrations, sqlite{})
	if err != nil {
		return err
	}
	var last sql.NullInt64
	if err := db.QueryRowContext(ctx, "SELECT max(number) FROM migrations").Scan(&last); err != nil || !last.Valid {
		return errors.New("it is a database, and not one of Keyferry's")
	}
	if int(last.Int64) > wanted[len(wanted)-1].number {
		return errors.New("a later Keyferry wrote it")
	}
	return nil
}
