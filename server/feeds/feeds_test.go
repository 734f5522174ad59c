package feeds_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keyferry/server/feeds"
	"keyferry/server/ledger"
	"keyferry/server/person"
	"keyferry/server/policy"
	"keyferry/server/requests"
	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

const rules = `permit (principal, action == Action::"readRequests", resource is Key) when { context.isRequester || context.isImporter };`

// idle is the KMS of a console that nobody imports with.
type idle struct{ requests.KMS }

// world is a database in which ira's group has one key, and a clock that tests move.
type world struct {
	t      *testing.T
	db     *store.DB
	feeds  *feeds.Service
	policy *policy.Live
	folder string
	now    time.Time
}

var ira = person.Person{ID: "id-ira", Kind: person.Directory, Name: "Ira", Email: "ira@example.com", Groups: []string{"payments", "staff"}}

func each(t *testing.T, test func(w *world)) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := &world{t: t, db: db, folder: t.TempDir(), now: time.Now().UTC()}
		w.setPolicy(rules)
		key, err := ledger.NewKey("")
		if err != nil {
			t.Fatal(err)
		}
		log, err := ledger.Open(t.Context(), db, key)
		if err != nil {
			t.Fatal(err)
		}
		clock := func() time.Time { return w.now }
		service, err := requests.New(requests.Config{DB: db, Ledger: log, Policy: w.policy, KMS: idle{}, Region: "cn-hangzhou", Clock: clock})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(service.Close)
		w.feeds = feeds.New(db, service, clock)
		w.hasKey()
		test(w)
	})
}

func (w *world) setPolicy(text string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.folder, "p.cedar"), []byte(text), 0o600); err != nil {
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

// hasKey puts a key of the group payments into the tables, as an import leaves it.
func (w *world) hasKey() {
	w.t.Helper()
	err := w.db.Write(w.t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO requests (id, version, state, created, wake, search, body, keyed) VALUES ('r', 1, 'imported', 0, 0, '', ?, 1)`,
			`{"Terms":{"Region":"cn-hangzhou","KeyID":"key-a","Label":"payments/a","Importer":"group","ImporterID":"payments"},"State":"imported","Importer":"id-ira","Requester":"id-rita"}`)
		if err != nil {
			return err
		}
		if _, err = tx.Exec(`INSERT INTO request_parties (party, role, created, request) VALUES ('group:payments', 'importer', 0, 'r')`); err != nil {
			return err
		}
		_, err = tx.Exec(`INSERT INTO imported_keys VALUES ('cn-hangzhou', 'key-a', 'r', 0, ?, '', '', 0, 0, '', 0, '', 0, '')`, w.now.Add(900*24*time.Hour).UnixMicro())
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) as(p person.Person) context.Context { return person.With(w.t.Context(), p) }

func (w *world) make(p person.Person, group string) string {
	w.t.Helper()
	secret, err := w.feeds.Make(w.as(p), group, "en")
	if err != nil {
		w.t.Fatal(err)
	}
	return secret
}

// shows checks what an address shows: so many keys, or -1 for that it is none.
func (w *world) shows(secret string, want int) {
	w.t.Helper()
	c, err := w.feeds.Open(w.t.Context(), "somewhere", secret)
	switch {
	case want < 0 && !errors.Is(err, requests.ErrNotFound):
		w.t.Errorf("the address shows %d keys, %v", len(c.Keys), err)
	case want >= 0 && (err != nil || len(c.Keys) != want):
		w.t.Errorf("the address shows %d keys, want %d; %v", len(c.Keys), want, err)
	}
}

// The policy is asked whenever an address is read, about its owner or its group.
func TestThePolicyCounts(t *testing.T) {
	each(t, func(w *world) {
		mine, group, staff := w.make(ira, ""), w.make(ira, "payments"), w.make(ira, "staff")
		w.shows(mine, 1)
		w.shows(group, 1)
		w.shows(staff, 0)
		w.shows(w.make(person.Person{ID: "other", Kind: person.Directory}, ""), 0)
		w.setPolicy(rules + "\n" + `forbid (principal, action, resource is Key) when { resource.label like "payments/*" };`)
		w.shows(mine, 0)
		w.shows(group, 0)
	})
}

// Whoever leaves a group loses the address for it, and an address that nobody looks after ends.
func TestAddressesEnd(t *testing.T) {
	each(t, func(w *world) {
		mine, group := w.make(ira, ""), w.make(ira, "payments")
		left := ira
		left.Groups = []string{"staff"}
		list, err := w.feeds.List(w.as(left))
		if err != nil || len(list) != 1 || list[0].Group != "" {
			w.t.Fatalf("the list is %+v, %v", list, err)
		}
		w.shows(group, -1)
		w.shows(mine, 0)
		if _, err := w.feeds.List(w.as(ira)); err != nil {
			w.t.Fatal(err)
		}
		w.shows(mine, 1)
		w.now = w.now.Add(feeds.Lasts - time.Hour)
		w.shows(mine, 1)
		w.now = w.now.Add(2 * time.Hour)
		w.shows(mine, -1)
		if list, err := w.feeds.List(w.as(ira)); err != nil || len(list) != 0 {
			w.t.Errorf("the list is %+v, %v", list, err)
		}
	})
}

// The database has no address, and guests have none.
func TestTheDatabaseHasNoAddress(t *testing.T) {
	each(t, func(w *world) {
		secret := w.make(ira, "")
		var kept string
		err := w.db.Read(t.Context(), func(tx *store.Tx) error {
			return tx.QueryRow("SELECT secret || id || person || language || team FROM calendar_feeds").Scan(&kept)
		})
		if err != nil || len(secret) != 26 || strings.Contains(kept, secret) {
			w.t.Errorf("the database has %s, %v", kept, err)
		}
		_, err = w.feeds.Make(w.as(person.Person{ID: "guest:x", Kind: person.Guest, Request: "x"}), "", "en")
		if !errors.Is(err, requests.ErrNotFound) {
			w.t.Errorf("a guest: %v", err)
		}
		if _, err := w.feeds.Make(t.Context(), "", "en"); !errors.Is(err, requests.ErrSignIn) {
			w.t.Errorf("nobody: %v", err)
		}
	})
}
