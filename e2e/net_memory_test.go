package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"math"
	"os"
	"testing"
)

// image reads the memory of a process: every map that it can read, less the pages that hold nothing but zeros. Nil where
// the operating system does not offer that.
func image(t *testing.T, pid int) []byte {
	t.Helper()
	maps, err := os.Open(fmt.Sprintf("/proc/%d/maps", pid))
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	defer maps.Close()
	memory, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		t.Fatalf("reading the memory of process %d: %v", pid, err)
	}
	defer memory.Close()
	var whole bytes.Buffer
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		var from, to uint64
		var rights string
		if _, err := fmt.Sscanf(lines.Text(), "%x-%x %s", &from, &to, &rights); err != nil {
			t.Fatalf("reading the maps of process %d: %v", pid, err)
		}
		if rights[0] == 'r' && from <= math.MaxInt64 { // the one map above it is the kernel's own
			readMap(&whole, memory, int64(from), int64(to))
		}
	}
	return whole.Bytes()
}

const pageSize = 4096

// readMap adds the pages of a map that are not empty. Maps that the kernel does not give out, such as its own, are left
// out.
func readMap(into *bytes.Buffer, memory *os.File, from, to int64) {
	var empty [pageSize]byte
	buffer := make([]byte, 1<<20)
	for at := from; at < to; {
		n, err := memory.ReadAt(buffer[:min(int64(len(buffer)), to-at)], at)
		for page := 0; page+pageSize <= n; page += pageSize {
			if content := buffer[page:][:pageSize]; !bytes.Equal(content, empty[:]) {
				into.Write(content)
			}
		}
		if err != nil || n == 0 {
			return
		}
		at += int64(n)
	}
}

// keepMemory keeps the process image of a console.
func (h *harness) keepMemory(p *program, when string) {
	h.t.Helper()
	h.keep("console's memory", when, image(h.t, p.process.Process.Pid))
}
