package program

import (
	"os/exec"
	"regexp"
	"syscall"
	"testing"
	"time"
)

// Process is one run of a program. What it writes goes to Log.
type Process struct {
	Log   *Log
	cmd   *exec.Cmd
	ended chan struct{} // closed when the process has ended
	err   error         // how it ended; to be read after ended was closed
}

// startLimit is how long a program may take until it is ready. The tests share the machine with
// others.
const startLimit = 30 * time.Second

// Run starts a command and waits until it writes what a pattern matches. The process ends with the
// test at the latest.
func Run(t testing.TB, command *exec.Cmd, log *Log, ready *regexp.Regexp) *Process {
	t.Helper()
	p := &Process{Log: log, cmd: command, ended: make(chan struct{})}
	command.Stdout, command.Stderr = log, log
	offset := len(log.Bytes())
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = command.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() { p.Stop(t) })
	if !log.Await(ready, offset, startLimit, p.ended) {
		t.Fatalf("%s is not ready:\n%s", command.Args, log)
	}
	return p
}

// Pid returns the process's id.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Args returns the command line, as the process was started with it.
func (p *Process) Args() []string { return p.cmd.Args }

// Stop ends the process by SIGTERM, as a person would, and expects it to end well. It does nothing
// if the process has ended.
func (p *Process) Stop(t testing.TB) {
	t.Helper()
	select {
	case <-p.ended:
		return
	default:
	}
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
		if p.err != nil {
			t.Errorf("the program ended with %v:\n%s", p.err, p.Log)
		}
	case <-time.After(15 * time.Second):
		p.Kill()
		t.Error("the program did not end within 15 s after SIGTERM")
	}
	if t.Failed() {
		t.Logf("the program wrote:\n%s", p.Log)
	}
}

// Kill ends the process by SIGKILL and waits for its end.
func (p *Process) Kill() {
	p.cmd.Process.Kill()
	<-p.ended
}
