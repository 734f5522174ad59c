package e2e

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

// running is one process of the built binary that a test may kill.
type running struct {
	process   *exec.Cmd
	addresses []string // in the order in which it named them
}

var addressForm = regexp.MustCompile(`https?://[0-9.]+:[0-9]+`)

// runBinary starts the binary, waits until it has named as many addresses as asked for, and lets it run until the test ends.
func runBinary(t *testing.T, log io.Writer, addresses int, arguments ...string) *running {
	t.Helper()
	if testing.Short() {
		t.Skip("starts programs")
	}
	r := &running{process: exec.Command(binary, arguments...)}
	r.process.Stderr = log
	output, err := r.process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.kill)
	lines := bufio.NewScanner(output)
	for len(r.addresses) < addresses && lines.Scan() {
		if address := addressForm.FindString(lines.Text()); address != "" {
			r.addresses = append(r.addresses, address)
		}
	}
	if len(r.addresses) < addresses {
		t.Fatalf("%v ended before it was ready", arguments)
	}
	go io.Copy(io.Discard, output)
	return r
}

// kill ends the process without warning, as kill -9 does. Calling it twice does no harm.
func (r *running) kill() {
	if r.process.ProcessState == nil {
		r.process.Process.Signal(syscall.SIGKILL)
		r.process.Wait()
	}
}

// apart is the console and the local KMS in processes of their own, and a door between them that can be shut. The
// console takes the local KMS for Alibaba Cloud.
type apart struct {
	program
	t         *testing.T // the test as whose parts both run, however often they are started
	site, kms *running
	door      *door
	flags     []string // of the console
	state     string   // the local KMS's file
}

// startApart starts both.
func startApart(t *testing.T) *apart {
	t.Helper()
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", localkms.DefaultAccessKeyID)
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", localkms.DefaultAccessKeySecret)
	a := &apart{t: t, program: program{log: &record{}}, state: filepath.Join(t.TempDir(), "kms.state")}
	a.door = openDoor(t)
	a.startKMS()
	a.flags = []string{"serve", "--kms=alibaba", "--endpoint=" + a.door.address, "--ca-file=" + a.door.authority}
	a.site = runBinary(t, a.log, 1, append(a.flags, "--listen=127.0.0.1:0")...)
	a.console = a.site.addresses[0]
	return a
}

// startKMS starts the local KMS, from its state file if there is one.
func (a *apart) startKMS() {
	a.t.Helper()
	a.kms = runBinary(a.t, a.log, 2, "localkms", "--listen=127.0.0.1:0", "--control-listen=127.0.0.1:0", "--state="+a.state)
	a.local, a.control = a.kms.addresses[0], a.kms.addresses[1]
	a.door.lead(a.local)
}

// startConsole starts the console again, where it was.
func (a *apart) startConsole() {
	a.t.Helper()
	a.site = runBinary(a.t, a.log, 1, append(a.flags, "--listen="+strings.TrimPrefix(a.console, "http://"))...)
}

// door stands between console and KMS. It passes calls on, or does to them what a fault says.
type door struct {
	address   string
	authority string // file with the certificate to trust

	mu     sync.Mutex
	target string
	action string // that the fault is for
	fault  fault
	server *http.Server
	tls    *tls.Config
}

// fault answers a call in the KMS's place; pass has the KMS do it.
type fault func(w http.ResponseWriter, pass func() answered)

// answered is what the KMS answered.
type answered struct {
	status int
	kind   string
	body   []byte
}

func (a answered) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", a.kind)
	w.WriteHeader(a.status)
	w.Write(a.body)
}

func openDoor(t *testing.T) *door {
	t.Helper()
	lent := httptest.NewTLSServer(nil) // for its certificate
	d := &door{tls: lent.TLS.Clone(), address: "127.0.0.1:0"}
	d.authority = kept(t, "authority.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: lent.Certificate().Raw}))
	lent.Close()
	d.open(t)
	t.Cleanup(d.close)
	return d
}

// open listens, at the same address as before.
func (d *door) open(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", d.address)
	if err != nil {
		t.Fatal(err)
	}
	d.address = listener.Addr().String()
	d.server = &http.Server{Handler: d, TLSConfig: d.tls.Clone(), TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){}}
	go d.server.ServeTLS(listener, "", "")
}

// close refuses every connection from now on.
func (d *door) close() { d.server.Close() }

func (d *door) lead(target string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.target = target
}

// put has a fault befall an action, until it is cleared by putting none.
func (d *door) put(action string, f fault) {
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
	pass := func() answered { return forward(r, target, body) }
	if f != nil && (strings.Contains(r.URL.RawQuery, "Action="+action) || strings.Contains(string(body), "Action="+action)) {
		f(w, pass)
		return
	}
	pass().write(w)
}

// forward has the KMS do what was asked.
func forward(r *http.Request, target string, body []byte) answered {
	// What was asked is done even if nobody waits for the answer any more.
	ctx := context.WithoutCancel(r.Context())
	request, err := http.NewRequestWithContext(ctx, r.Method, target+r.URL.RequestURI(), strings.NewReader(string(body)))
	if err != nil {
		return answered{status: http.StatusBadGateway}
	}
	request.Header = r.Header.Clone()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return answered{status: http.StatusBadGateway}
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return answered{status: http.StatusBadGateway}
	}
	return answered{response.StatusCode, response.Header.Get("Content-Type"), content}
}

// cut ends the connection without an answer.
func cut(w http.ResponseWriter) {
	panic(http.ErrAbortHandler)
}

// eventually waits until something holds.
func eventually(t *testing.T, patience time.Duration, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("%s: not after %v", what, patience)
}
