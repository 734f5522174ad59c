package verify_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"keyferry/server/console"
	"keyferry/server/limit"
	"keyferry/server/verify"
)

// refusing is a console of one that refuses everything after so many requests.
func refusing(c *console.Config, after int) { c.Limits.Addresses = limit.NewEach(1e-9, after) }

// A console that refuses requests now and then, since it was asked too often, is the same console: what
// it refused is asked for again.
func TestLimitIsNoDifference(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for seconds")
	}
	t.Parallel()
	static := tree(t)
	var consoles [2]http.Handler
	for i, change := range []func(*console.Config){nil, func(c *console.Config) { refusing(c, 0) }} {
		var err error
		if consoles[i], err = console.New(like(static, change)); err != nil {
			t.Fatal(err)
		}
	}
	var asked atomic.Int64
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		which := 0
		if asked.Add(1)%200 == 1 { // the first one as well
			which = 1
		}
		consoles[which].ServeHTTP(w, r)
	}))
	t.Cleanup(site.Close)
	mustAgree(t, site.URL, static, nil)
}

// A console that refuses for ever is neither the same nor another one, which the error says. It may do
// so from the first request on or later.
func TestRefusedForEver(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for seconds")
	}
	static := tree(t)
	for name, burst := range map[string]int{"from the first request on": 0, "later": 100} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := serve(t, like(static, func(c *console.Config) { refusing(c, burst) }))
			verdict, out, err := check(t, address, static, nil)
			if !errors.Is(err, verify.ErrTooMany) || errors.Is(err, verify.ErrUnreachable) || verdict.Differing != 0 || strings.Contains(out, "DIFFERS") {
				t.Errorf("%+v, %v\n%s", verdict, err, out)
			}
			if want := burst + 4*6; verdict.Requests > want { // by four connections, six times each
				t.Errorf("%d requests were sent to a console that refuses them, want at most %d", verdict.Requests, want)
			}
		})
	}
}

// A refusal is compared as well: a page of somebody else's is a difference, whatever its status.
func TestAnotherRefusal(t *testing.T) {
	if testing.Short() {
		t.Skip("compares everything")
	}
	t.Parallel()
	static := tree(t)
	handler, err := console.New(like(static, nil))
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int64
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/en/check" && asked.Add(1)%3 == 0 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
			w.Write([]byte("<script src=https://elsewhere.example/x.js></script>"))
			return
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(site.Close)
	verdict, out, err := check(t, site.URL, static, nil)
	if err != nil || verdict.Differing != 1 || !strings.Contains(out, "DIFFERS  /en/check: ") || !strings.Contains(out, "status 429 instead of 200") {
		t.Errorf("%+v, %v\n%s", verdict, err, out)
	}
}
