package linked

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
	"keyferry/e2e/proof"
	"keyferry/wasm/keywrap"
)

const algorithm = "RSAES_OAEP_SHA_256"

// scene is a person at a connected desk, with a dishonest operator around.
type scene struct {
	*browser.Visit
	operator *operator
	kms      *program.Program
	key      string
	origin   string // of the KMS, as the desk reaches it
}

// newScene opens a desk as far as step 2.
func newScene(t *testing.T, kms *program.Program, file string) *scene {
	t.Helper()
	kms.Ask(t, "POST", "/reset", nil, nil)
	s := &scene{operator: &operator{kms: kms}, kms: kms, key: program.Seeded[0], origin: "https://" + kmsHost}
	world.reset(kms.Local, s.operator.ServeHTTP)
	s.Visit = browser.OpenAt(kms, t, browser.Look{}, browser.FileAddress(file))
	s.Expect("failed request|Failed to load resource|blocked by CORS|Content Security Policy|net::ERR")
	s.DeskCMK(s.key)
	return s
}

// good is an honest link for import parameters.
func (s *scene) good() string { return program.ParametersLink(s.T, s.origin, s.key, algorithm) }

// attack is something that a dishonest console, proxy or link does in step 2.
type attack struct {
	name   string
	link   func(*scene) string // that the person is given
	set    func(*scene)        // up before; may be nil
	caught string              // the code of the check that is meant for it
}

// replaced gives a good link with something in it replaced.
func replaced(old, new string) func(*scene) string {
	return func(s *scene) string {
		link := s.good()
		if !strings.Contains(link, old) {
			s.T.Fatalf("the link has no %q", old)
		}
		return strings.Replace(link, old, new, 1)
	}
}

func more(text string) func(*scene) string { return func(s *scene) string { return s.good() + text } }

func good(s *scene) string { return s.good() }

// atHost leads a good link to another host.
func atHost(host string) func(*scene) string { return replaced(kmsHost, host) }

var attacks = []attack{
	{name: "link to a name that looks alike", link: atHost("kms.cn-hangzhou.aliyuncs.com.keys.example"), caught: "link_other_host"},
	{name: "link to a name with one letter changed", link: atHost("kms.cn-hangzhou.aliyunes.com"), caught: "link_other_host"},
	{name: "link with a Cyrillic letter", link: atHost("kms.cn-hangzhou.\u0430liyuncs.com"), caught: "link_other_host"},
	{name: "link with a name in Punycode", link: atHost("kms.cn-hangzhou.xn--liyuncs-2fg.com"), caught: "link_other_host"},
	{name: "link with a full stop of another script", link: atHost("kms\u3002cn-hangzhou.aliyuncs.com"), caught: "link_other_host"},
	{name: "link with the KMS's name as user", link: atHost(kmsHost + "@keys.example"), caught: "link_other_host"},
	{name: "link with a user and a password", link: atHost("a:b@" + kmsHost), caught: "link_other_host"},
	{name: "link with a port", link: atHost(kmsHost + ":8443"), caught: "link_other_host"},
	{name: "link with a dot at the end of the name", link: atHost(kmsHost + "."), caught: "link_other_host"},
	{name: "link to an IP address", link: atHost("47.96.1.1"), caught: "link_other_host"},
	{name: "link to an IPv6 address", link: atHost("[2001:db8::1]"), caught: "link_other_host"},
	{name: "link to the KMS of another region", link: atHost("kms.cn-shanghai.aliyuncs.com"), caught: "link_other_host"},
	{name: "link to a server on this computer", link: func(s *scene) string {
		server := httptest.NewServer(s.operator)
		s.T.Cleanup(server.Close)
		return strings.Replace(s.good(), s.origin, server.URL, 1)
	}, caught: "link_other_host"},
	{name: "link without encryption", link: replaced("https:", "http:"), caught: "link_plain_http"},
	{name: "link with a path", link: replaced("/?", "/keys?"), caught: "link_unreadable"},
	{name: "link with a fragment", link: more("#x"), caught: "link_unreadable"},
	{name: "link for another CMK", link: func(s *scene) string {
		return program.ParametersLink(s.T, s.origin, program.Seeded[1], algorithm)
	}, caught: "link_other_cmk"},
	{name: "link for another algorithm", link: func(s *scene) string {
		return program.ParametersLink(s.T, s.origin, s.key, "RSAES_PKCS1_V1_5")
	}, caught: "link_other_algorithm"},
	{name: "link for another action", link: func(s *scene) string {
		return signed("GET", "DeleteKeyMaterial", map[string]string{"KeyId": s.key, "WrappingAlgorithm": algorithm, "WrappingKeySpec": "RSA_2048"})
	}, caught: "link_other_action"},
	{name: "link with two CMKs", link: more("&KeyId=" + program.Seeded[1]), caught: "link_parameter_twice"},
	{name: "link with two actions, one of them escaped", link: more("&Actio%6e=DeleteKeyMaterial"), caught: "link_parameter_twice"},
	{name: "link with a parameter of its own", link: more("&Callback=https%3A%2F%2Fkeys.example"), caught: "link_parameter_unknown"},
	{name: "link without a signature", link: func(s *scene) string {
		link, err := url.Parse(s.good())
		s.Do(err)
		query := link.Query()
		query.Del("Signature")
		link.RawQuery = query.Encode()
		return link.String()
	}, caught: "link_unreadable"},
	{name: "an answer that leads to another address", link: good, set: func(*scene) {
		world.lead(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://keys.example/", http.StatusFound)
		})
	}, caught: "link_unreachable"},
	{name: "an answer that leads to another path", link: good, set: func(s *scene) {
		world.lead(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.RawQuery != "" {
				http.Redirect(w, r, "/elsewhere", http.StatusFound)
				return
			}
			json.NewEncoder(w).Encode(s.operator.answer(s.key))
		})
	}, caught: "link_answer_withheld"},
	{name: "a proxy whose certificate nobody trusts", link: good, set: func(s *scene) {
		world.divert(func(w http.ResponseWriter, _ *http.Request) { json.NewEncoder(w).Encode(s.operator.answer(s.key)) })
	}, caught: "link_unreachable"},
	{name: "an answer for another CMK", link: good, set: func(s *scene) {
		other := s.kms.AnswerOf(s.T, program.Seeded[1], algorithm)
		world.lead(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(other)) })
	}, caught: "link_answer_other_cmk"},
	{name: "an old answer replayed", link: good, set: func(s *scene) {
		old := agoBy(s.T, s.kms.AnswerOf(s.T, s.key, algorithm), 2*time.Hour)
		world.lead(func(w http.ResponseWriter, _ *http.Request) { w.Write(old) })
	}, caught: "link_answer_not_fresh"},
	{name: "a page in the KMS's place", link: good, set: func(*scene) {
		world.lead(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<html>Sign in to the network</html>")) })
	}, caught: "link_bad_answer"},
	{name: "a link that was used", link: func(s *scene) string {
		link := s.good()
		if status, body := follow(s.kms.Local, link); status != http.StatusOK {
			s.T.Fatalf("using the link: %d %s", status, body)
		}
		return link
	}, caught: "link_used"},
	{name: "a link that is too old", link: func(s *scene) string {
		return signed("GET", "GetParametersForImport", map[string]string{
			"KeyId": s.key, "WrappingAlgorithm": algorithm, "WrappingKeySpec": "RSA_2048",
			"Timestamp": time.Now().Add(-20 * time.Minute).UTC().Format("2006-01-02T15:04:05Z"),
		})
	}, caught: "link_too_old"},
}

