package requests

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"keyferry/server/kms"
)

const (
	// slowest is the lowest rate, in calls a second, that throttling leads to.
	slowest = 0.2
	// sameEvent is how long after the rate was lowered further throttling is taken for an answer to
	// calls that were made before.
	sameEvent = time.Second
	// breath is how long no call is made after the KMS has throttled one.
	breath = 200 * time.Millisecond
	// growth is the share of the operator's limit by which the rate grows in a second.
	growth = 0.025
)

// pace is the rate of the calls of one kind to one account and region. When the KMS throttles, the
// rate is halved at once. Without throttling it grows slowly, up to the operator's limit.
type pace struct {
	limiter *rate.Limiter
	ceiling float64 // the operator's limit

	mu      sync.Mutex
	current float64
	cut     time.Time // when the rate was lowered last
	changed time.Time // when the rate was lowered or raised last
	resume  time.Time // until then no call is made
}

func newPace(perSecond float64) *pace {
	return &pace{limiter: rate.NewLimiter(rate.Limit(perSecond), 1), ceiling: perSecond, current: perSecond}
}

// admit returns when a call may be made.
func (p *pace) admit() {
	p.limiter.Wait(context.Background()) // fails only for a burst of 0
	p.mu.Lock()
	wait := time.Until(p.resume)
	p.mu.Unlock()
	if wait > 0 {
		time.Sleep(wait)
	}
}

// admits reports whether a call may be made now, which counts as made then.
func (p *pace) admits() bool {
	p.mu.Lock()
	rest := time.Until(p.resume) > 0
	p.mu.Unlock()
	return !rest && p.limiter.Allow()
}

// slow halves the rate, unless it was halved a moment ago.
func (p *pace) slow() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	p.resume = now.Add(breath)
	if now.Sub(p.cut) < sameEvent {
		return
	}
	p.cut = now
	p.set(now, max(p.current/2, min(slowest, p.ceiling)))
}

// grow raises the rate by what the time since the last change allows.
func (p *pace) grow() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if p.current == p.ceiling || now.Sub(p.changed) < sameEvent {
		return
	}
	p.set(now, min(p.current+now.Sub(p.changed).Seconds()*growth*p.ceiling, p.ceiling))
}

// set changes the rate; the caller holds mu.
func (p *pace) set(now time.Time, perSecond float64) {
	p.current, p.changed = perSecond, now
	p.limiter.SetLimitAt(now, rate.Limit(perSecond))
}

// perSecond is the rate now.
func (p *pace) perSecond() float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.current
}

// heed adapts the rate to how a call ended, and reports whether the KMS throttled it and took nothing,
// so that the same call may be made again in its turn.
func (p *pace) heed(err error) bool {
	if throttled(err) {
		p.slow()
		return !errors.Is(err, kms.ErrOutcomeUnknown)
	}
	if err == nil {
		p.grow()
	}
	return false
}

// throttled reports whether the KMS answered that there were too many calls.
func throttled(err error) bool {
	var answer *kms.Error
	return errors.As(err, &answer) && answer.Throttled()
}
