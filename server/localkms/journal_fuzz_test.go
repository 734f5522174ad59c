package localkms

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"
)

// FuzzJournal holds two laws, whatever follows in a state file or has changed in it: it is no fault, and a file that is
// taken comes back the same once more. What follows may be a record whose sum is right, so that the reader of records
// is reached and not the sum alone.
func FuzzJournal(f *testing.F) {
	file := filepath.Join(f.TempDir(), "state")
	s, err := openStore(file, silent, func(s *store) error {
		putKey(f, s, "one", specimen(0))
		return nil
	})
	if err != nil {
		f.Fatal(err)
	}
	putKey(f, s, "two", specimen(1))
	if err := s.close(); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		f.Fatal(err)
	}
	lines := bytes.SplitAfter(whole, []byte("\n"))
	last := lines[len(lines)-2]
	f.Add(last[9:len(last)-1], true, uint16(0), byte(0))
	f.Add([]byte(`{"account":"one","removed":["key-000"],"aliases":{"alias/a":"key-001"}}`), true, uint16(0), byte(0))
	f.Add([]byte(`{"keys":[{"id":""}]}`), true, uint16(0), byte(0))
	f.Add(last, false, uint16(0), byte(0))
	f.Add(last[:20], false, uint16(400), byte(1))
	f.Fuzz(func(t *testing.T, tail []byte, framed bool, at uint16, change byte) {
		content := bytes.Clone(whole)
		content[int(at)%len(content)] ^= change
		if framed {
			tail = fmt.Appendf(nil, "%08x %s\n", crc32.Checksum(tail, castagnoli), tail)
		}
		if err := os.WriteFile(file, append(content, tail...), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := openStore(file, silent, nothing)
		if err != nil {
			return
		}
		before := dump(t, s)
		if err := s.close(); err != nil {
			t.Fatal(err)
		}
		again, err := openStore(file, silent, nothing)
		if err != nil {
			t.Fatalf("taken once, and then refused: %v", err)
		}
		defer again.close()
		if after := dump(t, again); after != before {
			t.Errorf("it came back as\n%s\nand then as\n%s", before, after)
		}
	})
}
