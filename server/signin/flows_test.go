package signin_test

import (
	"net/http"
	"testing"
)

// A person can sign in from four tabs at once: each keeps its flow. The fifth is alone again.
func TestFewFlowsAreKept(t *testing.T) {
	c := withForger(t, newForger(t))
	b := c.browser(t)
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	b.get("/signin/start")
	one := len(b.cookies())
	for more, want := range []int{one + 1, one + 2, one + 3, one} {
		if b.get("/signin/start"); len(b.cookies()) != want {
			t.Errorf("after %d more there are %d cookies, want %d", more+1, len(b.cookies()), want)
		}
	}
}
