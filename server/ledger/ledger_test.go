package ledger

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

// newKey returns a key of a log.
func testKey(t testing.TB) Key {
	t.Helper()
	key, err := NewKey("")
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func openLog(t testing.TB, db *store.DB, key Key) *Log {
	t.Helper()
	log, err := Open(t.Context(), db, key)
	if err != nil {
		t.Fatal(err)
	}
	return log
}

// specimen is an entry; all of them differ.
func specimen(n int) Entry {
	return Entry{
		At:      time.Date(2026, 11, 26, 4, 0, n, 1000*n, time.UTC),
		Kind:    []string{"request.created", "request.cancelled"}[n%2],
		Request: fmt.Sprintf("request%d", n/2), Region: "cn-hangzhou", KeyID: fmt.Sprintf("key%d", n%3),
		Person: fmt.Sprintf("person%d", n%4),
		Fields: map[string]string{[]string{"label", "reason"}[n%2]: fmt.Sprintf("entry %d <é> 支付", n)},
	}
}

// add appends n specimens, each in a transaction of its own.
func add(t testing.TB, db *store.DB, log *Log, n int) {
	t.Helper()
	size, err := log.Size(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if _, err := appendOne(t, db, log, specimen(int(size)+i)); err != nil {
			t.Fatal(err)
		}
	}
}

func appendOne(t testing.TB, db *store.DB, log *Log, e Entry) (index int64, err error) {
	err = db.Write(t.Context(), func(tx *store.Tx) error {
		index, err = log.Append(tx, e)
		return err
	})
	return index, err
}

// verify checks the ledger in a database.
func verify(t testing.TB, db *store.DB, key Key, kept ...[]byte) (*Report, error) {
	t.Helper()
	return Verify(t.Context(), FromDatabase(db), Check{Key: key.Verifier(), Kept: kept})
}

func checkpoint(t testing.TB, log *Log) []byte {
	t.Helper()
	c, err := log.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Entry, hashes and the caller's own rows are one transaction.
func TestAppendIsPartOfTheTransaction(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		key := testKey(t)
		log := openLog(t, db, key)
		add(t, db, log, 3)
		errRefused := errors.New("refused")
		err := db.Write(t.Context(), func(tx *store.Tx) error {
			if _, err := log.Append(tx, specimen(3)); err != nil {
				return err
			}
			return errRefused
		})
		if !errors.Is(err, errRefused) {
			t.Fatal(err)
		}
		if size, err := log.Size(t.Context()); size != 3 || err != nil {
			t.Errorf("the log has %d entries (%v)", size, err)
		}
		add(t, db, log, 2)
		if _, err := verify(t, db, key); err != nil {
			t.Error(err)
		}
	})
}

