package operation

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"keyferry/e2e/program"
	"keyferry/server/console"
	"keyferry/server/kms"
	"keyferry/server/ledger"
	"keyferry/server/localkms"
	"keyferry/server/localkms/localkmstest"
	"keyferry/server/person"
	"keyferry/server/policy"
	"keyferry/server/reminders"
	"keyferry/server/requests"
	"keyferry/server/signin"
	"keyferry/server/store"
	"keyferry/server/store/storetest"
	"keyferry/web"
)

const (
	step = 10 * time.Minute // by how much the clock moves at a time
	lead = 48 * time.Hour   // before key material expires is the first reminder of it
)

// day is a console in this process, whose clock and that of its KMS are moved together.
type day struct {
	t       *testing.T
	clock   *localkms.Clock
	kms     *localkms.KMS
	db      *store.DB
	key     ledger.Key
	service *requests.Service
	base    string
	began   time.Time

	reminders [2]*reminders.Service // of two consoles, which share the outbox
	told      *hook
}

// hook is the webhook that reminders go to.
type hook struct {
	mu  sync.Mutex
	got map[reminders.Kind][]reminders.Notice
}

func (h *hook) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var n reminders.Notice
	if err := json.NewDecoder(r.Body).Decode(&n); err != nil {
		n.Kind = reminders.Kind(err.Error())
	}
	h.got[n.Kind] = append(h.got[n.Kind], n)
}

func newDay(t *testing.T, url string) *day {
	t.Helper()
	d := &day{t: t, clock: localkms.NewClock(nil), db: storetest.Open(t, url), began: time.Now(),
		told: &hook{got: map[reminders.Kind][]reminders.Notice{}}}
	folder := t.TempDir()
	program.WriteFile(t, filepath.Join(folder, "test.cedar"), []byte(policies))
	live, err := policy.Watch(folder)
	must(t, err)
	d.key, err = ledger.LoadKey(filepath.Join(folder, "ledger.key"), true)
	must(t, err)
	log, err := ledger.Open(t.Context(), d.db, d.key)
	must(t, err)
	seed := &localkms.Seed{}
	for n := range 4 {
		seed.Keys = append(seed.Keys, localkms.SeedKey{KeyID: keyOf(n), Origin: "EXTERNAL"})
	}
	served := localkmstest.Start(t, localkms.Config{Seed: seed, Clock: d.clock})
	d.kms = served.KMS
	client, err := kms.New(kms.Config{Region: "cn-hangzhou", Endpoint: served.Endpoint, PlainHTTP: true,
		AccessKeyID: localkms.DefaultAccessKeyID, AccessKeySecret: localkms.DefaultAccessKeySecret})
	must(t, err)
	server := httptest.NewUnstartedServer(nil)
	d.base = "http://" + server.Listener.Addr().String()
	var people []person.Person
	for id, group := range map[string]string{"robin": "requesters", "ines": "importers", "olga": "officers"} {
		people = append(people, person.Person{ID: id, Kind: person.Directory, Name: id, Groups: []string{group}})
	}
	in, err := signin.New(signin.Config{BaseURL: d.base, Demo: people, LocalKMS: true, DB: d.db, Ledger: log, StepUp: true, Clock: d.clock.Now})
	must(t, err)
	d.service, err = requests.New(requests.Config{DB: d.db, Ledger: log, Policy: live, KMS: client, Region: "cn-hangzhou", Clock: d.clock.Now,
		ReadsPerSecond: 1000, WritesPerSecond: 1000,
		Waits: func(tx *store.Tx, r *requests.Request) error { return d.reminders[0].Waits(tx, r) }})
	must(t, err)
	t.Cleanup(d.service.Close)
	told := httptest.NewServer(d.told)
	t.Cleanup(told.Close)
	for i := range d.reminders {
		d.reminders[i], err = reminders.New(reminders.Config{DB: d.db, Keys: d.service, BaseURL: d.base, Clock: d.clock.Now,
			Leads:    []time.Duration{24 * time.Hour, lead},
			Webhooks: []reminders.Webhook{{Name: "all", Kind: "generic", URL: told.URL, Secret: strings.Repeat("s", 16)}}})
		must(t, err)
	}
	static, err := web.Embedded()
	must(t, err)
	server.Config.Handler, err = console.New(console.Config{KMS: d.service.Own(), Static: static, Region: "cn-hangzhou", Team: &console.Team{
		Requests: d.service, Ledger: log, SignIn: in.Handler(), Who: in.Who, Fresh: in.Fresh, LedgerKey: d.key.Public(),
	}})
	must(t, err)
	server.Start()
	t.Cleanup(server.Close)
	return d
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// signIn signs somebody in, in a new browser or in the one that they have.
func (d *day) signIn(v *visitor, id string) *visitor {
	d.t.Helper()
	if v == nil {
		v = newVisitor(d.t, d.base, id, nil)
	}
	must(d.t, v.call(d.t.Context(), http.MethodPost, "/signin/demo", map[string]any{"Person": id}, nil))
	return v
}

// signedIn reports whether the session of a browser is open.
func (d *day) signedIn(v *visitor) bool {
	d.t.Helper()
	err := v.call(d.t.Context(), http.MethodGet, "/api/requests?which=mine", nil, nil)
	var refused answer
	if err != nil && (!errors.As(err, &refused) || refused.status != http.StatusUnauthorized) {
		d.t.Fatal(err)
	}
	return err == nil
}

// state returns the state of a request as the database has it, which nobody's looking at it changes.
func (d *day) state(id string) (state string) {
	d.t.Helper()
	must(d.t, d.db.Read(d.t.Context(), func(tx *store.Tx) error {
		return tx.QueryRow("SELECT state FROM requests WHERE id = ?", id).Scan(&state)
	}))
	return state
}

// TestDay goes through 25 hours in steps of ten minutes, with a console whose clock is moved: sessions
// end when nobody uses them and after half a day, whatever is done; a request lapses at its deadline,
// and one that was submitted with its token, a day after; what was submitted is gone then; a late
// approval still imports; and of two consoles exactly one reminds of each submission that waits, and
// of material whose last two days begin. With -short on SQLite alone.
func TestDay(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) { newDay(t, url).pass() })
}

