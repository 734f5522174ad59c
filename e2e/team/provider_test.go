package team

import (
	"encoding/pem"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"keyferry/components/text"
	"keyferry/e2e/browser"
	"keyferry/e2e/program"
	"keyferry/server/localkms"
	"keyferry/server/localkms/localkmstest"
	"keyferry/server/signin/signintest"
)

// site is a console whose people sign in with an OpenID provider.
type site struct {
	*program.Program
	provider *signintest.Provider
	folder   string // of an SQLite database
	database string
}

// withProvider runs a console, of one build of the program, with a provider until the test ends.
func withProvider(t *testing.T, binary, database string, flags ...string) site {
	t.Helper()
	folder := t.TempDir()
	if database == "" {
		database = filepath.Join(folder, "keyferry.db")
	}
	rules := filepath.Join(t.TempDir(), "team.cedar")
	program.WriteFile(t, rules, []byte(policies))
	provider := signintest.New(t,
		signintest.Person{ID: "robin", Name: "Robin", Groups: []string{"platform"}},
		signintest.Person{ID: "ines", Name: "Ines", Groups: []string{"payments"}},
		signintest.Person{ID: "olga", Name: "Olga", Groups: []string{"crypto-officers", "auditors"}})
	key := filepath.Join(folder, "ledger-key")
	if output, err := exec.Command(binary, "ledger", "key", key).CombinedOutput(); err != nil {
		t.Fatalf("making the key of the ledger: %v\n%s", err, output)
	}
	p := program.Launch(t, exec.Command(binary, append([]string{"serve", "--listen=127.0.0.1:0", "--ledger-key=" + key,
		"--localkms-listen=127.0.0.1:0", "--localkms-control-listen=127.0.0.1:0",
		"--database=" + database, "--policy=" + filepath.Dir(rules),
		"--oidc-issuer=" + provider.Issuer, "--oidc-client-id=" + signintest.ClientID,
		"--oidc-client-secret-file=" + program.Kept(t, "secret", []byte(signintest.ClientSecret))}, flags...)...), &program.Log{})
	provider.Register(p.Console)
	return site{p, provider, folder, database}
}

// enter signs a visitor in at the provider as somebody.
func (s site) enter(v somebody, id string) somebody {
	v.T.Helper()
	s.provider.At(id)
	v.wait("/signin", "[data-link=provider]", v.Words.Team.SignIn.Provider)
	v.Do(v.Page.Locator("[data-link=provider]").Click())
	v.See("h1", v.Words.Team.List.Title)
	v.See("[data-part=list] nav", v.Words.Team.List.Mine)
	return v
}

// fresh is a browser of nobody yet.
func (s site) fresh(t *testing.T, how browser.Look) somebody {
	t.Helper()
	return somebody{browser.Open(s.Program, t, how, "/proof")}
}

// A real provider in a real browser: people sign in there, prove again who they are before they
// agree, and are out of the console when they sign out at the provider.
func TestProvider(t *testing.T) {
	s := withProvider(t, built(t), "")
	key := program.Seeded[0]
	robin := s.enter(s.fresh(t, browser.Look{}), "robin")
	ines := s.enter(s.fresh(t, browser.Look{Language: "zh-CN"}), "ines")
	s.provider.Age(time.Hour) // Olga has been signed in at the provider for that long
	olga := s.enter(s.fresh(t, browser.Look{}), "olga")
	id := robin.CreateRequest(key, "payments/eu", time.Hour, "")
	ines.prepare(id)
	ines.submit(key)

	olga.sees(id, olga.Words.Team.Status.Submitted)
	olga.Expect("401")
	olga.Press(olga.Words.Team.One.Agree)
	olga.Fault("Console.StepUp")
	s.again(olga, "olga", ".now h2")
	olga.Press(olga.Words.Team.One.Agree)
	olga.See(".now h2", olga.Words.Team.Status.Imported)
	s.MustWork(t, key)

	s.provider.Logout(t, s.Console, "olga")
	olga.Do(olga.Page.Reload())
	olga.See("[data-part=stranger]", "")
	robin.sees(id, robin.Words.Team.Status.Imported) // others stay
}

// again signs somebody in again beside the page, which stays as it is.
func (s site) again(v somebody, id, shows string) {
	v.T.Helper()
	s.provider.At(id)
	beside, err := v.Page.Context().ExpectPage(func() error { return v.Page.Locator("[data-help=signin]").First().Click() })
	v.Do(err)
	logins := s.provider.Logins()
	v.Do(beside.Locator("[data-link=provider]").Click())
	v.Do(beside.Locator(shows).First().WaitFor())
	if s.provider.Logins() != logins+1 {
		v.T.Error("the provider did not ask who it is")
	}
	v.Do(beside.Close())
}

// In front of Alibaba Cloud, whoever can read the terminal imports, and nobody else who reaches the
// console.
func TestAddressOfTheOperator(t *testing.T) {
	server := httptest.NewTLSServer(localkmstest.New(t, localkms.Config{}))
	t.Cleanup(server.Close)
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	command := exec.Command(built(t), "serve", "--listen=127.0.0.1:0", "--kms=alibaba",
		"--endpoint="+server.Listener.Addr().String(), "--ca-file="+program.Kept(t, "authority.pem", authority))
	command.Env = append(os.Environ(), "ALIBABA_CLOUD_ACCESS_KEY_ID="+localkms.DefaultAccessKeyID,
		"ALIBABA_CLOUD_ACCESS_KEY_SECRET="+localkms.DefaultAccessKeySecret)
	p := program.Launch(t, command, &program.Log{})
	opens := regexp.MustCompile(`open (http://\S+token=\S+)`)
	if !p.Log.Await(opens, 0, time.Minute, nil) {
		t.Fatalf("no address was printed:\n%s", p.Log)
	}
	address := string(opens.FindSubmatch(p.Log.Bytes())[1])

	stranger := somebody{browser.Open(p, t, browser.Look{}, "/")}
	stranger.Expect("40[13]")
	stranger.ChooseCMK(program.Seeded[0])
	stranger.Press(stranger.Words.Params.Get)
	stranger.Fault("SignIn.Needed")

	operator := somebody{browser.OpenAt(p, t, browser.Look{}, address)}
	operator.ChooseCMK(program.Seeded[0])
	operator.GetParameters("RSAES_OAEP_SHA_256")
	operator.GenerateForRecipient()
	operator.Send(program.Seeded[0])
	operator.See("[data-part=result]", text.Fill(operator.Words.Result.Enabled, "cmk", program.Seeded[0]))
	if at := operator.Page.URL(); at != p.Console+"/en/" {
		t.Errorf("the operator is at %s, which should not have the secret", at)
	}

	answer, err := stranger.Page.Goto(address)
	stranger.Do(err)
	if answer.Status() != 403 {
		t.Errorf("the address worked twice: %d", answer.Status())
	}
	stranger.See("main", stranger.Words.Fault("SignIn.Address").What)
}

// built is the program under test, for tests that start it.
func built(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("starts programs")
	}
	return program.Binary
}
