package localkms_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"keyferry/server/localkms"
	"keyferry/server/localkms/localkmstest"
)

// fromBrowser is what a browser says of a request, and whether API, inspector and control API
// answer it.
var fromBrowser = []struct {
	name                    string
	headers                 map[string]string // Host among them
	api, inspector, control bool
}{
	{"a client, which says nothing", nil, true, true, true},
	{"the address bar", map[string]string{"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}, true, true, true},
	{"a page of its own", map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": "SELF"}, true, true, true},
	{"localhost", map[string]string{"Host": "localhost:8788"}, true, true, true},
	{"another loopback address", map[string]string{"Host": "127.0.0.2"}, true, true, true},
	{"a loopback address of IPv6", map[string]string{"Host": "[::1]:8788"}, true, true, true},
	{"a name below localhost", map[string]string{"Host": "kms.localhost"}, false, false, false},
	{"a name that is allowed", map[string]string{"Host": "KMS.test:443"}, true, true, true},
	{"an address that is allowed", map[string]string{"Host": "[2001:db8::1]:443"}, true, true, true},
	{"another port of this machine", map[string]string{"Sec-Fetch-Site": "same-site"}, false, true, false},
	{"a link from another site", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, false, false, false},
	{"an image of another site", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}, false, false, false},
	{"something that browsers do not say", map[string]string{"Sec-Fetch-Site": "elsewhere"}, false, false, false},
	{"a script of another site", map[string]string{"Origin": "https://attacker.example"}, false, false, false},
	{"a script of another port", map[string]string{"Origin": "http://127.0.0.1:1"}, false, false, false},
	{"a sandboxed frame", map[string]string{"Origin": "null"}, false, false, false},
	{"an origin of nothing", map[string]string{"Origin": ""}, false, false, false},
	{"a rebound name", map[string]string{"Host": "attacker.example"}, false, false, false},
	{"a rebound name with port", map[string]string{"Host": "attacker.example:8788"}, false, false, false},
	{"a rebound name that says it is of its own origin", map[string]string{"Host": "attacker.example", "Origin": "http://attacker.example", "Sec-Fetch-Site": "same-origin"}, false, false, false},
	{"a name like localhost", map[string]string{"Host": "localhost.attacker.example"}, false, false, false},
	{"a port that is none", map[string]string{"Host": "localhost:*"}, false, false, false},
	{"an address without its end", map[string]string{"Host": "[::1"}, false, false, false},
	{"a name in brackets that do not close", map[string]string{"Host": "[localhost"}, false, false, false},
	{"an address elsewhere", map[string]string{"Host": "192.0.2.1:8788"}, false, false, false},
}

// A web site must not use the KMS through the browser of a visitor, by any method.
func TestForeignRequests(t *testing.T) {
	s := localkmstest.Start(t, localkms.Config{Hosts: []string{"kms.test", "[2001:db8::1]"}})
	control := httptest.NewServer(s.Control())
	defer control.Close()
	c := &client{s.KMS, localkms.DefaultAccessKeyID, localkms.DefaultAccessKeySecret, time.Now}
	signed := func(method string) string {
		return s.URL + "/?" + c.signed(method, "DisableKey", params{"KeyId": "key-hzzkeyferrylocal00004"}).Encode()
	}
	for _, from := range fromBrowser {
		for _, to := range []struct {
			place, method, url string
			answers            bool
		}{
			{"API", http.MethodGet, signed(http.MethodGet), from.api},
			{"API", http.MethodPost, signed(http.MethodPost), from.api},
			{"inspector", http.MethodGet, s.URL + "/", from.inspector},
			{"inspector", http.MethodGet, s.URL + "/keys/key-hzzkeyferrylocal00004", from.inspector},
			{"inspector", http.MethodPost, s.URL + "/keys/key-hzzkeyferrylocal00004/disable", from.inspector && from.headers["Sec-Fetch-Site"] != "same-site"},
			{"control API", http.MethodGet, control.URL + "/keys/key-hzzkeyferrylocal00004/material", from.control},
			{"control API", http.MethodPost, control.URL + "/reset", from.control},
		} {
			t.Run(from.name+": "+to.method+" "+to.place, func(t *testing.T) {
				c.must(t, "EnableKey", params{"KeyId": "key-hzzkeyferrylocal00004"})
				status := visit(t, to.method, to.url, from.headers)
				if answered := status < 400; answered != to.answers {
					t.Errorf("status %d, want an answer: %v", status, to.answers)
				}
				if got := c.state(t, "key-hzzkeyferrylocal00004"); !to.answers && got != "Enabled" {
					t.Errorf("it was refused, and the CMK is %s", got)
				}
			})
		}
	}
}

// Who follows a link from another site gets a page that leads on, and nothing of what was linked.
func TestForeignLink(t *testing.T) {
	s := localkmstest.Start(t, localkms.Config{})
	for _, test := range []struct {
		host, path, want string
		status           int
	}{
		{"", "/?lang=zh-CN&outcome=1", "此链接来自其他网站", http.StatusForbidden},
		{"", "/keys/key-hzzkeyferrylocal00004", "This link came from another website", http.StatusForbidden},
		{"attacker.example", "/", "--allowed-host", http.StatusMisdirectedRequest},
	} {
		r := httptest.NewRequest(http.MethodGet, s.URL+test.path, nil)
		if test.host != "" {
			r.Host = test.host
		}
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		r.Header.Set("Sec-Fetch-Dest", "document")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if body := w.Body.String(); w.Code != test.status || !strings.Contains(body, test.want) || strings.Contains(body, "key-hzz") {
			t.Errorf("%s: %d\n%s", test.path, w.Code, body)
		}
	}
}

// visit sends a request as a browser would and returns the status of the first answer.
func visit(t testing.TB, method, target string, headers map[string]string) int {
	t.Helper()
	r, err := http.NewRequest(method, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range headers {
		switch {
		case name == "Host":
			r.Host = value
		case value == "SELF":
			r.Header.Set(name, "http://"+r.URL.Host)
		default:
			r.Header[name] = []string{value}
		}
	}
	if method == http.MethodPost && !strings.Contains(target, "Signature") {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode
}

// A refused call is an error of the API, so that clients show what to do.
func TestForeignCallSaysWhatToDo(t *testing.T) {
	_, c := newClient(t, localkms.Config{})
	r := c.requestV3(http.MethodPost, "ListKeys", url.Values{}, nil)
	r.Host = "kms:8788"
	c.signV3(r)
	got := c.send(t, r)
	if got.Status != http.StatusMisdirectedRequest || !strings.Contains(got.text(t, "Message"), "--allowed-host") {
		t.Errorf("%d %v", got.Status, got.Body)
	}
}
