package linked

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"keyferry/components/text"
	"keyferry/e2e/program"
	"keyferry/e2e/proof"
	"keyferry/wasm/keywrap"
)

// attack is something that a dishonest console, proxy or link does in step 2.
type attack struct {
	name   string
	link   func(*scene) string // that the person is given
	set    func(*scene)        // up before; may be nil
	caught string              // the code of the check that is meant for it
	check  string              // the patch that takes that check out; empty where it is the browser's or the KMS's
	only   reach               // where it can be tried; empty means everywhere
}

// replaced gives a good link with something in it replaced.
func replaced(old, new string) func(*scene) string {
	return func(s *scene) string { return s.replaced(old, new) }
}

func more(text string) func(*scene) string { return func(s *scene) string { return s.good() + text } }

func good(s *scene) string { return s.good() }

// atHost leads a good link to another host. HOST and PORT in it are those of the KMS.
func atHost(host string) func(*scene) string {
	return func(s *scene) string {
		name, port, _ := strings.Cut(s.host(), ":")
		return s.replaced(s.host(), strings.NewReplacer("HOST", s.host(), "NAME", name, "PORT", port).Replace(host))
	}
}

// elsewhere are hosts that are not the KMS's, however they are written.
func elsewhere(only reach, hosts map[string]string) (all []attack) {
	for _, what := range slices.Sorted(maps.Keys(hosts)) {
		all = append(all, attack{name: "link " + what, link: atHost(hosts[what]), caught: "link_other_host", check: "host", only: only})
	}
	return all
}

