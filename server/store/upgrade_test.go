package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

// A database of any version before, with a row in each of its tables, is brought up to date when it
// is opened: it then has the tables of a new one, and the rows are still there.
func TestUpgrade(t *testing.T) {
	levels, err := store.Levels()
	if err != nil {
		t.Fatal(err)
	}
	storetest.EachEmpty(t, func(t *testing.T, url string) {
		fresh := storetest.Open(t, storetest.Empty(t, kindOf(url)))
		want := schema(t, fresh)
		for level := 1; level < levels; level++ {
			url := storetest.Empty(t, kindOf(url))
			old, err := store.OpenAt(t.Context(), url, level)
			if err != nil {
				t.Fatal(err)
			}
			before := schema(t, old)
			for table, columns := range before {
				if table != "migrations" {
					fill(t, old, table, columns)
				}
			}
			if err := old.Close(); err != nil {
				t.Fatal(err)
			}
			upgraded := storetest.Open(t, url)
			got := schema(t, upgraded)
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("from level %d: the tables are\n%v, want\n%v", level, got, want)
			}
			for table := range before {
				if _, kept := got[table]; kept && table != "migrations" && rows(t, upgraded, table) == 0 {
					t.Errorf("from level %d: the row of %s is gone", level, table)
				}
			}
		}
	})
}

func kindOf(url string) string {
	if strings.HasPrefix(url, "postgres") {
		return store.Postgres
	}
	return store.SQLite
}

// schema returns the columns of each table, with their types.
func schema(t *testing.T, db *store.DB) map[string][]string {
	t.Helper()
	query := "SELECT m.name, p.name || ' ' || p.type FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table'"
	if db.Kind() == store.Postgres {
		query = "SELECT table_name, column_name || ' ' || data_type FROM information_schema.columns WHERE table_schema = 'public'"
	}
	found := map[string][]string{}
	err := db.Read(t.Context(), func(tx *store.Tx) error {
		rows, err := tx.Query(query)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var table, column string
			if err := rows.Scan(&table, &column); err != nil {
				return err
			}
			found[table] = append(found[table], column)
		}
		return rows.Err()
	})
	if err != nil || len(found) == 0 {
		t.Fatalf("reading the schema: %v", err)
	}
	for _, columns := range found {
		slices.Sort(columns)
	}
	return found
}

// fill writes a row of some values.
func fill(t *testing.T, db *store.DB, table string, columns []string) {
	t.Helper()
	var names, marks []string
	var values []any
	for _, column := range columns {
		name, kind, _ := strings.Cut(column, " ")
		names, marks = append(names, name), append(marks, "?")
		switch strings.ToUpper(kind) {
		case "TEXT":
			values = append(values, "x")
		case "BYTEA", "BLOB":
			values = append(values, []byte("x"))
		default:
			values = append(values, 1)
		}
	}
	if rows(t, db, table) > 0 { // one that the migration itself wrote
		return
	}
	write(t, db, func(tx *store.Tx) error {
		_, err := tx.Exec("INSERT INTO "+table+" ("+strings.Join(names, ", ")+") VALUES ("+strings.Join(marks, ", ")+")", values...)
		return err
	})
}

func rows(t *testing.T, db *store.DB, table string) (n int) {
	t.Helper()
	if err := db.Read(t.Context(), func(tx *store.Tx) error {
		return tx.QueryRow("SELECT count(*) FROM " + table).Scan(&n)
	}); err != nil {
		t.Fatal(err)
	}
	return n
}
