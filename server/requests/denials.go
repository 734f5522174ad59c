package requests

import (
	"strconv"
	"sync"

	"golang.org/x/time/rate"

	"keyferry/server/ledger"
	"keyferry/server/limit"
)

// denials limits how many denials go into the ledger, which keeps them for ever. Each person has a few,
// and all together have some; those that are left out are counted in the next one that is not.
type denials struct {
	each *limit.Each
	all  *rate.Limiter

	mu      sync.Mutex
	omitted int
}

func newDenials() *denials {
	return &denials{each: limit.NewEach(0.2, 20), all: rate.NewLimiter(2, 100)}
}

// admit reports whether a denial is to be recorded. It adds to the entry how many were left out.
func (d *denials) admit(e *ledger.Entry) bool {
	allowed := d.each.Allow(e.Person) && d.all.Allow()
	d.mu.Lock()
	defer d.mu.Unlock()
	if !allowed {
		d.omitted++
		return false
	}
	if d.omitted > 0 {
		e.Fields["omitted"] = strconv.Itoa(d.omitted)
		d.omitted = 0
	}
	return true
}
