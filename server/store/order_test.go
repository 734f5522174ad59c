package store_test

import (
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"

	"keyferry/server/store"
)

// When more want to read than can at once, they have their turn in the order in which they came.
func TestReadersWaitInOrder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "test.db")
	synctest.Test(t, func(t *testing.T) {
		db, err := store.Open(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		begun, release := make(chan int), make(chan struct{})
		const many = 40
		for n := range many {
			go func() {
				err := db.Read(t.Context(), func(*store.Tx) error {
					begun <- n
					<-release
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			}()
			synctest.Wait()
		}
		var order []int
		for range many {
			order = append(order, <-begun)
			release <- struct{}{}
			synctest.Wait()
		}
		if !slices.IsSorted(order) {
			t.Errorf("they came in the order of their numbers, and read in the order %v", order)
		}
	})
}
