package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

// attack is what somebody does to the database of a ledger with 300 entries. Its signing key is in
// mallory if the attacker has it; otherwise that is another key of the same name.
type attack struct {
	name    string
	do      func(t *testing.T, db *store.DB, mallory *Log, early []byte)
	hasKey  bool
	foreign bool // whether the tiles show it, and not only the database
	both    bool // whether it is tried on PostgreSQL too
	kept    bool // whether only who kept a checkpoint of the 300 entries can know
}

var attacks = []attack{
	{name: "nothing", both: true},
	{name: "an entry changed", both: true, foreign: true, do: func(t *testing.T, db *store.DB, _ *Log, _ []byte) {
		storetest.Exec(t, db, "UPDATE ledger_entries SET entry = ? WHERE place = 150", entryBytes(t, 1000))
	}},
	{name: "an entry and its hash changed", foreign: true, do: func(t *testing.T, db *store.DB, _ *Log, _ []byte) {
		hash := tlog.RecordHash(entryBytes(t, 1000))
		storetest.Exec(t, db, "UPDATE ledger_entries SET entry = ? WHERE place = 150", entryBytes(t, 1000))
		storetest.Exec(t, db, "UPDATE ledger_hashes SET hash = ? WHERE place = 150", hash[:])
	}},
	{name: "two entries exchanged", foreign: true, do: func(t *testing.T, db *store.DB, _ *Log, _ []byte) {
		for _, move := range [][2]int{{150, -1}, {151, 150}, {-1, 151}} {
			storetest.Exec(t, db, "UPDATE ledger_entries SET place = ? WHERE place = ?", move[1], move[0])
		}
	}},
	{name: "an entry removed", foreign: true, do: func(t *testing.T, db *store.DB, _ *Log, _ []byte) {
		storetest.Exec(t, db, "DELETE FROM ledger_entries WHERE place = 150")
	}},
	{name: "the last entry removed", foreign: true, do: func(t *testing.T, db *store.DB, _ *Log, _ []byte) {
		storetest.Exec(t, db, "DELETE FROM ledger_entries WHERE place = 299")
	}},
	{name: "an entry added", do: func(t *testing.T, db *store.DB, _ *Log, _ []byte) {
		storetest.Exec(t, db, "INSERT INTO ledger_entries (place, entry, at, kind, request, key_id, person) "+
			"SELECT 300, entry, at, kind, request, key_id, person FROM ledger_entries WHERE place = 1")
	}},
	{name: "a hash changed", foreign: true, do: func(t *testing.T, db *store.DB, _ *Log, _ []byte) {
		storetest.Exec(t, db, "UPDATE ledger_hashes SET hash = ? WHERE place = 150", make([]byte, 32))
	}},
	{name: "a hash inside the tree changed", do: func(t *testing.T, db *store.DB, _ *Log, _ []byte) {
		storetest.Exec(t, db, "UPDATE ledger_hashes SET hash = ? WHERE place = ?", make([]byte, 32), hashPlace(tlog.StoredHashIndex(3, 7)))
	}},
	hidden("at", "at + 1"), hidden("kind", "'signin.ended'"), hidden("request", "'other'"), hidden("key_id", "'other'"), hidden("person", "''"),
	{name: "truncated to a checkpoint that was signed", foreign: true, kept: true,
		do: func(t *testing.T, db *store.DB, mallory *Log, early []byte) {
			rewrite(t, db, mallory, allEntries(t, db)[:260])
			storetest.Exec(t, db, "UPDATE ledger_head SET checkpoint = ?", string(early))
		}},
	{name: "everything rewritten without the key", foreign: true, do: func(t *testing.T, db *store.DB, mallory *Log, _ []byte) {
		entries := allEntries(t, db)
		entries[150] = entryBytes(t, 1000)
		rewrite(t, db, mallory, entries)
	}},
	{name: "everything rewritten under the old checkpoint", foreign: true,
		do: func(t *testing.T, db *store.DB, mallory *Log, _ []byte) {
			checkpoint := headCheckpoint(t, db)
			rewrite(t, db, mallory, slices.Delete(allEntries(t, db), 150, 151))
			storetest.Exec(t, db, "UPDATE ledger_head SET checkpoint = ?", checkpoint)
		}},
	{name: "everything rewritten with the key", both: true, foreign: true, kept: true, hasKey: true,
		do: func(t *testing.T, db *store.DB, mallory *Log, _ []byte) {
			entries := allEntries(t, db)
			entries[150] = entryBytes(t, 1000)
			rewrite(t, db, mallory, append(entries, entryBytes(t, 1001)))
		}},
	{name: "an entry removed with the key, and others added", foreign: true, kept: true, hasKey: true,
		do: func(t *testing.T, db *store.DB, mallory *Log, _ []byte) {
			entries := slices.Delete(allEntries(t, db), 150, 151)
			rewrite(t, db, mallory, append(entries, entryBytes(t, 1001), entryBytes(t, 1002)))
		}},
	{name: "another branch from the 260th entry", foreign: true, kept: true, hasKey: true,
		do: func(t *testing.T, db *store.DB, mallory *Log, _ []byte) {
			entries := allEntries(t, db)[:260]
			for n := range 40 {
				entries = append(entries, entryBytes(t, 2000+n))
			}
			rewrite(t, db, mallory, entries)
		}},
}

