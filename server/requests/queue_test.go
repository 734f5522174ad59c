package requests

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// People take turns, one call each, and the rate holds.
func TestQueueIsFair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(10, func(time.Duration) {})
		began := time.Now()
		served := make(chan string)
		enter := func(who string, n int) {
			go func() {
				if err := q.wait(t.Context(), who, fmt.Sprint(who, n)); err != nil {
					t.Error(err)
				}
				served <- fmt.Sprint(who, n)
			}()
			synctest.Wait()
		}
		enter("first", 0) // called at once: nobody waits
		if got := <-served; got != "first0" || time.Since(began) != 0 {
			t.Errorf("%s was called after %v", got, time.Since(began))
		}
		for n := range 5 {
			enter("many", n)
		}
		enter("few", 0)
		enter("few", 1)
		enter("one", 0)
		want := []string{"many0", "few0", "one0", "many1", "few1", "many2", "many3", "many4"}
		for i, id := range want {
			who := id[:len(id)-1]
			if got := q.place(who, id); got != i+1 {
				t.Errorf("%s is at place %d, want %d", id, got, i+1)
			}
		}
		var order []string
		for range want {
			order = append(order, <-served)
		}
		if !slices.Equal(order, want) {
			t.Errorf("order %v, want %v", order, want)
		}
		if took := time.Since(began); took < 790*time.Millisecond || took > 810*time.Millisecond {
			t.Errorf("8 calls at 10 a second took %v", took)
		}
		if q.place("many", "many4") != 0 {
			t.Error("somebody who was called still has a place")
		}
	})
}

// Ten thousand calls may wait for one person, who does not keep others out.
func TestQueueIsFull(t *testing.T) {
	q := newQueue(1, func(time.Duration) {})
	q.moving = true // as if move ran
	for i := range maxQueued {
		if !q.enter("many", &ticket{}, false) {
			t.Fatalf("call %d has no place", i+1)
		}
	}
	if q.enter("many", &ticket{}, false) || q.enter("many", &ticket{}, true) {
		t.Errorf("more than %d calls wait for one person", maxQueued)
	}
	if !q.enter("few", &ticket{}, false) {
		t.Error("somebody else has no place")
	}
}

// Whoever gives up leaves no gap, and does not hold up the others.
func TestQueueIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1, func(time.Duration) {})
		ctx, cancel := context.WithCancel(t.Context())
		results := make(chan error, 3)
		go func() { results <- q.wait(t.Context(), "a", "1") }()
		synctest.Wait()
		<-results
		go func() { results <- q.wait(ctx, "b", "2") }()
		synctest.Wait()
		go func() { results <- q.wait(t.Context(), "c", "3") }()
		synctest.Wait()
		cancel()
		if err := <-results; err != context.Canceled {
			t.Errorf("error %v", err)
		}
		if place := q.place("c", "3"); place != 1 {
			t.Errorf("place %d, want 1", place)
		}
		if err := <-results; err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if q.anybody() {
			t.Error("somebody is still waiting")
		}
	})
}
