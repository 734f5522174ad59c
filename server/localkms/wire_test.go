package localkms_test

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"keyferry/server/localkms"
	"keyferry/server/localkms/localkmstest"
)

// requestV3 returns a request signed in the header, by the test's own idea of
// ACS3-HMAC-SHA256.
func (c *client) requestV3(method, action string, query, form url.Values) *http.Request {
	r := httptest.NewRequest(method, "http://127.0.0.1/?"+query.Encode(), strings.NewReader(form.Encode()))
	digest := sha256.Sum256([]byte(form.Encode()))
	r.Header.Set("x-acs-action", action)
	r.Header.Set("x-acs-version", "2016-01-20")
	r.Header.Set("x-acs-date", c.now().UTC().Format("2006-01-02T15:04:05Z"))
	r.Header.Set("x-acs-signature-nonce", rand.Text())
	r.Header.Set("x-acs-content-sha256", hex.EncodeToString(digest[:]))
	if len(form) > 0 {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	c.signV3(r)
	return r
}

func (c *client) signV3(r *http.Request) {
	names := []string{"host"}
	for name := range r.Header {
		if name := strings.ToLower(name); strings.HasPrefix(name, "x-acs-") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	canonical := r.Method + "\n/\n" + strings.ReplaceAll(r.URL.Query().Encode(), "+", "%20") + "\n"
	for _, name := range names {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.Host
		}
		canonical += name + ":" + value + "\n"
	}
	canonical += "\n" + strings.Join(names, ";") + "\n" + r.Header.Get("x-acs-content-sha256")
	digest := sha256.Sum256([]byte(canonical))
	mac := hmac.New(sha256.New, []byte(c.secret))
	fmt.Fprintf(mac, "ACS3-HMAC-SHA256\n%x", digest)
	r.Header.Set("Authorization", fmt.Sprintf("ACS3-HMAC-SHA256 Credential=%s,SignedHeaders=%s,Signature=%x", c.id, strings.Join(names, ";"), mac.Sum(nil)))
}

func formRequest(values url.Values) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1/", strings.NewReader(values.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	return r
}

// Every way in which clients put a request on the wire.
func TestWays(t *testing.T) {
	_, c := newClient(t, localkms.Config{})
	want := params{"Description": "a b+c*d~e/f 订单 & = %"}
	values := url.Values{"Description": {want["Description"]}}
	split := c.signed(http.MethodPost, "CreateKey", want)
	query, form := url.Values{}, url.Values{}
	for name := range split {
		if name < "M" {
			query.Set(name, split.Get(name))
		} else {
			form.Set(name, split.Get(name))
		}
	}
	half := formRequest(form)
	half.URL.RawQuery = query.Encode()
	chunked := formRequest(c.signed(http.MethodPost, "CreateKey", want))
	chunked.ContentLength = -1
	chunked.TransferEncoding = []string{"chunked"}
	percent := httptest.NewRequest(http.MethodPost, "http://127.0.0.1/?"+strings.ReplaceAll(c.signed(http.MethodPost, "CreateKey", want).Encode(), "+", "%20"), nil)

	for name, r := range map[string]*http.Request{
		"V1 GET":                 httptest.NewRequest(http.MethodGet, "http://127.0.0.1/?"+c.signed(http.MethodGet, "CreateKey", want).Encode(), nil),
		"V1 POST query":          httptest.NewRequest(http.MethodPost, "http://127.0.0.1/?"+c.signed(http.MethodPost, "CreateKey", want).Encode(), nil),
		"V1 POST percent-twenty": percent,
		"V1 POST form":           formRequest(c.signed(http.MethodPost, "CreateKey", want)),
		"V1 POST chunked form":   chunked,
		"V1 POST query and form": half,
		"V3 POST query":          c.requestV3(http.MethodPost, "CreateKey", values, nil),
		"V3 POST form":           c.requestV3(http.MethodPost, "CreateKey", nil, values),
		"V3 GET":                 c.requestV3(http.MethodGet, "CreateKey", values, nil),
	} {
		t.Run(name, func(t *testing.T) {
			r := c.send(t, r)
			if r.Status != http.StatusOK {
				t.Fatalf("%d %v", r.Status, r.Body)
			}
			if got := r.text(t, "KeyMetadata", "Description"); got != want["Description"] {
				t.Errorf("Description = %q, want %q", got, want["Description"])
			}
			if got := r.Header.Get("Content-Type"); got != "application/json;charset=utf-8" {
				t.Errorf("Content-Type = %q", got)
			}
		})
	}
}

