package requests_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"keyferry/server/kms"
	"keyferry/server/ledger"
	"keyferry/server/localkms"
	"keyferry/server/localkms/localkmstest"
	"keyferry/server/person"
	"keyferry/server/policy"
	"keyferry/server/requests"
	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

const (
	region    = "cn-hangzhou"
	algorithm = "RSAES_OAEP_SHA_256"
	keyOne    = "key-hzzkeyferrylocal00001"
	keyTwo    = "key-hzzkeyferrylocal00002"
)

// policies are those of the tests: one officer agrees to imports of payments, two people of
// different groups to those of vaults, three to those of three, and nobody to those of tests.
const policies = `
permit (principal in Group::"platform", action in [Action::"request", Action::"cancel"], resource is Key);
permit (principal in Group::"officers", action == Action::"request", resource is Key);

@approvals("1") @approvers("Group::\"officers\"")
permit (principal in Group::"payments", action == Action::"import", resource is Key) when { resource.label like "payments/*" };

@approvals("2") @approvers("Group::\"officers\", Group::\"security\"") @eachgroup
permit (principal, action == Action::"import", resource is Key) when { resource.label like "vaults/*" };

@approvals("3") @approvers("Group::\"officers\", Group::\"security\", Group::\"kitchen\"") @eachgroup
permit (principal, action == Action::"import", resource is Key) when { resource.label like "three/*" };
permit (principal in Group::"kitchen", action in [Action::"approve", Action::"readRequests"], resource is Key) when { resource.label like "three/*" };

@approvals("2")
permit (principal in Group::"payments", action == Action::"import", resource is Key) when { resource.label like "two/*" };

permit (principal in Group::"payments", action == Action::"import", resource is Key) when { resource.label like "tests/*" || resource.label == "" };

permit (principal in Group::"officers", action in [Action::"approve", Action::"readRequests"], resource is Key);
permit (principal in Group::"security", action in [Action::"approve", Action::"readRequests"], resource is Key);
permit (principal, action == Action::"readRequests", resource is Key) when { context.isRequester || context.isImporter };
`

// The people of the tests.
var (
	rita  = directory("rita", "platform")
	ira   = directory("ira", "payments")
	iris  = directory("iris", "payments", "officers")
	olga  = directory("olga", "officers")
	otto  = directory("otto", "officers", "security")
	sam   = directory("sam", "security")
	other = directory("other", "kitchen")
	carl  = directory("carl", "kitchen", "officers")
	sue   = directory("sue", "security")
)

func directory(name string, groups ...string) person.Person {
	return person.Person{ID: "id-" + name, Kind: person.Directory, Name: name, Email: name + "@example.com", Groups: groups}
}

func guestOf(request string) person.Person {
	return person.Person{ID: "guest:" + request, Kind: person.Guest, Name: "guest", Request: request}
}

// world is a console's inside: real parts throughout.
type world struct {
	t       *testing.T
	url     string // of the database
	db      *store.DB
	log     *ledger.Log
	key     ledger.Key
	policy  *policy.Live
	folder  string // of policies, and of the ledger's key
	server  *kmsServer
	calls   *counted
	clock   *clock
	service *requests.Service
	fault   func(string)
}

// clock is a time that tests move.
type clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

// counted counts the imports that the real client is asked for.
type counted struct {
	*kms.Client
	mu      sync.Mutex
	imports []kms.Import
}

func (c *counted) ImportKeyMaterial(ctx context.Context, in *kms.Import) (string, error) {
	c.mu.Lock()
	c.imports = append(c.imports, *in)
	c.mu.Unlock()
	return c.Client.ImportKeyMaterial(ctx, in)
}

func (c *counted) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.imports)
}

// kmsServer is a local KMS that notes its answers to imports.
type kmsServer struct {
	*localkms.KMS
	endpoint string

	mu      sync.Mutex
	answers []kmsAnswer
}

// kmsAnswer is an answer to ImportKeyMaterial.
type kmsAnswer struct {
	keyID, requestID, code string
}

func startKMS(t testing.TB, config localkms.Config) *kmsServer {
	t.Helper()
	k := &kmsServer{KMS: localkmstest.New(t, config)}
	server := httptest.NewServer(k)
	t.Cleanup(server.Close)
	k.endpoint = strings.TrimPrefix(server.URL, "http://")
	return k
}

// ServeHTTP notes an answer before it passes it on.
func (k *kmsServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("Action") != "ImportKeyMaterial" {
		k.KMS.ServeHTTP(w, r)
		return
	}
	noted := httptest.NewRecorder()
	defer func() { // also when the KMS cuts the connection
		var body struct{ RequestId, Code string }
		if json.Unmarshal(noted.Body.Bytes(), &body) == nil {
			k.mu.Lock()
			k.answers = append(k.answers, kmsAnswer{r.URL.Query().Get("KeyId"), body.RequestId, body.Code})
			k.mu.Unlock()
		}
	}()
	k.KMS.ServeHTTP(noted, r)
	for name, values := range noted.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(noted.Code)
	w.Write(noted.Body.Bytes())
}

// gave reports whether the KMS gave an answer about a CMK.
func (k *kmsServer) gave(keyID, requestID, code string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Contains(k.answers, kmsAnswer{keyID, requestID, code})
}

// each runs a test in a world on each database.
func each(t *testing.T, test func(w *world)) {
	t.Helper()
	storetest.EachURL(t, func(t *testing.T, url string) { test(newWorld(t, url, localkms.Config{})) })
}

