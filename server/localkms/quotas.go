package localkms

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"keyferry/server/localkms/wire"
)

// quotaClass is a group of actions that share a published quota.
type quotaClass uint8

const (
	classRead quotaClass = iota
	classWrite
	classCreateKey
	classListTags
	classCrypto
	numClasses = iota
)

// perSecond are the published requests per second of an account in a region.
var perSecond = [numClasses]rate.Limit{
	classRead:      50,
	classWrite:     30,
	classCreateKey: 10,
	classListTags:  300,
	classCrypto:    1000,
}

// The published numbers of resources of an account in a region.
const (
	maxKeys    = 200
	maxAliases = 300
)

// quotas applies the published limits, when they are on.
type quotas struct {
	on       bool
	mu       sync.Mutex
	accounts map[string]*[numClasses]*rate.Limiter
}

func newQuotas(on bool) *quotas {
	return &quotas{on: on, accounts: map[string]*[numClasses]*rate.Limiter{}}
}

// take counts a call of an account and refuses it when its class has used up the second. It
// counts by the machine's time, since that is what clients wait by.
func (q *quotas) take(account string, class quotaClass, now time.Time) error {
	if !q.on {
		return nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	limiters := q.accounts[account]
	if limiters == nil {
		limiters = new([numClasses]*rate.Limiter)
		for class, limit := range perSecond {
			limiters[class] = rate.NewLimiter(limit, int(limit))
		}
		q.accounts[account] = limiters
	}
	if !limiters[class].AllowN(now, 1) {
		return wire.ErrThrottled
	}
	return nil
}

func (q *quotas) reset() {
	q.mu.Lock()
	defer q.mu.Unlock()
	clear(q.accounts)
}