func (d *day) pass() {
	t, ctx, seen := d.t, d.t.Context(), newTally()
	robin, ines, olga, idle := d.signIn(nil, "robin"), d.signIn(nil, "ines"), d.signIn(nil, "olga"), d.signIn(nil, "olga")
	four := make([]string, 4)
	digests := make([]string, 4)
	expires := d.clock.Now().Add(lead + 6*time.Hour + step/2)
	for n := range four {
		deadline := 48 * time.Hour
		if n == 0 {
			deadline = 6 * time.Hour
		}
		var made struct{ Requests []shown }
		must(t, robin.call(ctx, http.MethodPost, "/api/requests", map[string]any{"Requests": []any{map[string]any{
			"KeyId": keyOf(n), "Label": "payments/cards", "Algorithms": []string{"RSAES_OAEP_SHA_256"}, "ImporterKind": "person", "Importer": "ines",
			"Expiry": "any", "ExpiryDays": 0, "Deadline": d.clock.Now().Add(deadline).UTC().Format(time.RFC3339), "Note": "", "Commitment": "",
		}}}, &made))
		four[n] = made.Requests[0].Id
		if n > 0 { // the first one is left open
			team := &team{key: keyOf(n), material: []byte(strings.Repeat("k", 32)), importer: ines, officer: olga}
			if n == 3 {
				team.expireUnix = expires.Unix()
			}
			var err error
			digests[n], err = team.submit(ctx, "/api/requests/"+four[n], 0, seen)
			must(t, err)
		}
	}
	d.approve(olga, four[3], digests[3])
	signed := d.clock.Now()
	for passed := step; passed <= 25*time.Hour; passed += step {
		d.clock.Advance(step)
		must(t, d.service.Recover(ctx))
		if open := d.signedIn(robin); open != (d.clock.Now().Sub(signed) < signin.DefaultLimit) {
			t.Errorf("after %v of work the session is open: %v", d.clock.Now().Sub(signed), open)
		} else if !open {
			d.signIn(robin, "robin")
			signed = d.clock.Now()
		}
		if passed == 20*time.Minute && !d.signedIn(idle) {
			t.Error("a session ends after 20 minutes without a request")
		}
		if passed == 20*time.Minute+signin.DefaultIdle && d.signedIn(idle) {
			t.Errorf("a session is open %v after its last request", signin.DefaultIdle)
		}
		d.remind(passed, expires)
		d.expect(passed, "deadline", four[0], passed >= 6*time.Hour, "open")
		d.expect(passed, "token", four[1], passed >= 24*time.Hour, "submitted")
		if passed == 23*time.Hour+50*time.Minute {
			d.approveLate(olga, four[2], digests[2])
		}
	}
	if state := d.state(four[2]); state != "imported" || string(d.kms.Material(keyOf(2))) != strings.Repeat("k", 32) {
		t.Errorf("what was approved late is %s", state)
	}
	var sealed, sessions int
	must(t, d.db.Read(ctx, func(tx *store.Tx) error {
		if err := tx.QueryRow("SELECT count(*) FROM request_sealed").Scan(&sealed); err != nil {
			return err
		}
		return tx.QueryRow("SELECT count(*) FROM signin_sessions").Scan(&sessions)
	}))
	if sealed != 0 || sessions > 5 {
		t.Errorf("%d ciphertexts and %d sessions are left", sealed, sessions)
	}
	_, err := ledger.Verify(context.WithoutCancel(ctx), ledger.FromDatabase(d.db), ledger.Check{Key: d.key.Verifier()})
	must(t, err)
	found(d.db.Kind()+": 25 hours in steps of ten minutes", time.Since(d.began).Round(time.Millisecond).String())
}

