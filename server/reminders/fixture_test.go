package reminders_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
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
	"keyferry/server/reminders"
	"keyferry/server/requests"
	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

const (
	region    = localkms.DefaultRegion
	algorithm = "RSAES_OAEP_SHA_256"
	day       = 24 * time.Hour
	console   = "https://keys.example.com"
)

const policies = `
permit (principal in Group::"platform", action in [Action::"request", Action::"readRequests"], resource is Key);
permit (principal in Group::"payments", action == Action::"import", resource is Key) when { resource.label like "tests/*" };
@approvals("1") @approvers("Group::\"officers\"")
permit (principal in Group::"payments", action == Action::"import", resource is Key) when { resource.label like "agreed/*" };
permit (principal in Group::"officers", action in [Action::"approve", Action::"readRequests"], resource is Key) when { resource.label like "agreed/*" };
permit (principal, action == Action::"readRequests", resource is Key) when { context.isRequester || context.isImporter };
`

var (
	rita = directory("rita", "platform")
	ira  = directory("ira", "payments")
)

func directory(name string, groups ...string) person.Person {
	return person.Person{ID: "id-" + name, Kind: person.Directory, Name: name, Email: name + "@example.com", Groups: groups}
}

// world is a console's inside with a clock that tests move.
type world struct {
	t        *testing.T
	url      string
	folder   string // of policies, and of the ledger's key
	db       *store.DB
	clock    *clock
	requests *requests.Service
	service  *reminders.Service
	policy   *policy.Live
	mail     *mailServer
	hooks    *hookServer
	log      *bytes.Buffer
}