var attacks = slices.Concat(elsewhere(reach{}, map[string]string{
	"to a name that begins like the KMS's": "NAME.keys.example",
	"to a name in Punycode":                "kms.cn-hangzhou.xn--liyuncs-2fg.com",
	"with the KMS's name as user":          "HOST@keys.example",
	"with a user and a password":           "a:b@HOST",
	"with an empty user":                   "@HOST",
	"to an IP address":                     "47.96.1.1",
	"to an IPv6 address":                   "[2001:db8::1]",
	"to the KMS of another region":         "kms.cn-shanghai.aliyuncs.com",
	"to the KMS's name in a VPC":           "kms-vpc.cn-hangzhou.aliyuncs.com",
}), elsewhere(overTLS, map[string]string{
	"to a name with one letter changed":  "kms.cn-hangzhou.aliyunes.com",
	"with a Cyrillic letter":             "kms.cn-hangzhou.\u0430liyuncs.com",
	"with a letter of full width":        "\uff4bms.cn-hangzhou.aliyuncs.com",
	"with a full stop of another script": "kms\u3002cn-hangzhou.aliyuncs.com",
	"with an escaped letter":             "%6bms.cn-hangzhou.aliyuncs.com",
	"with capital letters":               "KMS.cn-hangzhou.aliyuncs.com",
	"with a dot at the end of the name":  "HOST.",
	"with a port":                        "HOST:8443",
	"with the usual port":                "HOST:443",
	"to another product's name":          "ecs.cn-hangzhou.aliyuncs.com",
}), elsewhere(overLoopback, map[string]string{
	"to this computer by its name":                "localhost:PORT",
	"to this computer by IPv6":                    "[::1]:PORT",
	"to this computer in short":                   "127.1:PORT",
	"to this computer as one number":              "2130706433:PORT",
	"to this computer with a digit of full width": "127.0.0.\uff11:PORT",
	"to another address of this computer":         "127.0.0.2:PORT",
	"with a dot at the end of the address":        "127.0.0.1.:PORT",
	"without the port":                            "127.0.0.1",
	"to another port":                             "127.0.0.1:1",
}), []attack{
	{name: "link to a server on this computer", link: func(s *scene) string {
		server := httptest.NewServer(s.operator)
		s.T.Cleanup(server.Close)
		return s.replaced(s.origin(), server.URL)
	}, caught: "link_other_host", check: "host"},
	{name: "link without encryption", link: replaced("https:", "http:"), caught: "link_plain_http", check: "host", only: overTLS},
	{name: "link with TLS where there is none", link: replaced("http:", "https:"), caught: "link_other_host", check: "host", only: overLoopback},
	{name: "link with a path", link: replaced("/?", "/keys?"), caught: "link_unreadable", check: "form"},
	{name: "link with a fragment", link: more("#x"), caught: "link_unreadable", check: "form"},
	{name: "link that names another region", link: func(s *scene) string {
		return s.signed("GET", "GetParametersForImport", s.asked(map[string]string{"RegionId": "cn-shanghai"}))
	}, caught: "link_other_region", check: "region"},
	{name: "link for another CMK", link: func(s *scene) string {
		return program.ParametersLink(s.T, s.origin(), program.Seeded[1], algorithm)
	}, caught: "link_other_cmk", check: "cmk"},
	{name: "link for another algorithm", link: func(s *scene) string {
		return program.ParametersLink(s.T, s.origin(), s.key, "RSAES_PKCS1_V1_5")
	}, caught: "link_other_algorithm", check: "algorithm"},
	{name: "link for another action", link: func(s *scene) string {
		return s.signed("GET", "DeleteKeyMaterial", s.asked(nil))
	}, caught: "link_other_action", check: "action"},
	{name: "link with two CMKs", link: more("&KeyId=" + program.Seeded[1]), caught: "link_parameter_twice", check: "twice"},
	{name: "link with two actions, one of them escaped", link: more("&Actio%6e=DeleteKeyMaterial"), caught: "link_parameter_twice", check: "twice"},
	{name: "link with two algorithms, the first one another", link: func(s *scene) string {
		return s.replaced("/?", "/?WrappingAlgorithm=RSAES_PKCS1_V1_5&")
	}, caught: "link_parameter_twice", check: "twice"},
	{name: "link with a parameter of its own", link: more("&Callback=https%3A%2F%2Fkeys.example"), caught: "link_parameter_unknown", check: "known"},
	{name: "link with a CMK's name in small letters", link: more("&keyid=" + program.Seeded[1]), caught: "link_parameter_unknown", check: "known"},
	{name: "link without a signature", link: func(s *scene) string {
		link, err := url.Parse(s.good())
		s.Do(err)
		query := link.Query()
		query.Del("Signature")
		link.RawQuery = query.Encode()
		return link.String()
	}, caught: "link_unreadable", check: "unsigned"},
	{name: "link signed in another account", link: func(s *scene) string {
		return s.signed("GET", "GetParametersForImport", s.asked(map[string]string{"AccessKeyId": "LTAI-of-the-operator"}))
	}, caught: refused},
	{name: "link that was used", link: func(s *scene) string {
		link := s.good()
		if status, body := follow(s.kms.Local, link); status != http.StatusOK {
			s.T.Fatalf("using the link: %d %s", status, body)
		}
		return link
	}, caught: "link_used"},
	{name: "link that is too old", link: func(s *scene) string {
		return s.signed("GET", "GetParametersForImport", s.asked(map[string]string{"Timestamp": tooOld()}))
	}, caught: "link_too_old"},
	{name: "an answer that leads to another address", link: good, set: func(*scene) {
		world.lead(http.RedirectHandler("https://keys.example/", http.StatusFound).ServeHTTP)
	}, caught: "link_unreachable"},
	{name: "an answer that leads to another path", link: good, set: func(s *scene) {
		world.lead(leadElsewhere(s))
	}, caught: "link_answer_withheld", check: "redirect"},
	{name: "a proxy whose certificate nobody trusts", link: good, set: func(s *scene) { world.divert(claimed(s)) }, caught: "link_unreachable", only: overTLS},
	{name: "an answer for another CMK", link: good, set: func(s *scene) {
		other := s.kms.AnswerOf(s.T, program.Seeded[1], algorithm)
		world.lead(answering(other))
	}, caught: "link_answer_other_cmk", check: "answer"},
	{name: "an answer for no CMK", link: good, set: func(s *scene) {
		none := strings.Replace(s.kms.AnswerOf(s.T, s.key, algorithm), `"KeyId"`, `"Key"`, 1)
		world.lead(answering(none))
	}, caught: "link_bad_answer", check: "complete"},
	{name: "an old answer replayed", link: good, set: func(s *scene) {
		old := agoBy(s.T, s.kms.AnswerOf(s.T, s.key, algorithm), 2*time.Hour)
		world.lead(answering(old))
	}, caught: "link_answer_not_fresh", check: "fresh"},
	{name: "a page in the KMS's place", link: good, set: func(*scene) {
		world.lead(answering("<html>Sign in to the network</html>"))
	}, caught: "link_bad_answer", check: "shape"},
})

