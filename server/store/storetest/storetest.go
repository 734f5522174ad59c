// Package storetest gives tests databases of their own: SQLite files, and databases of a
// PostgreSQL server that it starts.
package storetest

import (
	"path/filepath"
	"testing"

	"keyferry/server/store"
)

// Each runs a test on an empty SQLite database and on an empty PostgreSQL database; with -short on
// SQLite alone.
func Each(t *testing.T, test func(t *testing.T, db *store.DB)) {
	t.Helper()
	EachURL(t, func(t *testing.T, url string) { test(t, Open(t, url)) })
}

// EachURL is [Each] for tests that open the database themselves, or more than once.
func EachURL(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	for _, kind := range []string{store.SQLite, store.Postgres} {
		t.Run(kind, func(t *testing.T) {
			if kind == store.Postgres && testing.Short() {
				t.Skip("starts PostgreSQL, which takes seconds")
			}
			test(t, URL(t, kind))
		})
	}
}

// URL returns the url of a new database of one kind, for [store.Open]. It goes when the test ends.
func URL(t testing.TB, kind string) string {
	t.Helper()
	if kind == store.SQLite {
		return filepath.Join(t.TempDir(), "keyferry.db")
	}
	return newDatabase(t)
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
