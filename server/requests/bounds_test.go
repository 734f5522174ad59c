package requests

import (
	"testing"
	"time"

	"keyferry/server/kms"
)

// The same bytes are sent again after one second, then after twice as long each time, up to ten
// minutes.
func TestPause(t *testing.T) {
	for attempts, want := range map[int]time.Duration{
		1: time.Second, 2: 2 * time.Second, 3: 4 * time.Second, 10: 512 * time.Second,
		11: 10 * time.Minute, 21: 10 * time.Minute, 100: 10 * time.Minute, 1 << 30: 10 * time.Minute,
	} {
		c := &change{r: &record{}}
		c.r.Attempts = attempts
		if got := c.pause(); got != want {
			t.Errorf("after %d attempts: %v, want %v", attempts, got, want)
		}
	}
}

// A denial is kept in mind for ten thousand people. One more, and all are forgotten.
func TestDeniedPeople(t *testing.T) {
	var d denials
	now := time.Now()
	for i := range maxDenied {
		if _, ok := d.admit(time.Duration(i).String(), now); !ok {
			t.Fatalf("the first denial of person %d is left out", i)
		}
	}
	if len(d.people) != maxDenied {
		t.Errorf("%d people are kept in mind, want %d", len(d.people), maxDenied)
	}
	if d.admit("one more", now); len(d.people) != 1 {
		t.Errorf("%d people are kept in mind after one more", len(d.people))
	}
}

// A token that was had by link ends within the life of the link, the time that the KMS's clock may be
// behind, and a day.
func TestTokenEnds(t *testing.T) {
	at := time.Now()
	if got, want := (given{At: at}).tokenEnds().Sub(at), kms.LinkLife+5*time.Minute+24*time.Hour; got != want {
		t.Errorf("%v, want %v", got, want)
	}
}

// What is not set has its default, and what is set stays.
func TestDefaults(t *testing.T) {
	var c Config
	defaults(&c)
	if c.ReadsPerSecond != DefaultReadsPerSecond || c.WritesPerSecond != DefaultWritesPerSecond || c.Lease != DefaultLease || c.Tick != time.Second {
		t.Errorf("the defaults are %v, %v, %v, %v", c.ReadsPerSecond, c.WritesPerSecond, c.Lease, c.Tick)
	}
	c = Config{ReadsPerSecond: 1, WritesPerSecond: 2, Lease: 3, Tick: 4}
	defaults(&c)
	if c.ReadsPerSecond != 1 || c.WritesPerSecond != 2 || c.Lease != 3 || c.Tick != 4 {
		t.Errorf("what was set is %v, %v, %v, %v", c.ReadsPerSecond, c.WritesPerSecond, c.Lease, c.Tick)
	}
}
