package localkms

import (
	"sync"
	"time"
)

// Clock is a time that tests can set and move. It runs on from wherever it is put.
//
// Import tokens, expiring key material, rotations and scheduled deletions follow it. The time
// stamps of signed requests are compared with the machine's time instead: a client keeps signing
// with its own clock while a test moves this one by a day, and must not be refused for that.
type Clock struct {
	machine func() time.Time
	mu      sync.RWMutex
	offset  time.Duration
}

// NewClock returns a clock that follows machine; nil means time.Now.
func NewClock(machine func() time.Time) *Clock {
	if machine == nil {
		machine = time.Now
	}
	return &Clock{machine: machine}
}

// Now returns the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.machine().Add(c.offset)
}

// Set puts the clock to t.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset = t.Sub(c.machine())
}

// Advance moves the clock by d, backwards if d is negative.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
}

// Reset lets the clock follow the machine's time again.
func (c *Clock) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset = 0
}

// Offset returns how far the clock is ahead of the machine's time.
func (c *Clock) Offset() time.Duration {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.offset
}
