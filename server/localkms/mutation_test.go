package localkms_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keyferry/server/localkms"
)

// documented are the codes that this KMS may answer with.
var documented = []string{
	"InternalFailure", "ServiceUnavailableTemporary", "InvalidAccessKeyId.NotFound", "Forbidden.KeyNotFound", "Forbidden.KeyVersionNotFound",
	"Forbidden.AliasNotFound", "Forbidden.NoPermission", "UnsupportedHTTPMethod", "ParseRequestParameterException",
	"MissingParameter", "InvalidParameter", "IncompleteSignature", "Rejected.LimitExceeded", "AliasAlreadyExists",
	"InvalidKeyMaterial", "InvalidImportToken", "ExpiredImportToken", "Unsupported.Origin", "Unsupported.Alias",
	"Unsupported.ProtectionLevel", "Rejected.StateModifiedFailed", "Rejected.Disabled", "Rejected.PendingDeletion",
	"Rejected.PendingImport", "Rejected.UnsupportedOperation", "Rejected.Throttling", "Forbidden.DKMSInstanceStateInvalid",
	"InvalidApi.NotFound", "InvalidVersion", "InvalidAccessKeyId.Inactive", "InvalidTimeStamp.Format",
	"InvalidTimeStamp.Expired", "SignatureNonceUsed", "InvalidSignatureMethod", "SignatureDoesNotMatch",
	"MissingSecurityToken", "InvalidSecurityToken.Expired", "InvalidSecurityToken.MismatchWithAccessKey",
	"InvalidSecurityToken.Malformed", "DryRunOperationError", "ValidationError", "AccessDeniedError",
	"MissingAccessKeyId", "MissingSignature", "MissingSignatureMethod", "MissingSignatureVersion", "MissingTimestamp",
	"MissingAction", "MissingVersion",
}

// mutant is a stream of requests, each damaged in one way or more.
type mutant struct {
	*client
	random *rand.Rand
	valid  []url.Values // one of each action, complete but for its signature
}

// text damages a value.
func (m *mutant) text(s string) string {
	b := []byte(s)
	switch at := m.random.IntN(len(b) + 1); m.random.IntN(7) {
	case 0:
		return ""
	case 1:
		return s[:at]
	case 2:
		return s[:at] + string(rune(m.random.IntN(0x300))) + s[at:]
	case 3:
		return strings.Repeat(s, 2+m.random.IntN(40))
	case 4:
		return []string{"-1", "0", "99999999999999999999", "null", "[]", "{}", "\x00", "true", "alias/", "acs:kms:", "é\u2028"}[m.random.IntN(11)]
	case 5:
		if at < len(b) {
			b[at] ^= byte(1 << m.random.IntN(7))
		}
		return string(b)
	default:
		slices.Reverse(b)
		return string(b)
	}
}

// values damages one or more parameters of a valid request.
func (m *mutant) values(values url.Values) {
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	for range 1 + m.random.IntN(3) {
		name := names[m.random.IntN(len(names))]
		switch m.random.IntN(4) {
		case 0:
			values.Del(name)
		case 1:
			values.Set(m.text(name), values.Get(name))
			values.Del(name)
		default:
			values.Set(name, m.text(values.Get(name)))
		}
	}
}

// request returns the next damaged request. Half of them are signed after the
// damage, so that it reaches the actions; the others carry the signature of
// what they were before.
func (m *mutant) request() *http.Request {
	values := url.Values{}
	for name, list := range m.valid[m.random.IntN(len(m.valid))] {
		values[name] = slices.Clone(list)
	}
	values.Set("SignatureNonce", fmt.Sprint(m.random.Uint64()))
	values.Set("Timestamp", m.now().UTC().Format("2006-01-02T15:04:05Z"))
	method := []string{http.MethodGet, http.MethodPost}[m.random.IntN(2)]
	if m.random.IntN(2) == 0 {
		m.values(values)
		sign(method, m.secret, values)
	} else {
		sign(method, m.secret, values)
		m.values(values)
	}
	encoded := values.Encode()
	if m.random.IntN(8) == 0 {
		encoded = m.text(encoded)
	}
	if m.random.IntN(20) == 0 {
		method = []string{"PUT", "PATCH", "DELETE", "OPTIONS", "BREW"}[m.random.IntN(5)]
	}
	r := &http.Request{Method: method, URL: &url.URL{Path: "/", RawQuery: encoded}, Host: "127.0.0.1", Header: http.Header{}, Body: http.NoBody}
	if method == http.MethodPost && m.random.IntN(3) == 0 {
		r = httptest.NewRequest(method, "http://127.0.0.1/", strings.NewReader(encoded))
		r.Header.Set("Content-Type", []string{"application/x-www-form-urlencoded", "text/plain", "", "\x00"}[max(0, m.random.IntN(8)-4)])
	}
	if m.random.IntN(4) == 0 {
		m.inHeader(r)
	}
	return r
}