// hidden keeps an entry from being found by what it is about.
func hidden(column, value string) attack {
	return attack{name: "hidden by " + column, do: func(t *testing.T, db *store.DB, _ *Log, _ []byte) {
		storetest.Exec(t, db, "UPDATE ledger_entries SET "+column+" = "+value+" WHERE place = 150")
	}}
}

// Each attack is found in the database, in an export and over HTTP, and by a reader that others
// wrote. Those of somebody who has the key are found by whoever kept a checkpoint, and by nobody
// else, which shows why it must be kept.
func TestAttacks(t *testing.T) {
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			if a.both {
				storetest.Each(t, a.run)
				return
			}
			a.run(t, storetest.Open(t, storetest.URL(t, store.SQLite)))
		})
	}
}

// run tries an attack, and who finds it.
func (a attack) run(t *testing.T, db *store.DB) {
	key := testKey(t)
	log := openLog(t, db, key)
	fill(t, db, log, 260)
	early := checkpoint(t, log)
	fill(t, db, log, 40)
	kept := checkpoint(t, log)
	mallory := &Log{db: db, key: key, trusted: &head{}}
	if !a.hasKey {
		var err error
		if mallory.key, err = NewKey(key.Origin()); err != nil {
			t.Fatal(err)
		}
	}
	if a.do != nil {
		a.do(t, db, mallory, early)
	}
	address := dishonestServer(t, db)
	exported := func() Source {
		var file bytes.Buffer
		if _, err := Export(t.Context(), FromURL(address, http.DefaultClient), &file); err != nil {
			return failing{err}
		}
		from, err := FromExport(&file)
		if err != nil {
			t.Fatal(err)
		}
		return from
	}
	for _, keeps := range []bool{false, true} {
		check := Check{Key: key.Verifier()}
		if keeps {
			check.Kept = [][]byte{kept}
		}
		tiles := a.foreign && (keeps || !a.kept) // must be found by who has the tiles
		for name, from := range map[string]Source{"url": FromURL(address, http.DefaultClient), "export": exported(), "database": FromDatabase(db)} {
			// An entry that is not the one whose hash is served is not in an export at all.
			found := tiles && a.name != "a hash changed" || name == "database" && a.do != nil && (keeps || !a.kept)
			_, err := Verify(t.Context(), from, check)
			if (err != nil) != found || err != nil && !errors.Is(err, ErrAltered) {
				t.Errorf("from the %s, with a kept checkpoint: %v: %v", name, keeps, err)
			}
		}
		if err := readForeign(t.Context(), address, key.Public(), check.Kept...); (err != nil) != tiles {
			t.Errorf("the foreign reader, with a kept checkpoint: %v: %v", keeps, err)
		}
	}
	// The console that was running notices what was done to it.
	if _, err := log.Checkpoint(t.Context()); errors.Is(err, ErrAltered) != (a.name != "nothing" && rewritten(a.name)) {
		t.Errorf("the running console: %v", err)
	}
}

