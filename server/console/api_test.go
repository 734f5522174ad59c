package console_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"keyferry/server/console"
	"keyferry/server/person"
	"keyferry/server/requests"
)

// A request goes from its requester over importer and approver to the KMS. Nobody is shown a
// ciphertext or a token on the way, and no log has one.
func TestRequestFromEndToEnd(t *testing.T) {
	s := newTeam(t, nil)
	id := s.request(t, nil)
	path := "/api/requests/" + id
	if got := read[shown](t, s.get(t, "ira", path), http.StatusOK); got.State != "open" || got.KeyId != keyID() || !slices.Contains(got.May, "issue") {
		t.Errorf("the importer sees %+v", got)
	}
	if me := read[struct{ Waiting int }](t, s.get(t, "ira", "/api/me"), http.StatusOK); me.Waiting != 1 {
		t.Errorf("%d requests wait for the importer, want 1", me.Waiting)
	}
	material := bytes.Repeat([]byte("k"), 32)
	body, token, ciphertext := s.submission(t, id, material)
	submitted := s.send(t, "ira", path+"/submit", body)
	got := read[shown](t, submitted, http.StatusOK)
	if got.State != "submitted" || got.Next.Code != "approve" || got.Digest == "" {
		t.Fatalf("after the submission: %+v", got)
	}
	if s.kms.Material(keyID()) != nil {
		t.Fatal("the KMS has the material before anybody agreed")
	}
	approver := s.get(t, "olga", path)
	agreed := s.send(t, "olga", path+"/approve", `{"Digest":"`+got.Digest+`"}`)
	if got = read[shown](t, agreed, http.StatusOK); got.State != "imported" || got.Outcome.RequestId == "" || got.Agreed != 1 {
		t.Fatalf("after the approval: %+v", got)
	}
	if !bytes.Equal(s.kms.Material(keyID()), material) {
		t.Error("the KMS has other material")
	}
	evidence := s.get(t, "rita", path+"/evidence")
	if !strings.Contains(evidence.header.Get("Content-Disposition"), id) || !strings.Contains(evidence.body, "import.outcome") {
		t.Errorf("the evidence: %v %s", evidence.header, evidence.body)
	}
	list := s.get(t, "olga", "/api/requests?which=all")
	for name, text := range map[string]string{
		"the submission": submitted.body, "what the approver sees": approver.body, "the approval": agreed.body,
		"the evidence": evidence.body, "the list": list.body, "the log": s.log.String(),
	} {
		for _, secret := range []string{token, ciphertext, token[:40], ciphertext[:40]} {
			if strings.Contains(text, secret) {
				t.Errorf("%s has a token or a ciphertext", name)
			}
		}
	}
}

// Nobody is nobody's guest: each address but the first wants somebody who signed in.
func TestNobodyIsSignedIn(t *testing.T) {
	s := newTeam(t, nil)
	id := s.request(t, nil)
	if me := read[struct{ Person *struct{} }](t, s.get(t, "", "/api/me"), http.StatusOK); me.Person != nil {
		t.Errorf("nobody is %+v", me.Person)
	}
	for _, path := range []string{"/api/requests?which=all", "/api/requests/" + id, "/api/requests/" + id + "/evidence", "/api/ledger", "/ledger/log/tile/entries/000.p/1", "/ledger/log/tile/%65ntries/000.p/1"} {
		if a := s.get(t, "", path); a.status != http.StatusUnauthorized || a.failure(t).Code != "Console.SignIn" {
			t.Errorf("GET %s: %d %s", path, a.status, a.body)
		}
	}
	for _, act := range []string{"parameters", "submit", "approve", "takeback", "refuse", "cancel", "again", "guest-link"} {
		if a := s.send(t, "", "/api/requests/"+id+"/"+act, `{}`); a.status != http.StatusUnauthorized {
			t.Errorf("%s: %d %s", act, a.status, a.body)
		}
	}
	if a := s.send(t, "", "/api/requests", terms(nil)); a.status != http.StatusUnauthorized {
		t.Errorf("a request by nobody: %d %s", a.status, a.body)
	}
	if a := s.call(t, "GetParametersForImport", map[string]any{
		"KeyId": keyID(), "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048",
	}); a.status != http.StatusUnauthorized {
		t.Errorf("parameters for nobody: %d %s", a.status, a.body)
	}
}

