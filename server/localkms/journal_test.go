package localkms

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var silent = slog.New(slog.DiscardHandler)

func nothing(*store) error { return nil }

// dump writes down everything that a store holds.
func dump(t testing.TB, s *store) string {
	t.Helper()
	s.mu.RLock()
	defer s.mu.RUnlock()
	open := &sealer{aead: newAEAD(make([]byte, 32))}
	var b strings.Builder
	fmt.Fprintf(&b, "%x\n", s.secrets)
	for _, c := range snapshot(s.tenants) {
		for i, k := range open.stored(c).Keys {
			text, err := json.Marshal(k.key)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "%s %s %x\n", c.Account, text, c.Keys[i].material)
		}
		fmt.Fprintf(&b, "%s %v\n", c.Account, c.Aliases)
	}
	return b.String()
}

func openFile(t testing.TB, file string) *store {
	t.Helper()
	s, err := openStore(file, silent, nothing)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func putKey(t testing.TB, s *store, account string, k *key) {
	t.Helper()
	err := s.write(account, time.Now(), func(tx *tx) error {
		k.Seq = tx.lastSeq + 1
		tx.put(k)
		tx.setAlias("alias/"+k.ID, k.ID)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func specimen(n int) *key {
	return &key{
		ID: fmt.Sprintf("key-%03d", n), VersionID: newVersionID(), Spec: specAES, Origin: originExternal, Level: levelSoftware,
		State: stateDisabled, Tags: []tag{{"k", "v\n"}}, Binding: []byte{1, 2, 3}, material: newMaterial(32), Created: int64(n),
	}
}

// story makes a store with a state file, and returns its content after each
// change, together with how long the file was then.
func story(t *testing.T, file string) (dumps []string, sizes []int64) {
	t.Helper()
	s, err := openStore(file, silent, func(s *store) error {
		putKey(t, s, "one", specimen(0))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	record := func() {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		dumps, sizes = append(dumps, dump(t, s)), append(sizes, info.Size())
	}
	record()
	for n := 1; n <= 4; n++ {
		putKey(t, s, strconv.Itoa(n%2), specimen(n))
		record()
	}
	for _, change := range []func(*tx){
		func(tx *tx) { tx.put(tx.keys["key-001"].withoutMaterial()) },
		func(tx *tx) { tx.change.Removed = []string{"key-003"} },
		func(tx *tx) { tx.setAlias("alias/key-001", "") },
	} {
		if err := s.write("1", time.Now(), func(tx *tx) error { change(tx); return nil }); err != nil {
			t.Fatal(err)
		}
		record()
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	return dumps, sizes
}

// Cut anywhere, the file comes back as it was after the last change that is
// whole; cut where no crash can cut it, it is refused.
func TestTruncatedAtEveryOffset(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state")
	dumps, sizes := story(t, file)
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for cut := len(content); cut >= 0; cut-- {
		if err := os.WriteFile(file, content[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := openStore(file, silent, nothing)
		if int64(cut) < sizes[0] {
			if err == nil {
				t.Fatalf("cut at %d, inside the snapshot, the file was taken", cut)
			}
			continue
		}
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		whole := 0
		for whole+1 < len(sizes) && sizes[whole+1] <= int64(cut) {
			whole++
		}
		if diff := cmp.Diff(dumps[whole], dump(t, s)); diff != "" {
			t.Fatalf("cut at %d (-want +got):\n%s", cut, diff)
		}
		if err := s.close(); err != nil {
			t.Fatal(err)
		}
	}
}

// After a cut the file goes on as if nothing had been.
func TestGoesOnAfterCut(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state")
	_, sizes := story(t, file)
	if err := os.Truncate(file, sizes[len(sizes)-1]-5); err != nil {
		t.Fatal(err)
	}
	s := openFile(t, file)
	putKey(t, s, "one", specimen(9))
	want := dump(t, s)
	s.close()
	s = openFile(t, file)
	defer s.close()
	if diff := cmp.Diff(want, dump(t, s)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A byte that has changed anywhere but in the last record is found.
func TestDamage(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state")
	_, sizes := story(t, file)
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for at := int64(0); at < sizes[len(sizes)-2]; at += 7 {
		damaged := bytes.Clone(content)
		damaged[at] ^= 0x20
		if err := os.WriteFile(file, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if s, err := openStore(file, silent, nothing); err == nil {
			s.close()
			t.Errorf("a change at %d was not found", at)
		}
	}
}

// No material, digest or token key stands in the file as it is.
func TestStateFileHidesSecrets(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "state")
	s := openFile(t, file)
	k := specimen(1)
	putKey(t, s, "one", k)
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(content, []byte("# State of a Keyferry local KMS: for trying out and for tests, never for real keys.\n")) {
		t.Errorf("the file begins %.100q", content)
	}
	for name, secret := range map[string][]byte{"material": k.material, "binding key": s.secrets.Binding[:], "token key": s.secrets.Token[:]} {
		text, _ := json.Marshal(secret)
		for _, form := range [][]byte{secret, bytes.Trim(text, `"=`), fmt.Appendf(nil, "%x", secret)} {
			if bytes.Contains(content, form) {
				t.Errorf("the file shows the %s", name)
			}
		}
	}
	for _, name := range []string{"state", "state.key"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v", name, info.Mode(), err)
		}
	}
	s.close()
}

func TestStateFileRefused(t *testing.T) {
	for name, spoil := range map[string]func(file string) error{
		"readable key":  func(file string) error { return os.Chmod(file+".key", 0o640) },
		"no key":        func(file string) error { return os.Remove(file + ".key") },
		"another key":   func(file string) error { return os.WriteFile(file+".key", bytes.Repeat([]byte("0"), 64), 0o600) },
		"a broken key":  func(file string) error { return os.WriteFile(file+".key", []byte("key"), 0o600) },
		"another file":  func(file string) error { return os.WriteFile(file, []byte("hello\n"), 0o600) },
		"an empty file": func(file string) error { return os.WriteFile(file, nil, 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "state")
			story(t, file)
			if err := spoil(file); err != nil {
				t.Fatal(err)
			}
			if s, err := openStore(file, silent, nothing); err == nil {
				s.close()
				t.Error("it was taken")
			}
		})
	}
}

func TestStateFileIsLocked(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state")
	s := openFile(t, file)
	if second, err := openStore(file, silent, nothing); err == nil {
		second.close()
		t.Error("the same state was opened twice")
	}
	s.close()
	openFile(t, file).close()
}

// History does not pile up.
func TestCompaction(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state")
	s := openFile(t, file)
	putKey(t, s, "one", specimen(1))
	s.journal.appended = 5000 // as if there had been so many changes
	putKey(t, s, "one", specimen(2))
	if s.journal.appended != 0 {
		t.Errorf("%d records since the snapshot, want a new one", s.journal.appended)
	}
	putKey(t, s, "one", specimen(3))
	want := dump(t, s)
	s.close()
	s = openFile(t, file)
	defer s.close()
	if diff := cmp.Diff(want, dump(t, s)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A disk that takes no more refuses the change, and the state stays.
func TestWriteFails(t *testing.T) {
	s := openFile(t, filepath.Join(t.TempDir(), "state"))
	putKey(t, s, "one", specimen(1))
	want := dump(t, s)
	s.journal.file.Close()
	err := s.write("one", time.Now(), func(tx *tx) error { tx.put(specimen(2)); return nil })
	if err != errInternal {
		t.Errorf("error = %v", err)
	}
	if diff := cmp.Diff(want, dump(t, s)); diff != "" {
		t.Errorf("a change that was refused is there (-want +got):\n%s", diff)
	}
}

// A whole KMS with a state file: what a client was told is there again, import
// tokens included.
func TestRestart(t *testing.T) {
	config := Config{StateFile: filepath.Join(t.TempDir(), "state"), PoolSize: 1}
	k, err := Open(config)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := k.pairs.next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	token := k.store.sealToken(DefaultAccountID, "key-x", session{algorithm: oaepSHA256, expires: 1, primes: pair.primes})
	// The clock lets material expire; that it has is not undone by a restart
	// with the clock back.
	cmk := k.store.tenants[DefaultAccountID].keys["key-hzzkeyferrylocal00001"].clone()
	cmk.material, cmk.State, cmk.Expires = newMaterial(32), stateEnabled, k.clock.Now().Unix()+60
	err = k.store.write(DefaultAccountID, k.clock.Now(), func(tx *tx) error { tx.put(cmk); return nil })
	if err != nil {
		t.Fatal(err)
	}
	k.clock.Advance(time.Hour)
	k.store.read(DefaultAccountID, k.clock.Now(), func(*account) error { return nil })
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(config)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if got := again.store.tenants[DefaultAccountID].keys[cmk.ID].State; got != statePendingImport {
		t.Errorf("after the restart the CMK is %s", got)
	}
	if _, err := again.store.openToken(DefaultAccountID, "key-x", token); err != nil {
		t.Errorf("opening a token from before: %v", err)
	}
	if err := again.Reset(nil); err != nil {
		t.Fatal(err)
	}
	if _, err := again.store.openToken(DefaultAccountID, "key-x", token); err == nil {
		t.Error("a token outlived a reset")
	}
	if n := len(again.store.tenants[DefaultAccountID].order); n != 4 {
		t.Errorf("after a reset there are %d keys", n)
	}
}
