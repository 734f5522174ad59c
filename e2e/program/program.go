package program

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

// Program is one run of the built binary, with the local KMS in it.
type Program struct {
	Console string // address, such as http://127.0.0.1:40123
	Local   string // address of the local KMS
	Control string // address of its control API
	Log     *Log
	Process *exec.Cmd
}

// Log keeps everything that the program wrote.
type Log struct {
	mu    sync.Mutex
	bytes bytes.Buffer
}

func (r *Log) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.bytes.Write(p)
}

// Bytes returns what was written so far.
func (r *Log) Bytes() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return bytes.Clone(r.bytes.Bytes())
}

// Start runs the program with its local KMS on free ports until the test ends.
func Start(t *testing.T) *Program {
	t.Helper()
	return StartWith(t, "--localkms-listen=127.0.0.1:0", "--localkms-control-listen=127.0.0.1:0")
}

// StartWith runs the program on a free port with the given flags until the test ends.
func StartWith(t *testing.T, flags ...string) *Program {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a browser")
	}
	p := &Program{Process: exec.Command(Binary, append([]string{"serve", "--listen=127.0.0.1:0"}, flags...)...), Log: &Log{}}
	p.Process.Stderr = p.Log
	output, err := p.Process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Stop(t) })

	lines := make(chan string)
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(output); scanner.Scan(); {
			p.Log.Write(append(scanner.Bytes(), '\n'))
			lines <- scanner.Text()
		}
	}()
	patience := time.After(20 * time.Second)
	for p.Console == "" {
		select {
		case line, more := <-lines:
			if !more {
				t.Fatalf("the program ended before it was ready:\n%s", p.Log.Bytes())
			}
			p.note(line)
		case <-patience:
			t.Fatalf("the program is not ready after 20 s:\n%s", p.Log.Bytes())
		}
	}
	go func() {
		for range lines {
		}
	}()
	return p
}

// note takes the addresses from the lines that the program prints for a person.
func (p *Program) note(line string) {
	_, address, found := strings.Cut(line, "http://")
	if !found {
		return
	}
	address = "http://" + strings.TrimRight(strings.Fields(address)[0], ":,")
	switch {
	case strings.HasPrefix(line, "LOCAL KMS"):
		p.Local = address
	case strings.HasPrefix(line, "Control API"):
		p.Control = address
	case strings.HasPrefix(line, "Keyferry"):
		p.Console = address
	}
}

// Stop ends the program as a person would and expects it to end well. Calling it twice does no harm.
func (p *Program) Stop(t *testing.T) {
	t.Helper()
	if p.Process.ProcessState != nil {
		return
	}
	p.Process.Process.Signal(os.Signal(syscall.SIGTERM))
	ended := make(chan error, 1)
	go func() { ended <- p.Process.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("the program ended with %v:\n%s", err, p.Log.Bytes())
		}
	case <-time.After(15 * time.Second):
		p.Process.Process.Kill()
		t.Error("the program did not end within 15 s of being told to")
	}
	if t.Failed() {
		t.Logf("the program wrote:\n%s", p.Log.Bytes())
	}
}
