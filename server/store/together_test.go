package store_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

// Calls that share a commit fail alone, also where a statement fails that was not sent at once. What
// they keep for the end is that of those which were successful, and is done once.
func TestCallsThatShareACommit(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		count(t, db)
		write(t, db, func(tx *store.Tx) error {
			_, err := tx.Exec("CREATE TABLE rows (id BIGINT PRIMARY KEY, name TEXT)")
			return err
		})
		write(t, db, func(tx *store.Tx) error { return tx.Later("INSERT INTO rows VALUES (0, 'first')") })
		refused := errors.New("refused")
		var ends atomic.Int64
		add := func(tx *store.Tx) {
			sum, _ := tx.Kept("sum").(int)
			sum++
			tx.AtCommit("sum", sum, func(tx *store.Tx) error {
				ends.Add(1)
				return tx.Later("UPDATE counts SET n = n + ?", sum)
			})
		}
		const calls = 40
		var everybody sync.WaitGroup
		for i := range calls {
			everybody.Go(func() {
				var want error
				err := db.Write(t.Context(), func(tx *store.Tx) error {
					time.Sleep(time.Millisecond) // the others come to wait
					add(tx)
					var name string
					if err := tx.Later("INSERT INTO rows VALUES (?, 'one')", i+1); err != nil {
						return err
					}
					if err := tx.QueryRow("SELECT name FROM rows WHERE id = ?", i+1).Scan(&name); err != nil {
						return err // of another call, perhaps
					} else if name != "one" {
						t.Errorf("what was written before is read as %q", name)
					}
					switch i % 4 {
					case 1:
						want = store.ErrDuplicate
						return tx.Later("INSERT INTO rows VALUES (0, 'again')")
					case 2:
						want = refused
						return refused
					case 3:
						return tx.LaterOne("UPDATE rows SET name = 'two' WHERE id = ?", i+1)
					}
					return nil
				})
				if !errors.Is(err, want) {
					t.Errorf("call %d: %v, want %v", i, err, want)
				}
			})
		}
		everybody.Wait()
		if n := counted(t, db); n != calls/2 {
			t.Errorf("%d calls have kept something, want %d", n, calls/2)
		}
		if n := ends.Load(); n == 0 || n >= calls/2 {
			t.Errorf("%d commits of %d calls", n, calls/2)
		}
		var rows int
		if err := db.Row(t.Context(), []any{&rows}, "SELECT count(*) FROM rows"); err != nil || rows != 1+calls/2 {
			t.Errorf("%d rows, %v", rows, err)
		}
		err := db.Write(t.Context(), func(tx *store.Tx) error { return tx.LaterOne("UPDATE rows SET name = 'none' WHERE id = -1") })
		if err == nil {
			t.Error("a statement that must change one row changed none, and was taken")
		}
	})
}
