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

const emptyCMK = "key-hzzkeyferrylocal00001"

// elsewhere is what a browser says of a request of another site's page, or of a file's.
var elsewhere = map[string]map[string]string{
	"a file":              {"Origin": "null", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"},
	"a site":              {"Origin": "https://console.example", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"},
	"another port":        {"Origin": "http://127.0.0.1:1", "Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
	"an older browser":    {"Origin": "null"},
	"an address followed": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
}

// gatewayHeaders are those of the vendor's gateway.
var gatewayHeaders = map[string]string{
	"Access-Control-Allow-Origin":  "*",
	"Access-Control-Allow-Methods": "POST, GET, OPTIONS, PUT, DELETE",
	"Access-Control-Allow-Headers": "X-Requested-With, X-Sequence, _aop_secret, _aop_signature, x-acs-action, x-acs-version, x-acs-date, Content-Type",
	"Access-Control-Max-Age":       "172800",
}

// ask sends a request as a browser does for a page elsewhere.
func ask(t *testing.T, handler http.Handler, method, query, form string, headers map[string]string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, "http://127.0.0.1:8788/?"+query, strings.NewReader(form))
	if form != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range headers {
		r.Header[name] = []string{value}
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w.Result()
}

// wantReadable fails unless the answer has the gateway's headers, or none of them.
func wantReadable(t *testing.T, response *http.Response, readable bool) {
	t.Helper()
	for name, value := range gatewayHeaders {
		if got := response.Header.Get(name); readable && got != value || !readable && got != "" {
			t.Errorf("%s is %q, readable by every page: %v", name, got, readable)
		}
	}
	if response.Header.Get("Access-Control-Allow-Credentials") != "" {
		t.Error("credentials are allowed")
	}
}

// Pages elsewhere, the desk's file among them, may make the two calls of an import with a signature
// in the parameters, and read success and error alike.
func TestBrowsersElsewhereImport(t *testing.T) {
	kms, c := newClient(t, localkms.Config{})
	for name, headers := range elsewhere {
		t.Run(name, func(t *testing.T) {
			fetched := ask(t, kms, http.MethodGet, c.signed(http.MethodGet, "GetParametersForImport", parametersOf(emptyCMK)).Encode(), "", headers)
			wantReadable(t, fetched, true)
			got := readResult(t, fetched)
			if got.Status != http.StatusOK || got.text(t, "KeyId") != emptyCMK {
				t.Fatalf("parameters: %d %v", got.Status, got.Body)
			}
			form := c.signed(http.MethodPost, "ImportKeyMaterial", params{
				"KeyId": emptyCMK, "ImportToken": got.text(t, "ImportToken"), "KeyMaterialExpireUnix": "0",
				"EncryptedKeyMaterial": wrap(t, got.text(t, "PublicKey"), "RSAES_OAEP_SHA_256", make([]byte, 32)),
			}).Encode()
			sent := ask(t, kms, http.MethodPost, "", form, headers)
			wantReadable(t, sent, true)
			if sent.StatusCode != http.StatusOK {
				t.Errorf("import: %d", sent.StatusCode)
			}
			again := ask(t, kms, http.MethodPost, "", form, headers)
			wantReadable(t, again, true)
			if code := readResult(t, again).code(); code != "SignatureNonceUsed" {
				t.Errorf("the same once more: %s", code)
			}
			unsigned := ask(t, kms, http.MethodGet, "Action=GetParametersForImport&Version=2016-01-20&KeyId="+emptyCMK, "", headers)
			wantReadable(t, unsigned, true)
			if unsigned.StatusCode == http.StatusOK {
				t.Error("a call without a signature is answered")
			}
		})
	}
}

func parametersOf(id string) params {
	return params{"KeyId": id, "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}
}

// Everything else goes on refusing what pages elsewhere have a browser send, and no page may read
// why.
func TestBrowsersElsewhereGetNothingElse(t *testing.T) {
	s := localkmstest.Start(t, localkms.Config{})
	c := &client{s.KMS, localkms.DefaultAccessKeyID, localkms.DefaultAccessKeySecret, time.Now}
	query := func(method, action string, p params) string { return c.signed(method, action, p).Encode() }
	ordinary := params{"KeyId": "key-hzzkeyferrylocal00004"}
	for name, headers := range elsewhere {
		for _, action := range localkms.ActionNames() {
			if action == "GetParametersForImport" || action == "ImportKeyMaterial" {
				continue
			}
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				response := ask(t, s.KMS, method, query(method, action, ordinary), "", headers)
				if response.StatusCode != http.StatusForbidden || readResult(t, response).code() != "Forbidden.Origin" {
					t.Errorf("%s, %s %s: %d", name, method, action, response.StatusCode)
				}
				wantReadable(t, response, false)
			}
		}
		both := "&Action=GetParametersForImport"
		for what, sent := range map[string]struct{ method, query, form string }{
			"no action":                     {http.MethodPost, "", "x=y"},
			"an unknown action":             {http.MethodGet, query(http.MethodGet, "Nothing", ordinary), ""},
			"an action in other letters":    {http.MethodGet, query(http.MethodGet, "getparametersforimport", ordinary), ""},
			"an action twice, ours first":   {http.MethodGet, "Action=GetParametersForImport&" + query(http.MethodGet, "DisableKey", ordinary), ""},
			"an action twice, ours last":    {http.MethodGet, query(http.MethodGet, "DisableKey", ordinary) + both, ""},
			"ours in the query, not below":  {http.MethodPost, "Action=GetParametersForImport", query(http.MethodPost, "DisableKey", ordinary)},
			"ours below, not in the query":  {http.MethodPost, query(http.MethodPost, "DisableKey", ordinary), "Action=ImportKeyMaterial"},
			"ours below a GET":              {http.MethodGet, query(http.MethodGet, "DisableKey", ordinary), "Action=GetParametersForImport"},
			"a method of neither":           {http.MethodPut, query(http.MethodPut, "GetParametersForImport", parametersOf(emptyCMK)), ""},
			"a form of another content":     {http.MethodPost, "", "\x00%"},
			"a question before another":     {http.MethodOptions, query(http.MethodPost, "DisableKey", ordinary), ""},
			"a question before anything":    {http.MethodOptions, "", ""},
			"a question before both at one": {http.MethodOptions, "Action=DisableKey" + both, ""},
		} {
			asked := map[string]string{"Access-Control-Request-Method": "POST"}
			for n, v := range headers {
				asked[n] = v
			}
			response := ask(t, s.KMS, sent.method, sent.query, sent.form, asked)
			if response.StatusCode < 400 {
				t.Errorf("%s, %s: %d", name, what, response.StatusCode)
			}
			wantReadable(t, response, false)
		}
		signedV3 := ask(t, s.KMS, http.MethodGet, "Action=GetParametersForImport", "", merged(headers, map[string]string{
			"Authorization": "ACS3-HMAC-SHA256 Credential=x", "X-Acs-Action": "GetParametersForImport",
		}))
		if signedV3.StatusCode != http.StatusForbidden {
			t.Errorf("%s, a signature in a header: %d", name, signedV3.StatusCode)
		}
		wantReadable(t, signedV3, false)
	}
	if state := c.state(t, "key-hzzkeyferrylocal00004"); state != "Enabled" {
		t.Errorf("the CMK is %s", state)
	}
}

// merged is both maps in one.
func merged(a, b map[string]string) map[string]string {
	all := map[string]string{}
	for _, m := range []map[string]string{a, b} {
		for name, value := range m {
			all[name] = value
		}
	}
	return all
}

// A browser that asks first gets the gateway's answer, and nothing happens.
func TestBrowsersAskFirst(t *testing.T) {
	kms, _ := newClient(t, localkms.Config{})
	for _, action := range []string{"GetParametersForImport", "ImportKeyMaterial"} {
		headers := map[string]string{"Origin": "null", "Sec-Fetch-Site": "cross-site", "Access-Control-Request-Method": "POST"}
		response := ask(t, kms, http.MethodOptions, url.Values{"Action": {action}}.Encode(), "", headers)
		wantReadable(t, response, true)
		if response.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", action, response.StatusCode)
		}
	}
}

// A name that was bound to this machine anew is refused for the two calls too, and what the fault of
// a proxy sends is no answer that pages elsewhere can read.
func TestBrowsersElsewhereByAnotherName(t *testing.T) {
	kms, c := newClient(t, localkms.Config{})
	link := func() string {
		return c.signed(http.MethodGet, "GetParametersForImport", parametersOf(emptyCMK)).Encode()
	}
	r := httptest.NewRequest(http.MethodGet, "http://attacker.example/?"+link(), nil)
	r.Header.Set("Origin", "https://attacker.example")
	w := httptest.NewRecorder()
	kms.ServeHTTP(w, r)
	if w.Code != http.StatusMisdirectedRequest {
		t.Errorf("another host name: %d", w.Code)
	}
	wantReadable(t, w.Result(), false)
	if err := kms.Inject(localkms.Fault{Kind: localkms.FaultHTML}); err != nil {
		t.Fatal(err)
	}
	cut := ask(t, kms, http.MethodGet, link(), "", elsewhere["a file"])
	if cut.StatusCode != http.StatusBadGateway || cut.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("a proxy's page: %d, readable by %q", cut.StatusCode, cut.Header.Get("Access-Control-Allow-Origin"))
	}
}
