package localkms

import (
	"hash/maphash"
	"sync"
	"time"
)

// window is how far a request's time may be from ours, either way.
const window = 15 * time.Minute

// nonceLog remembers the nonces of signed requests for as long as their time
// stamps would be accepted. It keeps 64-bit digests, by minute of the time
// stamp, so that a million requests take a few megabytes: two different
// nonces meeting under a random seed is rarer than anything a test would see.
type nonceLog struct {
	seed    maphash.Seed
	mu      sync.Mutex
	minutes map[int64]map[uint64]struct{}
}

func newNonceLog() *nonceLog {
	return &nonceLog{seed: maphash.MakeSeed(), minutes: map[int64]map[uint64]struct{}{}}
}

// use records a nonce and reports whether it is new. The request's signature
// must have been verified: else anyone could use up another's nonces.
func (n *nonceLog) use(accessKeyID, nonce string, stamp, now time.Time) bool {
	digest := maphash.String(n.seed, accessKeyID+"\x00"+nonce)
	minute := stamp.Unix() / 60
	n.mu.Lock()
	defer n.mu.Unlock()
	for m := range n.minutes {
		if time.Unix((m+1)*60, 0).Add(window).Before(now) {
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
