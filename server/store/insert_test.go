package store_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

// What calls insert for the end of a transaction that they share is there once, except for those that
// fail, also when a call in between had it inserted at once and then failed.
func TestInsert(t *testing.T) {
	const calls = 200 // more than one statement takes
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		write(t, db, func(tx *store.Tx) error {
			_, err := tx.Exec("CREATE TABLE places (id BIGINT PRIMARY KEY, name TEXT)")
			return err
		})
		refused := errors.New("refused")
		var everybody sync.WaitGroup
		for i := range calls {
			everybody.Go(func() {
				err := db.Write(t.Context(), func(tx *store.Tx) error {
					time.Sleep(100 * time.Microsecond) // the others come to wait
					tx.Insert("places (id, name)", i, "one")
					tx.Insert("places (name, id)", "two", calls+i)
					switch i % 4 {
					case 1:
						return refused
					case 2: // finds all that were inserted
						done, err := tx.Exec("UPDATE places SET name = 'three' WHERE id = ?", i)
						if err != nil {
							return err
						}
						if n, err := done.RowsAffected(); n != 1 || err != nil {
							t.Errorf("%d rows are found, %v", n, err)
						}
						if i%8 == 2 {
							return refused
						}
					}
					return nil
				})
				if want := i%4 == 1 || i%8 == 2; errors.Is(err, refused) != want || err != nil && !want {
					t.Errorf("call %d: %v", i, err)
				}
			})
		}
		everybody.Wait()
		var ones, twos, threes int
		for name, n := range map[string]*int{"one": &ones, "two": &twos, "three": &threes} {
			if err := db.Row(t.Context(), []any{n}, "SELECT count(*) FROM places WHERE name = ?", name); err != nil {
				t.Fatal(err)
			}
		}
		if ones != calls/2 || threes != calls/8 || twos != ones+threes {
			t.Errorf("%d, %d and %d rows, want %d, %d and %d", ones, twos, threes, calls/2, calls*5/8, calls/8)
		}
		err := db.Write(t.Context(), func(tx *store.Tx) error { tx.Insert("places (id, name)", 0, "again"); return nil })
		if !errors.Is(err, store.ErrDuplicate) {
			t.Errorf("a row that is there already: %v", err)
		}
	})
}
