package program

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"keyferry/server/localkms"
)

// Running is one process of the built binary that a test may kill.
type Running struct {
	Process   *exec.Cmd
	Addresses []string // in the order in which it named them
}

var addressForm = regexp.MustCompile(`https?://[0-9.]+:[0-9]+`)

// RunBinary starts the binary, waits until it has named as many addresses as asked for, and lets it run until the test ends.
func RunBinary(t *testing.T, log io.Writer, addresses int, arguments ...string) *Running {
	t.Helper()
	if testing.Short() {
		t.Skip("starts programs")
	}
	r := &Running{Process: exec.Command(Binary, arguments...)}
	r.Process.Stderr = log
	output, err := r.Process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Kill)
	lines := bufio.NewScanner(output)
	for len(r.Addresses) < addresses && lines.Scan() {
		if address := addressForm.FindString(lines.Text()); address != "" {
			r.Addresses = append(r.Addresses, address)
		}
	}
	if len(r.Addresses) < addresses {
		t.Fatalf("%v ended before it was ready", arguments)
	}
	go io.Copy(io.Discard, output)
	return r
}

// Kill ends the process without warning, as kill -9 does. Calling it twice does no harm.
func (r *Running) Kill() {
	if r.Process.ProcessState == nil {
		r.Process.Process.Signal(syscall.SIGKILL)
		r.Process.Wait()
	}
}

// Apart is the console and the local KMS in processes of their own, and a door between them that can be shut. The
// console takes the local KMS for Alibaba Cloud.
type Apart struct {
	Program
	t         *testing.T // the test as whose parts both run, however often they are started
	Site, Kms *Running
	Door      *door
	flags     []string // of the console
	state     string   // the local KMS's file
}

// StartApart starts both.
func StartApart(t *testing.T) *Apart {
	t.Helper()
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", localkms.DefaultAccessKeyID)
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", localkms.DefaultAccessKeySecret)
	a := &Apart{t: t, Program: Program{Log: &Log{}}, state: filepath.Join(t.TempDir(), "kms.state")}
	a.Door = openDoor(t)
	a.StartKMS()
	a.flags = []string{"serve", "--kms=alibaba", "--endpoint=" + a.Door.address, "--ca-file=" + a.Door.authority}
	a.Site = RunBinary(t, a.Log, 1, append(a.flags, "--listen=127.0.0.1:0")...)
	a.Console = a.Site.Addresses[0]
	return a
}

// StartKMS starts the local KMS, from its state file if there is one.
func (a *Apart) StartKMS() {
	a.t.Helper()
	a.Kms = RunBinary(a.t, a.Log, 2, "localkms", "--listen=127.0.0.1:0", "--control-listen=127.0.0.1:0", "--state="+a.state)
	a.Local, a.Control = a.Kms.Addresses[0], a.Kms.Addresses[1]
	a.Door.lead(a.Local)
}

// StartConsole starts the console again, where it was.
func (a *Apart) StartConsole() {
	a.t.Helper()
	a.Site = RunBinary(a.t, a.Log, 1, append(a.flags, "--listen="+strings.TrimPrefix(a.Console, "http://"))...)
}

// door stands between console and KMS. It passes calls on, or does to them what a fault says.
type door struct {
	address   string
	authority string // file with the certificate to trust

	mu     sync.Mutex
	target string
	action string // that the fault is for
	fault  Fault
	server *http.Server
	tls    *tls.Config
}

// Fault answers a call in the KMS's place; pass has the KMS do it.
type Fault func(w http.ResponseWriter, pass func() Answered)

// Answered is what the KMS answered.
type Answered struct {
	Status int
	Kind   string
	Body   []byte
}

func (a Answered) Write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", a.Kind)
	w.WriteHeader(a.Status)
	w.Write(a.Body)
}

func openDoor(t *testing.T) *door {
	t.Helper()
	lent := httptest.NewTLSServer(nil) // for its certificate
	d := &door{tls: lent.TLS.Clone(), address: "127.0.0.1:0"}
	d.authority = Kept(t, "authority.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: lent.Certificate().Raw}))
	lent.Close()
	d.Open(t)
	t.Cleanup(d.Close)
	return d
}

// Open listens, at the same address as before.
func (d *door) Open(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", d.address)
	if err != nil {
		t.Fatal(err)
	}
	d.address = listener.Addr().String()
	d.server = &http.Server{Handler: d, TLSConfig: d.tls.Clone(), TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){}}
	go d.server.ServeTLS(listener, "", "")
}

// Close refuses every connection from now on.
func (d *door) Close() { d.server.Close() }

func (d *door) lead(target string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.target = target
}

// Put has a fault befall an action, until it is cleared by putting none.
func (d *door) Put(action string, f Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.action, d.fault = action, f
}

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	d.mu.Lock()
	target, action, f := d.target, d.action, d.fault
	d.mu.Unlock()
	pass := func() Answered { return forward(r, target, body) }
	if f != nil && (strings.Contains(r.URL.RawQuery, "Action="+action) || strings.Contains(string(body), "Action="+action)) {
		f(w, pass)
		return
	}
	pass().Write(w)
}

// forward has the KMS do what was asked.
func forward(r *http.Request, target string, body []byte) Answered {
	// What was asked is done even if nobody waits for the answer any more.
	ctx := context.WithoutCancel(r.Context())
	request, err := http.NewRequestWithContext(ctx, r.Method, target+r.URL.RequestURI(), strings.NewReader(string(body)))
	if err != nil {
		return Answered{Status: http.StatusBadGateway}
	}
	request.Header = r.Header.Clone()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return Answered{Status: http.StatusBadGateway}
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return Answered{Status: http.StatusBadGateway}
	}
	return Answered{response.StatusCode, response.Header.Get("Content-Type"), content}
}

// Cut ends the connection without an answer.
func Cut(w http.ResponseWriter) {
	panic(http.ErrAbortHandler)
}

// Eventually waits until something holds.
func Eventually(t *testing.T, patience time.Duration, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("%s: not after %v", what, patience)
}