// What changes something needs a header that no form can send, and comes from this origin.
func TestActsNeedTheirHeader(t *testing.T) {
	s := newTeam(t, nil)
	for name, headers := range map[string][]string{
		"without the header": {"Content-Type", "application/json", "Who-Test", "rita"},
		"another value":      {"Content-Type", "application/json", "Who-Test", "rita", "Keyferry-Request", "0"},
		"from another site":  {"Content-Type", "application/json", "Who-Test", "rita", "Keyferry-Request", "1", "Sec-Fetch-Site", "cross-site"},
	} {
		if a := s.do(t, http.MethodPost, "/api/requests", terms(nil), headers...); a.status != http.StatusForbidden || a.failure(t).Code != "Console.CrossOrigin" {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	if list := read[struct{ Requests []shown }](t, s.get(t, "rita", "/api/requests?which=all"), http.StatusOK); len(list.Requests) != 0 {
		t.Errorf("there are %d requests", len(list.Requests))
	}
}

func TestRequestsAreReadStrictly(t *testing.T) {
	s := newTeam(t, nil)
	good := terms(nil)
	for name, test := range map[string]struct{ body, code string }{
		"no object":            {`[]`, "Console.Malformed"},
		"nothing":              {`{"Requests":[]}`, "Console.Malformed"},
		"no list":              {`{"Requests":{}}`, "Console.Malformed"},
		"null":                 {`{"Requests":null}`, "Console.Malformed"},
		"a string in the list": {`{"Requests":["x"]}`, "Console.Malformed"},
		"another field":        {strings.Replace(good, `"KeyId"`, `"Extra":"","KeyId"`, 1), "Console.Malformed"},
		"a field twice":        {strings.Replace(good, `"KeyId"`, `"KeyId":"x","KeyId"`, 1), "Console.Malformed"},
		"another case":         {strings.Replace(good, `"KeyId"`, `"keyId"`, 1), "Console.Malformed"},
		"a missing field":      {terms(map[string]any{"Note": nil}), "Console.Malformed"},
		"a field of null":      {strings.Replace(good, `"Note":""`, `"Note":null`, 1), "Console.Malformed"},
		"something after":      {good + "{}", "Console.Malformed"},
		"a key as the CMK":     {terms(map[string]any{"KeyId": strings.Repeat("0f", 32)}), "Console.KeyId"},
		"no algorithm":         {terms(map[string]any{"Algorithms": []string{}}), "Console.WrappingAlgorithm"},
		"another algorithm":    {terms(map[string]any{"Algorithms": []string{"RSA"}}), "Console.WrappingAlgorithm"},
		"no deadline":          {terms(map[string]any{"Deadline": ""}), "Console.Deadline"},
		"a past deadline":      {terms(map[string]any{"Deadline": "2020-01-01T00:00:00Z"}), "Requests.Terms"},
		"half a day":           {strings.Replace(good, `"ExpiryDays":0`, `"ExpiryDays":0.5`, 1), "Console.Malformed"},
		"a hundred years":      {terms(map[string]any{"Expiry": "within", "ExpiryDays": 36500}), "Requests.Terms"},
		"longer than that":     {terms(map[string]any{"Expiry": "days", "ExpiryDays": 36501}), "Console.Malformed"},
		"negative days":        {terms(map[string]any{"ExpiryDays": -1}), "Console.Malformed"},
		"another commitment":   {terms(map[string]any{"Commitment": "x"}), "Console.Malformed"},
		"a long label":         {terms(map[string]any{"Label": strings.Repeat("x", 1000)}), "Requests.Terms"},
		"a long note":          {terms(map[string]any{"Note": strings.Repeat("x", 2001)}), "Console.Malformed"},
		"too much":             {`{"Requests":[` + strings.Repeat(" ", 600<<10) + `]}`, "Console.TooLarge"},
		"too many":             {`{"Requests":[` + strings.Repeat(strings.TrimSuffix(strings.TrimPrefix(good, `{"Requests":[`), `]}`)+",", 201) + `]}`, "Console.Malformed"},
	} {
		if a := s.send(t, "rita", "/api/requests", test.body); a.status < 400 || a.failure(t).Code != test.code {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	if a := s.send(t, "rita", "/api/requests", good, "Content-Type", "text/plain"); a.failure(t).Code != "Console.MediaType" {
		t.Errorf("plain text: %d %s", a.status, a.body)
	}
}

func TestSubmissionsThatAreNone(t *testing.T) {
	s := newTeam(t, nil)
	id := s.request(t, nil)
	body, _, ciphertext := s.submission(t, id, bytes.Repeat([]byte("k"), 32))
	for name, test := range map[string]struct{ from, to, code string }{
		"a key instead of a ciphertext": {ciphertext, strings.Repeat("0f", 32), "Console.NotCiphertext"},
		"a short token":                 {`"ImportToken":"`, `"ImportToken":"eA==","Other":"`, "Console.Malformed"},
		"another check value":           {"6984AFC841", "6984afc841", "Console.Malformed"},
		"another commitment":            {strings.Repeat("ab", 32), strings.Repeat("AB", 32), "Console.Malformed"},
		"an expiry in the past":         {`"KeyMaterialExpireUnix":0`, `"KeyMaterialExpireUnix":1`, "Console.ExpireUnix"},
		"another algorithm":             {"RSAES_OAEP_SHA_256", "RSAES_PKCS1_V1_5", "Requests.Parameters"},
	} {
		a := s.send(t, "ira", "/api/requests/"+id+"/submit", strings.Replace(body, test.from, test.to, 1))
		if a.status < 400 || a.failure(t).Code != test.code {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
}

// Who may not do something learns why, in the language of the page.
func TestRefusalsHaveWords(t *testing.T) {
	s := newTeam(t, nil)
	id := s.request(t, nil)
	path := "/api/requests/" + id
	body, _, _ := s.submission(t, id, bytes.Repeat([]byte("k"), 32))
	if a := s.send(t, "ira", path+"/submit", body); a.status != http.StatusOK {
		t.Fatal(a.body)
	}
	digest := `{"Digest":"` + strings.Repeat("ab", 32) + `"}`
	for name, test := range map[string]struct {
		who, act, body, code string
		status               int
	}{
		"the requester agrees":  {"rita", "approve", digest, "Requests.Own", http.StatusForbidden},
		"other bytes":           {"olga", "approve", digest, "Requests.Changed", http.StatusConflict},
		"nothing to take back":  {"olga", "takeback", `{}`, "Requests.NoApproval", http.StatusConflict},
		"no reason":             {"olga", "refuse", `{"Reason":""}`, "Requests.Reason", http.StatusBadRequest},
		"no digest":             {"olga", "approve", `{"Digest":"x"}`, "Console.Malformed", http.StatusBadRequest},
		"the importer cancels":  {"ira", "cancel", `{"Reason":""}`, "Requests.Denied", http.StatusForbidden},
		"another field":         {"rita", "cancel", `{"Reason":"","More":""}`, "Console.Malformed", http.StatusBadRequest},
		"a link for no guest":   {"rita", "guest-link", `{}`, "Console.NoGuest", http.StatusConflict},
		"another request":       {"rita", "../" + strings.Repeat("A", 26) + "/cancel", `{"Reason":""}`, "Requests.NotFound", http.StatusNotFound},
		"an id that is none":    {"rita", "../key/cancel", `{"Reason":""}`, "Console.NotFound", http.StatusNotFound},
		"somebody else imports": {"olga", "parameters", `{"WrappingAlgorithm":"RSAES_OAEP_SHA_256"}`, "Requests.NotImporter", http.StatusForbidden},
	} {
		address := strings.Replace(path+"/"+test.act, id+"/../", "", 1)
		a := s.send(t, test.who, address, test.body, "Accept-Language", "zh-CN")
		f := a.failure(t)
		if a.status != test.status || f.Code != test.code {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
		if f.Message == "" || f.Advice == "" || f.Message[0] < 0x80 || strings.Contains(f.Message, "{") {
			t.Errorf("%s: the words are %q, %q", name, f.Message, f.Advice)
		}
	}
}

// A guest link is for whoever made the request, and for a request that is for a guest.
func TestGuestLinks(t *testing.T) {
	var about string
	s := newTeam(t, func(team *console.Team) {
		team.GuestLink = func(_ context.Context, v requests.View) (string, string, error) {
			about = v.ID
			return "the-secret", "123456", nil
		}
	})
	id := s.request(t, map[string]any{"ImporterKind": "link", "Importer": ""})
	if v := read[shown](t, s.get(t, "rita", "/api/requests/"+id), http.StatusOK); !slices.Contains(v.May, "link") {
		t.Errorf("the requester may %v", v.May)
	}
	if v := read[shown](t, s.get(t, "olga", "/api/requests/"+id), http.StatusOK); slices.Contains(v.May, "link") {
		t.Errorf("an approver may %v", v.May)
	}
	if a := s.send(t, "olga", "/api/requests/"+id+"/guest-link", `{}`); a.failure(t).Code != "Console.NoGuest" || about != "" {
		t.Errorf("an approver made a link: %d %s", a.status, a.body)
	}
	made := read[struct{ Secret, Code string }](t, s.send(t, "rita", "/api/requests/"+id+"/guest-link", `{}`), http.StatusOK)
	if made.Secret != "the-secret" || made.Code != "123456" || about != id {
		t.Errorf("the link is %+v, about %s", made, about)
	}
	if log := s.log.String(); strings.Contains(log, "the-secret") || strings.Contains(log, "123456") {
		t.Error("the log has the link's secret or its code")
	}
}

// Submitting and agreeing need a fresh sign-in where that is wanted; nothing else does.
func TestStepUp(t *testing.T) {
	s := newTeam(t, func(team *console.Team) { team.Fresh = func(person.Person) bool { return false } })
	id := s.request(t, nil)
	body, _, _ := s.submission(t, id, bytes.Repeat([]byte("k"), 32))
	for act, body := range map[string]string{"submit": body, "approve": `{"Digest":"` + strings.Repeat("ab", 32) + `"}`} {
		if a := s.send(t, "ira", "/api/requests/"+id+"/"+act, body); a.status != http.StatusUnauthorized || a.failure(t).Code != "Console.StepUp" {
			t.Errorf("%s: %d %s", act, a.status, a.body)
		}
	}
	read[shown](t, s.send(t, "rita", "/api/requests/"+id+"/cancel", `{"Reason":""}`), http.StatusOK)
}

func TestLedgerForAuditors(t *testing.T) {
	s := newTeam(t, nil)
	ids := []string{s.request(t, nil), s.request(t, nil), s.request(t, nil)}
	type found struct {
		Entries []struct {
			Index                        int64
			Kind, Request, KeyId, Person string
		}
		Checkpoint, Key string
	}
	all := read[found](t, s.get(t, "olga", "/api/ledger?kind=request."), http.StatusOK)
	if len(all.Entries) != 3 || all.Key == "" || !strings.HasPrefix(all.Checkpoint, strings.Split(all.Key, "+")[0]) {
		t.Fatalf("the ledger: %+v", all)
	}
	if e := all.Entries[0]; e.Request != ids[2] || e.Kind != "request.created" || e.KeyId != keyID() || e.Person != "id-rita" {
		t.Errorf("the newest entry: %+v", e)
	}
	for query, want := range map[string]int{
		"text=" + ids[1]: 1, "text=" + keyID(): 3, "text=id-rita": 3, "text=somebody": 0, "limit=2": 2,
		fmt.Sprintf("before=%d", all.Entries[0].Index): 2, "kind=request.refused": 0,
	} {
		if got := read[found](t, s.get(t, "olga", "/api/ledger?"+query), http.StatusOK); len(got.Entries) != want {
			t.Errorf("%s finds %d entries, want %d", query, len(got.Entries), want)
		}
	}
	for _, query := range []string{"limit=0", "limit=x", "limit=1000", "before=-1", "before=x"} {
		if a := s.get(t, "olga", "/api/ledger?"+query); a.failure(t).Code != "Console.Malformed" {
			t.Errorf("%s: %d %s", query, a.status, a.body)
		}
	}
	if a := s.get(t, "rita", "/api/ledger"); a.status != http.StatusForbidden || a.failure(t).Code != "Console.NoLedger" {
		t.Errorf("the ledger for somebody who may not read it: %d %s", a.status, a.body)
	}
	for path, want := range map[string]int{"/ledger/log/checkpoint": http.StatusOK, "/ledger/log/tile/0/000.p/3": http.StatusOK} {
		if a := s.get(t, "", path); a.status != want {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	if a := s.get(t, "rita", "/ledger/log/tile/entries/000.p/3"); a.status != http.StatusForbidden {
		t.Errorf("the entries for somebody who may not read them: %d", a.status)
	}
	if a := s.get(t, "olga", "/ledger/log/tile/entries/000.p/3"); a.status != http.StatusOK || !strings.Contains(a.body, "request.created") {
		t.Errorf("the entries: %d %q", a.status, a.body)
	}
}

// A console for one person has none of this, and its pages do not speak of it.
func TestAloneThereAreNoRequests(t *testing.T) {
	s := newSite(t, nil)
	for _, path := range []string{"/api/me", "/api/requests?which=all", "/en/requests", "/requests", "/en/signin", "/ledger/log/checkpoint", "/signin/start"} {
		if a := s.get(t, "", path); a.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	for _, path := range console.Pages(false) {
		if body := s.get(t, "", path).body; strings.Contains(body, "/requests") || strings.Contains(body, "SignIn.") {
			t.Errorf("%s speaks of requests", path)
		}
	}
	team := newTeam(t, nil)
	for _, path := range console.Pages(true) {
		a := team.get(t, "", path)
		quiet := strings.Contains(a.header.Get("Content-Security-Policy"), "connect-src 'none'")
		if a.status != http.StatusOK || quiet == asksWho(t, a.body) {
			t.Errorf("%s: %d; it may ask: %v", path, a.status, !quiet)
		}
		if other := team.get(t, "rita", path); other.body != a.body {
			t.Errorf("%s is not the same for everybody", path)
		}
	}
}

// asksWho holds for a page whose script, joined from what it imports, asks who is signed in.
func asksWho(t *testing.T, page string) bool {
	t.Helper()
	loaded := regexp.MustCompile(`<script type="module" src="[^"]*/pages/([a-z_]+\.js)">`).FindAllStringSubmatch(page, -1)
	if len(loaded) != 1 || strings.Count(page, "<script") != 2 {
		t.Fatalf("a page loads other scripts than one for the theme and one of its own: %v", loaded)
	}
	scripts := []string{loaded[0][1]}
	for i := 0; i < len(scripts); i++ {
		content, err := os.ReadFile("../../web/pages/" + scripts[i])
		if err != nil {
			t.Fatal(err)
		}
		for _, imported := range regexp.MustCompile(`(?m)^(?:import|export) .*"\./([a-z_]+\.js)"$`).FindAllSubmatch(content, -1) {
			if name := string(imported[1]); !slices.Contains(scripts, name) {
				scripts = append(scripts, name)
			}
		}
	}
	return slices.Contains(scripts, "who.js")
}

// The id of a request goes along to the page in a language; nothing else does.
func TestAddressesOfRequests(t *testing.T) {
	s := newTeam(t, nil)
	id := strings.Repeat("A", 26)
	for path, want := range map[string]string{
		"/request?id=" + id: "/en/request?id=" + id, "/?request=" + id: "/en/?request=" + id, "/request?id=short": "/en/request",
		"/?request=" + id + "&KeyId=" + keyID(): "/en/?request=" + id, "/requests?text=secret": "/en/requests",
		"/requests?which=waiting": "/en/requests?which=waiting", "/requests?which=other": "/en/requests",
	} {
		if a := s.get(t, "", path); a.header.Get("Location") != want {
			t.Errorf("%s leads to %s, want %s", path, a.header.Get("Location"), want)
		}
	}
}
