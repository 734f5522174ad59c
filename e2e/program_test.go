package e2e

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// program is one run of the built binary, with the local KMS in it.
type program struct {
	console string // address, such as http://127.0.0.1:40123
	local   string // address of the local KMS
	control string // address of its control API
	log     *record
	process *exec.Cmd
}

// record keeps everything that the program wrote.
type record struct {
	mu    sync.Mutex
	bytes bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.bytes.Write(p)
}

// Bytes returns what was written so far.
func (r *record) Bytes() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return bytes.Clone(r.bytes.Bytes())
}

// start runs the program with its local KMS on free ports until the test ends.
func start(t *testing.T) *program {
	t.Helper()
	return startWith(t, "--localkms-listen=127.0.0.1:0", "--localkms-control-listen=127.0.0.1:0")
}

// startWith runs the program on a free port with the given flags until the test ends.
func startWith(t *testing.T, flags ...string) *program {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a browser")
	}
	p := &program{process: exec.Command(binary, append([]string{"serve", "--listen=127.0.0.1:0"}, flags...)...), log: &record{}}
	p.process.Stderr = p.log
	output, err := p.process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.stop(t) })

	lines := make(chan string)
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(output); scanner.Scan(); {
			p.log.Write(append(scanner.Bytes(), '\n'))
			lines <- scanner.Text()
		}
	}()
	patience := time.After(20 * time.Second)
	for p.console == "" {
		select {
		case line, more := <-lines:
			if !more {
				t.Fatalf("the program ended before it was ready:\n%s", p.log.Bytes())
			}
			p.note(line)
		case <-patience:
			t.Fatalf("the program is not ready after 20 s:\n%s", p.log.Bytes())
		}
	}
	go func() {
		for range lines {
		}
	}()
	return p
}

// note takes the addresses from the lines that the program prints for a person.
func (p *program) note(line string) {
	_, address, found := strings.Cut(line, "http://")
	if !found {
		return
	}
	address = "http://" + strings.TrimRight(strings.Fields(address)[0], ":,")
	switch {
	case strings.HasPrefix(line, "LOCAL KMS"):
		p.local = address
	case strings.HasPrefix(line, "Control API"):
		p.control = address
	case strings.HasPrefix(line, "Keyferry"):
		p.console = address
	}
}

// stop ends the program as a person would and expects it to end well. Calling it twice does no harm.
func (p *program) stop(t *testing.T) {
	t.Helper()
	if p.process.ProcessState != nil {
		return
	}
	p.process.Process.Signal(os.Signal(syscall.SIGTERM))
	ended := make(chan error, 1)
	go func() { ended <- p.process.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("the program ended with %v:\n%s", err, p.log.Bytes())
		}
	case <-time.After(15 * time.Second):
		p.process.Process.Kill()
		t.Error("the program did not end within 15 s of being told to")
	}
	if t.Failed() {
		t.Logf("the program wrote:\n%s", p.log.Bytes())
	}
}
