package requests_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"keyferry/server/kms"
	"keyferry/server/requests"
)

type counting struct{ reads, writes atomic.Int32 }

func (c *counting) ImportParameters(context.Context, string, kms.WrappingSpec) (*kms.Parameters, error) {
	c.reads.Add(1)
	return &kms.Parameters{}, nil
}

func (c *counting) ImportKeyMaterial(context.Context, *kms.Import) (string, error) {
	c.writes.Add(1)
	return "", nil
}

// TestPaced makes 21 writes at 50 a second, which takes 400 ms however many wait at once, and as
// many reads without a limit.
func TestPaced(t *testing.T) {
	next := &counting{}
	paced := requests.Paced(next, 0, 50)
	began := time.Now()
	var all sync.WaitGroup
	for range 21 {
		if _, err := paced.ImportParameters(t.Context(), "key", kms.WrappingSpec{}); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(began); took > 200*time.Millisecond {
		t.Errorf("reads without a limit took %s", took)
	}
	for range 21 {
		all.Go(func() {
			if _, err := paced.ImportKeyMaterial(t.Context(), &kms.Import{}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if took := time.Since(began); took < 400*time.Millisecond || next.reads.Load() != 21 || next.writes.Load() != 21 {
		t.Errorf("%d reads and %d writes took %s, want 21 each and at least 400 ms", next.reads.Load(), next.writes.Load(), took)
	}
	soon, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for unlimited := requests.Paced(next, 50, 0); next.writes.Load() < 42; {
		if _, err := unlimited.ImportKeyMaterial(soon, &kms.Import{}); err != nil {
			t.Fatal("a write without a limit:", err)
		}
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := paced.ImportKeyMaterial(gone, &kms.Import{}); err == nil {
		t.Error("somebody who left was served")
	}
}
