package program

import (
	"sync"
	"testing"
	"time"
)

// News tells those who wait that something has changed. The zero value is ready for use.
type News struct {
	mu      sync.Mutex
	changed chan struct{} // closed by Tell; nil while nobody waits
}

// Tell says that something has changed.
func (n *News) Tell() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.changed != nil {
		close(n.changed)
		n.changed = nil
	}
}

func (n *News) next() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.changed == nil {
		n.changed = make(chan struct{})
	}
	return n.changed
}

// Await waits until a condition holds, which it checks whenever something has changed. It returns
// what the condition is at the end of the time limit, or when ended, which may be nil, is closed.
func (n *News) Await(limit time.Duration, ended <-chan struct{}, holds func() bool) bool {
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	for {
		next := n.next()
		if holds() {
			return true
		}
		select {
		case <-next:
		case <-ended:
			return holds()
		case <-timeout.C:
			return holds()
		}
	}
}

// Eventually waits until something holds of which nobody tells, such as the state of a process. It
// fails the test after the time limit.
func Eventually(t testing.TB, limit time.Duration, what string, holds func() bool) {
	t.Helper()
	ticks := time.NewTicker(50 * time.Millisecond)
	defer ticks.Stop()
	for end := time.Now().Add(limit); !holds(); <-ticks.C {
		if time.Now().After(end) {
			t.Fatalf("%s: not after %v", what, limit)
		}
	}
}
