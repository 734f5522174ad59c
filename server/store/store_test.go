package store_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

// count makes a table with one number in it.
func count(t *testing.T, db *store.DB) {
	t.Helper()
	write(t, db, func(tx *store.Tx) error {
		if _, err := tx.Exec("CREATE TABLE counts (n BIGINT NOT NULL)"); err != nil {
			return err
		}
		_, err := tx.Exec("INSERT INTO counts VALUES (?)", 0)
		return err
	})
}

func write(t *testing.T, db *store.DB, f func(*store.Tx) error) {
	t.Helper()
	if err := db.Write(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

// increase reads and, after others had time to interfere, writes: an update is lost if two
// transactions overlap.
func increase(tx *store.Tx) error {
	var n int
	if err := tx.QueryRow("SELECT n FROM counts").Scan(&n); err != nil {
		return err
	}
	time.Sleep(time.Millisecond)
	_, err := tx.Exec("UPDATE counts SET n = ?", n+1)
	return err
}

func counted(t *testing.T, db *store.DB) (n int) {
	t.Helper()
	if err := db.Read(t.Context(), func(tx *store.Tx) error {
		return tx.QueryRow("SELECT n FROM counts").Scan(&n)
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

// Transactions of two programs and many goroutines follow one another, and a failed one leaves
// nothing behind, though it may share the commit of others.
func TestWritesFollowOneAnother(t *testing.T) {
	storetest.EachEmpty(t, func(t *testing.T, url string) {
		replicas := []*store.DB{storetest.Open(t, url), storetest.Open(t, url)}
		count(t, replicas[0])
		errFailed := errors.New("failed")
		const writers, times = 8, 10
		var group sync.WaitGroup
		for i := range writers {
			group.Go(func() {
				for n := range times {
					fails := (i+n)%3 == 0
					err := replicas[i%2].Write(t.Context(), func(tx *store.Tx) error {
						if err := increase(tx); err != nil || !fails {
							return err
						}
						return errFailed
					})
					if fails && !errors.Is(err, errFailed) || !fails && err != nil {
						t.Errorf("writer %d: %v", i, err)
					}
				}
			})
		}
		group.Wait()
		want := 0
		for i := range writers {
			for n := range times {
				if (i+n)%3 != 0 {
					want++
				}
			}
		}
		if n := counted(t, replicas[1]); n != want {
			t.Errorf("%d, not %d, transactions were made", n, want)
		}
	})
}

// Replicas that start at once create the tables once.
func TestOpenAtOnce(t *testing.T) {
	storetest.EachEmpty(t, func(t *testing.T, url string) {
		var group sync.WaitGroup
		for range 6 {
			group.Go(func() {
				db, err := store.Open(t.Context(), url)
				if err != nil {
					t.Error(err)
					return
				}
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
	})
}

// A statement that fails ends the transaction, even if the caller goes on.
func TestFailedStatement(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		count(t, db)
		err := db.Write(t.Context(), func(tx *store.Tx) error {
			if err := increase(tx); err != nil {
				return err
			}
			tx.Exec("INSERT INTO missing VALUES (?)", 1)
			return nil
		})
		if n := counted(t, db); err == nil || n != 0 {
			t.Errorf("the error is %v, and %d transactions were made", err, n)
		}
	})
}

func TestDuplicate(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		write(t, db, func(tx *store.Tx) error {
			_, err := tx.Exec("CREATE TABLE names (name TEXT PRIMARY KEY)")
			return err
		})
		add := func(tx *store.Tx) error {
			_, err := tx.Exec("INSERT INTO names VALUES (?)", "a")
			return err
		}
		write(t, db, add)
		if err := db.Write(t.Context(), add); !errors.Is(err, store.ErrDuplicate) {
			t.Errorf("the error is %v", err)
		}
	})
}

// One that panics takes only its own change back.
func TestPanic(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		count(t, db)
		func() {
			defer func() { recover() }()
			db.Write(t.Context(), func(tx *store.Tx) error {
				increase(tx)
				panic("f")
			})
		}()
		write(t, db, increase)
		if n := counted(t, db); n != 1 {
			t.Errorf("%d, not 1, transactions were made", n)
		}
	})
}

func TestReadChangesNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		count(t, db)
		if err := db.Read(t.Context(), increase); err == nil {
			t.Error("Read let a statement change the database")
		}
		if n := counted(t, db); n != 0 {
			t.Errorf("%d transactions were made", n)
		}
	})
}