// expect compares the state of a request with what it must be, which is lapsed from some time on.
func (d *day) expect(passed time.Duration, what, id string, lapsed bool, before string) {
	d.t.Helper()
	want := before
	if lapsed {
		want = "lapsed"
	}
	if got := d.state(id); got != want {
		d.t.Errorf("%s: after %v the request is %s, want %s", what, passed, got, want)
	}
}

// remind has both consoles send what is due, and compares all that was sent so far with what must
// have been. Nobody is reminded of what was approved before anything was sent.
func (d *day) remind(passed time.Duration, expires time.Time) {
	d.t.Helper()
	var both sync.WaitGroup
	for _, r := range d.reminders {
		both.Go(func() {
			if err := r.Round(d.t.Context()); err != nil {
				d.t.Error(err)
			}
		})
	}
	both.Wait()
	d.told.mu.Lock()
	defer d.told.mu.Unlock()
	of := 0
	if !d.clock.Now().Before(expires.Add(-lead)) {
		of = 1
	}
	if got := d.told.got; len(got[reminders.Agree]) != 2 || len(got[reminders.Expiry]) != of || len(got) != 1+of {
		d.t.Fatalf("after %v the webhook has got %+v", passed, got)
	}
	for _, n := range d.told.got[reminders.Expiry] {
		if n.KeyID != keyOf(3) || n.Lead != int(lead/(24*time.Hour)) || n.Due.Unix() != expires.Unix() {
			d.t.Errorf("the reminder is %+v", n)
		}
	}
}

// approve agrees to what was submitted.
func (d *day) approve(v *visitor, id, digest string) {
	d.t.Helper()
	must(d.t, v.call(d.t.Context(), http.MethodPost, "/api/requests/"+id+"/approve", map[string]any{"Digest": digest}, nil))
}

// approveLate agrees with a session that has ended, and then with a new one.
func (d *day) approveLate(v *visitor, id, digest string) {
	d.t.Helper()
	act := func() error {
		return v.call(d.t.Context(), http.MethodPost, "/api/requests/"+id+"/approve", map[string]any{"Digest": digest}, nil)
	}
	var refused answer
	if err := act(); !errors.As(err, &refused) || refused.status != http.StatusUnauthorized {
		d.t.Errorf("approving with a session that has ended: %v", err)
	}
	d.signIn(v, v.id)
	must(d.t, act())
}
