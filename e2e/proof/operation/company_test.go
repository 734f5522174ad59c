package operation

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"keyferry/e2e/program"
	"keyferry/server/ledger"
	"keyferry/server/localkms"
	"keyferry/server/localkms/localkmstest"
	"keyferry/server/person"
	"keyferry/server/signin"
	"keyferry/server/signin/signintest"
	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

// policies let the groups work as in the example, and nobody see what is not theirs.
const policies = `
permit (principal in Group::"requesters", action == Action::"request", resource is Key);
@approvals("1") @approvers("Group::\"officers\"")
permit (principal in Group::"importers", action == Action::"import", resource is Key);
permit (principal in Group::"officers", action in [Action::"approve", Action::"readRequests"], resource is Key);
permit (principal, action == Action::"readRequests", resource is Key) when { context.isRequester || context.isImporter };
`

// company is what the consoles of a test share: a local KMS behind TLS in this process, which they
// take for Alibaba Cloud, a provider, a database and the people who are signed in.
type company struct {
	t        *testing.T
	kms      *localkms.KMS
	provider *signintest.Provider
	url      string // of the database
	db       *store.DB
	key      ledger.Key
	base     string // address of the console, as browsers have it
	flags    []string
	refused  atomic.Int64 // answers of the KMS that are errors

	importing chan struct{} // gets one for each call of ImportKeyMaterial that begins, as long as there is room
	teams     []*team
}

// team is three people who work together, and their CMK.
type team struct {
	key                 string
	material            []byte
	expireUnix          int64 // of the material; 0 means that it does not expire
	requester, importer *visitor
	officer             *visitor
}

// newCompany makes a company with so many teams, at an address.
func newCompany(t *testing.T, url, base string, teams int) *company {
	t.Helper()
	c := &company{t: t, url: url, base: base, importing: make(chan struct{}, 100)}
	folder := t.TempDir()
	keyFile := filepath.Join(folder, "ledger.key")
	var err error
	if c.key, err = ledger.LoadKey(keyFile, true); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(folder, "policy"), 0o700); err != nil {
		t.Fatal(err)
	}
	program.WriteFile(t, filepath.Join(folder, "policy", "test.cedar"), []byte(policies))
	c.provider = signintest.New(t, signintest.Person{ID: "newcomer", Name: "Newcomer", Groups: []string{"requesters"}})
	c.provider.Register(base)
	endpoint, authority := c.startKMS(teams)
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", localkms.DefaultAccessKeyID)
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", localkms.DefaultAccessKeySecret)
	t.Setenv("KEYFERRY_OIDC_CLIENT_SECRET", signintest.ClientSecret)
	c.flags = []string{"serve", "--kms=alibaba", "--endpoint=" + endpoint, "--ca-file=" + authority, "--database=" + c.url,
		"--policy=" + filepath.Join(folder, "policy"), "--ledger-key=" + keyFile, "--base-url=" + base,
		"--oidc-issuer=" + c.provider.Issuer, "--oidc-client-id=" + signintest.ClientID,
		"--kms-reads-per-second=500", "--kms-writes-per-second=500"}
	c.db = storetest.Open(t, c.url)
	c.hire(teams)
	return c
}

// startKMS serves the local KMS. Its wrapping keys are at hand: what is pressed is the console and
// not a generator of RSA keys.
func (c *company) startKMS(teams int) (endpoint, authority string) {
	seed := &localkms.Seed{}
	for n := range teams {
		seed.Keys = append(seed.Keys, localkms.SeedKey{KeyID: keyOf(n), Origin: "EXTERNAL"})
	}
	c.kms = localkmstest.New(c.t, localkms.Config{Seed: seed})
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("Action") == "ImportKeyMaterial" {
			select {
			case c.importing <- struct{}{}:
			default:
			}
		}
		counted := &statusWriter{ResponseWriter: w}
		c.kms.ServeHTTP(counted, r)
		if counted.status >= 400 {
			c.refused.Add(1)
		}
	}))
	c.t.Cleanup(server.Close)
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	return server.Listener.Addr().String(), program.Kept(c.t, "authority.pem", certificate)
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func keyOf(n int) string { return fmt.Sprintf("key-team%05d", n) }

// hire signs everybody in. The sessions are made by the console's own package in this process, with
// made-up people, since a provider takes seconds to prove who a thousand people are.
func (c *company) hire(teams int) {
	c.t.Helper()
	log, err := ledger.Open(c.t.Context(), c.db, c.key)
	if err != nil {
		c.t.Fatal(err)
	}
	var people []person.Person
	for n := range teams {
		for role, group := range map[string]string{"r": "requesters", "i": "importers", "o": "officers"} {
			id := fmt.Sprintf("%s%05d", role, n)
			people = append(people, person.Person{ID: id, Kind: person.Directory, Name: strings.ToUpper(id), Groups: []string{group}})
		}
	}
	service, err := signin.New(signin.Config{BaseURL: c.base, Demo: people, LocalKMS: true, DB: c.db, Ledger: log})
	if err != nil {
		c.t.Fatal(err)
	}
	enter := func(id string) *visitor {
		request := httptest.NewRequestWithContext(c.t.Context(), http.MethodPost, c.base+"/signin/demo", bytes.NewReader([]byte(`{"Person":"`+id+`"}`)))
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Keyferry-Request", "1")
		answer := httptest.NewRecorder()
		service.Handler().ServeHTTP(answer, request)
		if answer.Code != http.StatusNoContent {
			c.t.Fatalf("signing %s in: %d %s", id, answer.Code, answer.Body)
		}
		return newVisitor(c.t, c.base, id, answer.Result().Cookies())
	}
	for n := range teams {
		c.teams = append(c.teams, &team{
			key: keyOf(n), material: bytes.Repeat([]byte(fmt.Sprintf("%08d", n)), 4),
			requester: enter(fmt.Sprintf("r%05d", n)), importer: enter(fmt.Sprintf("i%05d", n)), officer: enter(fmt.Sprintf("o%05d", n)),
		})
	}
}

// people returns everybody.
func (c *company) people() []*visitor {
	var all []*visitor
	for _, t := range c.teams {
		all = append(all, t.requester, t.importer, t.officer)
	}
	return all
}

// verify expects that the ledger is whole, and that each CMK which a team imported into has the
// team's material.
func (c *company) verify(imported map[string]int) {
	c.t.Helper()
	ctx, stop := context.WithTimeout(c.t.Context(), time.Minute)
	defer stop()
	if _, err := ledger.Verify(ctx, ledger.FromDatabase(c.db), ledger.Check{Key: c.key.Verifier()}); err != nil {
		c.t.Errorf("verifying the ledger: %v", err)
	}
	recorded := map[string]int{}
	err := c.db.Read(ctx, func(tx *store.Tx) error {
		rows, err := tx.Query("SELECT body FROM requests WHERE state = 'imported'")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var body []byte
			var r struct{ Terms struct{ KeyID string } }
			if err := rows.Scan(&body); err != nil {
				return err
			}
			if err := json.Unmarshal(body, &r); err != nil {
				return err
			}
			recorded[r.Terms.KeyID]++
		}
		return rows.Err()
	})
	if err != nil {
		c.t.Fatal(err)
	}
	for _, t := range c.teams {
		if recorded[t.key] != imported[t.key] {
			c.t.Errorf("%s: %d imports are on record, its team made %d", t.key, recorded[t.key], imported[t.key])
		}
		if imported[t.key] > 0 && !bytes.Equal(c.kms.Material(t.key), t.material) {
			c.t.Errorf("%s does not have what its team imported", t.key)
		}
	}
}