// A head that was changed stops the console, in each of its parts; and so does one of the past, once a
// later one was seen.
func TestAlteredHead(t *testing.T) {
	db := storetest.Open(t, storetest.URL(t, store.SQLite))
	key := testKey(t)
	log := openLog(t, db, key)
	var past []string // statements that bring earlier heads back
	for range 4 {
		fill(t, db, log, 3)
		h := struct {
			size       int64
			root, edge []byte
			checkpoint string
		}{}
		if err := db.Read(t.Context(), func(tx *store.Tx) error {
			return tx.QueryRow("SELECT size, root, edge, checkpoint FROM ledger_head").Scan(&h.size, &h.root, &h.edge, &h.checkpoint)
		}); err != nil {
			t.Fatal(err)
		}
		past = append(past, fmt.Sprintf("UPDATE ledger_head SET size = %d, root = x'%x', edge = x'%x', checkpoint = '%s'", h.size, h.root, h.edge, h.checkpoint))
	}
	refused := func(what string) {
		t.Helper()
		if _, err := log.Checkpoint(t.Context()); !errors.Is(err, ErrAltered) {
			t.Errorf("%s: a checkpoint: %v", what, err)
		}
		if _, err := appendOne(t, db, log, specimen(0)); !errors.Is(err, ErrAltered) {
			t.Errorf("%s: an append: %v", what, err)
		}
	}
	checkpoint(t, log)
	for _, statement := range []string{
		"UPDATE ledger_head SET size = size - 1", "UPDATE ledger_head SET root = zeroblob(32)", "UPDATE ledger_head SET edge = zeroblob(length(edge))",
		"UPDATE ledger_head SET edge = x''", "UPDATE ledger_head SET checkpoint = replace(checkpoint, '12', '13'), size = 13",
		"UPDATE ledger_head SET checkpoint = ''", past[2], "DELETE FROM ledger_head",
	} {
		storetest.Exec(t, db, statement)
		refused(statement)
		if statement == past[2] { // signed, and right as long as nobody knows of more
			openLog(t, db, key)
		} else if _, err := Open(t.Context(), db, key); !errors.Is(err, ErrAltered) {
			t.Errorf("%s: it is opened: %v", statement, err)
		}
		if statement == "DELETE FROM ledger_head" { // the last
			return
		}
		storetest.Exec(t, db, past[3])
		checkpoint(t, log)
	}
}

// rewritten reports whether an attack changes the head of the log.
func rewritten(name string) bool {
	return strings.HasPrefix(name, "everything") || strings.HasPrefix(name, "truncated") ||
		strings.HasPrefix(name, "another branch") || strings.Contains(name, "with the key")
}

// failing is a source that could not be made.
type failing struct{ err error }

func (f failing) Checkpoint(context.Context) ([]byte, error)                     { return nil, f.err }
func (f failing) Cosigned(context.Context) ([]byte, error)                       { return nil, f.err }
func (f failing) Entries(context.Context, int64, func(entry []byte) error) error { return f.err }

