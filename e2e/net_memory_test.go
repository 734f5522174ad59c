package e2e

import (
	"bytes"
	"runtime"
	"slices"
	"testing"
)

// image is the memory of a process, less the pages that hold nothing but zeros. Nil where the operating system does not
// give it out.
func image(t *testing.T, pid int) []byte {
	t.Helper()
	if runtime.GOOS != "linux" {
		return nil
	}
	var whole bytes.Buffer
	_, err := process{id: pid}.read(func(_ region, _ uint64, content []byte) {
		for page := range slices.Chunk(content, pageSize) {
			if len(bytes.Trim(page, "\x00")) > 0 {
				whole.Write(page)
			}
		}
	})
	if err != nil {
		t.Fatalf("reading the memory of process %d: %v", pid, err)
	}
	return whole.Bytes()
}

// keepMemory keeps the process image of a console.
func (h *harness) keepMemory(p *program, when string) {
	h.t.Helper()
	h.keep("console's memory", when, image(h.t, p.process.Process.Pid))
}
