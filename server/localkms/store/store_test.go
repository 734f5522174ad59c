package store

import (
	"errors"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// Many writers at once: each change is there, in memory and after a restart, and those who
// waited together shared a write to the disk.
func TestManyWriters(t *testing.T) {
	const writers, each = 16, 8
	file := filepath.Join(t.TempDir(), "state")
	s := openFile(t, file)
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for n := range each {
				if err := put(s, strconv.Itoa(w%3), specimen(w*each+n)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	want := dump(t, s)
	closeFile(t, s)
	s = openFile(t, file)
	defer s.Close()
	if dump(t, s) != want {
		t.Error("another state came back")
	}
	keys := 0
	for _, name := range s.Accounts() {
		acct := s.accounts[name]
		keys += len(acct.order)
		for i, k := range acct.order {
			if k.Seq != uint64(i+1) {
				t.Errorf("account %s: key %d has the number %d", name, i+1, k.Seq)
			}
		}
	}
	if keys != writers*each {
		t.Errorf("%d keys, want %d", keys, writers*each)
	}
}

// A write that fails changes nothing, and says why.
func TestWriteRefused(t *testing.T) {
	s := New(silent)
	mustPut(t, s, "one", specimen(1))
	before, refusal := dump(t, s), errors.New("no")
	err := s.Write("one", time.Now(), func(tx *Tx) error {
		tx.Put(specimen(2))
		tx.SetAlias("alias/x", "key-001")
		return refusal
	})
	if err != refusal || dump(t, s) != before {
		t.Errorf("error %v, state before and after:\n%s\n%s", err, before, dump(t, s))
	}
}

// A transaction does not see what it has put itself.
func TestTxReads(t *testing.T) {
	s := New(silent)
	mustPut(t, s, "one", specimen(1))
	err := s.Write("one", time.Now(), func(tx *Tx) error {
		tx.Put(specimen(2))
		tx.SetAlias("alias/x", "key-001")
		_, named := tx.Alias("alias/x")
		if tx.Key("key-002") != nil || named || len(tx.Keys()) != 1 {
			t.Error("the transaction sees its own changes")
		}
		return nil
	})
	if err != nil || s.accounts["one"].Key("key-002") == nil {
		t.Errorf("error %v; the key is not there afterwards", err)
	}
}

// Rotations happen by the clock, one for each interval, and older versions stay.
func TestRotations(t *testing.T) {
	start := time.Unix(1_700_000_000, 0)
	s := New(silent)
	k := specimen(1)
	k.Created, k.State, k.Rotation = start.Unix(), Enabled, 7*86400
	mustPutAt(t, s, k, start)
	for days, want := range map[int]int{6: 1, 7: 2, 20: 3, 21: 4} {
		s := New(silent)
		mustPutAt(t, s, k, start)
		if got := len(versionsAt(t, s, start.AddDate(0, 0, days))); got != want {
			t.Errorf("after %d days there are %d versions, want %d", days, got, want)
		}
	}
	versions := versionsAt(t, s, start.AddDate(0, 0, 21))
	for i, v := range versions {
		if at := start.Unix() + int64(i)*7*86400; v.Created != at {
			t.Errorf("version %d was made at %d, want %d", i+1, v.Created, at)
		}
		if slices.ContainsFunc(versions[i+1:], func(o Version) bool { return o.ID == v.ID || string(o.Material) == string(v.Material) }) {
			t.Errorf("version %d occurs twice", i+1)
		}
	}
	if got := len(versionsAt(t, s, start.AddDate(100, 0, 0))); got > 4+maxRotations {
		t.Errorf("after a hundred years there are %d versions", got)
	}
	if got := versionsAt(t, s, start); len(got) < 4 {
		t.Error("setting the clock back took versions away")
	}
}

func mustPutAt(t testing.TB, s *Store, k *Key, now time.Time) {
	t.Helper()
	if err := s.Write("one", now, func(tx *Tx) error { tx.Put(k.Clone()); return nil }); err != nil {
		t.Fatal(err)
	}
}

func versionsAt(t testing.TB, s *Store, now time.Time) (versions []Version) {
	t.Helper()
	err := s.Read("one", now, func(a *Account) error {
		versions = a.Keys()[0].Versions()
		for _, v := range versions {
			if a.KeyOfVersion(v.ID) != a.Keys()[0] {
				t.Errorf("the account does not know version %s", v.ID)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return versions
}