// readForeign reads a whole ledger with the client of torchwood and with the hash reader of the Go
// checksum database.
func readForeign(ctx context.Context, address, key string, kept ...[]byte) error {
	fetcher, err := torchwood.NewTileFetcher(address)
	if err != nil {
		return err
	}
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return err
	}
	tree := func(signed []byte) (tlog.Tree, error) {
		n, err := note.Open(signed, note.VerifierList(verifier))
		if err != nil {
			return tlog.Tree{}, err
		}
		c, err := torchwood.ParseCheckpoint(n.Text)
		return c.Tree, err
	}
	signed, err := fetcher.ReadEndpoint(ctx, "checkpoint")
	if err != nil {
		return err
	}
	now, err := tree(signed)
	if err != nil {
		return err
	}
	client, err := torchwood.NewClient(fetcher)
	if err != nil {
		return err
	}
	for next := int64(0); next < now.N; {
		for index := range client.Entries(ctx, now, next) {
			next = index + 1
		}
		if client.Err() != nil {
			return client.Err()
		}
	}
	if kept == nil {
		return nil
	}
	before, err := tree(kept[0])
	if err != nil {
		return err
	}
	if now.N < before.N {
		return errors.New("the log has shrunk")
	}
	proof, err := tlog.ProveTree(now.N, before.N, torchwood.TileHashReaderWithContext(ctx, now, fetcher))
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, now.N, now.Hash, before.N, before.Hash)
}

// dishonestServer serves what is in a database and checks nothing.
func dishonestServer(t *testing.T, db *store.DB) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/checkpoint" {
			fmt.Fprint(w, headCheckpoint(t, db))
			return
		}
		tile, err := torchwood.ParseTilePath(r.URL.Path[1:])
		if err != nil {
			http.NotFound(w, r)
			return
		}
		var body []byte
		first := tile.N * torchwood.TileWidth
		err = db.Read(t.Context(), func(tx *store.Tx) error {
			if tile.L < 0 {
				return scanBytes(tx, selectEntries, first, tile.W, func(entry []byte) error {
					body, err = torchwood.AppendTileEntry(body, entry)
					return err
				})
			}
			return scanBytes(tx, selectHashes, hashPlace(tlog.StoredHashIndex(8*tile.L, first)), tile.W, func(hash []byte) error {
				body = append(body, hash...)
				return nil
			})
		})
		if err != nil {
			t.Error(err)
		}
		w.Write(body)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// fill appends specimens in one transaction.
func fill(t testing.TB, db *store.DB, log *Log, n int) {
	t.Helper()
	if err := db.Write(t.Context(), func(tx *store.Tx) error {
		for i := range n {
			if _, err := log.Append(tx, specimen(i)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// rewrite replaces the whole ledger by other entries, under the attacker's key.
func rewrite(t testing.TB, db *store.DB, mallory *Log, entries [][]byte) *Log {
	t.Helper()
	for _, table := range []string{"ledger_head", "ledger_entries", "ledger_hashes"} {
		storetest.Exec(t, db, "DELETE FROM "+table)
	}
	mallory = openLog(t, db, mallory.key) // which remembers nothing of what was before
	if err := db.Write(t.Context(), func(tx *store.Tx) error {
		for _, entry := range entries {
			g, err := mallory.grown(tx)
			if err != nil {
				return err
			}
			w, err := parse(entry)
			if err != nil {
				return err
			}
			if err := mallory.insert(tx, g, w, entry, nil); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return mallory
}

func entryBytes(t testing.TB, n int) []byte {
	t.Helper()
	e := specimen(n)
	w := e.write(func(string) string { return strings.Repeat("0", 64) })
	entry, err := w.bytes()
	if err != nil {
		t.Fatal(err)
	}
	return entry
}

func allEntries(t testing.TB, db *store.DB) (entries [][]byte) {
	t.Helper()
	if err := db.Read(t.Context(), func(tx *store.Tx) error {
		return scanBytes(tx, selectEntries, 0, 1<<30, func(entry []byte) error {
			entries = append(entries, entry)
			return nil
		})
	}); err != nil {
		t.Fatal(err)
	}
	return entries
}

func headCheckpoint(t testing.TB, db *store.DB) (checkpoint string) {
	t.Helper()
	if err := db.Read(t.Context(), func(tx *store.Tx) error {
		return tx.QueryRow("SELECT checkpoint FROM ledger_head").Scan(&checkpoint)
	}); err != nil {
		t.Fatal(err)
	}
	return checkpoint
}
