package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestPack(t *testing.T) {
	folder := t.TempDir()
	script := filepath.Join(folder, "js", "example.js")
	if err := os.Mkdir(filepath.Dir(script), 0o755); err != nil {
		t.Fatal(err)
	}
	write := func(file string, content []byte) {
		t.Helper()
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	mustOpen := func(content []byte) {
		t.Helper()
		for _, twin := range twins {
			compressed, err := os.ReadFile(script + twin.suffix)
			if err != nil {
				t.Fatal(err)
			}
			if !twin.opensTo(compressed, content) || len(compressed) >= len(content)/10 {
				t.Errorf("%s: %d bytes do not open to the file, or are not compressed", twin.suffix, len(compressed))
			}
		}
	}
	run := func() {
		t.Helper()
		if err := pack(folder); err != nil {
			t.Fatal(err)
		}
	}
	old := bytes.Repeat([]byte("a line of some script\n"), 1000)
	write(script, old)
	write(filepath.Join(folder, "notes.txt"), old)
	run()
	mustOpen(old)
	if _, err := os.Stat(filepath.Join(folder, "notes.txt.br")); err == nil {
		t.Error("a file that no browser loads was compressed")
	}

	current := bytes.Repeat([]byte("another line of it\n"), 1000)
	write(script, current)
	write(script+".gz", []byte("damaged"))
	run()
	mustOpen(current)

	if err := os.Remove(script); err != nil {
		t.Fatal(err)
	}
	run()
	if left, _ := filepath.Glob(script + "*"); len(left) != 0 {
		t.Errorf("twins of a file that is gone: %v", left)
	}
}

// The same file gives the same bytes, so that two builds give the same binary.
func TestPackIsDeterministic(t *testing.T) {
	var first [][]byte
	for range 2 {
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, "a.css"), bytes.Repeat([]byte("a{b:c}"), 500), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := pack(folder); err != nil {
			t.Fatal(err)
		}
		for i, twin := range twins {
			compressed, err := os.ReadFile(filepath.Join(folder, "a.css"+twin.suffix))
			if err != nil {
				t.Fatal(err)
			}
			if len(first) <= i {
				first = append(first, compressed)
			} else if !bytes.Equal(first[i], compressed) {
				t.Errorf("%s: two runs differ", twin.suffix)
			}
		}
	}
}
