package requests

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"keyferry/server/ledger"
	"keyferry/server/store"
)

// Denials of one person that the ledger gets: so many at once, then one a minute. Whoever asks again
// and again must not fill it, since nothing ever leaves it.
const (
	denialsAtOnce = 20
	denialPause   = time.Minute
	maxDenied     = 10_000 // people who are kept in mind
)

// denial is the policy's no, which is recorded by itself since what was asked for is not done.
type denial struct {
	*Fault
	entry ledger.Entry
}

// Unwrap returns the fault, for errors.As.
func (d *denial) Unwrap() error { return d.Fault }

// denials bounds what is recorded of each person.
type denials struct {
	mu     sync.Mutex
	people map[string]*denied
}

type denied struct {
	limit   *rate.Limiter
	omitted int // since the last that was recorded
}

// admit reports whether a denial is to be recorded, and how many of the person were not before.
func (d *denials) admit(who string, now time.Time) (omitted int, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.people[who]
	if p == nil {
		if len(d.people) >= maxDenied || d.people == nil {
			d.people = map[string]*denied{}
		}
		p = &denied{limit: rate.NewLimiter(rate.Every(denialPause), denialsAtOnce)}
		d.people[who] = p
	}
	if !p.limit.AllowN(now, 1) {
		p.omitted++
		return 0, false
	}
	omitted, p.omitted = p.omitted, 0
	return omitted, true
}

// recordDenial writes a denial into the ledger and returns the fault of it, or any other error as it
// is. The log has those that the ledger does not get.
func (s *Service) recordDenial(ctx context.Context, err error) error {
	var d *denial
	if !errors.As(err, &d) {
		return err
	}
	omitted, ok := s.denials.admit(d.entry.Person, d.entry.At)
	if !ok {
		s.log.Warn("a denial is left out of the ledger, which has many of the same person", "request", d.entry.Request)
		return d.Fault
	}
	if omitted > 0 {
		d.entry.Fields["omitted"] = strconv.Itoa(omitted)
	}
	failed := s.config.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := s.config.Ledger.Append(tx, d.entry)
		return err
	})
	if failed != nil {
		s.log.Error("a denial was not recorded", "error", failed)
	}
	return d.Fault
}
