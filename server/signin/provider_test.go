package signin_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"keyferry/server/person"
	"keyferry/server/signin"
	"keyferry/server/signin/signintest"
	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

// The people of the directory. Nobody verified the address of Olga.
var (
	ines = signintest.Person{ID: "ines", Name: "Ines 支付 \u202eX", Email: "ines@example.com", EmailVerified: true, Groups: []string{"payments", "staff"}}
	olga = signintest.Person{ID: "olga", Name: "Olga", Email: "olga@example.com"}
)

// withProvider serves a console whose people sign in with a real provider.
func withProvider(t *testing.T, db *store.DB, secure bool, change ...func(*signin.Config)) (*console, *signintest.Provider) {
	t.Helper()
	p := signintest.New(t, ines, olga)
	p.At("ines")
	c := newConsole(t, db, secure, func(config *signin.Config) {
		config.Issuer, config.ClientID, config.ClientSecret = p.Issuer, signintest.ClientID, testSecret
		for _, f := range change {
			f(config)
		}
	})
	p.Register(c.URL)
	return c, p
}

// TestProvider signs in with a provider that we did not write, over https and over http.
func TestProvider(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c, p := withProvider(t, db, true)
		b := c.browser(t)
		if who := b.who(); who.ID != "" {
			t.Fatalf("a stranger is %+v", who)
		}
		if at, _ := b.get("/signin/start?to=/en/request?id=5"); at.String() != c.URL+"/en/request?id=5" {
			t.Fatalf("signing in led to %s", at)
		}
		who := b.who()
		if who.Kind != person.Directory || who.Name != "Ines 支付 X" || who.Email != "ines@example.com" ||
			!slices.Equal(who.Groups, []string{"payments", "staff"}) || len(who.ID) != 26 || time.Since(who.SignedIn).Abs() > time.Minute {
			t.Errorf("signed in as %+v", who)
		}
		if !c.service.Fresh(who) {
			t.Error("a new sign-in is not fresh")
		}
		for _, cookie := range b.cookies() {
			if strings.Contains(cookie.Name, "signin") {
				t.Errorf("the cookie %s outlives the sign-in", cookie.Name)
			}
		}

		var groups string
		if err := db.Read(t.Context(), func(tx *store.Tx) error {
			return tx.QueryRow("SELECT in_groups FROM signin_people WHERE id = ?", who.ID).Scan(&groups)
		}); err != nil || groups != `["payments","staff"]` {
			t.Errorf("the groups that are kept are %s, %v", groups, err)
		}

		// The same person has the same id in another browser, and another person another one.
		other := c.browser(t)
		other.get("/signin/start")
		if again := other.who(); again.ID != who.ID {
			t.Errorf("the same person has the ids %s and %s", who.ID, again.ID)
		}
		p.At("olga")
		third := c.browser(t)
		third.get("/signin/start")
		if olga := third.who(); olga.ID == who.ID || olga.ID == "" || olga.Email != "" || len(olga.Groups) != 0 {
			t.Errorf("another person, whose address nobody verified, is %+v", olga)
		}
		c.wantKinds(t, "signin.succeeded", "signin.succeeded", "signin.succeeded")
	})
}

// TestStepUp asks somebody again after five minutes.
func TestStepUp(t *testing.T) {
	c, p := withProvider(t, database(t), false)
	b := c.browser(t)
	b.get("/signin/start")
	before := b.who()
	c.clock.forward(5 * time.Minute)
	if c.service.Fresh(before) {
		t.Error("a sign-in of five minutes ago is fresh")
	}
	old := b.session()
	c.clock.forward(-5 * time.Minute) // the provider has the real time
	b.seen = nil
	b.get("/signin/start?again=1&to=/x")
	var asked bool
	for _, address := range b.seen {
		asked = asked || strings.Contains(address, "prompt=login") && strings.Contains(address, "max_age=300") && strings.HasPrefix(address, p.Issuer)
	}
	if !asked {
		t.Errorf("the provider was not told to ask the person again: %q", b.seen)
	}
	if after := b.who(); after.ID != before.ID || !c.service.Fresh(after) {
		t.Errorf("signed in again as %+v", after)
	}
	if n := p.Logins(); n != 2 {
		t.Errorf("%d times at the login page", n)
	}
	if b.session().Value == old.Value {
		t.Error("the session kept its id")
	}
	if who := c.with(t, old).who(); who.ID != "" {
		t.Error("the session before still holds good")
	}
	off, _ := withProvider(t, database(t), false, func(config *signin.Config) { config.StepUp = false })
	if !off.service.Fresh(person.Person{Kind: person.Directory}) {
		t.Error("--no-step-up asks all the same")
	}
}

