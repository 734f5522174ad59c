package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

// Evidence goes through JSON, needs nothing but the public key, and holds for that entry alone.
func TestEvidence(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		key := testKey(t)
		log := openLog(t, db, key)
		fill(t, db, log, 270)
		for _, index := range []int64{0, 1, 255, 256, 268, 269} {
			made, err := log.Proof(t.Context(), index)
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal(made)
			if err != nil {
				t.Fatal(err)
			}
			var e Evidence
			if err := json.Unmarshal(text, &e); err != nil {
				t.Fatal(err)
			}
			if err := e.Check(key.Verifier()); err != nil {
				t.Errorf("evidence for entry %d: %v", index, err)
			}
			for name, change := range map[string]func(e *Evidence){
				"another entry":      func(e *Evidence) { e.Entry = string(entryBytes(t, 1000)) },
				"another index":      func(e *Evidence) { e.Index ^= 1 },
				"an index too large": func(e *Evidence) { e.Index += 270 },
				"a negative index":   func(e *Evidence) { e.Index = -1 },
				"a shorter proof":    func(e *Evidence) { e.Proof = e.Proof[:len(e.Proof)-1] },
				"another hash":       func(e *Evidence) { e.Proof[0][0] ^= 1 },
				"another size": func(e *Evidence) {
					e.Checkpoint = string(bytes.Replace([]byte(e.Checkpoint), []byte("270"), []byte("271"), 1))
				},
				"another format": func(e *Evidence) { e.Format = "" },
				"no checkpoint":  func(e *Evidence) { e.Checkpoint = "" },
			} {
				var e Evidence
				if err := json.Unmarshal(text, &e); err != nil {
					t.Fatal(err)
				}
				change(&e)
				if e.Check(key.Verifier()) == nil {
					t.Errorf("entry %d: evidence with %s was believed", index, name)
				}
			}
			if e.Check(testKey(t).Verifier()) == nil {
				t.Error("evidence was believed under another key")
			}
		}
		for _, index := range []int64{-1, 270, 1 << 60} {
			if _, err := log.Proof(t.Context(), index); !errors.Is(err, ErrNoEntry) {
				t.Errorf("evidence for entry %d: %v", index, err)
			}
		}
		storetest.Exec(t, db, "UPDATE ledger_entries SET entry = ? WHERE place = 100", entryBytes(t, 1000))
		if _, err := log.Proof(t.Context(), 100); !errors.Is(err, ErrAltered) {
			t.Errorf("evidence for an altered entry: %v", err)
		}
	})
}

// The real handler serves what foreign readers read, at every size around the edges of tiles.
func TestHandler(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		key := testKey(t)
		log := openLog(t, db, key)
		server := httptest.NewServer(http.StripPrefix("/ledger/log", log.Handler()))
		defer server.Close()
		address := server.URL + "/ledger/log"
		var kept [][]byte
		for _, n := range []int{0, 1, 254, 1, 1, 255, 1, 3} {
			fill(t, db, log, n)
			if err := readForeign(t.Context(), address, key.Public()); err != nil {
				t.Fatal(err)
			}
			report, err := Verify(t.Context(), FromURL(address+"/", http.DefaultClient), Check{Key: key.Verifier(), Kept: kept})
			if err != nil {
				t.Fatal(err)
			}
			kept = append(kept, report.Checkpoint)
		}
		// 516 entries: two whole tiles and one with 4.
		for path, want := range map[string]int{
			"/tile/0/000": 256 * 32, "/tile/0/001": 256 * 32, "/tile/0/002.p/4": 4 * 32, "/tile/0/002.p/3": 3 * 32, "/tile/1/000.p/2": 2 * 32,
			"/tile/0/002": -1, "/tile/0/002.p/5": -1, "/tile/1/000": -1, "/tile/2/000.p/1": -1, "/tile/7/000": -1, "/tile/63/000": -1,
			"/tile/entries/002.p/5": -1, "/tile/entries/x999/999": -1, "/tile/0/0": -1, "/tile/": -1, "/tile/data/000": -1, "/": -1, "/log.v1": -1,
			"/tile/0/x999/x999/x999/x999/x999/x999/x999/999": -1,
		} {
			answer, err := http.Get(address + path)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(answer.Body)
			answer.Body.Close()
			if err != nil {
				t.Fatal(err)
			}
			if want < 0 && answer.StatusCode != http.StatusNotFound || want >= 0 && (answer.StatusCode != http.StatusOK || len(body) != want) {
				t.Errorf("%s: %s with %d bytes", path, answer.Status, len(body))
			}
		}
	})
}

// Where entries are only for those who are signed in, the hashes still show that nothing that was
// known is gone.
func TestHashesAlone(t *testing.T) {
	db := storetest.Open(t, storetest.URL(t, store.SQLite))
	key := testKey(t)
	log := openLog(t, db, key)
	fill(t, db, log, 300)
	kept := checkpoint(t, log)
	handler := log.Handler()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/tile/entries/") {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		handler.ServeHTTP(w, r)
	}))
	defer server.Close()
	check := Check{Key: key.Verifier(), Kept: [][]byte{kept}}
	from := FromURL(server.URL, http.DefaultClient)
	fill(t, db, log, 7)
	report, err := Verify(t.Context(), from, check)
	if err != nil || !report.HashesAlone || report.Tree.N != 307 {
		t.Errorf("%+v, %v", report, err)
	}
	storetest.Exec(t, db, "UPDATE ledger_hashes SET hash = ? WHERE place = 150", make([]byte, 32))
	if _, err := Verify(t.Context(), from, check); !errors.Is(err, ErrAltered) {
		t.Errorf("a hash was changed: %v", err)
	}
	rewrite(t, db, &Log{db: db, key: key, trusted: &head{}}, append(allEntries(t, db)[:299], entryBytes(t, 1000), entryBytes(t, 1001)))
	handler = openLog(t, db, key).Handler()
	if _, err := Verify(t.Context(), from, check); !errors.Is(err, ErrAltered) {
		t.Errorf("another history: %v", err)
	}
}
