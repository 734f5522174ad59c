package wrapping

import (
	"context"
	"testing"
	"testing/synctest"
)

// TestPool takes pairs out of a pool, which replaces them and then rests.
func TestPool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPool(2)
		var last *Pair
		for range 3 {
			synctest.Wait() // until the pool has nothing to do
			if ready := p.Ready(); ready != 2 {
				t.Errorf("%d pairs are ready, want 2", ready)
			}
			pair, err := p.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if pair == last {
				t.Error("a pair was handed out twice")
			}
			last = pair
		}
		p.Close()
		for range 3 { // a closed pool may still hand out what is ready
			if _, err := p.Next(context.Background()); err == errNoPair {
				return
			}
		}
		t.Error("a closed pool handed out more pairs than it had")
	})
}
