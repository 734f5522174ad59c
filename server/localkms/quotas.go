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
	on       bool // of resources too
	limits   [numClasses]rate.Limit
	mu       sync.Mutex
	accounts map[string]*[numClasses]*rate.Limiter
}

func newQuotas(config Config) *quotas {
	q := &quotas{on: config.Quotas, accounts: map[string]*[numClasses]*rate.Limiter{}}
	if q.on {
		q.limits = perSecond
	}
	for class, given := range map[quotaClass]float64{classRead: config.ReadsPerSecond, classWrite: config.WritesPerSecond} {
		if given > 0 {
			q.limits[class] = rate.Limit(given)
		}
	}
	return q
}

// take counts a call of an account and refuses it when its class has used up the second. It
// counts by the machine's time, since that is what clients wait by.
func (q *quotas) take(account string, class quotaClass, now time.Time) error {
	if q.limits[class] == 0 {
		return nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	limiters := q.accounts[account]
	if limiters == nil {
		limiters = new([numClasses]*rate.Limiter)
		for class, limit := range q.limits {
			limiters[class] = rate.NewLimiter(limit, max(int(limit), 1))
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
