package ledger

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"keyferry/server/ledger/ledgertest"
	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

// A witness ends rewriting by somebody who has the database and the key, without anybody having
// kept anything.
func TestWitness(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a witness")
	}
	db := storetest.Open(t, storetest.URL(t, store.SQLite))
	key := testKey(t)
	log := openLog(t, db, key)
	witnessKey, address := ledgertest.StartWitness(t, key.Origin(), key.Public())
	witness, err := ParseWitness(witnessKey + " " + address)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(log.Handler())
	defer server.Close()
	check := Check{Key: key.Verifier(), Witnesses: []note.Verifier{witness.Key}}
	if _, err := Verify(t.Context(), FromDatabase(db), check); !errors.Is(err, ErrAltered) {
		t.Errorf("a log that the witness has not seen: %v", err)
	}
	for _, n := range []int{5, 7, 0} {
		fill(t, db, log, n)
		if err := log.Cosign(t.Context(), http.DefaultClient, []Witness{witness}); err != nil {
			t.Fatal(err)
		}
	}
	other, err := NewKey("witness.example/two")
	if err != nil {
		t.Fatal(err)
	}
	if err := log.Cosign(t.Context(), http.DefaultClient, []Witness{{witness.URL, other.Verifier()}}); err == nil {
		t.Error("a cosignature by another key was taken")
	}
	fill(t, db, log, 3)
	var export bytes.Buffer
	if _, err := Export(t.Context(), FromDatabase(db), &export); err != nil {
		t.Fatal(err)
	}
	exported, err := FromExport(&export)
	if err != nil {
		t.Fatal(err)
	}
	for name, from := range map[string]Source{"database": FromDatabase(db), "url": FromURL(server.URL, http.DefaultClient), "export": exported} {
		report, err := Verify(t.Context(), from, check)
		if err != nil || len(report.Cosigned) != 1 || report.Cosigned[0].Entries != 12 || time.Since(report.Cosigned[0].At) > time.Hour {
			t.Errorf("from the %s: %+v, %v", name, report, err)
		}
	}

	// Mallory has the key, and changes an entry that the witness has seen.
	entries := allEntries(t, db)
	forged := append([][]byte(nil), entries...)
	forged[4] = entryBytes(t, 1000)
	mallory := openLog(t, storetest.Open(t, storetest.URL(t, store.SQLite)), key)
	for name, history := range map[string][][]byte{"changed": forged, "shorter": entries[:6]} {
		mallory = rewrite(t, mallory.db, mallory, history)
		if err := mallory.Cosign(t.Context(), http.DefaultClient, []Witness{witness}); !errors.Is(err, ErrAltered) {
			t.Errorf("the witness cosigns a history that is %s: %v", name, err)
		}
		cosigned, err := log.Cosigned(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for shown, checkpoint := range map[string]string{"the old checkpoint": string(cosigned), "one without the witness": headCheckpoint(t, mallory.db)} {
			storetest.Exec(t, mallory.db, "DELETE FROM ledger_cosigned")
			storetest.Exec(t, mallory.db, "INSERT INTO ledger_cosigned (id, checkpoint) VALUES (1, ?)", checkpoint)
			if _, err := Verify(t.Context(), FromDatabase(mallory.db), check); !errors.Is(err, ErrAltered) {
				t.Errorf("a history that is %s, with %s: %v", name, shown, err)
			}
		}
	}
}

func TestParseWitness(t *testing.T) {
	for _, text := range []string{
		"", "a", "a+b+c http://x", "witness.example/one+00000000+BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA http://x",
		testKey(t).Public() + " http://127.0.0.1",
	} {
		if _, err := ParseWitness(text); err == nil {
			t.Errorf("%q was taken for a witness", text)
		}
	}
}
