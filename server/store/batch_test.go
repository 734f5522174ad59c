package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

// Calls that fail one after the other do not keep a call waiting that was successful: its transaction
// is committed although somebody always waits.
func TestFailingWritesHoldNobodyUp(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, stop := context.WithCancel(t.Context())
		refused := errors.New("refused")
		var failing sync.WaitGroup
		for range 8 {
			failing.Go(func() {
				for ctx.Err() == nil {
					err := db.Write(context.Background(), func(*store.Tx) error {
						time.Sleep(time.Millisecond) // so that somebody always waits
						return refused
					})
					if !errors.Is(err, refused) {
						t.Errorf("error is %v", err)
						return
					}
				}
			})
		}
		began := time.Now()
		for range 5 {
			if err := db.Write(t.Context(), func(*store.Tx) error { return nil }); err != nil {
				t.Error(err)
			}
		}
		took := time.Since(began)
		stop()
		failing.Wait()
		t.Logf("five writes took %v", took)
		if took > 5*time.Second {
			t.Errorf("five writes took %v", took)
		}
	})
}
