package operation

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"keyferry/e2e/program"
	"keyferry/e2e/proof"
	"keyferry/server/localkms"
	"keyferry/server/store/storetest"
)

// A restart under 200 open sessions and 20 imports that are on their way loses nothing: every call
// is answered, those of the old process by the old one, and each import arrives once. The long form
// restarts five times.
func TestRestart(t *testing.T) {
	if testing.Short() {
		t.Skip("starts programs")
	}
	storetest.EachURL(t, func(t *testing.T, url string) {
		rounds := 1
		if *proof.Full {
			rounds = 5
		}
		restart(t, url, rounds)
	})
}

func restart(t *testing.T, url string, rounds int) {
	const teams, imports = 67, 20 // 201 people
	s, base := openSocket(t)
	c := newCompany(t, url, base, teams)
	log := &program.Log{}
	console := s.start(c, log)
	seen := newTally()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var readers sync.WaitGroup
	for _, v := range c.people() {
		readers.Go(func() {
			for pause(ctx, 300*time.Millisecond) {
				v.read(context.WithoutCancel(ctx), seen)
			}
		})
	}
	for range rounds {
		began := time.Now()
		group := c.begin(t, imports, seen)
		console.Stop(t)
		console = s.start(c, log)
		group.Wait()
		found(fmt.Sprintf("%s: restart under %d sessions and %d imports", c.db.Kind(), 3*teams, imports), time.Since(began).Round(time.Millisecond).String())
	}
	stop()
	readers.Wait()
	for _, wrong := range []map[string]int{seen.faults, seen.cut} {
		for what, times := range wrong {
			t.Errorf("%d times: %s", times, what)
		}
	}
	want := map[string]int{}
	for _, team := range c.teams[:imports] {
		want[team.key] = rounds
	}
	c.verify(want)
}

// begin has teams bring their imports so far that the KMS works on all of them, for two seconds. The
// group ends with the imports.
func (c *company) begin(t *testing.T, imports int, seen *tally) *sync.WaitGroup {
	t.Helper()
	c.kms.ClearFaults()
	if err := c.kms.Inject(localkms.Fault{Kind: localkms.FaultDelay, Action: "ImportKeyMaterial", Delay: localkms.Duration(2 * time.Second)}); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for _, team := range c.teams[:imports] {
		group.Go(func() {
			if err := team.importOnce(t.Context(), 0, seen); err != nil {
				t.Errorf("importing: %v", err)
			}
		})
	}
	for range imports {
		select {
		case <-c.importing:
		case <-time.After(30 * time.Second):
			t.Fatal("the imports never reach the KMS")
		}
	}
	return &group
}