type clock struct {
	mu    sync.Mutex
	ahead time.Duration
	fixed time.Time // zero means the computer's
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.fixed.IsZero() {
		return c.fixed.Add(c.ahead)
	}
	return time.Now().Add(c.ahead)
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

// each runs a test in a world on each database.
func each(t *testing.T, test func(w *world)) {
	t.Helper()
	storetest.EachURL(t, func(t *testing.T, url string) { test(newWorld(t, url)) })
}

func newWorld(t *testing.T, url string) *world {
	t.Helper()
	w := &world{t: t, url: url, folder: t.TempDir(), clock: &clock{}, mail: startMail(t), hooks: startHooks(t), log: &bytes.Buffer{}}
	w.clock.fixed = time.Now().Truncate(day).Add(6 * time.Hour) // far from midnight
	w.setPolicy(policies)
	if _, err := ledger.LoadKey(w.folder+"/ledger.key", true); err != nil {
		t.Fatal(err)
	}
	w.open()
	w.service = w.reminders()
	return w
}

// open opens database and requests.
func (w *world) open() {
	w.t.Helper()
	w.db = storetest.Open(w.t, w.url)
	key, err := ledger.LoadKey(w.folder+"/ledger.key", false)
	if err != nil {
		w.t.Fatal(err)
	}
	log, err := ledger.Open(w.t.Context(), w.db, key)
	if err != nil {
		w.t.Fatal(err)
	}
	if w.policy, err = policy.Watch(w.folder); err != nil {
		w.t.Fatal(err)
	}
	w.requests, err = requests.New(requests.Config{
		DB: w.db, Ledger: log, Policy: w.policy, KMS: w.kms(), Region: region, DrillEvery: 365 * day, Clock: w.clock.now,
		ReadsPerSecond: 1000, WritesPerSecond: 1000,
		Waits: func(tx *store.Tx, r *requests.Request) error { return w.service.Waits(tx, r) },
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(w.requests.Close)
}

// kms is a client of a local KMS whose clock is the world's.
func (w *world) kms() *kms.Client {
	w.t.Helper()
	seed := &localkms.Seed{}
	for i := range 80 {
		seed.Keys = append(seed.Keys, localkms.SeedKey{KeyID: nthKey(i), Origin: "EXTERNAL"})
	}
	server := httptest.NewServer(localkmstest.New(w.t, localkms.Config{Seed: seed}))
	w.t.Cleanup(server.Close)
	client, err := kms.New(kms.Config{
		Region: region, Endpoint: strings.TrimPrefix(server.URL, "http://"), PlainHTTP: true,
		AccessKeyID: localkms.DefaultAccessKeyID, AccessKeySecret: localkms.DefaultAccessKeySecret,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return client
}

func nthKey(i int) string { return fmt.Sprintf("key-hzzexpiry%05d", i) }

// setPolicy puts other policies in force.
func (w *world) setPolicy(text string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.folder, "test.cedar"), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	if w.policy != nil {
		if err := w.policy.Reload(); err != nil {
			w.t.Fatal(err)
		}
	}
}

// reminders returns a service as another start of the program does.
func (w *world) reminders(edits ...func(*reminders.Config)) *reminders.Service {
	w.t.Helper()
	config := reminders.Config{
		DB: w.db, Keys: w.requests, BaseURL: console, Mail: w.mail.mailer(w.t), Webhooks: w.hooks.all(), Clock: w.clock.now,
		Log: slog.New(slog.NewTextHandler(w.log, nil)), Tick: 10 * time.Millisecond,
	}
	for _, edit := range edits {
		edit(&config)
	}
	s, err := reminders.New(config)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) round(services ...*reminders.Service) {
	w.t.Helper()
	if len(services) == 0 {
		services = []*reminders.Service{w.service}
	}
	var group sync.WaitGroup
	for _, s := range services {
		group.Go(func() {
			if err := s.Round(context.WithoutCancel(w.t.Context())); err != nil {
				w.t.Error(err)
			}
		})
	}
	group.Wait()
}

func (w *world) as(p person.Person) context.Context { return person.With(w.t.Context(), p) }

// signedIn notes people as a sign-in does.
func (w *world) signedIn(people ...person.Person) {
	w.t.Helper()
	for _, p := range people {
		groups := `["` + strings.Join(p.Groups, `","`) + `"]`
		w.exec("INSERT INTO signin_people (id, issuer, subject, name, email, at, in_groups) VALUES (?, 'i', ?, ?, ?, 0, ?)", p.ID, p.ID, p.Name, p.Email, groups)
	}
}

func (w *world) exec(statement string, args ...any) {
	w.t.Helper()
	storetest.Exec(w.t, w.db, statement, args...)
}

func (w *world) count(query string) (n int) {
	w.t.Helper()
	if err := w.db.Read(w.t.Context(), func(tx *store.Tx) error { return tx.QueryRow(query).Scan(&n) }); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// imports imports the key as ira for rita; the submission waits where the label needs approvals.
func (w *world) imports(keyID, label string, expires time.Time) requests.View {
	w.t.Helper()
	views, err := w.requests.Create(w.as(rita), []requests.Terms{{
		Region: region, KeyID: keyID, Label: label, Algorithms: []string{algorithm}, Importer: requests.ByGroup, ImporterID: "payments",
		Expiry: requests.ExpiryAny, Deadline: w.clock.now().Add(20 * time.Hour),
	}})
	if err != nil {
		w.t.Fatal(err)
	}
	return w.submits(views[0].ID, expires)
}

// kcvOne and commitment are what is on record of every key of the tests.
const kcvOne = "0123456789"

var commitment = strings.Repeat("a1", 32)

func (w *world) submits(id string, expires time.Time) requests.View {
	w.t.Helper()
	p, err := w.requests.Parameters(w.as(ira), id, algorithm)
	if err != nil {
		w.t.Fatal(err)
	}
	in := wrap(w.t, p)
	if in.KCV, in.Commitment = kcvOne, commitment; !expires.IsZero() {
		in.ExpireUnix = expires.Unix()
	}
	v, err := w.requests.Submit(w.as(ira), id, in)
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

func wrap(t testing.TB, p *kms.Parameters) requests.Submission {
	t.Helper()
	material := bytes.Repeat([]byte{0x5a, 1, 0xc3, 7}, 8)
	ciphertext, fingerprint := localkmstest.Wrap(t, p.PublicKey, material)
	return requests.Submission{
		Algorithm: algorithm, WrappingKeySHA256: fingerprint,
		EncryptedKeyMaterial: ciphertext, ImportToken: p.ImportToken,
	}
}
