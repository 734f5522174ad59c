package main

import (
	"encoding/json"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keyferry/server/ledger"
	"keyferry/server/ledger/ledgertest"
	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

// record is a ledger in a database of its own.
type record struct {
	t   *testing.T
	url string
	key ledger.Key
	db  *store.DB
	log *ledger.Log
}

func newRecord(t *testing.T, url string, key ledger.Key) *record {
	t.Helper()
	r := &record{t: t, url: url, key: key, db: storetest.Open(t, url)}
	var err error
	if r.log, err = ledger.Open(t.Context(), r.db, key); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *record) add(reasons ...string) {
	r.t.Helper()
	for _, reason := range reasons {
		r.change(func(tx *store.Tx) error {
			_, err := r.log.Append(tx, ledger.Entry{At: time.Now(), Kind: "request.cancelled", Person: "somebody",
				Fields: map[string]string{"reason": reason}})
			return err
		})
	}
}

func (r *record) change(f func(*store.Tx) error) {
	r.t.Helper()
	if err := r.db.Write(r.t.Context(), f); err != nil {
		r.t.Fatal(err)
	}
}

// ends runs a command to its end and returns its exit status and what it said.
func ends(t *testing.T, arguments ...string) (int, string) {
	t.Helper()
	c := run(t, arguments...)
	err := <-c.ended
	var status interface{ ExitCode() int }
	switch {
	case err == nil:
		return 0, c.said.String()
	case errors.As(err, &status):
		return status.ExitCode(), c.said.String() + err.Error()
	}
	return -1, c.said.String() + err.Error()
}

func expect(t *testing.T, status int, words string, arguments ...string) {
	t.Helper()
	got, said := ends(t, arguments...)
	if got != status || !strings.Contains(said, words) {
		t.Errorf("%s: status %d, not %d, and:\n%s", strings.Join(arguments, " "), got, status, said)
	}
}

// The commands as an auditor uses them: an address, a database, an export, a kept checkpoint, and
// evidence for one entry.
func TestLedgerCommands(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		folder := t.TempDir()
		file := func(name string) string { return filepath.Join(folder, name) }
		key, err := ledger.LoadKey(file("ledger.key"), true)
		if err != nil {
			t.Fatal(err)
		}
		r := newRecord(t, url, key)
		r.add("one", "two", "three")
		server := httptest.NewServer(r.log.Handler())
		defer server.Close()
		public := "--public-key=" + file("ledger.key.pub")
		kept := "--checkpoint=" + file("kept")

		expect(t, 0, "has 3 entries", "ledger", "verify", url, public)
		expect(t, 0, "has 3 entries", "ledger", "verify", "--database="+url, "--public-key="+key.Public())
		expect(t, 0, "now has the checkpoint", "ledger", "verify", server.URL, public, kept)
		t.Setenv("KEYFERRY_DATABASE", url)
		t.Setenv("KEYFERRY_PUBLIC_KEY", key.Public())
		expect(t, 0, "has 3 entries", "ledger", "verify")

		expect(t, 0, "has 3 entries", "ledger", "export", server.URL, "--out="+file("export"))
		expect(t, 0, "has 3 entries", "ledger", "verify", file("export"))
		if status, said := ends(t, "ledger", "export"); status != 0 || strings.Count(said, "\n") != 4 {
			t.Errorf("the export is:\n%s", said)
		}
		expect(t, -1, "exists", "ledger", "export", "--out="+file("export"))

		evidence, err := r.log.Proof(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		writeJSON(t, file("evidence"), evidence)
		expect(t, 0, `"reason":"two"`, "ledger", "verify", "--evidence="+file("evidence"))
		evidence.Entry = strings.Replace(evidence.Entry, "two", "six", 1)
		writeJSON(t, file("forged"), evidence)
		expect(t, 1, "altered", "ledger", "verify", "--evidence="+file("forged"))

		second, err := r.log.Proof(t.Context(), 2)
		if err != nil {
			t.Fatal(err)
		}
		writeJSON(t, file("forged"), map[string]any{"Request": 1, "Entries": []any{second, evidence}})
		expect(t, 1, "entry 1", "ledger", "verify", "--evidence="+file("forged"))
		writeJSON(t, file("request"), map[string]any{"Request": 1, "Entries": []any{second}})
		expect(t, 0, `"reason":"three"`, "ledger", "verify", "--evidence="+file("request"))
		writeJSON(t, file("nothing"), map[string]any{"Request": 1, "Entries": []any{}})
		expect(t, 2, "not the evidence", "ledger", "verify", "--evidence="+file("nothing"))

		r.add("four", "five")
		expect(t, 0, "continues what was known before: 3 entries", "ledger", "verify", kept)
		expect(t, 1, "had 5 when", "ledger", "verify", file("export"), kept)

		// The operator, who has the key, writes another history.
		other := newRecord(t, storetest.URL(t, store.SQLite), key)
		other.add("one", "two", "three", "four", "five", "six")
		before, err := os.ReadFile(file("kept"))
		if err != nil {
			t.Fatal(err)
		}
		expect(t, 0, "has 6 entries", "ledger", "verify", other.url)
		expect(t, 1, "kept checkpoint", "ledger", "verify", other.url, kept)
		expect(t, 1, "kept checkpoint", "ledger", "verify", other.url, "--evidence="+file("evidence"))
		if after, err := os.ReadFile(file("kept")); err != nil || string(after) != string(before) {
			t.Errorf("a verification that failed changed the kept checkpoint (%v)", err)
		}

		// Somebody without the key changes an entry.
		r.change(func(tx *store.Tx) error {
			var entry []byte
			if err := tx.QueryRow("SELECT entry FROM ledger_entries WHERE place = 1").Scan(&entry); err != nil {
				return err
			}
			_, err := tx.Exec("UPDATE ledger_entries SET entry = ? WHERE place = 1", []byte(strings.Replace(string(entry), "two", "six", 1)))
			return err
		})
		for _, source := range []string{url, server.URL} {
			expect(t, 1, "altered", "ledger", "verify", source)
		}
		os.Remove(file("export"))
		expect(t, 0, "", "ledger", "export", server.URL, "--out="+file("export"))
		expect(t, 1, "altered", "ledger", "verify", file("export"))
	})
}

