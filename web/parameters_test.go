package web_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

// TestParameters brings import parameters to step 2 of the offline page in the forms that people's
// programs give them, other ones in each run: whatever is taken has a receipt that reads back, and
// what is in order is taken. A failure names the seed.
func TestParameters(t *testing.T) {
	seed := strconv.FormatUint(uint64(rand.Uint32()), 10)
	count := "3000"
	if testing.Short() {
		count = "500"
	}
	output := runScript(t, "testdata/parameters.mjs", seed, count)
	if !regexp.MustCompile(`^checked [1-9]\d{2,4}\n$`).Match(output) {
		t.Errorf("seed %s:\n%s", seed, firstLines(output))
	}
}

// TestClock sets the clock wrong, and expects the page's scripts to tell the right time.
func TestClock(t *testing.T) {
	output := runScript(t, "testdata/clock.mjs")
	if !regexp.MustCompile(`^checked [1-9]\d\n$`).Match(output) {
		t.Errorf("%s", output)
	}
}

// runScript runs a script of the tests in Node, in the time zone Asia/Shanghai, with a folder that
// has the page's scripts as its first argument.
func runScript(t *testing.T, script string, arguments ...string) []byte {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		if testing.Short() {
			t.Skip("runs scripts of the page in Node")
		}
		t.Fatal("this test needs Node 20 or later: install the package nodejs")
	}
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS("pages")); err != nil {
		t.Fatal(err)
	}
	// Tells Node that the scripts are modules.
	if err := os.WriteFile(filepath.Join(folder, "package.json"), []byte(`{"type":"module"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), node, append([]string{script, folder}, arguments...)...)
	command.Env = append(os.Environ(), "TZ=Asia/Shanghai")
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, firstLines(output))
	}
	return output
}

// firstLines keeps a failure readable.
func firstLines(output []byte) []byte {
	lines := bytes.SplitAfter(output, []byte("\n"))
	return bytes.Join(lines[:min(len(lines), 10)], nil)
}
