package team

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"

	"keyferry/components/text"
	"keyferry/e2e/browser"
	"keyferry/server/signin/signintest"
)

// People sign in at a provider that we did not write, which to the browser is another site, as it is
// elsewhere. Whatever goes wrong there, they come back to a page that says so.
func TestSignIn(t *testing.T) {
	s := withProvider(t, built(t), "")
	s.signInAndOut(t)
	s.refuses(t)
	s.refusesAnswerForAnother(t)
	s.isDown(t)
}

// signInAndOut signs in from a page, as somebody else after signing out, and looks at the cookies.
func (s site) signInAndOut(t *testing.T) {
	v := somebody{browser.Open(s.Program, t, browser.Look{}, "/en/requests")}
	s.provider.At("ines")
	v.Do(v.Page.Locator("[data-part=stranger] [data-sign-in]").Click())
	v.toProvider()
	v.Do(v.Page.WaitForURL(s.Console + "/en/requests*"))
	v.See("[data-who-name]:visible", "Ines")

	cookies, err := v.Page.Context().Cookies(s.Console)
	v.Do(err)
	var session playwright.Cookie
	for _, cookie := range cookies {
		if strings.Contains(cookie.Name, "-signin-") {
			t.Errorf("the cookie %s outlives the sign-in", cookie.Name)
		}
		if strings.HasPrefix(cookie.Name, "keyferry-") {
			session = cookie
		}
	}
	if session.Value == "" || !session.HttpOnly || *session.SameSite != *playwright.SameSiteAttributeStrict || session.Expires != -1 {
		t.Errorf("the session's cookie is %+v", session)
	}
	v.OpenMenu()
	v.Do(v.Page.Locator("[data-sign-out]:visible").Click())
	v.Do(v.Page.WaitForURL(s.Console + "/en/signin"))
	s.provider.At("robin")
	v.toProvider()
	v.See("[data-who-name]:visible", "Robin")
	for _, secret := range []string{session.Value, signintest.ClientSecret} {
		if bytes.Contains(s.Log.Bytes(), []byte(secret)) {
			t.Error("the log has a secret")
		}
	}
	if logins := s.provider.Logins(); logins != 2 {
		t.Errorf("%d times at the login page", logins)
	}
}

// refuses lets the provider refuse somebody, who may try again.
func (s site) refuses(t *testing.T) {
	for _, language := range text.Languages {
		s.provider.At("")
		v := somebody{browser.Open(s.Program, t, browser.Look{Language: language.Tag}, "/signin")}
		v.toProvider()
		v.Fault("SignIn.Refused")
		v.MustBeAccessible("refused")
		s.provider.At("ines")
		v.toProvider()
		v.See("[data-who-name]:visible", "Ines")
	}
}

// refusesAnswerForAnother does not finish a sign-in that another browser began, so that nobody can be
// signed in as somebody else by a link.
func (s site) refusesAnswerForAnother(t *testing.T) {
	s.provider.At("robin")
	var answer string
	attacker := &http.Client{CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == "/signin/callback" {
			answer = r.URL.String()
			return http.ErrUseLastResponse
		}
		return nil
	}}
	response, err := attacker.Get(s.Console + "/signin/start")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if !strings.Contains(answer, "code=") {
		t.Fatalf("the provider's answer is %q", answer)
	}
	victim := somebody{browser.OpenAt(s.Program, t, browser.Look{}, answer)}
	victim.Fault("SignIn.Expired")
	victim.Do(victim.Page.Locator("[data-link=provider]").WaitFor()) // nobody is signed in
	if address := victim.Page.URL(); strings.Contains(address, "code=") || strings.Contains(address, "#") {
		t.Errorf("the address is %s", address)
	}
}

// isDown closes the provider, which the console has reached before.
func (s site) isDown(t *testing.T) {
	s.provider.Close()
	for _, language := range text.Languages {
		v := somebody{browser.Open(s.Program, t, browser.Look{Language: language.Tag}, "/signin")}
		v.toProvider()
		v.Fault("SignIn.ProviderDown")
	}
}

// toProvider presses what leads to the provider, and comes back.
func (s somebody) toProvider() {
	s.T.Helper()
	s.Do(s.Page.Locator("[data-link=provider]").Click())
}
