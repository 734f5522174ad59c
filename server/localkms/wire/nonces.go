package wire

import (
	"hash/maphash"
	"sync"
	"time"
)

// Window is how far the time stamp of a request may differ from the machine's time, either way.
const Window = 15 * time.Minute

// Nonces remembers the nonces of signed requests for as long as their time stamps are accepted.
// It keeps 64-bit digests by the minute of the time stamp, so a million requests take a few
// megabytes. Two nonces with the same digest under a random seed are too rare to matter to a test.
type Nonces struct {
	seed    maphash.Seed
	mu      sync.Mutex
	minutes map[int64]map[uint64]struct{}
}

// NewNonces returns a Nonces that has seen nothing.
func NewNonces() *Nonces {
	return &Nonces{seed: maphash.MakeSeed(), minutes: map[int64]map[uint64]struct{}{}}
}

// Use records a nonce and reports whether it is new. The caller has verified the signature of the
// request: else anybody could use up the nonces of another.
func (n *Nonces) Use(accessKeyID, nonce string, stamp, now time.Time) bool {
	digest := maphash.String(n.seed, accessKeyID+"\x00"+nonce)
	minute := stamp.Unix() / 60
	n.mu.Lock()
	defer n.mu.Unlock()
	for m := range n.minutes {
		if time.Unix((m+1)*60, 0).Add(Window).Before(now) {
			delete(n.minutes, m)
		}
	}
	for _, seen := range n.minutes {
		if _, used := seen[digest]; used {
			return false
		}
	}
	if n.minutes[minute] == nil {
		n.minutes[minute] = map[uint64]struct{}{}
	}
	n.minutes[minute][digest] = struct{}{}
	return true
}
