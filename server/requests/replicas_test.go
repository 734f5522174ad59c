package requests_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"keyferry/server/localkms"
	"keyferry/server/requests"
	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

// approveAll agrees, as olga, to everything that waits, several at once, and says "imported" for
// each that has arrived, until nothing is left to do. With childDies = "anywhere" the process kills
// itself at some point, sooner or later.
func (w *world) approveAll(dying bool) {
	if dying {
		w.fault = func(string) {
			if rand.N(20) == 0 {
				die()
			}
		}
	}
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	service := w.open(func(c *requests.Config) { c.Lease, c.Tick = crashLease, 200*time.Millisecond })
	go service.Run(ctx)
	for w.count("SELECT count(*) FROM requests WHERE state <> 'imported'") > 0 {
		page, err := service.List(w.as(olga), requests.Filter{Which: requests.Waiting, Limit: 40})
		if err != nil {
			w.t.Fatal(err)
		}
		rand.Shuffle(len(page.Items), func(i, j int) { page.Items[i], page.Items[j] = page.Items[j], page.Items[i] })
		var group sync.WaitGroup
		for _, v := range page.Items[:min(8, len(page.Items))] {
			group.Go(func() {
				_, err := service.Approve(w.as(olga), v.ID, v.Digest)
				if err != nil && !errors.Is(err, requests.ErrState) && !errors.Is(err, requests.ErrTwice) {
					w.t.Error(err)
				}
			})
		}
		group.Wait()
		if len(page.Items) == 0 {
			time.Sleep(100 * time.Millisecond) // what is left belongs to the other process
		}
	}
}

// Two consoles on one PostgreSQL work on the same requests, and one of them is killed again and
// again. Afterwards each import has one outcome on record, and it is the KMS's. The long form has
// 500 requests.
func TestOneOfTwoReplicasIsKilledAgainAndAgain(t *testing.T) {
	if testing.Short() {
		t.Skip("starts PostgreSQL and many processes")
	}
	n := 30
	if *full {
		n = 500
	}
	w := newWorld(t, storetest.URL(t, store.Postgres), manyCMKs(n))
	ids := w.submitMany(n)
	steady := w.child("approve all")
	var said strings.Builder
	steady.Stdout, steady.Stderr = &said, &said
	if err := steady.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- steady.Wait() }()
	deaths := 0
	for running := true; running; {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatalf("the other replica: %v\n%s", err, said.String())
			}
			running = false
		default:
			if w.dies(deaths) {
				deaths++
			}
		}
	}
	t.Logf("%d requests, one of two replicas was killed %d times", n, deaths)
	if deaths < n/50+1 {
		t.Errorf("it was killed only %d times", deaths)
	}
	w.checkAgreement()
	for _, id := range ids {
		w.checkOutcome(w.get(ira, id), material)
	}
	if left := w.count("SELECT count(*) FROM request_sealed"); left != 0 {
		t.Errorf("%d ciphertexts are kept", left)
	}
}

// dies lets a replica live until it has killed itself, or is killed at its first sign of life. It
// reports whether it was killed and did not end because all was done.
func (w *world) dies(round int) bool {
	w.t.Helper()
	command := w.child("approve all", childDies+"=anywhere")
	output, err := command.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	command.Stderr = command.Stdout
	if err := command.Start(); err != nil {
		w.t.Fatal(err)
	}
	lines := bufio.NewScanner(output)
	var all strings.Builder
	for lines.Scan() {
		fmt.Fprintln(&all, lines.Text())
	}
	err = command.Wait()
	if status, ok := command.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGKILL {
		return true
	}
	if err != nil {
		w.t.Fatalf("round %d: %v\n%s", round, err, all.String())
	}
	return false
}

// manyCMKs is a KMS with so many CMKs that wait for material.
func manyCMKs(n int) localkms.Config {
	seed := &localkms.Seed{}
	for i := range n {
		seed.Keys = append(seed.Keys, localkms.SeedKey{KeyID: nthKey(i), Origin: "EXTERNAL"})
	}
	return localkms.Config{Seed: seed}
}

func nthKey(i int) string { return fmt.Sprintf("key-hzzmany%05d", i) }

// submitMany submits one request for each CMK, which wait for one approval.
func (w *world) submitMany(n int) []string {
	w.t.Helper()
	var ids []string
	for i := range n {
		ids = append(ids, w.submitted(nthKey(i), "payments/many").ID)
	}
	return ids
}
