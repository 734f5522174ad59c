package main

import (
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

// A backup of a console that runs, and what follows: the ledger of the restored database is whole,
// people have to sign in again, and a checkpoint that was kept shows that the end is missing.
func TestBackupOfATeam(t *testing.T) {
	if !moduleBuilt(t) {
		t.Fatal("the WebAssembly module is not built: run make wasm")
	}
	storetest.EachURL(t, func(t *testing.T, url string) {
		folder := t.TempDir()
		key := filepath.Join(folder, "ledger.key")
		expect(t, 0, "", "ledger", "key", key)
		flags := []string{"serve", "--listen=127.0.0.1:0", "--localkms-listen=127.0.0.1:0", "--policy=policy/example", "--demo-people", "--ledger-key=" + key,
			"--base-url=http://127.0.0.1:1"} // so that both consoles name their cookies alike
		c := run(t, append(flags, "--database="+url)...)
		base := c.wait(t, `console on (http://127\.0\.0\.1:\d+)`)
		public := "--public-key=" + key + ".pub"
		robin := visitorAs(t, base, "robin")
		ask := func() {
			t.Helper()
			robin.post("/api/requests", http.StatusCreated, map[string]any{"Requests": []any{map[string]any{
				"KeyId": "key-hzzkeyferrylocal00001", "Label": "payments/cards", "Algorithms": []string{"RSAES_OAEP_SHA_256"},
				"ImporterKind": "group", "Importer": "payments", "Expiry": "any", "ExpiryDays": 0,
				"Deadline": time.Now().Add(48 * time.Hour).UTC().Format(time.RFC3339), "Note": "", "Commitment": "",
			}}}, nil)
		}
		ask()
		restored := backUp(t, url, filepath.Join(folder, "backup"))
		ask()
		kept := "--checkpoint=" + filepath.Join(folder, "checkpoint")
		expect(t, 0, "", "ledger", "verify", url, public, kept)
		expect(t, 0, "", "ledger", "verify", restored, public)
		expect(t, 1, "", "ledger", "verify", restored, public, kept)
		c.finish(t)

		c = run(t, append(flags, "--database="+restored)...)
		again := c.wait(t, `console on (http://127\.0\.0\.1:\d+)`)
		robin.base = again
		robin.get("/api/requests?which=mine", http.StatusUnauthorized, nil)
		var list struct{ Requests []struct{ Id string } }
		visitorAs(t, again, "robin").get("/api/requests?which=mine", http.StatusOK, &list)
		if len(list.Requests) != 1 {
			t.Errorf("the restored console has %d requests, want 1", len(list.Requests))
		}
		c.finish(t)
	})
}

// backUp copies a database while it is used, restores the copy as another database, and returns the
// url of that. For PostgreSQL it does what the README of the store says.
func backUp(t *testing.T, url, file string) (restored string) {
	t.Helper()
	if !strings.HasPrefix(url, "postgres") {
		restored = filepath.Join(t.TempDir(), "restored.db")
		expect(t, 0, "", "store", "backup", file, "--database="+url)
		expect(t, 0, "", "store", "restore", file, "--database="+restored)
		return restored
	}
	restored = storetest.Empty(t, store.Postgres)
	for _, arguments := range [][]string{
		{"pg_dump", "--format=custom", "--no-owner", "--file=" + file, url},
		{"pg_restore", "--exit-on-error", "--single-transaction", "--no-owner", "--dbname=" + restored, file},
		{"psql", "--quiet", "--command=DELETE FROM signin_sessions", restored},
	} {
		if output, err := exec.Command(arguments[0], arguments[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", arguments, err, output)
		}
	}
	return restored
}
