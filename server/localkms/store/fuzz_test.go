package store

import (
	"os"
	"path/filepath"
	"testing"
)

// FuzzState changes a state file anywhere. It must be refused or come back as it was, and what
// comes back once comes back again.
func FuzzState(f *testing.F) {
	file := filepath.Join(f.TempDir(), "state")
	want := story(f, file)
	whole, err := os.ReadFile(file)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint32(0), []byte{}, uint32(0))
	f.Add(uint32(24), []byte{0, 0, 0, 1}, uint32(0))
	f.Add(uint32(4096), []byte{13, 0}, uint32(1))
	f.Add(uint32(100), []byte("CREATE TABLE"), uint32(4096))
	f.Fuzz(func(t *testing.T, at uint32, change []byte, cut uint32) {
		content := append([]byte(nil), whole...)
		copy(content[int(at)%len(content):], change)
		content = content[:len(content)-int(cut)%len(content)]
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		for round := range 2 {
			s, err := Open(file, silent, nothing)
			if err != nil {
				if round == 1 {
					t.Fatalf("taken once, and then refused: %v", err)
				}
				return
			}
			if got := dump(t, s); got != want {
				t.Errorf("it came back as\n%s\ninstead of\n%s", got, want)
			}
			closeFile(t, s)
		}
	})
}
