package localkms_test

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
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

// client calls a KMS with requests that it signs itself, so that a test can
// get any part of one wrong.
type client struct {
	handler http.Handler
	id      string
	secret  string
	now     func() time.Time
}

// newClient returns a KMS and a client that uses the default AccessKey.
func newClient(t testing.TB, config localkms.Config) (*localkms.KMS, *client) {
	t.Helper()
	kms := localkmstest.New(t, config)
	return kms, &client{kms, localkms.DefaultAccessKeyID, localkms.DefaultAccessKeySecret, time.Now}
}

// as returns a client that uses another AccessKey.
func (c *client) as(id, secret string) *client {
	return &client{c.handler, id, secret, c.now}
}

// params are the parameters of an action.
type params map[string]string

// result is an answer: its status and its JSON object.
type result struct {
	Status int
	Header http.Header
	Body   map[string]any
}

func (r result) code() string {
	code, _ := r.Body["Code"].(string)
	return code
}

// text returns a string inside the answer, by path.
func (r result) text(t testing.TB, path ...string) string {
	t.Helper()
	var v any = r.Body
	for _, name := range path {
		object, ok := v.(map[string]any)
		if !ok {
			t.Fatalf("the answer has no %s: %v", strings.Join(path, "."), r.Body)
		}
		v = object[name]
	}
	s, ok := v.(string)
	if !ok {
		t.Fatalf("%s is no string in the answer: %v", strings.Join(path, "."), r.Body)
	}
	return s
}

// do calls an action and returns whatever came.
func (c *client) do(t testing.TB, action string, p params) result {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1/?"+c.signed(http.MethodPost, action, p).Encode(), nil)
	return c.send(t, r)
}

// must calls an action that has to succeed.
func (c *client) must(t testing.TB, action string, p params) result {
	t.Helper()
	r := c.do(t, action, p)
	if r.Status != http.StatusOK {
		t.Fatalf("%s(%v) = %d %v", action, p, r.Status, r.Body)
	}
	return r
}

// want calls an action that has to fail with a code.
func (c *client) want(t testing.TB, code, action string, p params) result {
	t.Helper()
	r := c.do(t, action, p)
	if r.code() != code {
		t.Errorf("%s = %d %s, want %s", action, r.Status, r.code(), code)
	}
	return r
}

func (c *client) send(t testing.TB, r *http.Request) result {
	t.Helper()
	w := httptest.NewRecorder()
	c.handler.ServeHTTP(w, r)
	return readResult(t, w.Result())
}

func readResult(t testing.TB, response *http.Response) result {
	t.Helper()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	got := result{Status: response.StatusCode, Header: response.Header}
	if err := json.Unmarshal(body, &got.Body); err != nil {
		t.Fatalf("answer is no JSON: %v: %.200q", err, body)
	}
	return got
}

// common returns the parameters that every request has, with the action's own.
func (c *client) common(action string, p params) url.Values {
	values := url.Values{
		"Action":           {action},
		"Version":          {"2016-01-20"},
		"Format":           {"JSON"},
		"AccessKeyId":      {c.id},
		"SignatureMethod":  {"HMAC-SHA1"},
		"SignatureVersion": {"1.0"},
		"SignatureType":    {""},
		"SignatureNonce":   {rand.Text()},
		"Timestamp":        {c.now().UTC().Format("2006-01-02T15:04:05Z")},
	}
	for name, value := range p {
		values.Set(name, value)
	}
	return values
}

func (c *client) signed(method, action string, p params) url.Values {
	return sign(method, c.secret, c.common(action, p))
}

// sign is the test's own idea of the V1 signature.
func sign(method, secret string, values url.Values) url.Values {
	encode := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
	var pairs []string
	for name := range values {
		pairs = append(pairs, encode(name)+"="+encode(values.Get(name)))
	}
	slices.SortFunc(pairs, func(a, b string) int {
		return strings.Compare(strings.SplitN(a, "=", 2)[0], strings.SplitN(b, "=", 2)[0])
	})
	mac := hmac.New(sha1.New, []byte(secret+"&"))
	fmt.Fprintf(mac, "%s&%%2F&%s", method, encode(strings.Join(pairs, "&")))
	values.Set("Signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return values
}

// The algorithms of the API.
const (
	oaepSHA256 = "RSAES_OAEP_SHA_256"
	oaepSHA1   = "RSAES_OAEP_SHA_1"
	pkcs1v15   = "RSAES_PKCS1_V1_5"
)

var algorithms = []string{oaepSHA256, oaepSHA1, pkcs1v15}

// wrap wraps material as a client would, for any algorithm of the API.
func wrap(t testing.TB, publicKey, algorithm string, material []byte) string {
	t.Helper()
	key := localkmstest.PublicKey(t, publicKey)
	var wrapped []byte
	var err error
	switch algorithm {
	case oaepSHA256:
		wrapped, err = rsa.EncryptOAEP(crypto.SHA256.New(), rand.Reader, key, material, nil)
	case oaepSHA1:
		wrapped, err = rsa.EncryptOAEP(crypto.SHA1.New(), rand.Reader, key, material, nil)
	case pkcs1v15:
		//lint:ignore SA1019 the API has this padding
		wrapped, err = rsa.EncryptPKCS1v15(rand.Reader, key, material)
	}
	if err != nil {
		t.Fatalf("wrapping: %v", err)
	}
	return base64.StdEncoding.EncodeToString(wrapped)
}

// parameters gets import parameters.
func (c *client) parameters(t testing.TB, keyID, algorithm string) (publicKey, token string) {
	t.Helper()
	r := c.must(t, "GetParametersForImport", params{"KeyId": keyID, "WrappingAlgorithm": algorithm, "WrappingKeySpec": "RSA_2048"})
	return r.text(t, "PublicKey"), r.text(t, "ImportToken")
}

// importing returns the parameters of an import of material.
func (c *client) importing(t testing.TB, keyID, algorithm string, material []byte) params {
	t.Helper()
	publicKey, token := c.parameters(t, keyID, algorithm)
	return params{"KeyId": keyID, "EncryptedKeyMaterial": wrap(t, publicKey, algorithm, material), "ImportToken": token}
}

// bring imports material into a CMK.
func (c *client) bring(t testing.TB, keyID string, material []byte) {
	t.Helper()
	c.must(t, "ImportKeyMaterial", c.importing(t, keyID, oaepSHA256, material))
}

// create makes a CMK and returns its id.
func (c *client) create(t testing.TB, p params) string {
	t.Helper()
	return c.must(t, "CreateKey", p).text(t, "KeyMetadata", "KeyId")
}

func (c *client) external(t testing.TB) string {
	t.Helper()
	return c.create(t, params{"Origin": "EXTERNAL"})
}

// state returns a CMK's state.
func (c *client) state(t testing.TB, keyID string) string {
	t.Helper()
	return c.must(t, "DescribeKey", params{"KeyId": keyID}).text(t, "KeyMetadata", "KeyState")
}

// newMaterial returns fresh key material.
func newMaterial(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}