// asked are the parameters of the call in step 2, and others besides or in their place.
func (s *scene) asked(others map[string]string) map[string]string {
	all := map[string]string{"KeyId": s.key, "WrappingAlgorithm": algorithm, "WrappingKeySpec": "RSA_2048"}
	maps.Copy(all, others)
	return all
}

// tooOld is a moment whose links the KMS refuses.
func tooOld() string { return time.Now().Add(-20 * time.Minute).UTC().Format("2006-01-02T15:04:05Z") }

func answering(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, text) }
}

// claimed answers in the KMS's place with the operator's wrapping key, and that an import succeeded.
func claimed(s *scene) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { json.NewEncoder(w).Encode(s.operator.answer(s.key)) }
}

// leadElsewhere leads a signed call to another path, where the operator answers.
func leadElsewhere(s *scene) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path == "/" || r.URL.Query().Has("Signature") {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
			return
		}
		claimed(s)(w, r)
	}
}

// follow opens a link, as anybody can.
func follow(kms, link string) (status int, body string) {
	method := http.MethodGet
	if strings.Contains(link, "Action=ImportKeyMaterial") {
		method = http.MethodPost
	}
	answer := httptest.NewRecorder()
	passTo(kms)(answer, httptest.NewRequest(method, link, nil))
	return answer.Code, answer.Body.String()
}

// agoBy is an answer as it was some time ago.
func agoBy(t testing.TB, answer string, ago time.Duration) string {
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
	return string(old)
}

// of reports whether an attack is tried on a desk that reaches its KMS so: those that both reaches
// have are tried over TLS.
func (a attack) of(how reach) bool { return a.only == how || a.only == reach{} && how == overTLS }

// try does what the attack has the person do, and returns the code of the error that the page shows;
// empty where it took the parameters.
func (a attack) try(s *scene) string {
	s.T.Helper()
	world.reset(s.kms.Local, s.operator.ServeHTTP)
	if a.set != nil {
		a.set(s)
	}
	return s.giveLink(a.link(s))
}

// mustSay fails the test unless the page says in words what it found, and claims nothing else. Where
// it says that nothing was sent, nothing was.
func (s *scene) mustSay(code string) {
	s.T.Helper()
	s.caught(code)
	if asked := world.asked(); asked > 0 && strings.HasPrefix(text.Match("en").Fault(code).Do, "Nothing was sent.") {
		s.T.Errorf("the page says that nothing was sent, and the KMS was asked %d times", asked)
	}
}

// mustCatch tries every attack on step 2 that is of this reach. Each is caught by the check that is meant for it, in words,
// before anything could be wrapped; the operator gets nothing.
func mustCatch(t *testing.T, s *scene, where string) {
	about := proof.Findings.About("Links and proxies that lie to a connected desk, "+where, "what", "caught by")
	for i, a := range attacks {
		if !a.of(s.reach) || i%2 != 0 && !*proof.Full {
			continue
		}
		t.Run(a.name, func(t *testing.T) {
			s.T = t
			if code := a.try(s); code != a.caught {
				t.Fatalf("caught by %q, want %s", code, a.caught)
			}
			s.mustSay(a.caught)
			s.mustHaveNothing()
			proof.Findings.Add(about, a.name, a.caught)
		})
	}
	s.T = t
	world.reset(s.kms.Local, s.operator.ServeHTTP)
}

// TestProofLinkedAttacks has Chromium refuse every attack on step 2, over TLS and, where it is for
// there alone, on this computer, and take an honest link afterwards. The short form has every second
// attack, over TLS.
func TestProofLinkedAttacks(t *testing.T) {
	kms := program.Start(t)
	for _, how := range []reach{overTLS, overLoopback} {
		t.Run(how.name, func(t *testing.T) {
			if how == overLoopback {
				mustBeLong(t)
			}
			s := newScene(t, kms, how, how.desk(t))
			mustCatch(t, s, "Chromium over "+how.name)
			if code := s.giveLink(s.good()); code != "" {
				t.Fatalf("an honest link is refused: %s", code)
			}
			s.See("[data-obtained="+map[reach]string{overTLS: "link", overLoopback: "local"}[how]+"]", how.host())
			s.HaveRead()
		})
	}
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
