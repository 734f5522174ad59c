package signin_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"keyferry/server/person"
	"keyferry/server/signin"
	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

// newLink makes a guest link that lasts for a while.
func (c *console) newLink(t *testing.T, request string, life time.Duration) (secret, code string) {
	t.Helper()
	c.write(t, func(tx *store.Tx) (err error) {
		secret, code, err = c.service.NewGuestLink(tx, request, c.clock.now().Add(life))
		return err
	})
	return secret, code
}

// open exchanges a link, and returns the code of the fault, or "".
func (b *browser) open(secret, code string) string {
	b.t.Helper()
	_, answer := b.post("/signin/guest", map[string]string{"Secret": secret, "Code": code})
	if answer["Code"] == "" && answer["request"] == "" {
		b.t.Errorf("opening a link: %v", answer)
	}
	return answer["Code"]
}

// other is another code of six digits.
func other(code string) string {
	return string('0'+(code[0]-'0'+1)%10) + code[1:]
}

// guests runs a test with a console that has guests.
func guests(t *testing.T, test func(t *testing.T, c *console)) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		test(t, newConsole(t, db, true, func(config *signin.Config) {
			config.Issuer, config.ClientID = "https://provider.example", "keyferry"
		}))
	})
}

// TestGuest opens a link in one browser, until the deadline.
func TestGuest(t *testing.T) {
	guests(t, func(t *testing.T, c *console) {
		secret, code := c.newLink(t, "REQUEST1", 48*time.Hour)
		if len(secret) != 26 || len(code) != 6 || strings.Trim(code, "0123456789") != "" {
			t.Errorf("secret %q, code %q", secret, code)
		}
		b := c.browser(t)
		if fault := b.open(" "+secret, code[:3]+" "+code[3:]); fault != "" {
			t.Fatalf("refused: %s", fault)
		}
		who := b.who()
		if who.Kind != person.Guest || who.ID != "guest:REQUEST1" || who.Request != "REQUEST1" || len(who.Groups) > 0 || !c.service.Fresh(who) {
			t.Errorf("the guest is %+v", who)
		}
		c.clock.forward(47 * time.Hour) // longer than sessions of others last
		if b.who().ID == "" {
			t.Error("the guest's session ended before the deadline")
		}
		c.clock.forward(2 * time.Hour)
		if b.who().ID != "" {
			t.Error("the guest's session lasts after the deadline")
		}
		c.wantKinds(t, "guest.created", "guest.used")
	})
}

// TestGuestTwice lets no second browser in, with the link or with another cookie.
func TestGuestTwice(t *testing.T) {
	guests(t, func(t *testing.T, c *console) {
		secret, code := c.newLink(t, "REQUEST1", time.Hour)
		first, second := c.browser(t), c.browser(t)
		if fault := first.open(secret, code); fault != "" {
			t.Fatal(fault)
		}
		for _, b := range []*browser{second, first} {
			if fault := b.open(secret, code); fault != "SignIn.GuestUsed" {
				t.Errorf("used twice: %q", fault)
			}
		}
		if second.who().ID != "" || first.who().ID == "" {
			t.Error("the link is not the first browser's")
		}
	})
}

// TestGuestRace lets one of many in who open a link at the same moment.
func TestGuestRace(t *testing.T) {
	guests(t, func(t *testing.T, c *console) {
		secret, code := c.newLink(t, "REQUEST1", time.Hour)
		faults := make([]string, 8)
		var all sync.WaitGroup
		for i := range faults {
			b := c.browser(t)
			all.Go(func() { faults[i] = b.open(secret, code) })
		}
		all.Wait()
		in := 0
		for _, fault := range faults {
			switch fault {
			case "":
				in++
			case "SignIn.GuestUsed":
			default:
				t.Errorf("refused with %s", fault)
			}
		}
		if in != 1 {
			t.Errorf("%d of %d got in", in, len(faults))
		}
	})
}

