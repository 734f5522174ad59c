package requests_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"keyferry/server/localkms"
	"keyferry/server/requests"
	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

// Somebody floods one of two consoles on one PostgreSQL with what is refused and with searches.
// Approvals at the other one go on.
func TestFloodAtAnotherReplica(t *testing.T) {
	if testing.Short() {
		t.Skip("starts PostgreSQL, which takes seconds")
	}
	const approvals = 20
	seed := &localkms.Seed{}
	for i := range approvals + 1 {
		seed.Keys = append(seed.Keys, localkms.SeedKey{KeyID: fmt.Sprintf("key-hzzflood%04d", i), Origin: "EXTERNAL"})
	}
	w := newWorld(t, storetest.URL(t, store.Postgres), localkms.Config{Seed: seed})
	var waiting []requests.View
	for i := range approvals + 1 {
		waiting = append(waiting, w.submitted(seed.Keys[i].KeyID, "payments/cards"))
	}
	flooded := w.open(func(c *requests.Config) { c.DB = storetest.Open(t, w.url) }) // a console of its own
	target := waiting[approvals]

	quiet := approveEach(w, waiting[:approvals/2])
	ctx, stop := context.WithCancel(t.Context())
	var flood sync.WaitGroup
	var floods atomic.Int64
	for i := range 64 {
		flood.Go(func() {
			for ctx.Err() == nil {
				if i%2 == 0 {
					flooded.Cancel(w.as(olga), target.ID, "no")
				} else {
					flooded.List(w.as(olga), requests.Filter{Which: requests.All, Text: "cards", Limit: 40})
				}
				floods.Add(1)
			}
		})
	}
	began := time.Now()
	slowest := approveEach(w, waiting[approvals/2:approvals])
	rate := float64(floods.Load()) / time.Since(began).Seconds()
	stop()
	flood.Wait()
	t.Logf("an approval takes at most %v, and %v during a flood of %.0f requests a second", quiet, slowest, rate)
	if slowest > 5*time.Second { // alone, on a busy computer: a tenth of a second
		t.Errorf("an approval took %v", slowest)
	}
	if rate < 50 {
		t.Errorf("%.0f requests a second are no flood", rate)
	}
}

// approveEach approves one request after the other as olga, and returns how long the slowest took.
func approveEach(w *world, views []requests.View) (slowest time.Duration) {
	w.t.Helper()
	for _, v := range views {
		began := time.Now()
		done, err := w.service.Approve(w.as(olga), v.ID, v.Digest)
		if err != nil || done.State != requests.Imported {
			w.t.Errorf("the request is %s, error %v", done.State, err)
		}
		slowest = max(slowest, time.Since(began))
	}
	return slowest
}