// Commits wait for the disk, even where the server's settings say otherwise.
func TestDurable(t *testing.T) {
	storetest.EachEmpty(t, func(t *testing.T, url string) {
		query, want := "PRAGMA synchronous", "2"
		if strings.HasPrefix(url, "postgres") {
			write(t, storetest.Open(t, url), func(tx *store.Tx) error {
				_, err := tx.Exec("ALTER ROLE keyferry SET synchronous_commit = off")
				return err
			})
			query, want = "SHOW synchronous_commit", "on"
		}
		write(t, storetest.Open(t, url), func(tx *store.Tx) error {
			var got string
			if err := tx.QueryRow(query).Scan(&got); err != nil {
				return err
			}
			if got != want {
				t.Errorf("%s is %s, not %s", query, got, want)
			}
			return nil
		})
		write(t, storetest.Open(t, url), func(tx *store.Tx) error {
			if tx.Kind() == store.SQLite {
				return nil
			}
			_, err := tx.Exec("ALTER ROLE keyferry RESET synchronous_commit")
			return err
		})
	})
}

// A database that a later program changed is refused, and so is one whose migrations were others.
func TestMigrations(t *testing.T) {
	storetest.EachEmpty(t, func(t *testing.T, url string) {
		db := storetest.Open(t, url)
		opens := func() error {
			db, err := store.Open(t.Context(), url)
			if err == nil {
				err = db.Close()
			}
			return err
		}
		if err := opens(); err != nil {
			t.Fatal(err)
		}
		for change, back := range map[string]string{
			"INSERT INTO migrations VALUES (9999, 'later', '')":             "DELETE FROM migrations WHERE number = 9999",
			"UPDATE migrations SET digest = '0' || digest WHERE number = 1": "UPDATE migrations SET digest = substr(digest, 2) WHERE number = 1",
		} {
			for _, statement := range []string{change, back} {
				write(t, db, func(tx *store.Tx) error {
					_, err := tx.Exec(statement)
					return err
				})
				if err := opens(); (err == nil) != (statement == back) {
					t.Errorf("after %s: %v", statement, err)
				}
			}
		}
	})
}

// A database that is opened to read is not changed, and not created.
func TestOpenToRead(t *testing.T) {
	storetest.EachEmpty(t, func(t *testing.T, url string) {
		count(t, storetest.Open(t, url))
		db, err := store.OpenToRead(url)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if n := counted(t, db); n != 0 {
			t.Errorf("%d transactions were made", n)
		}
		if err := db.Write(t.Context(), increase); err == nil {
			t.Error("it was changed")
		}
		if url[0] == '/' {
			if _, err := store.OpenToRead(url + ".missing"); err == nil {
				t.Error("a file that is missing was opened")
			}
		}
	})
}

// Connections that PostgreSQL ends, idle or within a transaction, cost nothing but another attempt.
func TestConnectionLost(t *testing.T) {
	if testing.Short() {
		t.Skip("starts PostgreSQL, which takes seconds")
	}
	db := storetest.Open(t, storetest.Empty(t, store.Postgres))
	count(t, db)
	other := storetest.Open(t, storetest.Empty(t, store.Postgres))
	endAll := func() {
		write(t, other, func(tx *store.Tx) error {
			_, err := tx.Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend' " +
				"AND datname <> current_database() AND datname <> 'postgres'")
			return err
		})
	}
	for range 3 {
		endAll()
		write(t, db, increase)
		endAll()
		counted(t, db)
	}
	attempts := 0
	write(t, db, func(tx *store.Tx) error {
		if attempts++; attempts < 3 {
			if err := increase(tx); err != nil {
				return err
			}
			_, err := tx.Exec("SELECT pg_terminate_backend(pg_backend_pid())")
			return err
		}
		return increase(tx)
	})
	if n := counted(t, db); n != 4 || attempts != 3 {
		t.Errorf("%d, not 4, transactions were made; the last took %d attempts", n, attempts)
	}
}