// TestWrongCodes ends a link after five, of whatever browser, and however many come at once.
func TestWrongCodes(t *testing.T) {
	guests(t, func(t *testing.T, c *console) {
		secret, code := c.newLink(t, "REQUEST1", time.Hour)
		for i, wrong := range []string{other(code), "", code + "0", code[:5]} {
			if fault := c.browser(t).open(secret, wrong); fault != "SignIn.GuestCode" {
				t.Errorf("wrong code %d: %q", i+1, fault)
			}
		}
		if fault := c.browser(t).open(secret, other(code)); fault != "SignIn.GuestEnded" {
			t.Errorf("the fifth wrong code: %q", fault)
		}
		b := c.browser(t)
		if fault := b.open(secret, code); fault != "SignIn.GuestEnded" || b.who().ID != "" {
			t.Errorf("the right code after five wrong ones: %q", fault)
		}
		c.wantKinds(t, "guest.created", "guest.refused", "guest.refused", "guest.refused", "guest.refused", "guest.refused", "guest.ended")

		secret, code = c.newLink(t, "REQUEST2", time.Hour)
		var all sync.WaitGroup
		for range 20 {
			b := c.browser(t)
			all.Go(func() { b.open(secret, other(code)) })
		}
		all.Wait()
		if fault := c.browser(t).open(secret, code); fault != "SignIn.GuestEnded" {
			t.Errorf("the right code after twenty wrong ones at once: %q", fault)
		}
		secret, code = c.newLink(t, "REQUEST3", time.Hour)
		for range 4 {
			c.browser(t).open(secret, other(code))
		}
		if fault := c.browser(t).open(secret, code); fault != "" {
			t.Errorf("the right code after four wrong ones: %q", fault)
		}
	})
}

// TestGuessed knows no link that was not made, nor one that has ended.
func TestGuessed(t *testing.T) {
	guests(t, func(t *testing.T, c *console) {
		secret, code := c.newLink(t, "REQUEST1", time.Hour)
		for _, guess := range []string{"", "A", strings.Repeat("A", 26), secret[:25], strings.ToLower(secret), secret + "A", "' OR 1=1 --"} {
			if fault := c.browser(t).open(guess, code); fault != "SignIn.GuestLink" {
				t.Errorf("%q: %q", guess, fault)
			}
		}
		second, secondCode := c.newLink(t, "REQUEST1", time.Hour)
		if fault := c.browser(t).open(secret, code); fault != "SignIn.GuestLink" {
			t.Errorf("a link that was replaced: %q", fault)
		}
		b := c.browser(t)
		if fault := b.open(second, secondCode); fault != "" {
			t.Errorf("the new link: %q", fault)
		}
		third, thirdCode := c.newLink(t, "REQUEST1", time.Hour)
		if b.who().ID != "" {
			t.Error("two browsers can have one request")
		}
		c.write(t, func(tx *store.Tx) error { return c.service.EndGuestLinks(tx, "REQUEST1") })
		if fault := c.browser(t).open(third, thirdCode); fault != "SignIn.GuestLink" {
			t.Errorf("a link to a request that has ended: %q", fault)
		}
		opened, openedCode := c.newLink(t, "REQUEST4", time.Hour)
		if b.open(opened, openedCode); b.who().ID == "" {
			t.Fatal("not opened")
		}
		c.write(t, func(tx *store.Tx) error { return c.service.EndGuestLinks(tx, "REQUEST4") })
		if b.who().ID == "" {
			t.Error("the guest cannot see how the request ended")
		}
		late, lateCode := c.newLink(t, "REQUEST2", time.Minute)
		c.clock.forward(time.Minute)
		if fault := c.browser(t).open(late, lateCode); fault != "SignIn.GuestExpired" {
			t.Errorf("after the deadline: %q", fault)
		}
		err := c.db.Write(t.Context(), func(tx *store.Tx) error {
			_, _, err := c.service.NewGuestLink(tx, "REQUEST3", c.clock.now())
			return err
		})
		if err != signin.ErrGuestExpired {
			t.Errorf("a link whose deadline has passed: %v", err)
		}
	})
}

// TestGuestMalformed takes what the page sends and nothing else.
func TestGuestMalformed(t *testing.T) {
	c := newConsole(t, database(t), false, func(config *signin.Config) {
		config.Issuer, config.ClientID = "https://provider.example", "keyferry"
	})
	b := c.browser(t)
	for _, object := range []any{"x", []int{1}, map[string]any{"Secret": 5}, map[string]string{"Secret": "x", "Code": "1", "more": "y"}, map[string]string{"secret": "x", "code": "1"}, map[string]string{"Secret": "x"}, map[string]string{"Code": "1", "Secret": strings.Repeat("x", 20_000)}} {
		if status, answer := b.post("/signin/guest", object); status != http.StatusBadRequest || answer["Code"] != "SignIn.Malformed" {
			t.Errorf("%.40v: %d %v", object, status, answer)
		}
	}
}

// TestTooMany slows down somebody who tries link after link.
func TestTooMany(t *testing.T) {
	c := newConsole(t, database(t), false, func(config *signin.Config) {
		config.Issuer, config.ClientID = "https://provider.example", "keyferry"
	})
	b := c.browser(t)
	for range 2000 {
		if b.open("guess", "000000") == "SignIn.TooMany" {
			return
		}
	}
	t.Error("2000 guesses without a limit")
}
