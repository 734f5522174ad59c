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
