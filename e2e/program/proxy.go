package program

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// Proxy is a TLS server between the console and the KMS. It passes calls on, or does with them what
// a fault says.
type Proxy struct {
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

func startProxy(t testing.TB) *Proxy {
	t.Helper()
	lent := httptest.NewTLSServer(nil) // for its certificate
	p := &Proxy{tls: lent.TLS.Clone(), address: "127.0.0.1:0"}
	p.authority = Kept(t, "authority.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: lent.Certificate().Raw}))
	lent.Close()
	p.Open(t)
	t.Cleanup(p.Close)
	return p
}

// Open listens, at the same address as before.
func (p *Proxy) Open(t testing.TB) {
	t.Helper()
	listener, err := net.Listen("tcp", p.address)
	if err != nil {
		t.Fatal(err)
	}
	p.address = listener.Addr().String()
	p.server = &http.Server{Handler: p, TLSConfig: p.tls.Clone(), TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){}}
	go p.server.ServeTLS(listener, "", "")
}

// Close refuses every connection from now on.
func (p *Proxy) Close() { p.server.Close() }

func (p *Proxy) lead(target string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = target
}

// Put has a fault befall an action, until it is cleared by putting none.
func (p *Proxy) Put(action string, f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.action, p.fault = action, f
}

func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	p.mu.Lock()
	target, action, f := p.target, p.action, p.fault
	p.mu.Unlock()
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
