package signin_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"keyferry/server/ledger"
	"keyferry/server/signin"
)

// A hundred thousand attempts to sign in, from twenty addresses: nearly all are refused by their
// address alone, the ledger has few lines of them, the memory stays, and somebody else signs in
// meanwhile as if nothing were.
func TestHundredThousandAttempts(t *testing.T) {
	attempts := 100_000
	if testing.Short() {
		attempts = 3_000
	}
	c := newConsole(t, database(t), false, func(config *signin.Config) {
		config.Issuer, config.ClientID = "http://127.0.0.1:1", "keyferry"
		config.Log = nil
	})
	secret, code := c.newLink(t, "REQUEST0000000000000000000", time.Hour)
	before := c.size(t)
	handler := c.service.Handler()
	var let, refused atomic.Int64
	attempt := func(i int) {
		r := httptest.NewRequest(http.MethodPost, "/signin/guest", strings.NewReader(fmt.Sprintf(`{"Secret": "%026d", "Code": "%06d"}`, i, i)))
		if i%4 == 0 {
			r = httptest.NewRequest(http.MethodGet, fmt.Sprintf("/signin/callback?state=%d&code=%d", i, i), nil)
		}
		r.RemoteAddr = fmt.Sprintf("203.0.113.%d:%d", i%20, 1024+i%60000)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Keyferry-Request", "1")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		switch {
		case w.Code == http.StatusTooManyRequests, strings.Contains(w.Header().Get("Location"), "SignIn.TooMany"):
			refused.Add(1)
		case w.Code == http.StatusForbidden, w.Code == http.StatusSeeOther:
			let.Add(1)
		default:
			t.Errorf("attempt %d: HTTP %d %s", i, w.Code, w.Body)
		}
	}
	began, used := time.Now(), heap()
	var flood sync.WaitGroup
	var next atomic.Int64
	for range 8 {
		flood.Go(func() {
			for i := next.Add(1); i <= int64(attempts); i = next.Add(1) {
				attempt(int(i))
			}
		})
	}
	for next.Load() < int64(attempts/4) {
		runtime.Gosched()
	}
	guest := time.Now()
	if fault := c.browser(t).open(secret, code); fault != "" {
		t.Errorf("a guest is refused meanwhile: %s", fault)
	}
	waited := time.Since(guest)
	flood.Wait()
	took, grown := time.Since(began), int64(heap())-int64(used)
	t.Logf("%d attempts in %v, %d let through to be judged; a guest signed in within %v; the heap grew by %d KiB", attempts, took, let.Load(), waited, grown>>10)
	if most := int64(20*101 + 20*20*(took.Seconds()+1)); let.Load() > most || let.Load()+refused.Load() != int64(attempts) {
		t.Errorf("%d attempts were let through of which %d may be, %d refused", let.Load(), most, refused.Load())
	}
	if waited > 2*time.Second {
		t.Errorf("a guest waited %v", waited)
	}
	if lines := c.size(t) - before; lines > 20 {
		t.Errorf("the ledger has %d lines of it", lines)
	}
	if grown > 32<<20 {
		t.Errorf("the heap grew by %d MiB", grown>>20)
	}
}

// size is how many entries the ledger has.
func (c *console) size(t *testing.T) int {
	t.Helper()
	entries, err := c.ledger.Entries(t.Context(), ledger.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
