package monitor

import (
	"bytes"
	"runtime"
	"slices"
	"testing"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
)

// image is the memory of a process, less the pages that hold nothing but zeros. Nil where the
// operating system does not give it out.
func image(t *testing.T, pid int) []byte {
	t.Helper()
	if runtime.GOOS != "linux" {
		return nil
	}
	var whole bytes.Buffer
	_, err := browser.Process{ID: pid}.Read(func(_ browser.Region, _ uint64, content []byte) {
		for page := range slices.Chunk(content, browser.PageSize) {
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

// KeepMemory keeps the process image of a console.
func (h *Run) KeepMemory(p *program.Program, when string) {
	h.T.Helper()
	h.Keep("console's memory", when, image(h.T, p.Pid()))
}
