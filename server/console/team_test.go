package console_test

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keyferry/server/console"
	"keyferry/server/feeds"
	"keyferry/server/kms"
	"keyferry/server/ledger"
	"keyferry/server/localkms"
	"keyferry/server/localkms/localkmstest"
	"keyferry/server/person"
	"keyferry/server/policy"
	"keyferry/server/requests"
	"keyferry/server/store/storetest"
)

const teamPolicies = `
permit (principal in Group::"platform", action in [Action::"request", Action::"cancel", Action::"readRequests"], resource is Key);
@approvals("1") @approvers("Group::\"officers\"")
permit (principal in Group::"payments", action == Action::"import", resource is Key);
@approvals("1") @approvers("Group::\"officers\"")
permit (principal is Guest, action == Action::"import", resource is Key);
permit (principal in Group::"officers", action in [Action::"approve", Action::"readRequests"], resource is Key);
permit (principal, action == Action::"readRequests", resource is Key) when { context.isRequester || context.isImporter };
permit (principal in Group::"officers", action == Action::"readLedger", resource);
`

// The people of the tests, by the name that the header Who-Test has.
var people = map[string]person.Person{
	"rita": {ID: "id-rita", Kind: person.Directory, Name: "Rita", Email: "rita@example.com", Groups: []string{"platform"}},
	"ira":  {ID: "id-ira", Kind: person.Directory, Name: "Ira", Email: "ira@example.com", Groups: []string{"payments"}},
	"olga": {ID: "id-olga", Kind: person.Directory, Name: "Olga", Email: "olga@example.com", Groups: []string{"officers"}},
}

// byHeader takes the person from a header; signing in has tests of its own.
func byHeader(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p, known := people[r.Header.Get("Who-Test")]; known {
			r = r.WithContext(person.With(r.Context(), p))
		}
		next.ServeHTTP(w, r)
	})
}

// newTeam is a console for several people: real requests, policies, ledger, database and local KMS.
func newTeam(t *testing.T, change func(*console.Team)) *site {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "team.cedar"), []byte(teamPolicies), 0o600); err != nil {
		t.Fatal(err)
	}
	rules, err := policy.Watch(folder)
	if err != nil {
		t.Fatal(err)
	}
	db := storetest.Open(t, storetest.URL(t, "sqlite"))
	key, err := ledger.NewKey("")
	if err != nil {
		t.Fatal(err)
	}
	log, err := ledger.Open(t.Context(), db, key)
	if err != nil {
		t.Fatal(err)
	}
	return newSiteOf(t, 5*time.Second, func(c *console.Config, client *kms.Client) {
		service, err := requests.New(requests.Config{
			DB: db, Ledger: log, Policy: rules, KMS: client, Region: localkms.DefaultRegion, Log: c.Logger,
			ReadsPerSecond: 1000, WritesPerSecond: 1000, DrillEvery: 365 * 24 * time.Hour,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(service.Close)
		c.KMS = service.Own()
		c.Team = &console.Team{
			Requests: service, Feeds: feeds.New(db, service, nil), Leads: []time.Duration{7 * 24 * time.Hour, 30 * 24 * time.Hour}, Ledger: log, LedgerKey: key.Public(), Who: byHeader,
			ReadLedger: func(p person.Person) bool {
				return rules.Decide(policy.Question{Person: p, Action: policy.ReadLedger}).Allowed
			},
			GuestLink: func(context.Context, requests.View) (string, string, error) { return "the-secret", "123456", nil },
		}
		if change != nil {
			change(c.Team)
		}
	})
}

// send posts an object as the pages do; get asks for something.
func (s *site) send(t *testing.T, who, path, body string, headers ...string) answer {
	t.Helper()
	return s.do(t, http.MethodPost, path, body, append([]string{"Content-Type", "application/json", "Keyferry-Request", "1", "Who-Test", who}, headers...)...)
}

func (s *site) get(t *testing.T, who, path string) answer {
	t.Helper()
	return s.do(t, http.MethodGet, path, "", "Who-Test", who)
}

// shown is what the tests read of a request.
type shown struct {
	Id, State, KeyId, Digest string
	May                      []string
	Next                     struct{ Code string }
	Outcome                  struct{ RequestId string }
	Agreed                   int
}

// read reads an answer that must have a status.
func read[T any](t *testing.T, a answer, status int) (out T) {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d instead of %d: %s", a.status, status, a.body)
	}
	if a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("the answer may be kept: %q", a.header.Get("Cache-Control"))
	}
	if err := json.Unmarshal([]byte(a.body), &out); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
	return out
}

// terms is a request as the page sends it, with changes.
func terms(changes map[string]any) string {
	body := map[string]any{
		"KeyId": keyID(), "Label": "payments/eu", "Algorithms": []string{"RSAES_OAEP_SHA_256"}, "ImporterKind": "group", "Importer": "payments",
		"Expiry": "any", "ExpiryDays": 0, "Deadline": time.Now().Add(time.Hour).UTC().Format(time.RFC3339), "Note": "", "Commitment": "",
	}
	for name, value := range changes {
		if body[name] = value; value == nil {
			delete(body, name)
		}
	}
	all, _ := json.Marshal(map[string]any{"Requests": []any{body}})
	return string(all)
}

func (s *site) request(t *testing.T, changes map[string]any) string {
	t.Helper()
	made := read[struct{ Requests []shown }](t, s.send(t, "rita", "/api/requests", terms(changes)), http.StatusCreated)
	return made.Requests[0].Id
}

// submission wraps material for a request, and returns it as the page submits it.
func (s *site) submission(t *testing.T, id string, material []byte) (body, token, ciphertext string) {
	t.Helper()
	out := read[struct{ PublicKey, ImportToken, TokenExpireTime string }](t,
		s.send(t, "ira", "/api/requests/"+id+"/parameters", `{"WrappingAlgorithm":"RSAES_OAEP_SHA_256"}`), http.StatusOK)
	ciphertext, fingerprint := localkmstest.Wrap(t, out.PublicKey, material)
	all, _ := json.Marshal(map[string]any{
		"WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySHA256": fingerprint,
		"EncryptedKeyMaterial": ciphertext, "ImportToken": out.ImportToken, "TokenExpireTime": out.TokenExpireTime,
		"KeyMaterialExpireUnix": 0, "KeyCheckValue": "6984AFC841", "Commitment": strings.Repeat("ab", 32),
	})
	return string(all), out.ImportToken, ciphertext
}
