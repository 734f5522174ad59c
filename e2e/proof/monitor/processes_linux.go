package monitor

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"keyferry/e2e/program"
)

// Processes are the command lines of a program and of every process that it started, as the process
// list shows them. Those of all other processes in the namespace are kept for the search.
func (h *Run) Processes(p *program.Program, when string) (own []string) {
	h.T.Helper()
	if h.Space == nil {
		return nil
	}
	output, err := exec.Command("ip", "netns", "pids", h.Space.name).Output()
	if err != nil {
		h.T.Fatalf("listing the processes: %v", err)
	}
	for id := range strings.FieldsSeq(string(output)) {
		line, err := os.ReadFile("/proc/" + id + "/cmdline")
		stat, _ := os.ReadFile("/proc/" + id + "/stat")
		if err != nil || len(line) == 0 {
			continue // it has ended
		}
		line = bytes.ReplaceAll(bytes.TrimSuffix(line, []byte{0}), []byte{0}, []byte(" "))
		h.Keep("process list", when, line)
		// The name of the program, in parentheses, is followed by its state and its parent.
		_, after, _ := strings.Cut(string(stat), ") ")
		var state, parent string
		fmt.Sscan(after, &state, &parent)
		if console := fmt.Sprint(p.Pid()); id == console || parent == console {
			own = append(own, string(line))
		}
	}
	return own
}