func newWorld(t *testing.T, url string, config localkms.Config) *world {
	t.Helper()
	w := &world{t: t, url: url, db: storetest.Open(t, url), clock: &clock{}, folder: t.TempDir(), fault: func(string) {}}
	w.server = startKMS(t, config)
	w.calls = &counted{Client: clientOf(t, w.server.endpoint)}
	w.setPolicy(policies)
	var err error
	if w.key, err = ledger.LoadKey(filepath.Join(w.folder, "ledger.key"), true); err != nil {
		t.Fatal(err)
	}
	if w.log, err = ledger.Open(t.Context(), w.db, w.key); err != nil {
		t.Fatal(err)
	}
	w.service = w.open()
	return w
}

// open returns a service on the world's database, as another start of the program does.
func (w *world) open(edits ...func(*requests.Config)) *requests.Service {
	w.t.Helper()
	config := requests.Config{
		DB: w.db, Ledger: w.log, Policy: w.policy, KMS: w.calls, Region: region,
		ReadsPerSecond: 1000, WritesPerSecond: 1000, Lease: 5 * time.Second, Clock: w.clock.now,
		Log: slog.New(slog.NewTextHandler(w.t.Output(), nil)), Faults: func(point string) { w.fault(point) },
	}
	for _, edit := range edits {
		edit(&config)
	}
	s, err := requests.New(config)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(s.Close)
	return s
}

func clientOf(t testing.TB, endpoint string, edits ...func(*kms.Config)) *kms.Client {
	t.Helper()
	config := kms.Config{
		Region: region, Endpoint: endpoint, PlainHTTP: true, Timeout: 3 * time.Second,
		AccessKeyID: localkms.DefaultAccessKeyID, AccessKeySecret: localkms.DefaultAccessKeySecret,
	}
	for _, edit := range edits {
		edit(&config)
	}
	client, err := kms.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// setPolicy puts other policies in force.
func (w *world) setPolicy(text string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.folder, "test.cedar"), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	var err error
	if w.policy == nil {
		w.policy, err = policy.Watch(w.folder)
	} else {
		err = w.policy.Reload()
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) as(p person.Person) context.Context { return person.With(w.t.Context(), p) }

// terms returns what rita asks for: an import by a group, until tomorrow.
func (w *world) terms(keyID, label string) requests.Terms {
	return requests.Terms{
		Region: region, KeyID: keyID, Label: label, Algorithms: []string{algorithm},
		Importer: requests.ByGroup, ImporterID: "payments", Expiry: requests.ExpiryAny, Deadline: w.clock.now().Add(48 * time.Hour),
	}
}

// create makes one request as rita.
func (w *world) create(terms requests.Terms) requests.View {
	w.t.Helper()
	views, err := w.service.Create(w.as(rita), []requests.Terms{terms})
	if err != nil {
		w.t.Fatal(err)
	}
	return views[0]
}

var material = bytes.Repeat([]byte{0x5a, 1, 0xc3, 7}, 8)

// wrapped gets parameters as somebody and wraps material for a request.
func (w *world) wrapped(by person.Person, id string, material []byte) requests.Submission {
	w.t.Helper()
	p, err := w.service.Parameters(w.as(by), id, algorithm)
	if err != nil {
		w.t.Fatal(err)
	}
	return wrap(w.t, p, material)
}

func wrap(t testing.TB, p *kms.Parameters, material []byte) requests.Submission {
	t.Helper()
	ciphertext, fingerprint := localkmstest.Wrap(t, p.PublicKey, material)
	return requests.Submission{
		Algorithm: algorithm, WrappingKeySHA256: fingerprint,
		EncryptedKeyMaterial: ciphertext, ImportToken: p.ImportToken,
	}
}

// submitted makes a request and submits material as ira.
func (w *world) submitted(keyID, label string) requests.View {
	w.t.Helper()
	r := w.create(w.terms(keyID, label))
	v, err := w.service.Submit(w.as(ira), r.ID, w.wrapped(ira, r.ID, material))
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

func (w *world) get(by person.Person, id string) requests.View {
	w.t.Helper()
	v, err := w.service.Get(w.as(by), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

func (w *world) wantState(id string, want requests.State) requests.View {
	w.t.Helper()
	v := w.get(rita, id)
	if v.State != want {
		w.t.Errorf("the request is %s, want %s; next is %+v, outcome %+v", v.State, want, v.Next, v.Outcome)
	}
	return v
}

func (w *world) wantFault(err error, want *requests.Fault) {
	w.t.Helper()
	if !errors.Is(err, want) {
		w.t.Errorf("error is %v, want %v", err, want)
	}
}

func wantMay(t *testing.T, v requests.View, want ...string) {
	t.Helper()
	if !slices.Equal(v.May, want) {
		t.Errorf("may %v, want %v (the request is %s)", v.May, want, v.State)
	}
}

// kinds returns what the ledger has about a request.
func (w *world) kinds(id string) []string {
	w.t.Helper()
	records, err := w.log.Entries(w.t.Context(), ledger.Filter{Request: id})
	if err != nil {
		w.t.Fatal(err)
	}
	var kinds []string
	for _, r := range records {
		kinds = append(kinds, r.Kind)
	}
	slices.Reverse(kinds)
	return kinds
}

// outcomes returns the KMS's answers about a request that the ledger has, by their state.
func (w *world) outcomes(id string) []string {
	w.t.Helper()
	records, err := w.log.Entries(w.t.Context(), ledger.Filter{Request: id, Kind: "import.outcome"})
	if err != nil {
		w.t.Fatal(err)
	}
	var states []string
	for _, r := range records {
		if state := r.Fields["state"]; state == "imported" || state == "failed" {
			states = append(states, state)
		}
	}
	return states
}
