//go:build !js

package main

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestJoinSegments joins the segments of modules as Go's linker writes them: memory must be the same
// before and after, in far fewer segments, and nothing else may change.
func TestJoinSegments(t *testing.T) {
	module := linked(t)
	joined, err := joinSegments(module)
	if err != nil {
		t.Fatal(err)
	}
	before, after := sections(t, module), sections(t, joined)
	written, kept := before[dataSection], after[dataSection]
	delete(before, dataSection)
	delete(after, dataSection)
	if !maps.EqualFunc(before, after, bytes.Equal) {
		t.Error("another section than the data changed")
	}
	if !bytes.Equal(memory(t, written), memory(t, kept)) {
		t.Error("the memory that the module starts with changed")
	}
	many, few := segmentsOf(t, written), segmentsOf(t, kept)
	if len(few)*100 > len(many) {
		t.Errorf("%d segments became %d", len(many), len(few))
	}
	again, err := joinSegments(joined)
	if err != nil || !bytes.Equal(again, joined) {
		t.Errorf("a module whose segments are joined changes once more (%v)", err)
	}
}

// linked is a small module as Go's linker writes it.
func linked(t *testing.T) []byte {
	t.Helper()
	folder := t.TempDir()
	source, module := filepath.Join(folder, "main.go"), filepath.Join(folder, "main.wasm")
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() { println(\"ready\") }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", module, source)
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, output)
	}
	content, err := os.ReadFile(module)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// sections are the sections of a module by their ids; those without a meaning have one together.
func sections(t *testing.T, module []byte) map[byte][]byte {
	t.Helper()
	found := map[byte][]byte{}
	for rest := module[len(moduleHead):]; len(rest) > 0; {
		id, content, behind, err := nextSection(rest)
		if err != nil {
			t.Fatal(err)
		}
		found[id] = append(found[id], content...)
		rest = behind
	}
	return found
}

func segmentsOf(t *testing.T, section []byte) []segment {
	t.Helper()
	segments, err := readSegments(section)
	if err != nil {
		t.Fatal(err)
	}
	return segments
}

// memory is what a browser makes of a data section: each segment copied to its address, in order.
func memory(t *testing.T, section []byte) []byte {
	t.Helper()
	memory := make([]byte, 8<<20)
	for _, s := range segmentsOf(t, section) {
		copy(memory[s.address:], s.content)
	}
	return memory
}

// TestSegments joins small data sections, on both sides of each limit.
func TestSegments(t *testing.T) {
	far := uint64(longestGap)
	for _, test := range []struct {
		name         string
		given, wants []segment
	}{
		{"none", nil, nil},
		{"side by side", []segment{{8, []byte("ab")}, {10, []byte("c")}}, []segment{{8, []byte("abc")}}},
		{"a gap", []segment{{8, []byte("ab")}, {12, []byte("c")}}, []segment{{8, []byte("ab\x00\x00c")}}},
		{"out of order", []segment{{12, []byte("c")}, {8, []byte("ab")}}, []segment{{8, []byte("ab\x00\x00c")}}},
		{"the longest gap", []segment{{0, []byte("a")}, {1 + far, []byte("b")}},
			[]segment{{0, append(append([]byte("a"), make([]byte, far)...), 'b')}}},
		{"too far", []segment{{0, []byte("a")}, {2 + far, []byte("b")}}, []segment{{0, []byte("a")}, {2 + far, []byte("b")}}},
		{"addresses whose sign bit would be set", []segment{{0x40, []byte("a")}, {0x2000, []byte("b")}, {1<<31 - 1, []byte("c")}},
			[]segment{{0x40, []byte("a")}, {0x2000, []byte("b")}, {1<<31 - 1, []byte("c")}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			joined, err := join(segmentsOf(t, writeSegments(test.given)))
			if err != nil {
				t.Fatal(err)
			}
			if got, want := writeSegments(joined), writeSegments(test.wants); !bytes.Equal(got, want) {
				t.Errorf("got %v, want %v", joined, test.wants)
			}
			for _, s := range segmentsOf(t, writeSegments(joined)) {
				if s.address >= 1<<31 {
					t.Errorf("a browser would read address %#x as a negative number", s.address)
				}
			}
		})
	}
	if joined, err := join([]segment{{8, []byte("abc")}, {10, []byte("c")}}); err == nil {
		t.Errorf("segments that overlap became %v", joined)
	}
}

// TestSignedNumbers compares addresses with their encoding as signed LEB128.
func TestSignedNumbers(t *testing.T) {
	for n, want := range map[uint64]string{
		0: "\x00", 63: "\x3f", 64: "\xc0\x00", 127: "\xff\x00", 128: "\x80\x01", 8191: "\xff\x3f", 8192: "\x80\xc0\x00",
		1<<31 - 1: "\xff\xff\xff\xff\x07",
	} {
		if got := appendSigned(nil, n); string(got) != want {
			t.Errorf("%d is % x, want % x", n, got, want)
		}
	}
}

// FuzzJoinSegments reads modules that no linker wrote: they give an error, or a module that reads
// again.
func FuzzJoinSegments(f *testing.F) {
	for _, section := range []string{
		"", "\x01", "\x01\x00\x41\x08\x0b\x01a", "\x02\x00\x41\x08\x0b\x01a\x00\x41\x09\x0b\x01b",
		"\x01\x01\x01a", "\x01\x02\x00\x41\x08\x0b\x01a", "\x01\x00\x23\x00\x0b\x01a", "\x01\x00\x41\x08\x0b\x02a",
		"\x01\x00\x41\x08", "\x01\x00\x41\xff\xff\xff\xff\x0f\x0b\x01a", "\x01\x00\x41\x08\x0b\x01ab", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
	} {
		f.Add(append([]byte(moduleHead+string(rune(dataSection))), append([]byte{byte(len(section))}, section...)...))
	}
	f.Add([]byte(moduleHead))
	f.Add([]byte(moduleHead + "\x0b"))
	f.Add([]byte("\x00asm\x02\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, module []byte) {
		joined, err := joinSegments(module)
		if err != nil {
			return
		}
		if again, err := joinSegments(joined); err != nil || !bytes.Equal(again, joined) {
			t.Errorf("% x became % x, and then % x (%v)", module, joined, again, err)
		}
	})
}
