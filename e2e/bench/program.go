package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// program is a run of the built binary on free ports of the loopback address.
type program struct {
	console string // address, empty without a console
	local   string // address of the local KMS
	control string // address of its control API
	process *exec.Cmd
	log     *os.File
}

// start runs a built binary and waits until it is ready and has filled its pool of wrapping keys, which keeps a core
// busy.
func (b *bench) start(ctx context.Context, file string, flags ...string) (*program, error) {
	log, err := os.CreateTemp(b.folder, filepath.Base(file)+"-*.log")
	if err != nil {
		return nil, err
	}
	p := &program{process: exec.CommandContext(ctx, file, flags...), log: log}
	p.process.Stderr = log
	output, err := p.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.process.Start(); err != nil {
		return nil, fmt.Errorf("starting the program: %v", err)
	}
	said := make(chan string)
	go func() {
		defer close(said)
		for scanner := bufio.NewScanner(output); scanner.Scan(); {
			said <- scanner.Text()
		}
	}()
	if err = p.listen(said, flags[0] == "serve"); err == nil {
		err = p.settle(ctx)
	}
	go func() {
		for range said {
		}
	}()
	if err != nil {
		p.stop()
		complaint, _ := os.ReadFile(log.Name())
		return nil, fmt.Errorf("starting the program: %v\n%s", err, complaint)
	}
	return p, nil
}

// startConsole runs the console with the local KMS behind it.
func (b *bench) startConsole(ctx context.Context, file string) (*program, error) {
	return b.start(ctx, file, "serve",
		"--listen=127.0.0.1:0", "--localkms-listen=127.0.0.1:0", "--localkms-control-listen=127.0.0.1:0")
}

// startLocalKMS runs the local KMS alone.
func (b *bench) startLocalKMS(ctx context.Context) (*program, error) {
	return b.start(ctx, b.built.program, "localkms", "--listen=127.0.0.1:0", "--control-listen=127.0.0.1:0")
}

// listen takes the addresses from the lines that the program prints for a person.
func (p *program) listen(said <-chan string, withConsole bool) error {
	patience := time.After(20 * time.Second)
	for p.local == "" || p.control == "" || withConsole && p.console == "" {
		select {
		case line, more := <-said:
			if !more {
				return errors.New("it ended before it was ready")
			}
			p.note(line)
		case <-patience:
			return errors.New("it is not ready after 20 s")
		}
	}
	return nil
}

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

// settle waits until the pool of wrapping keys has not grown for two seconds.
func (p *program) settle(ctx context.Context) error {
	ready, since := -1, time.Now()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		now, err := p.keysReady(ctx)
		if err != nil {
			return err
		}
		if now != ready {
			ready, since = now, time.Now()
		}
		if ready > 0 && time.Since(since) > 2*time.Second {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return errors.New("its pool of wrapping keys is still being filled after a minute")
}

func (p *program) keysReady(ctx context.Context) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.control+"/healthz", nil)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	var health struct {
		WrappingKeysReady int `json:"wrappingKeysReady"`
	}
	if err := json.NewDecoder(response.Body).Decode(&health); err != nil {
		return 0, fmt.Errorf("reading the control API: %v", err)
	}
	return health.WrappingKeysReady, nil
}

// memory reads a figure of the process's memory in bytes, such as VmRSS.
func (p *program) memory(name string) (int, error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.process.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("reading the memory of the program, which takes Linux: %v", err)
	}
	for line := range strings.Lines(string(content)) {
		if rest, found := strings.CutPrefix(line, name+":"); found {
			kilobytes, err := strconv.Atoi(strings.Fields(rest)[0])
			return kilobytes << 10, err
		}
	}
	return 0, fmt.Errorf("the system does not tell %s", name)
}

// stop ends the program as a person would, and less gently if that does not help. Calling it twice does no harm.
func (p *program) stop() {
	if p == nil || p.process.ProcessState != nil {
		return
	}
	p.process.Process.Signal(syscall.SIGTERM)
	force := time.AfterFunc(15*time.Second, func() { p.process.Process.Kill() })
	p.process.Wait() // how it ended is the business of the tests
	force.Stop()
	p.log.Close()
}