// TestFresh knows who can be asked again.
func TestFresh(t *testing.T) {
	now := time.Now()
	for _, test := range []struct {
		kind person.Kind
		age  time.Duration
		want bool
	}{
		{person.Directory, 0, true}, {person.Directory, 5*time.Minute - 1, true}, {person.Directory, 5 * time.Minute, false},
		{person.Directory, -30 * time.Second, true}, {person.Directory, -time.Hour, false},
		{person.Guest, time.Hour, true}, {person.Operator, time.Hour, true},
	} {
		if got := signin.Fresh(person.Person{Kind: test.kind, SignedIn: now.Add(-test.age)}, now); got != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
	if signin.Fresh(person.Person{Kind: person.Directory}, now) {
		t.Error("fresh without a time")
	}
}

// TestRotatedKey signs in with a key that the console has not seen, and not with one that the
// provider took back.
func TestRotatedKey(t *testing.T) {
	c, p := withProvider(t, database(t), false)
	c.browser(t).get("/signin/start")
	p.ChangeKey(t, "second")
	b := c.browser(t)
	if b.get("/signin/start"); b.who().ID == "" {
		t.Error("not signed in after the provider changed its key")
	}
	p.ChangeKey(t, "second") // another key with the same name
	b = c.browser(t)
	if b.get("/signin/start"); b.who().ID == "" {
		t.Error("not signed in after the provider changed its key and kept the name")
	}
}

// TestProviderDown says so, keeps those who are signed in, and works again by itself.
func TestProviderDown(t *testing.T) {
	c, p := withProvider(t, database(t), false)
	b := c.browser(t)
	b.get("/signin/start")
	p.Close()
	if b.who().ID == "" {
		t.Error("nobody is signed in any more because the provider is down")
	}
	// It was reached before, so the console knows the address; the browser could not open it.
	b.fails("/signin/start", "SignIn.ProviderDown")
	fresh := newConsole(t, database(t), false, func(config *signin.Config) {
		config.Issuer, config.ClientID = p.Issuer, signintest.ClientID
	})
	fresh.browser(t).fails("/signin/start", "SignIn.ProviderDown")
	if err := fresh.service.Ready(t.Context()); err == nil {
		t.Error("ready while the provider is down")
	}
	if strings.Contains(fresh.log.String(), testSecret) {
		t.Error("the log has the client's secret")
	}
}

// TestRefusedAtProvider shows that the person said no.
func TestRefusedAtProvider(t *testing.T) {
	c, p := withProvider(t, database(t), false)
	p.At("nobody")
	b := c.browser(t)
	b.fails("/signin/start", "SignIn.Refused")
	if b.who().ID != "" {
		t.Error("signed in all the same")
	}
	c.wantKinds(t, "signin.refused")
}

// TestReplay takes no answer of the provider twice.
func TestReplay(t *testing.T) {
	c, _ := withProvider(t, database(t), false)
	b := c.browser(t)
	check := b.client.CheckRedirect
	b.client.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		if strings.HasPrefix(r.URL.Path, "/signin/callback") {
			return errors.Join(check(r, via), http.ErrUseLastResponse) // stops before the console sees it
		}
		return check(r, via)
	}
	r, _ := http.NewRequest(http.MethodGet, c.URL+"/signin/start", nil)
	response, err := b.client.Do(r)
	if err == nil {
		response.Body.Close()
	}
	answer := b.seen[len(b.seen)-1]
	if !strings.Contains(answer, "/signin/callback?") {
		t.Fatalf("no answer of the provider in %q", b.seen)
	}
	b.client.CheckRedirect = check
	// Another browser has not begun this sign-in.
	c.browser(t).fails(answer, "SignIn.Expired")
	// A thief who has the browser's cookies before it uses the answer.
	thief := c.browser(t)
	for _, cookie := range b.cookies() {
		thief.client.Jar.SetCookies(mustURL(t, c.URL+"/"), []*http.Cookie{cookie})
	}
	if b.get(answer); b.who().ID == "" {
		t.Fatal("not signed in")
	}
	b.fails(answer, "SignIn.Expired") // its flow is used up
	thief.fails(answer, "SignIn.Code")
	if thief.who().ID != "" {
		t.Error("a thief is signed in")
	}
}