// inHeader makes a V3 request of one, and damages it.
func (m *mutant) inHeader(r *http.Request) {
	for name, value := range map[string]string{
		"x-acs-action": r.URL.Query().Get("Action"), "x-acs-version": "2016-01-20", "x-acs-date": m.now().UTC().Format("2006-01-02T15:04:05Z"),
		"x-acs-signature-nonce": fmt.Sprint(m.random.Uint64()),
		"x-acs-content-sha256":  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	} {
		if m.random.IntN(12) > 0 {
			r.Header.Set(name, value)
		}
	}
	m.signV3(r)
	if m.random.IntN(2) == 0 {
		r.Header.Set("Authorization", m.text(r.Header.Get("Authorization")))
	}
}

// Ten thousand damaged requests: no panic, no code that is not documented, and
// unless a request was valid after all, no change.
func TestMutations(t *testing.T) {
	kms, c := newClient(t, localkms.Config{})
	id := c.external(t)
	material := newMaterial(32)
	c.bring(t, id, material)
	c.must(t, "CreateAlias", params{"AliasName": "alias/old", "KeyId": id})
	blob := c.must(t, "Encrypt", params{"KeyId": id, "Plaintext": "AA=="}).text(t, "CiphertextBlob")
	s := specimens{c, material}
	m := &mutant{client: c, random: rand.New(rand.NewPCG(1, 2))}
	for _, action := range localkms.ActionNames() {
		m.valid = append(m.valid, c.common(action, s.arguments(t, action, id, blob)))
	}
	before, refused := everything(t, kms), 0
	for n := range 10_000 {
		w := httptest.NewRecorder()
		r := m.request()
		kms.ServeHTTP(w, r)
		if w.Code == http.StatusOK || strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
			// Still valid, or a browser's visit: let it have had its effect.
			before = everything(t, kms)
			continue
		}
		refused++
		code := codeOf(t, w)
		if !slices.Contains(documented, code) || code == "InternalFailure" {
			t.Fatalf("request %d: undocumented code %q for %s", n, code, r.URL)
		}
		if after := everything(t, kms); after != before {
			t.Fatalf("request %d: refused with %s, it has changed something (-before +after):\n%s", n, code, cmp.Diff(before, after))
		}
	}
	if refused < 8_000 {
		t.Errorf("only %d of the requests were refused", refused)
	}
	t.Logf("%d refused", refused)
}

// codeOf reads the code of an error in either format.
func codeOf(t testing.TB, w *httptest.ResponseRecorder) string {
	t.Helper()
	if strings.HasPrefix(w.Header().Get("Content-Type"), "text/xml") {
		_, rest, _ := strings.Cut(w.Body.String(), "<Code>")
		code, _, _ := strings.Cut(rest, "</Code>")
		return code
	}
	var body struct{ Code string }
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatalf("%d: %v: %.200q", w.Code, err, w.Body)
	}
	return body.Code
}

// everything returns all keys and whether they hold material, as text.
func everything(t testing.TB, kms *localkms.KMS) string {
	t.Helper()
	w := httptest.NewRecorder()
	kms.Control().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://127.0.0.1/keys", nil))
	return w.Body.String()
}

// FuzzRequest lets anything at all arrive at the API. It must answer with a
// documented code, or succeed because the request was signed.
func FuzzRequest(f *testing.F) {
	c := &client{id: localkms.DefaultAccessKeyID, secret: localkms.DefaultAccessKeySecret, now: time.Now}
	f.Add("POST", c.signed(http.MethodPost, "ListKeys", nil).Encode(), "", "", "")
	f.Add("POST", "", "application/x-www-form-urlencoded", c.signed(http.MethodPost, "ListKeys", nil).Encode(), "")
	r := c.requestV3(http.MethodPost, "ListKeys", url.Values{"PageSize": {"5"}}, nil)
	f.Add("POST", "PageSize=5", "", "", r.Header.Get("Authorization"))
	f.Add("GET", "Action=CreateKey&Format=xml", "text/plain", "\xff", "ACS3-HMAC-SHA256 Credential=a,SignedHeaders=host;;,Signature=00")
	kms, _ := newClient(f, localkms.Config{})
	f.Fuzz(func(t *testing.T, method, query, kind, body, authorization string) {
		r := &http.Request{
			Method: method, URL: &url.URL{Path: "/", RawQuery: query}, Host: "127.0.0.1",
			Header: http.Header{"Content-Type": {kind}, "Authorization": {authorization}, "X-Acs-Action": {"ListKeys"}},
			Body:   http.NoBody,
		}
		if body != "" {
			r = r.Clone(t.Context())
			r.Body = httptest.NewRequest(http.MethodPost, "http://127.0.0.1/", strings.NewReader(body)).Body
		}
		w := httptest.NewRecorder()
		kms.ServeHTTP(w, r)
		if w.Code != http.StatusOK && !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
			if code := codeOf(t, w); !slices.Contains(documented, code) || code == "InternalFailure" {
				t.Errorf("undocumented code %q", code)
			}
		}
	})
}
