package desk_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"html"
	"os"
	"regexp"
	"strings"
	"testing"

	"keyferry/components/text"
	"keyferry/server/desk"
	"keyferry/web"
)

func embedded(t *testing.T) desk.Config {
	t.Helper()
	config, err := desk.Embedded("cn-hangzhou", "test")
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// The policy names the script and the styles as they are in the file, and there is nothing else
// that could run.
func TestPolicyFitsTheFile(t *testing.T) {
	file, err := desk.File(t.Context(), embedded(t))
	if err != nil {
		t.Fatal(err)
	}
	policy := html.UnescapeString(string(regexp.MustCompile(`Content-Security-Policy" content="([^"]*)"`).FindSubmatch(file)[1]))
	for directive, element := range map[string]string{"script-src": `(?s)<script>(.*?)</script>`, "style-src": `(?s)<style>(.*?)</style>`} {
		found := regexp.MustCompile(element).FindAllSubmatch(file, -1)
		if len(found) != 1 {
			t.Fatalf("%d elements for %s", len(found), directive)
		}
		digest := sha256.Sum256(found[0][1])
		if want := directive + " 'sha256-" + base64.StdEncoding.EncodeToString(digest[:]) + "'"; !strings.Contains(policy, want) {
			t.Errorf("the policy %q lacks %q", policy, want)
		}
	}
	if bytes.Contains(manyFile(t), []byte("<form method=\"post\"")) {
		t.Error("the file for many keys has a form for a server")
	}
	for _, want := range []string{"default-src 'none'", "connect-src 'none'", "form-action 'none'", "base-uri 'none'", "worker-src blob:", "trusted-types keyferry"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy %q lacks %q", policy, want)
		}
	}
	if at := bytes.Index(file, []byte("Content-Security-Policy")); at > bytes.Index(file, []byte("<style>")) || at > bytes.Index(file, []byte("<script")) {
		t.Error("something is before the policy, where it does not rule")
	}
	for _, language := range text.Languages {
		if !bytes.Contains(file, []byte(`data-language="`+language.Tag+`"`)) {
			t.Errorf("the file lacks the page in %s", language.Tag)
		}
	}
}

