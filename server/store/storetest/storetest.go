// Package storetest gives tests databases of their own: SQLite files, and databases of a
// PostgreSQL server that it starts.
package storetest

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"keyferry/server/store"
)

// Each runs a test on a new SQLite database and on a new PostgreSQL database; with -short on SQLite
// alone. The databases have all tables and no rows in them.
func Each(t *testing.T, test func(t *testing.T, db *store.DB)) {
	t.Helper()
	EachURL(t, func(t *testing.T, url string) { test(t, Open(t, url)) })
}

// EachURL is [Each] for tests that open the database themselves, or more than once.
func EachURL(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	each(t, func(t *testing.T, kind string) { test(t, URL(t, kind)) })
}

// EachEmpty is [EachURL] with databases that have no tables either.
func EachEmpty(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	each(t, func(t *testing.T, kind string) { test(t, Empty(t, kind)) })
}

func each(t *testing.T, test func(t *testing.T, kind string)) {
	t.Helper()
	for _, kind := range []string{store.SQLite, store.Postgres} {
		t.Run(kind, func(t *testing.T) {
			if kind == store.Postgres && testing.Short() {
				t.Skip("starts PostgreSQL, which takes seconds")
			}
			test(t, kind)
		})
	}
}

// URL returns the url of a new database of one kind, for [store.Open]. It goes when the test ends.
// It is a copy of one that was opened once: making all tables takes longer than most tests.
func URL(t testing.TB, kind string) string {
	t.Helper()
	if kind == store.Postgres {
		return newDatabase(t, readyPostgres)
	}
	content, err := readySQLite()
	if err != nil {
		t.Fatal(err)
	}
	file := Empty(t, kind)
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// Empty is [URL] for a database without tables; SQLite's file does not exist yet.
func Empty(t testing.TB, kind string) string {
	t.Helper()
	if kind == store.Postgres {
		return newDatabase(t, func() (string, error) { return "template1", nil })
	}
	return filepath.Join(t.TempDir(), "keyferry.db")
}

// readySQLite is the content of a database that was opened once.
var readySQLite = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "keyferry-ready-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "keyferry.db")
	if err := ready(file); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
})

// ready makes the tables of a database.
func ready(url string) error {
	db, err := store.Open(context.Background(), url)
	if err != nil {
		return err
	}
	return db.Close()
}

// Open opens a database until the test ends.
func Open(t testing.TB, url string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// Exec runs one statement in a transaction of its own.
func Exec(t testing.TB, db *store.DB, statement string, args ...any) {
	t.Helper()
	if err := db.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(statement, args...)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}
