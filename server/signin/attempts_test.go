package signin_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"keyferry/server/signin"
)

// wantTried compares the attempts that were counted since this was asked before.
func (c *console) wantTried(t *testing.T, want ...string) {
	t.Helper()
	if got := c.tried.take(); !slices.Equal(got, want) {
		t.Errorf("counted %q, want %q", got, want)
	}
}

// TestAttempts counts every attempt once, whatever becomes of it: an alert goes by the count. Those
// that lead to the sign-in page are counted where the other tests want that page.
func TestAttempts(t *testing.T) {
	t.Run("guest", func(t *testing.T) {
		c := newConsole(t, mortal(t), false, func(config *signin.Config) {
			config.Issuer, config.ClientID = "https://provider.example", "keyferry"
		})
		b := c.browser(t)
		b.post("/signin/guest", []string{"no object"})
		c.wantTried(t, "guest SignIn.Malformed")
		b.open("no link", "000000")
		c.wantTried(t, "guest SignIn.GuestLink")
		secret, code := c.newLink(t, "REQUEST1", time.Hour)
		b.open(secret, other(code))
		c.wantTried(t, "guest SignIn.GuestCode")
		b.open(secret, code)
		c.wantTried(t, "guest ")
		c.db.Close()
		b.open(secret, code)
		c.wantTried(t, "guest SignIn.Unavailable")
	})
	t.Run("demo", func(t *testing.T) {
		c := newConsole(t, mortal(t), false, func(config *signin.Config) {
			config.Demo, config.LocalKMS = signin.DemoPeople(), true
		})
		b := c.browser(t)
		as := func(id string) { b.post("/signin/demo", map[string]string{"Person": id}) }
		b.post("/signin/demo", []string{"no object"})
		c.wantTried(t, "demo SignIn.Malformed")
		as("mallory")
		c.wantTried(t, "demo SignIn.Malformed")
		as("robin")
		c.wantTried(t, "demo ")
		c.db.Close()
		as("robin")
		c.wantTried(t, "demo SignIn.Unavailable")
	})
	t.Run("operator", func(t *testing.T) {
		c := newConsole(t, mortal(t), false, func(config *signin.Config) { config.OneTime = true })
		c.browser(t).get(c.service.Address())
		c.wantTried(t, "operator ")
		c.db.Close()
		c.browser(t).fails(c.service.Address(), "SignIn.Unavailable")
		if len(c.said.addresses) != 2 || c.said.addresses[1] != c.service.Address() {
			t.Error("the address was used up, and the operator was not shown the next")
		}
		for range 2000 {
			if at, _ := c.browser(t).get("/signin/operator?token=guess"); at.Fragment == "error="+signin.ErrTooMany.Code {
				if tried := c.tried.take(); tried[len(tried)-1] != "operator SignIn.TooMany" {
					t.Errorf("counted %q", tried[len(tried)-1])
				}
				return
			}
		}
		t.Error("2000 guesses without a limit")
	})
	t.Run("provider", func(t *testing.T) {
		f := newForger(t)
		c := withForger(t, f)
		b := c.browser(t)
		b.get("/signin/start")
		c.wantTried(t, "oidc ")
		b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		for range 2000 {
			if _, response := b.get("/signin/start"); response.Header.Get("Location") == "/signin#error="+signin.ErrTooMany.Code {
				c.wantTried(t, "oidc SignIn.TooMany")
				return
			}
		}
		t.Error("2000 starts without a limit")
	})
}
