package ledger

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"filippo.io/torchwood"

	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

// What is missing in the database is not served, and a proof over it says so.
func TestGone(t *testing.T) {
	db := storetest.Open(t, storetest.URL(t, store.SQLite))
	log := openLog(t, db, testKey(t))
	fill(t, db, log, 5)
	get := func(path string) (int, string) {
		t.Helper()
		recorder := httptest.NewRecorder()
		log.Handler().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, path, nil))
		return recorder.Code, recorder.Body.String()
	}
	if status, _ := get("/cosigned"); status != http.StatusNotFound {
		t.Errorf("no witness has signed: %d", status)
	}
	storetest.Exec(t, db, "INSERT INTO ledger_cosigned (id, checkpoint) VALUES (1, ?)", "a note\n")
	if status, body := get("/cosigned"); status != http.StatusOK || body != "a note\n" {
		t.Errorf("the cosigned checkpoint: %d %q", status, body)
	}
	storetest.Exec(t, db, "DELETE FROM ledger_hashes WHERE place = 1")
	storetest.Exec(t, db, "DELETE FROM ledger_entries WHERE place = 1")
	for _, path := range []string{"/tile/0/000.p/5", "/tile/entries/000.p/5"} {
		if status, body := get(path); status != http.StatusInternalServerError || strings.TrimSpace(body) != ErrAltered.Error() {
			t.Errorf("%s: %d, %d bytes", path, status, len(body))
		}
	}
	if _, err := log.Proof(t.Context(), 0); !errors.Is(err, ErrAltered) || !strings.Contains(err.Error(), "a hash is gone") {
		t.Errorf("the proof of its neighbour: %v", err)
	}
}

// An error about what a server shows names the entries that it is about.
func TestServersErrors(t *testing.T) {
	db, key := storetest.Open(t, storetest.URL(t, store.SQLite)), testKey(t)
	log := openLog(t, db, key)
	fill(t, db, log, 260)
	for want, alter := range map[string]func([]byte) []byte{
		"entries from 256 to 259 are incomplete": func(bundle []byte) []byte { return bundle[:len(bundle)-1] },
		"there is something after entry 259":     func(bundle []byte) []byte { return append(bundle, 0) },
		"its 260 entries are not those":          func(bundle []byte) []byte { bundle[2]++; return bundle },
		"the server answers 418":                 nil,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			recorder := httptest.NewRecorder()
			log.Handler().ServeHTTP(recorder, r)
			body := recorder.Body.Bytes()
			if tile, err := torchwood.ParseTilePath(r.URL.Path[1:]); err == nil && tile.L < 0 && tile.N == 1 {
				if alter == nil {
					w.WriteHeader(http.StatusTeapot)
					return
				}
				body = alter(body)
			}
			w.Write(body)
		}))
		_, err := Verify(t.Context(), FromURL(server.URL, server.Client()), Check{Key: key.Verifier()})
		server.Close()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
	other, err := NewKey("another.example/log")
	if err != nil {
		t.Fatal(err)
	}
	_, err = verify(t, db, other)
	for _, name := range []string{key.Origin(), other.Origin()} {
		if !errors.Is(err, ErrAltered) || !strings.Contains(err.Error(), name) {
			t.Errorf("with the key of another log: %v", err)
		}
	}
}

// That somebody is forgotten is an entry, which names nobody; that nobody is forgotten is none.
func TestForgetIsAnEntry(t *testing.T) {
	db := storetest.Open(t, storetest.URL(t, store.SQLite))
	log := openLog(t, db, testKey(t))
	e := specimen(0)
	e.Person, e.Others = "lovelace", map[string]string{"importer": "babbage", "requester": "somerville"}
	for range 2 {
		if _, err := appendOne(t, db, log, e); err != nil {
			t.Fatal(err)
		}
	}
	entries := func() []Record {
		found, err := log.Entries(t.Context(), Filter{})
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	for _, r := range entries() {
		if r.Others["importer"] != "babbage" || r.Others["requester"] != "somerville" {
			t.Errorf("entry %d is about %v", r.Index, r.Others)
		}
	}
	for _, test := range []struct {
		id   string
		want int
	}{{"nobody", 2}, {"lovelace", 3}, {"lovelace", 3}, {"babbage", 4}} {
		if err := db.Write(t.Context(), func(tx *store.Tx) error { return log.Forget(tx, test.id) }); err != nil {
			t.Fatal(err)
		}
		if found := entries(); len(found) != test.want {
			t.Errorf("after forgetting %s there are %d entries, want %d", test.id, len(found), test.want)
		}
	}
	if last := entries()[0]; last.Kind != "person.forgotten" || last.Digest != "" || len(last.Others) > 0 {
		t.Errorf("the last entry is %+v", last)
	}
}
