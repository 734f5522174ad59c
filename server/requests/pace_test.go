package requests

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"keyferry/server/kms"
)

var errThrottled = fmt.Errorf("calling: %w", &kms.Error{Code: "Rejected.Throttling", HTTPStatus: http.StatusTooManyRequests})

func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPace(20)
		is := func(when string, want float64) {
			t.Helper()
			if got := p.perSecond(); math.Abs(got-want) > 0.01 {
				t.Errorf("%s: %v calls a second, want %v", when, got, want)
			}
		}
		if p.heed(nil) || p.heed(errors.New("other")) {
			t.Error("a call that was not throttled is to be made again")
		}
		is("at first", 20)
		if !p.heed(errThrottled) {
			t.Error("a throttled call is not to be made again")
		}
		is("after throttling", 10)
		p.heed(errThrottled) // a call that was made before
		is("after another in the same moment", 10)
		time.Sleep(sameEvent)
		p.heed(errThrottled)
		is("after throttling later", 5)
		time.Sleep(time.Second)
		p.heed(nil)
		is("a second after", 5.5)
		time.Sleep(10 * time.Second)
		p.heed(nil)
		is("ten more seconds after", 10.5)
		time.Sleep(time.Hour)
		p.heed(nil)
		is("an hour after", 20)
		for range 20 {
			time.Sleep(1100 * time.Millisecond)
			p.heed(fmt.Errorf("%w: %w", kms.ErrOutcomeUnknown, errThrottled))
		}
		is("throttled throughout", slowest)
		if p.heed(fmt.Errorf("%w: %w", kms.ErrOutcomeUnknown, errThrottled)) {
			t.Error("a call whose outcome is unknown is to be made again")
		}
	})
}

// After throttling no call is made for a moment, whatever the rate.
func TestBreath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPace(1000)
		if !p.admits() {
			t.Error("the first call is not admitted")
		}
		p.heed(errThrottled)
		time.Sleep(breath - 1)
		if p.admits() {
			t.Error("a call is admitted too early")
		}
		time.Sleep(time.Nanosecond)
		if !p.admits() {
			t.Error("no call is admitted any more")
		}
		time.Sleep(time.Second)
		p.heed(errThrottled)
		began := time.Now()
		p.admit()
		if took := time.Since(began); took != breath {
			t.Errorf("a call waited %v, want %v", took, breath)
		}
		time.Sleep(time.Second)
		began = time.Now()
		if p.admit(); time.Since(began) != 0 {
			t.Errorf("the next waited %v", time.Since(began))
		}
	})
}

// Fifty people at once, each with one call, and one of them with a hundred more, through a KMS that
// takes ten a second, where the operator has allowed twenty: nobody fails, and nobody waits longer
// than fifty calls take.
func TestFiftyPeopleWaitTheirShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(20, func(time.Duration) {})
		server := rate.NewLimiter(10, 10) // as the local KMS throttles
		throttles, began := 0, time.Now()
		var mu sync.Mutex
		took := map[string]time.Duration{}
		var everybody sync.WaitGroup
		call := func(who string, n int) {
			everybody.Go(func() {
				id := fmt.Sprint(who, n)
				if err := q.wait(t.Context(), who, id); err != nil {
					t.Error(err)
				}
				for {
					var err error
					if !server.Allow() {
						err = errThrottled
						mu.Lock()
						throttles++
						mu.Unlock()
					}
					if !q.heed(err) {
						break
					}
					if err := q.waitAgain(t.Context(), who, id); err != nil {
						t.Error(err)
					}
				}
				mu.Lock()
				took[id] = time.Since(began)
				mu.Unlock()
			})
			synctest.Wait()
		}
		for n := range 101 {
			call("greedy", n)
		}
		for i := range 49 {
			call(fmt.Sprint("person", i), 0)
		}
		everybody.Wait()
		var latest time.Duration
		for i := range 49 {
			latest = max(latest, took[fmt.Sprintf("person%d0", i)])
		}
		// 10 at once and 40 at 10 a second, and a little for finding the rate.
		if latest > 6*time.Second {
			t.Errorf("the last of 49 people waited %v", latest)
		}
		if len(took) != 150 || throttles == 0 {
			t.Errorf("%d calls ended, %d were throttled", len(took), throttles)
		}
		// The rate that was found is near the KMS's: few calls were made in vain.
		if throttles > 30 {
			t.Errorf("%d of %d calls were throttled", throttles, throttles+150)
		}
		t.Logf("the last of 49 people waited %v, all 150 calls took %v, %d throttled", latest, time.Since(began), throttles)
	})
}
