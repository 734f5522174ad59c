package console_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"keyferry/server/console"
	"keyferry/server/ledger"
	"keyferry/server/localkms/localkmstest"
	"keyferry/server/person"
)

// linkAnswer is what the tests read of a signed link.
type linkAnswer struct {
	Link, GoodUntil, Region, Host string
	QR                            *struct {
		Size int
		Path string
	}
}

// post sends an object for somebody, or for whoever runs the console.
func (s *site) post(t *testing.T, who, path string, fields map[string]any) answer {
	t.Helper()
	body, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return s.send(t, who, path, string(body))
}

// link asks for a signed link, which must come.
func (s *site) link(t *testing.T, who, path string, fields map[string]any) linkAnswer {
	t.Helper()
	got := read[linkAnswer](t, s.post(t, who, path, fields), http.StatusOK)
	until, err := time.Parse(time.RFC3339, got.GoodUntil)
	if left := time.Until(until); err != nil || left > 15*time.Minute || left < 14*time.Minute {
		t.Errorf("the link is good for %s, %v", left, err)
	}
	if got.Region != "cn-hangzhou" || !strings.HasPrefix(got.Link, "http://"+got.Host+"/?") || got.QR == nil || got.QR.Size < 29 {
		t.Errorf("the link leads to %s in %s, QR code %v", got.Host, got.Region, got.QR)
	}
	return got
}

// follow makes the call of a link as the desk does.
func follow(t *testing.T, link string) map[string]any {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	var response *http.Response
	if u.Query().Get("Action") == "GetParametersForImport" {
		response, err = http.Get(link)
	} else {
		response, err = http.Post("http://"+u.Host+"/", "application/x-www-form-urlencoded", strings.NewReader(u.RawQuery))
	}
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	out := map[string]any{}
	if err := json.Unmarshal(body, &out); err != nil {
		t.Fatalf("%d %s", response.StatusCode, body)
	}
	return out
}

// imported is the file that the desk hands back after it has followed a link.
func imported(t *testing.T, link string, material []byte) map[string]any {
	t.Helper()
	got := follow(t, link)
	publicKey, _ := got["PublicKey"].(string)
	if publicKey == "" {
		t.Fatalf("the link gave %v", got)
	}
	wrapped, fingerprint := localkmstest.Wrap(t, publicKey, material)
	return map[string]any{
		"Keyferry": "import", "Version": 1, "Region": "cn-hangzhou", "KeyId": got["KeyId"], "WrappingAlgorithm": "RSAES_OAEP_SHA_256",
		"WrappingKeySHA256": fingerprint, "EncryptedKeyMaterial": wrapped,
		"ImportToken": got["ImportToken"], "TokenExpireTime": got["TokenExpireTime"], "KeyMaterialExpireUnix": 0, "ParametersObtained": "link",
	}
}

var parametersFor = map[string]any{"KeyId": keyID(), "WrappingAlgorithm": "RSAES_OAEP_SHA_256"}

// An import of one's own by both links, and settled by the console with the same bytes.
func TestOwnImportByLinks(t *testing.T) {
	s := newSite(t, nil)
	material := bytes.Repeat([]byte("k"), 32)
	first := s.link(t, "", "/kms/GetParametersForImportLink", parametersFor)
	file := imported(t, first.Link, material)
	second := s.link(t, "", "/kms/ImportKeyMaterialLink", file)
	if got := follow(t, second.Link); got["Code"] != nil || !bytes.Equal(s.kms.Material(keyID()), material) {
		t.Fatalf("the second link gave %v", got)
	}
	out := read[struct{ RequestId string }](t, s.post(t, "", "/kms/ImportFile", file), http.StatusOK)
	if out.RequestId == "" {
		t.Error("the same bytes again have no RequestId")
	}
	s.wantNotLogged(t, first.Link, second.Link)
	audit := strings.Join(s.log.lines("audit"), "")
	if strings.Count(audit, "way=link") != 2 || strings.Count(audit, "result=ok") != 3 {
		t.Errorf("the audit lines are %s", audit)
	}
}

