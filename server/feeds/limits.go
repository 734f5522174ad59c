package feeds

import (
	"sync"

	"golang.org/x/time/rate"
)

// limits slow down whoever reads addresses, or guesses them, by where they come from. Calendar
// services read for many people from few addresses, and everybody may come through one proxy.
type limits struct {
	mu    *sync.Mutex
	known map[string]*rate.Limiter
}

// maxKnown is how many places are remembered. Then all are forgotten, which lets each begin anew.
const maxKnown = 10_000

func newLimits() limits { return limits{&sync.Mutex{}, map[string]*rate.Limiter{}} }

func (l limits) allow(from string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	limiter := l.known[from]
	if limiter == nil {
		if len(l.known) >= maxKnown {
			clear(l.known)
		}
		limiter = rate.NewLimiter(5, 50)
		l.known[from] = limiter
	}
	return limiter.Allow()
}
