// Package signin tests signing in: the built program and an OpenID provider that we did not write,
// in a real Chromium. To the browser the two are different sites, as they are elsewhere.
package signin

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
	"keyferry/server/signin/signintest"
)

func TestMain(m *testing.M) { browser.Main(m) }

// console starts the program with a provider.
func console(t *testing.T) (*program.Program, *signintest.Provider, *program.Log) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts programs")
	}
	provider := signintest.New(t,
		signintest.Person{ID: "ines", Name: "Ines", Email: "ines@example.com", EmailVerified: true, Groups: []string{"payments"}},
		signintest.Person{ID: "robin", Name: "Robin", Groups: []string{"platform"}})
	command := exec.Command(program.Binary, "serve", "--listen=127.0.0.1:0", "--localkms-listen=127.0.0.1:0",
		"--database="+filepath.Join(t.TempDir(), "keyferry.db"), "--policy="+program.Source("server/policy/example"),
		"--oidc-issuer="+provider.Issuer, "--oidc-client-id="+signintest.ClientID)
	command.Env = append(os.Environ(), "KEYFERRY_OIDC_CLIENT_SECRET="+signintest.ClientSecret)
	log := &program.Log{}
	p := program.Launch(t, command, log)
	provider.Register(p.Console)
	return p, provider, log
}

// signInFrom presses what leads to the provider, and comes back.
func signInFrom(v *browser.Visit) {
	v.T.Helper()
	v.Do(v.Page.Locator(`[data-link="provider"]`).Click())
}

// TestSignIn signs in from a page, as somebody else after signing out, and looks at the cookies.
func TestSignIn(t *testing.T) {
	p, provider, log := console(t)
	provider.At("ines")
	v := browser.Open(p, t, browser.Look{}, "/en/requests")
	v.Do(v.Page.Locator(`[data-part="stranger"] [data-sign-in]`).Click())
	signInFrom(v)
	v.Do(v.Page.WaitForURL(p.Console + "/en/requests*"))
	v.See("[data-who-name]:visible", "Ines")

	cookies, err := v.Page.Context().Cookies(p.Console)
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
	v.Do(v.Page.WaitForURL(p.Console + "/en/signin"))
	provider.At("robin")
	signInFrom(v)
	v.See("[data-who-name]:visible", "Robin")
	if strings.Contains(string(log.Bytes()), session.Value) || strings.Contains(string(log.Bytes()), signintest.ClientSecret) {
		t.Error("the log has a secret")
	}
	if logins := provider.Logins(); logins != 2 {
		t.Errorf("%d times at the login page", logins)
	}
}

// TestRefused has a clear page in both languages for a sign-in that fails.
func TestRefused(t *testing.T) {
	p, provider, _ := console(t)
	for _, language := range []string{"en", "zh-CN"} {
		provider.At("")
		v := browser.Open(p, t, browser.Look{Language: language}, "/"+language+"/signin")
		signInFrom(v)
		v.See(".notice.error", v.Words.Fault("SignIn.Refused").What)
		v.MustBeAccessible("refused")
		provider.At("ines")
		signInFrom(v)
		v.See("[data-who-name]:visible", "Ines")
	}
}

// TestStolenLink does not finish a sign-in that another browser began, so that nobody can be signed
// in as somebody else by a link.
func TestStolenLink(t *testing.T) {
	p, provider, _ := console(t)
	provider.At("robin")
	var answer string
	attacker := &http.Client{CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == "/signin/callback" {
			answer = r.URL.String()
			return http.ErrUseLastResponse
		}
		return nil
	}}
	response, err := attacker.Get(p.Console + "/signin/start")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if !strings.Contains(answer, "code=") {
		t.Fatalf("the provider's answer is %q", answer)
	}
	victim := browser.OpenAt(p, t, browser.Look{}, answer)
	victim.See(".notice.error", victim.Words.Fault("SignIn.Expired").What)
	victim.Do(victim.Page.Locator(`[data-link="provider"]`).WaitFor()) // nobody is signed in
	if address := victim.Page.URL(); strings.Contains(address, "code=") || strings.Contains(address, "#") {
		t.Errorf("the address is %s", address)
	}
}
