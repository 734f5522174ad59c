package localkms_test

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"keyferry/server/localkms"
	"keyferry/server/localkms/localkmstest"
)

// visitor is a browser without a face: it follows redirects, keeps cookies,
// and sends forms as they are in the page.
type visitor struct {
	t    testing.TB
	http *http.Client
	base string
	page string // the last page's HTML
	at   *url.URL
}

func newVisitor(t testing.TB, s *localkmstest.Server) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{t: t, http: &http.Client{Jar: jar}, base: s.URL}
}

func (v *visitor) read(response *http.Response, err error) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	v.page, v.at = string(body), response.Request.URL
	if got := response.Header.Get("Content-Security-Policy"); got != "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'" {
		v.t.Errorf("%s: policy %q", v.at.Path, got)
	}
	if strings.Contains(v.page, "<script") || strings.Contains(v.page, "style=") || regexp.MustCompile(`\son[a-z]+=`).MatchString(v.page) {
		v.t.Errorf("%s has script or style inside", v.at.Path)
	}
}

func (v *visitor) open(path string) {
	v.t.Helper()
	v.read(v.http.Get(v.base + path))
}

// submit sends the form whose action ends so, with the fields filled in.
func (v *visitor) submit(action string, fields url.Values) {
	v.t.Helper()
	form := regexp.MustCompile(`(?s)<form method="post" action="([^"]*` + regexp.QuoteMeta(action) + `)">(.*?)</form>`).FindStringSubmatch(v.page)
	if form == nil {
		v.t.Fatalf("%s has no form to %s:\n%s", v.at.Path, action, v.page)
	}
	values := url.Values{}
	for _, input := range regexp.MustCompile(`<input[^>]* name="([^"]+)"[^>]*?(?: value="([^"]*)")?[ />]`).FindAllStringSubmatch(form[2], -1) {
		values.Set(input[1], html.UnescapeString(input[2]))
	}
	for name, list := range fields {
		if !strings.Contains(form[2], `name="`+name+`"`) {
			v.t.Errorf("the form to %s has no field %s", action, name)
		}
		values[name] = list
	}
	v.read(v.http.PostForm(v.base+html.UnescapeString(form[1]), values))
}

func (v *visitor) sees(texts ...string) {
	v.t.Helper()
	for _, text := range texts {
		if !strings.Contains(v.page, text) {
			v.t.Errorf("%s does not show %q:\n%s", v.at, text, v.page)
		}
	}
}

// A whole visit: from the list to a new CMK, its material, and its end.
func TestInspectorVisit(t *testing.T) {
	s := localkmstest.Start(t, localkms.Config{ConsoleURL: func() string { return "http://127.0.0.1:8787/" }})
	c := &client{s.KMS, localkms.DefaultAccessKeyID, localkms.DefaultAccessKeySecret, nil}
	c.now = s.Clock().Now
	v := newVisitor(t, s)

	v.open("/")
	v.sees(`<html lang="en">`, "never for real keys", "key-hzzkeyferrylocal00001", "Pending Import", "Aliyun_KMS",
		`href="http://127.0.0.1:8787/en/?KeyId=key-hzzkeyferrylocal00003"`)
	if strings.Contains(v.page, "?KeyId=key-hzzkeyferrylocal00004") {
		t.Error("an ordinary CMK has a link to the import")
	}

	v.submit("/keys", url.Values{"description": {`for "orders" <b>`}})
	v.sees("The CMK was created.", "for &#34;orders&#34; &lt;b&gt;", "Pending Import")
	id := strings.TrimPrefix(v.at.Path, "/keys/")
	if !strings.HasPrefix(id, "key-hzz") {
		t.Fatalf("after creating, the visitor is at %s", v.at)
	}
	c.bring(t, id, newMaterial(32))
	v.open("/keys/" + id)
	v.sees("Enabled", "present")

	v.submit("/encrypt", url.Values{"text": {"grüße, 世界"}})
	blob := regexp.MustCompile(`<pre tabindex="0">([A-Za-z0-9+/=]+)</pre>`).FindStringSubmatch(v.page)
	if blob == nil {
		t.Fatalf("no ciphertext:\n%s", v.page)
	}
	v.submit("/decrypt", url.Values{"blob": {blob[1]}})
	v.sees("grüße, 世界")
	if strings.Contains(v.at.String(), "%E4%B8%96") || strings.Contains(v.at.RawQuery, "Plaintext") {
		t.Errorf("the address shows what was decrypted: %s", v.at)
	}
	v.open("/keys/" + id)
	v.submit("/disable", nil)
	v.sees("The CMK is disabled.", "Disabled")
	v.submit("/enable", nil)
	v.sees("The CMK is enabled.")
	v.submit("/schedule", url.Values{"days": {"5"}})
	v.sees("The KMS refused this", "InvalidParameter", "<title>Error: ")
	v.submit("/schedule", url.Values{"days": {"7"}})
	v.sees("The deletion is scheduled.", "Pending Deletion", "Will be deleted")
	v.submit("/cancel", nil)
	v.sees("The deletion is cancelled.")
	v.submit("/delete-material", nil)
	v.sees("The key material was deleted.", "Pending Import")

	v.open("/keys/" + id + "?lang=zh-CN")
	v.sees(`<html lang="zh-CN">`, "待导入", "切勿用于真实密钥", "密钥材料")
	v.open("/")
	v.sees(`<html lang="zh-CN">`)
	v.open("/keys/none")
	v.sees("Forbidden.KeyNotFound")
}

func TestInspectorPages(t *testing.T) {
	s := localkmstest.Start(t, localkms.Config{
		Seed:       &localkms.Seed{Keys: make([]localkms.SeedKey, 120)},
		AccessKeys: []localkms.AccessKey{{ID: "a", Secret: "s"}, {ID: "b", Secret: "s", Account: "2222222222222222"}},
	})
	v := newVisitor(t, s)
	v.open("/?page=3")
	v.sees("Page 3 of 3, 120 CMKs in all", `rel="prev"`)
	if strings.Contains(v.page, `rel="next"`) {
		t.Error("there is something after the last page")
	}
	v.open("/?page=99999999999999999999")
	v.sees("Page 1 of 3")
	v.open("/?page=2147483648")
	v.sees("There are no CMKs")
	v.open("/?account=2222222222222222")
	v.sees("There are no CMKs yet.", `aria-current`)
	v.submit("/keys", nil)
	v.sees("The CMK was created.")
	id := strings.TrimPrefix(v.at.Path, "/keys/")
	v.open("/find?KeyId=" + id + "&account=2222222222222222")
	v.sees(id, "Pending Import")
}

// Nobody but this machine's browser, on these pages, can use the forms.
func TestInspectorRefuses(t *testing.T) {
	s := localkmstest.Start(t, localkms.Config{})
	for name, change := range map[string]func(*http.Request){
		"another site":           func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
		"another port":           func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") },
		"another origin":         func(r *http.Request) { r.Header.Set("Origin", "http://attacker.example") },
		"another name for it":    func(r *http.Request) { r.Host = "attacker.example" },
		"another name with port": func(r *http.Request) { r.Host = "attacker.example:8788" },
	} {
		r, err := http.NewRequest(http.MethodPost, s.URL+"/keys", strings.NewReader("description=x"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		change(r)
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusForbidden && response.StatusCode != http.StatusMisdirectedRequest {
			t.Errorf("%s: %d", name, response.StatusCode)
		}
	}
}