// A region is a person's text and stays text.
func TestRegionIsEscaped(t *testing.T) {
	config := embedded(t)
	config.Region = `"><script>alert(1)</script>`
	file, err := desk.File(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(file, []byte("<script>alert")) {
		t.Error("the region became markup")
	}
}

// What the file is made of must be in the markup unchanged, and nothing may be missing.
func TestRefusesToBeMadeWrongly(t *testing.T) {
	for name, change := range map[string]func(*desk.Config){
		"a script that ends its element":  func(c *desk.Config) { c.Page = []byte(`"</SCRIPT>"`) },
		"a worker with a comment mark":    func(c *desk.Config) { c.Worker = []byte(`"<!--"`) },
		"a line end that browsers change": func(c *desk.Config) { c.Page = []byte("a()\r\nb()") },
		"no modules": func(c *desk.Config) {
			empty, err := web.ReadTree(os.DirFS(t.TempDir()))
			if err != nil {
				t.Fatal(err)
			}
			c.Static = empty
		},
	} {
		config := embedded(t)
		change(&config)
		if _, err := desk.File(t.Context(), config); err == nil {
			t.Errorf("%s: the desk was made", name)
		}
	}
}

// A desk that is not connected says where it may connect: nowhere. It has no code that sends, and no
// frame for its workers, which have its own policy.
func TestOnlyAConnectedDeskSends(t *testing.T) {
	plain := fileOf(t, embedded(t))
	digest := regexp.MustCompile(`'sha256-[^']*'`)
	policy := digest.ReplaceAllString(policyOf(t, plain), "'…'")
	if want := "default-src 'none'; script-src '…' 'wasm-unsafe-eval'; style-src '…'; worker-src blob:; connect-src 'none'; base-uri 'none'; form-action 'none'; " +
		"require-trusted-types-for 'script'; trusted-types keyferry"; policy != want {
		t.Errorf("the policy is\n%q, want\n%q", policy, want)
	}
	many := manyFile(t)
	if got := digest.ReplaceAllString(policyOf(t, many), "'…'"); got != policy {
		t.Errorf("for many keys the policy is\n%q, want\n%q", got, policy)
	}
	connected := fileOf(t, connected(t, desk.Network{Regions: []string{"cn-hangzhou"}}))
	for _, mark := range []string{"fetch(", "data-reached", "aliyuncs.com", "<iframe"} {
		// The worker of every desk has the code that the console's worker fetches its modules with.
		page := func(file []byte) []byte {
			return regexp.MustCompile(`(?s)<script type="text/plain" data-enclosed="worker">.*?</script>`).ReplaceAll(file, nil)
		}
		if bytes.Contains(page(plain), []byte(mark)) || bytes.Contains(page(many), []byte(mark)) || !bytes.Contains(page(connected), []byte(mark)) {
			t.Errorf("%q belongs into a connected desk and into no other", mark)
		}
	}
}

// The policy of a connected desk names each KMS that it may reach, and nothing else.
func TestConnectedPolicy(t *testing.T) {
	for want, network := range map[string]desk.Network{
		"https://kms.cn-hangzhou.aliyuncs.com":                                       {Regions: []string{"cn-hangzhou"}},
		"https://kms-vpc.cn-hangzhou.aliyuncs.com":                                   {Regions: []string{"cn-hangzhou"}, VPC: true},
		"https://kms.eu-west-1.aliyuncs.com https://kms.ap-southeast-1.aliyuncs.com": {Regions: []string{"eu-west-1", "ap-southeast-1"}},
		"http://127.0.0.1:8788":                                                      {Regions: []string{"cn-hangzhou"}, Endpoint: "http://127.0.0.1:8788"},
		"https://localhost:1":                                                        {Regions: []string{"cn-hangzhou"}, Endpoint: "https://localhost:1"},
	} {
		file := fileOf(t, connected(t, network))
		if policy := policyOf(t, file); !strings.Contains(policy, "; connect-src "+want+"; ") || !strings.Contains(policy, "default-src 'none'; ") {
			t.Errorf("the policy is %q, and lacks connect-src %s", policy, want)
		}
		if !bytes.Contains(file, []byte("connect-src 'none'")) {
			t.Error("the frame for the workers lacks its policy")
		}
	}
}

// What a desk cannot reach under the name of a KMS is refused when it is written.
func TestNetworkRefuses(t *testing.T) {
	hangzhou := []string{"cn-hangzhou"}
	for name, network := range map[string]desk.Network{
		"no region":                    {},
		"a region that is none":        {Regions: []string{"cn-hangzhou2"}},
		"a host":                       {Regions: []string{"evil.example/"}},
		"a region twice":               {Regions: []string{"cn-hangzhou", "cn-hangzhou"}},
		"a VPC that has no name":       {Regions: []string{"cn-hangzhou-finance"}, VPC: true},
		"an endpoint for two regions":  {Regions: []string{"cn-hangzhou", "cn-shanghai"}, Endpoint: "http://127.0.0.1:1"},
		"an endpoint in a VPC":         {Regions: hangzhou, VPC: true, Endpoint: "http://127.0.0.1:1"},
		"an endpoint elsewhere":        {Regions: hangzhou, Endpoint: "https://kms.example"},
		"an endpoint in the network":   {Regions: hangzhou, Endpoint: "http://10.0.0.1:1"},
		"an endpoint that looks local": {Regions: hangzhou, Endpoint: "http://127.0.0.1.example"},
		"no scheme":                    {Regions: hangzhou, Endpoint: "127.0.0.1:8788"},
		"another scheme":               {Regions: hangzhou, Endpoint: "ws://127.0.0.1:8788"},
		"a path":                       {Regions: hangzhou, Endpoint: "http://127.0.0.1:8788/"},
		"a user":                       {Regions: hangzhou, Endpoint: "http://me@127.0.0.1:8788"},
		"more of the policy":           {Regions: hangzhou, Endpoint: "http://127.0.0.1:8788; script-src *"},
		"capital letters":              {Regions: hangzhou, Endpoint: "http://LOCALHOST:8788"},
		"IPv6, which no policy names":  {Regions: hangzhou, Endpoint: "http://[::1]:8788"},
	} {
		if reached, err := network.Reach(); err == nil {
			t.Errorf("%s: reaches %v", name, reached)
		}
	}
}

func manyFile(t *testing.T) []byte {
	t.Helper()
	config, err := desk.EmbeddedMany("cn-hangzhou", "test")
	if err != nil {
		t.Fatal(err)
	}
	return fileOf(t, config)
}

func connected(t *testing.T, network desk.Network) desk.Config {
	t.Helper()
	config, err := desk.EmbeddedConnected(network, "test")
	if err != nil {
		t.Fatal(err)
	}
	return config
}

func fileOf(t *testing.T, config desk.Config) []byte {
	t.Helper()
	file, err := desk.File(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func policyOf(t *testing.T, file []byte) string {
	t.Helper()
	return html.UnescapeString(string(regexp.MustCompile(`Content-Security-Policy" content="([^"]*)"`).FindSubmatch(file)[1]))
}
