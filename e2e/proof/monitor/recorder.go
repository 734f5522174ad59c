package monitor

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"sync"
	"testing"
	"time"
)

// recorder is a proxy that keeps every byte that a browser sends and gets. It takes the place of
// the capture where there is no namespace: the browser is told to use it for everything, and it
// leads to loopback addresses alone.
type recorder struct {
	address string
	server  *http.Server
	mu      sync.Mutex
	passed  []*recorded
}

// recorded is a connection whose two directions are kept.
type recorded struct {
	net.Conn
	mu       sync.Mutex
	from, to bytes.Buffer // the browser
}

func (c *recorded) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.from.Write(p[:n])
	return n, err
}

func (c *recorded) Write(p []byte) (int, error) {
	c.mu.Lock()
	c.to.Write(p)
	c.mu.Unlock()
	return c.Conn.Write(p)
}

// Accept hands out connections that are kept.
func (l recordingListener) Accept() (net.Conn, error) {
	connection, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	kept := &recorded{Conn: connection}
	l.recorder.mu.Lock()
	defer l.recorder.mu.Unlock()
	l.recorder.passed = append(l.recorder.passed, kept)
	return kept, nil
}

type recordingListener struct {
	net.Listener
	recorder *recorder
}

// newRecorder starts a recording proxy.
func newRecorder(t *testing.T) *recorder {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{address: listener.Addr().String()}
	r.server = &http.Server{Handler: http.HandlerFunc(pass), ReadHeaderTimeout: 10 * time.Second}
	go r.server.Serve(recordingListener{listener, r})
	t.Cleanup(func() { r.server.Close() })
	return r
}

// pass sends a request on as a proxy does, and refuses every address but loopback ones.
func pass(w http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.Host)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		http.Error(w, "nothing but loopback addresses can be reached", http.StatusForbidden)
		return
	}
	if r.Method == http.MethodConnect {
		tunnel(w, r)
		return
	}
	(&httputil.ReverseProxy{
		Rewrite:      func(pr *httputil.ProxyRequest) { pr.Out.Host = pr.In.Host },
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}).ServeHTTP(w, r)
}

// tunnel joins a browser with an address, as it asks for with WebSockets.
func tunnel(w http.ResponseWriter, r *http.Request) {
	far, err := net.Dial("tcp", r.Host)
	if err != nil {
		http.Error(w, "nobody answers there", http.StatusBadGateway)
		return
	}
	defer far.Close()
	near, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer near.Close()
	io.WriteString(near, "HTTP/1.1 200 OK\r\n\r\n")
	go func() {
		io.Copy(far, buffered)
		far.(*net.TCPConn).CloseWrite()
	}()
	io.Copy(near, far)
}

func (r *recorder) stop(t *testing.T) ([]stream, []Place) {
	t.Helper()
	r.server.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	var streams []stream
	for _, c := range r.passed {
		c.mu.Lock()
		browser, proxy := c.RemoteAddr().String(), "proxy"
		streams = append(streams,
			stream{browser, proxy, bytes.Clone(c.from.Bytes())}, stream{proxy, browser, bytes.Clone(c.to.Bytes())})
		c.mu.Unlock()
	}
	return streams, nil
}