// What cannot be read is not called altered, nor whole; and nothing is created.
func TestLedgerUnreadable(t *testing.T) {
	folder := t.TempDir()
	missing := filepath.Join(folder, "missing")
	letter := filepath.Join(folder, "letter")
	if err := os.WriteFile(letter, []byte("Dear auditor,\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	key, err := ledger.NewKey("")
	if err != nil {
		t.Fatal(err)
	}
	public := "--public-key=" + key.Public()
	expect(t, 2, "name the ledger", "ledger", "verify", public)
	expect(t, 2, "missing", "ledger", "verify", missing, public)
	expect(t, 2, "missing", "ledger", "verify", "--database="+missing, public)
	expect(t, 2, "not the export", "ledger", "verify", letter, public)
	expect(t, 2, "refused", "ledger", "verify", "http://127.0.0.1:1/ledger/log", public)
	expect(t, 2, "public key", "ledger", "verify", letter, "--public-key=a+b")
	expect(t, 2, "public key", "ledger", "verify", letter, "--public-key="+missing)
	if files, err := os.ReadDir(folder); err != nil || len(files) != 1 {
		t.Errorf("the folder has %v (%v)", files, err)
	}
	r := newRecord(t, storetest.URL(t, store.SQLite), key)
	other, err := ledger.NewKey("")
	if err != nil {
		t.Fatal(err)
	}
	expect(t, 1, "not its key", "ledger", "verify", r.url, "--public-key="+other.Public())
}

func writeJSON(t *testing.T, file string, value any) {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// A console whose ledger is cosigned, and an auditor without a session.
func TestServeWithAWitness(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a witness")
	}
	if !moduleBuilt(t) {
		t.Fatal("the WebAssembly module is not built: run make wasm")
	}
	folder := t.TempDir()
	keyFile := filepath.Join(folder, "ledger.key")
	key, err := ledger.LoadKey(keyFile, true)
	if err != nil {
		t.Fatal(err)
	}
	witnessKey, witness := ledgertest.StartWitness(t, key.Origin(), key.Public())
	refused(t, "--ledger-witness: a witness is", "serve", "--listen=127.0.0.1:0", "--localkms-listen=127.0.0.1:0", "--demo-people", "--policy=policy/example",
		"--database="+filepath.Join(folder, "other.db"), "--ledger-witness="+witness)
	log := newOutput()
	c := runLogging(t, log, "serve", "--listen=127.0.0.1:0", "--localkms-listen=127.0.0.1:0", "--database="+filepath.Join(folder, "k.db"),
		"--policy=policy/example", "--demo-people", "--ledger-key="+keyFile, "--ledger-witness="+witnessKey+" "+witness)
	address := c.wait(t, `console on (http://127\.0\.0\.1:\d+)`) + "/ledger/log"
	c.waitIn(t, log, `(the ledger was cosigned)`)
	expect(t, 0, "cosigned its first", "ledger", "verify", address, "--public-key="+keyFile+".pub", "--witness="+witnessKey)
	expect(t, 0, "from their hashes", "ledger", "verify", address, "--public-key="+keyFile+".pub")
	c.finish(t)
}
