package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var silent = slog.New(slog.DiscardHandler)

func nothing(*Store) error { return nil }

// dump writes down everything that a store holds.
func dump(t testing.TB, s *Store) string {
	t.Helper()
	s.mu.RLock()
	defer s.mu.RUnlock()
	var b strings.Builder
	fmt.Fprintf(&b, "%x\n", s.secrets)
	for _, name := range slices.Sorted(maps.Keys(s.accounts)) {
		acct := s.accounts[name]
		if len(acct.order) == 0 && len(acct.names) == 0 {
			continue // an empty account is as good as none
		}
		for _, k := range acct.order {
			text, err := json.Marshal(k)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "%s %s\n", name, text)
		}
		fmt.Fprintf(&b, "%s %v\n", name, acct.aliases)
	}
	return b.String()
}

func openFile(t testing.TB, file string) *Store {
	t.Helper()
	s, err := Open(file, silent, nothing)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closeFile(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// put adds a key and an alias of it.
func put(s *Store, account string, k *Key) error {
	return s.Write(account, time.Now(), func(tx *Tx) error {
		tx.Put(k)
		tx.SetAlias("alias/"+k.ID, k.ID)
		return nil
	})
}

func mustPut(t testing.TB, s *Store, account string, k *Key) {
	t.Helper()
	if err := put(s, account, k); err != nil {
		t.Fatal(err)
	}
}

func specimen(n int) *Key {
	return &Key{
		ID: fmt.Sprintf("key-%03d", n), VersionID: NewVersionID(), Spec: "Aliyun_AES_256", Origin: "EXTERNAL", Level: "SOFTWARE",
		State: Disabled, Tags: []Tag{{"k", "v\n"}}, Binding: []byte{1, 2, 3}, Material: NewMaterial(32), Created: int64(n + 1),
	}
}

// story makes a state file with changes of every kind, and returns what it holds in the end.
func story(t testing.TB, file string) string {
	t.Helper()
	s, err := Open(file, silent, func(s *Store) error {
		for n := range 40 {
			mustPut(t, s, strconv.Itoa(n%2), specimen(n))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	mustPut(t, s, "one", specimen(50))
	for _, change := range []func(*Tx){
		func(tx *Tx) { tx.Put(tx.Key("key-001").WithoutMaterial()) },
		func(tx *Tx) { tx.change.removed = []string{"key-003"}; tx.SetAlias("alias/key-003", "") },
		func(tx *Tx) { tx.SetAlias("alias/key-001", "") },
	} {
		if err := s.Write("1", time.Now(), func(tx *Tx) error { change(tx); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	want := dump(t, s)
	closeFile(t, s)
	return want
}

// copied returns a copy of a state file that nobody has open, in a folder of its own.
func copied(t testing.TB, file string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "state")
	for _, end := range []string{"", ".key"} {
		content, err := os.ReadFile(file + end)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to+end, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// What was written is there again, and the changes go on.
func TestReopen(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state?%20#")
	want := story(t, file)
	s := openFile(t, file)
	if diff := cmp.Diff(want, dump(t, s)); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	mustPut(t, s, "one", specimen(99))
	want = dump(t, s)
	closeFile(t, s)
	s = openFile(t, file)
	defer s.Close()
	if diff := cmp.Diff(want, dump(t, s)); diff != "" {
		t.Errorf("after one more (-want +got):\n%s", diff)
	}
	if s.accounts["1"].Key("key-003") != nil || s.accounts["1"].Key("key-001").Material != nil {
		t.Error("what was deleted came back")
	}
}

// A file that was cut anywhere is refused: nothing of it is lost without a word.
func TestCut(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state")
	story(t, file)
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var cuts []int
	for cut := 0; cut < len(content); cut += 211 {
		cuts = append(cuts, cut)
	}
	for page := 4096; page <= len(content); page += 4096 {
		cuts = append(cuts, page-1, page-4096+1, page-4096)
	}
	for _, cut := range cuts {
		if err := os.WriteFile(file, content[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		if s, err := Open(file, silent, nothing); err == nil {
			s.Close()
			t.Errorf("cut at %d of %d, the file was taken", cut, len(content))
		}
	}
}

// A byte that was changed is noticed, or changes nothing.
func TestDamage(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state")
	want := story(t, file)
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for at := 0; at < len(content); at += 97 {
		damaged := bytes.Clone(content)
		damaged[at] ^= 0x21
		if err := os.WriteFile(file, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Open(file, silent, nothing)
		if err != nil {
			refused++
			continue
		}
		if diff := cmp.Diff(want, dump(t, s)); diff != "" {
			t.Errorf("a change at %d went unnoticed (-want +got):\n%s", at, diff)
		}
		s.Close()
	}
	if refused < len(content)/97/4 {
		t.Errorf("only %d of %d changes were refused", refused, len(content)/97)
	}
}

// A row that is taken out of the file, or put back as it was before, is noticed.
func TestRowsBelongTogether(t *testing.T) {
	whole := filepath.Join(t.TempDir(), "state")
	story(t, whole)
	for name, spoil := range map[string]string{
		"removed":    `DELETE FROM entries WHERE name = 'key-005'`,
		"all":        `DELETE FROM entries`,
		"swapped":    `UPDATE entries SET sealed = (SELECT sealed FROM entries WHERE name = 'key-006') WHERE name = 'key-005'`,
		"renamed":    `UPDATE entries SET name = 'alias/other' WHERE name = 'alias/key-005'`,
		"no head":    `DELETE FROM head`,
		"other form": `PRAGMA user_version = 3`,
		"no table":   `DROP TABLE entries`,
	} {
		t.Run(name, func(t *testing.T) {
			file := copied(t, whole)
			d, err := connect(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := d.exec(spoil); err != nil {
				t.Fatal(err)
			}
			d.close()
			if s, err := Open(file, silent, nothing); err == nil {
				s.Close()
				t.Error("it was taken")
			}
		})
	}
}

// No material, digest, token key or description is in the file as it is, and what is deleted is
// overwritten.
func TestHidesSecrets(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state")
	s := openFile(t, file)
	k := specimen(1)
	k.Description = "for the orders of the north"
	mustPut(t, s, "one", k)
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(content, []byte("never for real keys")) {
		t.Error("the file does not say what it is")
	}
	for name, secret := range map[string][]byte{
		"material": k.Material, "binding key": s.secrets.Binding[:], "token key": s.secrets.Token[:], "description": []byte(k.Description),
	} {
		text, _ := json.Marshal(secret)
		for _, form := range [][]byte{secret, bytes.Trim(text, `"=`), fmt.Appendf(nil, "%x", secret)} {
			if bytes.Contains(content, form) {
				t.Errorf("the file shows the %s", name)
			}
		}
	}
	var sealed []byte
	if err := s.file.value(&sealed, "SELECT sealed FROM entries WHERE name = ?", k.ID); err != nil {
		t.Fatal(err)
	}
	err = s.Write("one", time.Now(), func(tx *Tx) error { tx.Put(tx.Key(k.ID).WithoutMaterial()); return nil })
	if err != nil {
		t.Fatal(err)
	}
	if content, _ = os.ReadFile(file); bytes.Contains(content, sealed[:64]) {
		t.Error("the file still has the entry with the material")
	}
	for _, name := range []string{file, file + ".key"} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v", name, info.Mode(), err)
		}
	}
	closeFile(t, s)
}

// Files that cannot be the state, and what the person is told.
func TestRefused(t *testing.T) {
	whole := filepath.Join(t.TempDir(), "state")
	story(t, whole)
	const old = "# State of a Keyferry local KMS: for trying out and for tests, never for real keys.\nffffffff {}\n"
	for _, test := range []struct {
		name, says string
		spoil      func(file string) error
	}{
		{"readable key", "0600", func(file string) error { return os.Chmod(file+".key", 0o640) }},
		{"readable state", "0600", func(file string) error { return os.Chmod(file, 0o644) }},
		{"no key", "is empty", func(file string) error { return os.Remove(file + ".key") }},
		{"another key", "do not belong together", func(file string) error {
			return os.WriteFile(file+".key", []byte(strings.Repeat("01", 31)+"02"), 0o600)
		}},
		{"a zero key", "delete it", func(file string) error { return os.WriteFile(file+".key", bytes.Repeat([]byte("0"), 64), 0o600) }},
		{"a broken key", "64 hex digits", func(file string) error { return os.WriteFile(file+".key", []byte("key"), 0o600) }},
		{"another file", "name another file", func(file string) error { return os.WriteFile(file, []byte("hello\n"), 0o600) }},
		{"an older file", "earlier Keyferry", func(file string) error { return os.WriteFile(file, []byte(old), 0o600) }},
		{"an empty file", "is empty", func(file string) error { return os.WriteFile(file, nil, 0o600) }},
		{"no state", "bring the file back", os.Remove},
		{"a link to the state", "link", func(file string) error {
			return link(os.Symlink, file, file+".elsewhere")
		}},
		{"a link to the key", "link", func(file string) error {
			return link(os.Symlink, file+".key", file+".elsewhere")
		}},
		{"a key with two names", "hard link", func(file string) error {
			return link(os.Link, file+".key", file+".elsewhere")
		}},
		{"a link as journal", "link", func(file string) error {
			return os.Symlink(file+".victim", file+"-journal")
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := copied(t, whole)
			if err := test.spoil(file); err != nil {
				t.Fatal(err)
			}
			s, err := Open(file, silent, nothing)
			if err == nil {
				s.Close()
				t.Fatal("it was taken")
			}
			if !strings.Contains(err.Error(), test.says) {
				t.Errorf("the error does not say %q: %v", test.says, err)
			}
		})
	}
}

func link(make func(old, new string) error, file, elsewhere string) error {
	if err := os.Rename(file, elsewhere); err != nil {
		return err
	}
	return make(elsewhere, file)
}

// What somebody has put where a new state will be is neither followed nor adopted.
func TestPlanted(t *testing.T) {
	for name, plant := range map[string]func(file string) error{
		"a zero key": func(file string) error { return os.WriteFile(file+".key", bytes.Repeat([]byte("0"), 64), 0o600) },
		"a key of their own": func(file string) error {
			return os.WriteFile(file+".key", []byte(strings.Repeat("1f", 31)+"2e"), 0o600)
		},
		"a link as state":       func(file string) error { return os.Symlink(file+".victim", file) },
		"a link as new state":   func(file string) error { return os.Symlink(file+".victim", file+".new") },
		"a link as key":         func(file string) error { return os.Symlink(file+".victim", file+".key") },
		"a folder as new state": func(file string) error { return os.Mkdir(file+".new", 0o700) },
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "state")
			if err := plant(file); err != nil {
				t.Fatal(err)
			}
			if s, err := Open(file, silent, nothing); err == nil {
				s.Close()
				t.Error("it was taken")
			}
			if _, err := os.Lstat(file + ".victim"); err == nil {
				t.Error("the link was followed")
			}
		})
	}
}

// A process that is killed while it creates the state leaves something that the next one can use.
func TestCreationIsKilled(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state")
	want := story(t, file)
	// Between the key and the last renaming.
	if err := os.Rename(file, file+".new"); err != nil {
		t.Fatal(err)
	}
	s := openFile(t, file)
	if diff := cmp.Diff(want, dump(t, s)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	closeFile(t, s)
	// Before the key: half a file, and a key file that is still empty.
	for _, name := range []string{file, file + ".key"} {
		if err := os.Truncate(name, 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Rename(file, file+".new"); err != nil {
		t.Fatal(err)
	}
	s = openFile(t, file)
	mustPut(t, s, "one", specimen(1))
	closeFile(t, s)
	closeFile(t, openFile(t, file))
}

func TestLocked(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state")
	s := openFile(t, file)
	if second, err := Open(file, silent, nothing); err == nil {
		second.Close()
		t.Error("the same state was opened twice")
	}
	closeFile(t, s)
	closeFile(t, openFile(t, file))
}

// A file that takes no more refuses the change, and the state stays as it was.
func TestWriteFails(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state")
	s := openFile(t, file)
	mustPut(t, s, "one", specimen(1))
	mustPut(t, s, "one", specimen(2))
	want := dump(t, s)
	pages := 0
	if err := s.file.value(&pages, "PRAGMA page_count"); err != nil {
		t.Fatal(err)
	}
	if err := s.file.exec(fmt.Sprintf("PRAGMA max_page_count = %d", pages)); err != nil {
		t.Fatal(err)
	}
	large := specimen(1)
	large.Seq = 1
	large.Description = strings.Repeat("x", 100_000)
	for range 2 {
		err := s.Write("one", time.Now(), func(tx *Tx) error {
			tx.Put(large)
			tx.Put(specimen(3))
			tx.change.removed = []string{"key-002"}
			tx.SetAlias("alias/key-002", "")
			tx.SetAlias("alias/new", "key-001")
			return nil
		})
		if err == nil {
			t.Fatal("a change that does not fit was taken")
		}
		if diff := cmp.Diff(want, dump(t, s)); diff != "" {
			t.Fatalf("a change that was refused is there (-want +got):\n%s", diff)
		}
	}
	// With room again, changes go on.
	if err := s.file.exec("PRAGMA max_page_count = 100000"); err != nil {
		t.Fatal(err)
	}
	mustPut(t, s, "one", large)
	want = dump(t, s)
	closeFile(t, s)
	s = openFile(t, file)
	defer s.Close()
	if diff := cmp.Diff(want, dump(t, s)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// After a reset nothing of before is there, in memory or in the file.
func TestAdopt(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state")
	story(t, file)
	s := openFile(t, file)
	fresh := New(silent)
	mustPut(t, fresh, "two", specimen(7))
	want := dump(t, fresh)
	if err := s.Adopt(fresh); err != nil {
		t.Fatal(err)
	}
	closeFile(t, s)
	s = openFile(t, file)
	defer s.Close()
	if diff := cmp.Diff(want, dump(t, s)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