// A chunked body that really is one on the wire.
func TestChunkedOverHTTP(t *testing.T) {
	s := localkmstest.Start(t, localkms.Config{})
	c := &client{id: localkms.DefaultAccessKeyID, secret: localkms.DefaultAccessKeySecret, now: time.Now}
	body := c.signed(http.MethodPost, "ListKeys", nil).Encode()
	response, err := http.Post(s.URL, "application/x-www-form-urlencoded", struct{ io.Reader }{strings.NewReader(body)})
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if r := readResult(t, response); r.Status != http.StatusOK {
		t.Errorf("%d %v", r.Status, r.Body)
	}
}

func TestXML(t *testing.T) {
	_, c := newClient(t, localkms.Config{})
	get := func(action string, p params) string {
		t.Helper()
		p["Format"] = "XML"
		w := httptest.NewRecorder()
		c.handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://127.0.0.1/?"+c.signed(http.MethodGet, action, p).Encode(), nil))
		if got := w.Header().Get("Content-Type"); got != "text/xml;charset=utf-8" {
			t.Errorf("Content-Type = %q", got)
		}
		return w.Body.String()
	}
	var list struct {
		XMLName    xml.Name
		RequestId  string
		TotalCount int
		Keys       struct {
			Key []struct{ KeyId, KeyArn string }
		}
	}
	if err := xml.Unmarshal([]byte(get("ListKeys", params{})), &list); err != nil {
		t.Fatal(err)
	}
	if list.XMLName.Local != "ListKeysResponse" || list.TotalCount != 4 || len(list.Keys.Key) != 4 || list.Keys.Key[0].KeyArn == "" || list.RequestId == "" {
		t.Errorf("ListKeys = %+v", list)
	}
	var refused struct {
		XMLName    xml.Name
		HttpStatus int
		Code       string
		RequestId  string
	}
	if err := xml.Unmarshal([]byte(get("DescribeKey", params{"KeyId": "none"})), &refused); err != nil {
		t.Fatal(err)
	}
	if refused.XMLName.Local != "KMS" || refused.HttpStatus != 404 || refused.Code != "Forbidden.KeyNotFound" || refused.RequestId == "" {
		t.Errorf("error = %+v", refused)
	}
}

// The error body has the fields of both families, all texts as strings.
func TestErrorBody(t *testing.T) {
	_, c := newClient(t, localkms.Config{})
	r := c.do(t, "DescribeKey", params{"KeyId": "none"})
	for _, name := range []string{"Code", "Message", "RequestId", "HostId", "Recommend"} {
		if text, ok := r.Body[name].(string); !ok || text == "" {
			t.Errorf("%s = %v, want a string", name, r.Body[name])
		}
	}
	if r.Body["HttpStatus"] != float64(404) {
		t.Errorf("HttpStatus = %v", r.Body["HttpStatus"])
	}
}

// Requests that cannot be read, or that no gateway takes.
func TestUnreadable(t *testing.T) {
	_, c := newClient(t, localkms.Config{})
	signed := func() string { return c.signed(http.MethodPost, "ListKeys", nil).Encode() }
	withType := func(kind, body string) *http.Request {
		r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1/?"+signed(), strings.NewReader(body))
		r.Header.Set("Content-Type", kind)
		return r
	}
	for _, test := range []struct {
		name, code string
		r          *http.Request
	}{
		{"PUT", "UnsupportedHTTPMethod", httptest.NewRequest(http.MethodPut, "http://127.0.0.1/?"+signed(), nil)},
		{"DELETE", "UnsupportedHTTPMethod", httptest.NewRequest(http.MethodDelete, "http://127.0.0.1/?"+signed(), nil)},
		{"a parameter twice", "ParseRequestParameterException", httptest.NewRequest(http.MethodPost, "http://127.0.0.1/?PageSize=1&PageSize=2&"+signed(), nil)},
		{"in query and form", "ParseRequestParameterException", withType("application/x-www-form-urlencoded", "Action=ListKeys")},
		{"a bad escape", "ParseRequestParameterException", &http.Request{Method: http.MethodPost, Host: "127.0.0.1", URL: &url.URL{Path: "/", RawQuery: signed() + "&x=%zz"}, Body: http.NoBody, Header: http.Header{}}},
		{"not UTF-8", "ParseRequestParameterException", httptest.NewRequest(http.MethodPost, "http://127.0.0.1/?x=%ff&"+signed(), nil)},
		{"a JSON body", "ParseRequestParameterException", withType("application/json", `{}`)},
		{"an endless body", "ParseRequestParameterException", withType("application/x-www-form-urlencoded", "x="+strings.Repeat("y", 300<<10))},
		{"too many parameters", "ParseRequestParameterException", httptest.NewRequest(http.MethodPost, "http://127.0.0.1/?"+strings.Repeat("&", 600)+signed(), nil)},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := c.send(t, test.r); got.code() != test.code {
				t.Errorf("%d %s, want %s", got.Status, got.code(), test.code)
			}
		})
	}
}
