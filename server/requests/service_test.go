package requests_test

import (
	"testing"
	"time"

	"keyferry/server/requests"
)

// No limit may be negative, and none of them must be set.
func TestNegativeLimits(t *testing.T) {
	each(t, func(w *world) {
		for i, edit := range []func(c *requests.Config, n int){
			func(c *requests.Config, n int) { c.ReadsPerSecond = float64(n) }, func(c *requests.Config, n int) { c.WritesPerSecond = float64(n) },
			func(c *requests.Config, n int) { c.Lease = time.Duration(n) }, func(c *requests.Config, n int) { c.Tick = time.Duration(n) },
			func(c *requests.Config, n int) { c.DrillEvery = time.Duration(n) },
		} {
			for n, good := range map[int]bool{0: true, -1: false} {
				config := requests.Config{DB: w.db, Ledger: w.log, Policy: w.policy, KMS: w.calls, Region: region}
				edit(&config, n)
				s, err := requests.New(config)
				if (err == nil) != good {
					w.t.Errorf("limit %d is %d: %v", i, n, err)
				}
				if s != nil {
					s.Close()
				}
			}
		}
	})
}