// wantNotLogged fails if the log has anything of a link beyond what is public.
func (s *site) wantNotLogged(t *testing.T, links ...string) {
	t.Helper()
	log := s.log.String()
	for _, link := range links {
		u, _ := url.Parse(link)
		for _, name := range []string{"Signature", "SignatureNonce", "AccessKeyId", "ImportToken", "EncryptedKeyMaterial", "Timestamp"} {
			if value := u.Query().Get(name); value != "" && strings.Contains(log, value) {
				t.Errorf("the log has the link's %s", name)
			}
		}
	}
}

// Nothing but the two calls can be had as a link, and no value brings parameters of its own.
func TestLinkEndpointsRefuse(t *testing.T) {
	s := newSite(t, nil)
	for name, test := range map[string]struct {
		fields map[string]any
		code   string
	}{
		"an action":              {map[string]any{"Action": "ScheduleKeyDeletion"}, "Console.Malformed"},
		"a version":              {map[string]any{"Version": "2016-01-20"}, "Console.Malformed"},
		"parameters in the id":   {map[string]any{"KeyId": keyID() + "&Action=Decrypt"}, "Console.KeyId"},
		"the same, escaped":      {map[string]any{"KeyId": keyID() + "%26Action%3DDecrypt"}, "Console.KeyId"},
		"letters like others":    {map[string]any{"KeyId": strings.Replace(keyID(), "c", "\u0441", 1) + "\u0430"}, "Console.KeyId"},
		"a line break":           {map[string]any{"KeyId": keyID() + "\n"}, "Console.KeyId"},
		"an alias":               {map[string]any{"KeyId": "alias/orders"}, "Console.KeyId"},
		"an algorithm with more": {map[string]any{"WrappingAlgorithm": "RSAES_OAEP_SHA_256&KeyId=x"}, "Console.WrappingAlgorithm"},
		"another key spec":       {map[string]any{"WrappingKeySpec": "EC_SM2"}, "Console.Malformed"},
	} {
		fields := maps.Clone(parametersFor)
		maps.Copy(fields, test.fields)
		if got := s.post(t, "", "/kms/GetParametersForImportLink", fields); !strings.Contains(got.body, `"`+test.code+`"`) {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	good := imported(t, s.link(t, "", "/kms/GetParametersForImportLink", parametersFor).Link, make([]byte, 32))
	for name, test := range map[string]struct {
		fields map[string]any
		code   string
	}{
		"a plain key":          {map[string]any{"EncryptedKeyMaterial": base64.StdEncoding.EncodeToString(make([]byte, 32))}, "Console.NotCiphertext"},
		"a plain key, filled":  {map[string]any{"EncryptedKeyMaterial": base64.StdEncoding.EncodeToString(make([]byte, 256))}, "Console.NotCiphertext"},
		"a token of a key":     {map[string]any{"ImportToken": strings.Repeat("0a", 40)}, "Console.ImportToken"},
		"another region":       {map[string]any{"Region": "cn-shanghai"}, "Console.FileRegion"},
		"an expiry passed":     {map[string]any{"KeyMaterialExpireUnix": 1}, "Console.ExpireUnix"},
		"another kind of file": {map[string]any{"Keyferry": "receipt"}, "Console.ImportFile"},
		"an action":            {map[string]any{"Action": "Encrypt"}, "Console.ImportFile"},
		"parameters in the id": {map[string]any{"KeyId": keyID() + "&Action=Decrypt"}, "Console.ImportFile"},
		"no algorithm":         {map[string]any{"WrappingAlgorithm": "NONE"}, "Console.WrappingAlgorithm"},
	} {
		fields := maps.Clone(good)
		maps.Copy(fields, test.fields)
		for _, path := range []string{"/kms/ImportKeyMaterialLink", "/kms/ImportFile"} {
			got := s.post(t, "", path, fields)
			if got.status < 400 || !strings.Contains(got.body, `"`+test.code+`"`) {
				t.Errorf("%s, %s: %d %s", path, name, got.status, got.body)
			}
		}
	}
	for _, path := range []string{"/kms/GetParametersForImportLink", "/kms/ImportKeyMaterialLink", "/kms/ImportFile"} {
		if got := s.do(t, http.MethodPost, path, "{}", "Content-Type", "text/plain"); got.status != http.StatusUnsupportedMediaType {
			t.Errorf("%s as text: %d", path, got.status)
		}
		if got := s.do(t, http.MethodPost, path, "{}", "Content-Type", "application/json", "Sec-Fetch-Site", "cross-site"); got.status != http.StatusForbidden {
			t.Errorf("%s of another site: %d", path, got.status)
		}
		if got := s.do(t, http.MethodGet, path, ""); got.status != http.StatusMethodNotAllowed {
			t.Errorf("GET %s: %d", path, got.status)
		}
	}
	for _, path := range []string{"/kms/EncryptLink", "/kms/Link", "/kms/DescribeKeyLink"} {
		if got := s.post(t, "", path, parametersFor); got.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.status)
		}
	}
}