// follow opens a link, as anybody can.
func follow(kms, link string) (status int, body string) {
	answer := httptest.NewRecorder()
	passTo(kms)(answer, httptest.NewRequest(http.MethodGet, link, nil))
	return answer.Code, answer.Body.String()
}

// agoBy is an answer as it was some time ago.
func agoBy(t testing.TB, answer string, ago time.Duration) []byte {
	t.Helper()
	var fields map[string]any
	if err := json.Unmarshal([]byte(answer), &fields); err != nil {
		t.Fatal(err)
	}
	fields["TokenExpireTime"] = time.Now().Add(24*time.Hour - ago).UTC().Format("2006-01-02T15:04:05Z")
	old, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return old
}

// try does what the attack has the person do, and returns the code of the error that the page shows;
// empty where it took the parameters.
func (a attack) try(s *scene) string {
	s.T.Helper()
	world.lead(passTo(s.kms.Local))
	if a.set != nil {
		a.set(s)
	}
	s.GiveLink(a.link(s), algorithm)
	return s.outcome("[data-part=parameters]:not([hidden]) h3")
}

// outcome waits until the page shows an error, and returns its code, or shows something else.
func (s *scene) outcome(otherwise string) string {
	s.T.Helper()
	s.Do(s.Page.Locator(".notice.error, " + otherwise).First().WaitFor())
	code, err := s.Page.Evaluate(`document.querySelector(".notice.error")?.dataset.code ?? ""`)
	s.Do(err)
	return code.(string)
}

// Every attack on step 2 is caught by the check that is meant for it, in words, before anything
// could be wrapped; the operator gets nothing. An honest link is taken in between.
func TestProofLinkedAttacks(t *testing.T) {
	kms := program.Start(t)
	file := program.WriteConnectedDesk(t, "")
	s := newScene(t, kms, file)
	about := proof.Findings.About("Links and proxies that lie to a connected desk", "what", "caught by")
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			s.T = t
			if code := a.try(s); code != a.caught {
				t.Fatalf("caught by %q, want %s", code, a.caught)
			}
			s.Fault(a.caught)
			if going, _ := s.Page.Locator("[data-act=continue]").IsVisible(); going {
				t.Error("the page offers to go on")
			}
			s.operator.mustHaveNothing(s.Visit)
			proof.Findings.Add(about, a.name, a.caught)
		})
		world.reset(kms.Local, s.operator.ServeHTTP)
	}
	s.T = t
	s.GiveLink(s.good(), algorithm)
	s.See("[data-obtained=link]", kmsHost)
	s.HaveRead()
}

// wrapFor wraps material for a wrapping key, as the product does, in base64.
func wrapFor(t testing.TB, der []byte, algorithm string, material keywrap.Material) string {
	t.Helper()
	key, err := keywrap.ParseWrappingKey(der)
	if err != nil {
		t.Fatal(err)
	}
	chosen, err := keywrap.ParseAlgorithm(algorithm)
	if err != nil {
		t.Fatal(err)
	}
	wrapped, err := key.Wrap(chosen, &material)
	if err != nil {
		t.Fatal(err)
	}
	return base64Of(wrapped)
}
