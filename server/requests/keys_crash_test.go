package requests_test

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"keyferry/server/localkms"
	"keyferry/server/person"
	"keyferry/server/requests"
)

// A process that is killed around a drill leaves one on record, or none.
func TestKilledDuringADrill(t *testing.T) {
	if testing.Short() {
		t.Skip("kills many processes")
	}
	for _, point := range requests.Points() {
		if !strings.HasPrefix(point, "drill.") && !strings.HasPrefix(point, "prove.") && !strings.HasPrefix(point, "renew.") {
			continue
		}
		eachKind(t, point, point, func(t *testing.T, url string) {
			t.Parallel()
			w := newWorld(t, url, localkms.Config{})
			w.imports(keyOne, "tests/a", time.Time{})
			output, err := w.child("drill", childDies+"="+point).CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
				t.Fatalf("the child was not killed: %v\n%s", err, output)
			}
			w.checkAgreement()
			w.walkDrill(t.Context())
			w.checkAgreement()
			page, err := w.service.List(w.as(ira), requests.Filter{})
			if err != nil || len(page.Items) != 3 {
				t.Errorf("there are %d requests, want import, renewal and drill; %v", len(page.Items), err)
			}
			if n := w.count("SELECT count(*) FROM ledger_entries WHERE kind = 'drill.proved'"); n != 1 {
				t.Errorf("the ledger has %d drills", n)
			}
		})
	}
}

// walkDrill asks for another import and a drill, and does the drill, unless all is done.
func (w *world) walkDrill(ctx context.Context) {
	w.t.Helper()
	ctx = person.With(ctx, ira)
	w.must(w.service.Renew(ctx, region, keyOne))
	k, err := w.service.Key(ctx, region, keyOne)
	if err != nil {
		w.t.Fatal(err)
	}
	if k.Drilled.IsZero() {
		v := w.must(w.service.Drill(ctx, region, keyOne))
		w.must(w.service.Prove(ctx, v.ID, requests.Proof{Commitment: commitment, KCV: kcvOne}))
	}
}