// A request by links: to its importer alone, the second only after approvals, and the ledger has that
// they were given out, not the links.
func TestRequestByLinks(t *testing.T) {
	var log console.Ledger
	s := newTeam(t, func(team *console.Team) { log = team.Ledger })
	id := s.request(t, nil)
	path := "/api/requests/" + id
	algorithm := map[string]any{"WrappingAlgorithm": "RSAES_OAEP_SHA_256"}
	for who, status := range map[string]int{"": http.StatusUnauthorized, "rita": http.StatusForbidden, "olga": http.StatusForbidden} {
		if got := s.post(t, who, path+"/parameters-link", algorithm); got.status != status {
			t.Errorf("%q asked for a link: %d %s", who, got.status, got.body)
		}
	}
	material := bytes.Repeat([]byte{0x17}, 32)
	first := s.link(t, "ira", path+"/parameters-link", algorithm)
	file := imported(t, first.Link, material)
	other := maps.Clone(file)
	other["KeyId"] = "key-hzzkeyferrylocal00002"
	if got := s.post(t, "ira", path+"/submit-by-link", other); !strings.Contains(got.body, "Console.FileKey") {
		t.Errorf("the file of another CMK: %s", got.body)
	}
	v := read[shown](t, s.post(t, "ira", path+"/submit-by-link", file), http.StatusOK)
	if v.State != "submitted" {
		t.Fatalf("submitted: %+v", v)
	}
	if got := s.post(t, "ira", path+"/import-link", map[string]any{}); got.status != http.StatusConflict {
		t.Errorf("a link before the approval: %d %s", got.status, got.body)
	}
	read[shown](t, s.post(t, "olga", path+"/approve", map[string]any{"Digest": v.Digest}), http.StatusOK)
	for _, who := range []string{"rita", "olga"} {
		if got := s.post(t, who, path+"/import-link", map[string]any{}); got.status != http.StatusForbidden {
			t.Errorf("%s asked for the import link: %d", who, got.status)
		}
	}
	second := s.link(t, "ira", path+"/import-link", map[string]any{})
	if v := read[shown](t, s.get(t, "rita", path), http.StatusOK); v.State != "linked" || v.Next.Code != "report" {
		t.Errorf("with the link out: %+v", v)
	}
	answered := follow(t, second.Link)
	for _, lie := range []map[string]any{
		{"State": "imported", "Code": "", "RequestId": ""}, {"State": "accepted", "Code": "a secret", "RequestId": ""},
		{"State": "refused", "Code": strings.Repeat("A", 65), "RequestId": ""},
		{"State": "accepted", "Code": "", "RequestId": strings.Repeat("0a", 32)},
	} {
		if got := s.post(t, "ira", path+"/report", lie); got.status != http.StatusBadRequest {
			t.Errorf("reporting %v: %d", lie, got.status)
		}
	}
	v = read[shown](t, s.post(t, "ira", path+"/report", map[string]any{"State": "accepted", "Code": "", "RequestId": answered["RequestId"]}), http.StatusOK)
	if v.State != "imported" || !bytes.Equal(s.kms.Material(keyID()), material) {
		t.Errorf("reported: %+v", v)
	}
	s.wantNotLogged(t, first.Link, second.Link)
	entries, err := log.Entries(person.With(t.Context(), people["olga"]), ledger.Filter{Request: id})
	if err != nil {
		t.Fatal(err)
	}
	text, _ := json.Marshal(entries)
	if !bytes.Contains(text, []byte("request.linked")) || bytes.Contains(text, []byte("Signature")) || bytes.Contains(text, []byte(file["ImportToken"].(string))) {
		t.Errorf("the ledger has %s", text)
	}
}