// Replicas that append at once, some in transactions that fail, make one log and never a fork.
func TestReplicasNeverFork(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		key := testKey(t)
		const writers, times = 6, 15
		errRefused := errors.New("refused")
		var mu sync.Mutex
		var got []int64
		var group sync.WaitGroup
		for i := range writers {
			group.Go(func() {
				db, err := store.Open(t.Context(), url)
				if err != nil {
					t.Error(err)
					return
				}
				defer db.Close()
				log, err := Open(t.Context(), db, key)
				if err != nil {
					t.Error(err)
					return
				}
				for n := range times {
					var index int64
					err := db.Write(t.Context(), func(tx *store.Tx) error {
						var err error
						if index, err = log.Append(tx, specimen(n)); err == nil && (n+i)%5 == 0 {
							err = errRefused
						}
						return err
					})
					if err == nil {
						mu.Lock()
						got = append(got, index)
						mu.Unlock()
					} else if !errors.Is(err, errRefused) {
						t.Error(err)
					}
					if _, err := log.Checkpoint(t.Context()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		slices.Sort(got)
		for i, index := range got {
			if index != int64(i) {
				t.Fatalf("the entries have the indexes %v", got)
			}
		}
		report, err := verify(t, storetest.Open(t, url), key)
		if err != nil || report.Tree.N != int64(len(got)) || len(got) != writers*times*4/5 {
			t.Errorf("verification of %d entries: %+v, %v", len(got), report, err)
		}
	})
}

// What a kind does not list is refused, and the error does not repeat it.
func TestOnlyAllowedFields(t *testing.T) {
	db := storetest.Open(t, storetest.URL(t, store.SQLite))
	log := openLog(t, db, testKey(t))
	token := strings.Repeat("c2VjcmV0", 40)
	for name, change := range map[string]func(*Entry){
		"another field":        func(e *Entry) { e.Fields = map[string]string{"cookie": "s3cret"} },
		"a field of another":   func(e *Entry) { e.Fields = map[string]string{"attempt": "1"} },
		"a token as algorithm": func(e *Entry) { e.Fields = map[string]string{"algorithms": token} },
		"a token as an id":     func(e *Entry) { e.KeyID = token },
		"a digest too short":   func(e *Entry) { e.Fields = map[string]string{"commitment": "abcd"} },
		"another kind":         func(e *Entry) { e.Kind = "request.other" },
		"no kind":              func(e *Entry) { e.Kind = "" },
		"no time":              func(e *Entry) { e.At = time.Time{} },
		"invalid UTF-8":        func(e *Entry) { e.Fields = map[string]string{"label": "a\xff"} },
		"NUL":                  func(e *Entry) { e.Fields = map[string]string{"label": "a\x00"} },
		"a person without id":  func(e *Entry) { e.Others = map[string]string{"importer": ""} },
	} {
		e := specimen(0)
		change(&e)
		_, err := appendOne(t, db, log, e)
		if err == nil {
			t.Errorf("%s was written", name)
		} else if strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), token) {
			t.Errorf("%s: the error repeats it: %v", name, err)
		}
	}
	if size, err := log.Size(t.Context()); size != 0 || err != nil {
		t.Errorf("the log has %d entries (%v)", size, err)
	}
}

// People are in the log as digests, and once forgotten nobody can say whose they are.
func TestForgetPerson(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		key := testKey(t)
		log := openLog(t, db, key)
		e := specimen(0)
		e.Person, e.Others = "lovelace", map[string]string{"importer": "babbage@example.com"}
		for range 2 {
			if _, err := appendOne(t, db, log, e); err != nil {
				t.Fatal(err)
			}
		}
		of := func(id string) []Record {
			found, err := log.Entries(t.Context(), Filter{Person: id})
			if err != nil {
				t.Fatal(err)
			}
			return found
		}
		before := of("lovelace")
		if len(before) != 2 || before[0].Person != "lovelace" || before[0].Others["importer"] != "babbage@example.com" {
			t.Fatalf("the log says %+v", before)
		}
		if text := string(before[0].Bytes); strings.Contains(text, "lovelace") || strings.Contains(text, "babbage") {
			t.Errorf("the entry names a person: %s", text)
		}
		if err := db.Write(t.Context(), func(tx *store.Tx) error {
			if _, err := log.Append(tx, e); err != nil { // the digest was used in the same transaction
				return err
			}
			if named, err := log.Names(tx, "lovelace"); !named || err != nil {
				t.Errorf("named: %v, %v", named, err)
			}
			return log.Forget(tx, "lovelace")
		}); err != nil {
			t.Fatal(err)
		}
		if found := of("lovelace"); len(found) != 0 {
			t.Errorf("after it was forgotten, the log finds %+v", found)
		}
		after := of(before[0].Digest)
		if len(after) != 3 || after[0].Person != "" || after[0].Others["importer"] != "babbage@example.com" {
			t.Errorf("the log says %+v", after)
		}
		appendOne(t, db, log, e)
		if again := of("lovelace"); len(again) != 1 || again[0].Digest == before[0].Digest {
			t.Errorf("a person who comes back has %+v", again)
		}
		if _, err := verify(t, db, key); err != nil {
			t.Error(err)
		}
	})
}

func TestSearch(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		log := openLog(t, db, testKey(t))
		add(t, db, log, 24)
		for name, test := range map[string]struct {
			filter Filter
			want   []int64
		}{
			"kind":    {Filter{Kind: "request.cancelled", Limit: 3}, []int64{23, 21, 19}},
			"kinds":   {Filter{Kind: "request.", Limit: 3}, []int64{23, 22, 21}},
			"none":    {Filter{Kind: "signin."}, nil},
			"request": {Filter{Request: "request3"}, []int64{7, 6}},
			"key":     {Filter{KeyID: "key1", Before: 8}, []int64{7, 4, 1}},
			"person":  {Filter{Person: "person2", Before: 11}, []int64{10, 6, 2}},
			"time":    {Filter{From: specimen(4).At, Until: specimen(6).At}, []int64{5, 4}},
		} {
			found, err := log.Entries(t.Context(), test.filter)
			if err != nil {
				t.Fatal(err)
			}
			var got []int64
			for _, r := range found {
				got = append(got, r.Index)
				want := specimen(int(r.Index))
				if !r.At.Equal(want.At) || r.Kind != want.Kind || r.Request != want.Request || r.Region != want.Region ||
					r.KeyID != want.KeyID || r.Person != want.Person || r.Fields["label"] != want.Fields["label"] {
					t.Errorf("entry %d is %+v", r.Index, r.Entry)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("%s finds %v, not %v", name, got, test.want)
			}
		}
	})
}
