package limit

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := NewEach(10, 3)
		allowed := func(name string, times int) (n int) {
			for range times {
				if e.Allow(name) {
					n++
				}
			}
			return n
		}
		if got := allowed("a", 100); got != 3 {
			t.Errorf("%d of a burst of 3", got)
		}
		if got := allowed("b", 100); got != 3 {
			t.Errorf("another has %d", got)
		}
		time.Sleep(200 * time.Millisecond)
		if got := allowed("a", 100); got != 2 {
			t.Errorf("after 0.2 s there are %d, want 2", got)
		}
		if !(*Each)(nil).Allow("a") {
			t.Error("no limit refuses")
		}
	})
}

// A hundred thousand names take little memory, and who comes again and again stays known.
func TestEachIsBounded(t *testing.T) {
	e := NewEach(0.001, 5)
	refused := 0
	for i := range 100_000 {
		e.Allow(fmt.Sprint("stranger ", i))
		if i%1000 == 0 && !e.Allow("regular") {
			refused++
		}
	}
	if known := len(e.young) + len(e.old); known > 2*maxKnown {
		t.Errorf("%d are known", known)
	}
	if refused != 95 {
		t.Errorf("the regular was refused %d times of 100, want 95", refused)
	}
}

func TestName(t *testing.T) {
	for remote, want := range map[string]string{
		"192.0.2.7:80": "192.0.2.7", "192.0.2.7": "192.0.2.7", "[::ffff:192.0.2.7]:9": "192.0.2.7",
		"[2001:db8:1:2:3:4:5:6]:80": "2001:db8:1:2::/64", "2001:db8:1:2::9": "2001:db8:1:2::/64", "[fe80::1%eth0]:1": "fe80::/64",
		"@": "@", "": "",
	} {
		if got := Name(remote); got != want {
			t.Errorf("%s is %s, want %s", remote, got, want)
		}
	}
}

func TestProxies(t *testing.T) {
	proxies, err := ParseProxies([]string{"10.0.0.0/8", "192.0.2.1", "2001:db8::/32"})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		peer, want string
		headers    []string
	}{
		{"198.51.100.1:5", "198.51.100.1:5", []string{"203.0.113.9"}}, // not a proxy
		{"192.0.2.1:5", "203.0.113.9:0", []string{"203.0.113.9"}},
		{"192.0.2.1:5", "203.0.113.9:0", []string{"6.6.6.6, 203.0.113.9"}}, // the client wrote the first
		{"192.0.2.1:5", "203.0.113.9:0", []string{"6.6.6.6", "203.0.113.9, 10.1.1.1"}},
		{"192.0.2.1:5", "203.0.113.9:0", []string{"203.0.113.9:4711"}},
		{"[2001:db8::1]:5", "[2400::1]:0", []string{"2400::1"}},
		{"10.9.9.9:5", "10.1.1.1:0", []string{"10.1.1.1"}}, // a client inside
		{"10.9.9.9:5", "10.2.2.2:0", []string{"nonsense, 10.2.2.2"}},
		{"10.9.9.9:5", "10.9.9.9:5", []string{"nonsense"}},
		{"10.9.9.9:5", "10.9.9.9:5", []string{""}},
		{"10.9.9.9:5", "10.9.9.9:5", nil},
		{"@", "@", []string{"203.0.113.9"}},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr, r.Header["X-Forwarded-For"] = test.peer, test.headers
		got := ""
		proxies.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.RemoteAddr })).ServeHTTP(nil, r)
		if got != test.want {
			t.Errorf("%s with %q: %s, want %s", test.peer, test.headers, got, test.want)
		}
	}
	for _, bad := range []string{"", "proxy.example", "10.0.0.0/33", "fe80::1%eth0"} {
		if _, err := ParseProxies([]string{bad}); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}

// Connections beyond an address's own are closed, and its place is free again when one ends.
func TestListener(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") })}
	ended := make(chan struct{})
	go func() { server.Serve(Listener(inner, 10, 2, nil)); close(ended) }()
	t.Cleanup(func() { server.Close(); <-ended })
	ask := func(from string) (net.Conn, bool) {
		dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: 5 * time.Second}
		c, err := dialer.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		c.SetDeadline(time.Now().Add(5 * time.Second))
		io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		answer := make([]byte, 15)
		n, _ := io.ReadFull(c, answer)
		return c, strings.HasPrefix(string(answer[:n]), "HTTP/1.1 200")
	}
	one, served := ask("127.0.0.1")
	_, also := ask("127.0.0.1")
	if !served || !also {
		t.Error("two connections are not served")
	}
	if _, third := ask("127.0.0.1"); third {
		t.Error("the third connection of an address is served")
	}
	if runtime.GOOS == "linux" { // where all of 127.0.0.0/8 is this computer
		if _, other := ask("127.0.0.2"); !other {
			t.Error("another address is not served")
		}
	}
	one.Close()
	for range 100 { // until the server has seen that
		if _, again := ask("127.0.0.1"); again {
			return
		}
	}
	t.Error("the place of a connection that has ended stays taken")
}

// Connections beyond all places wait for one, and no longer than the listener is open. A server can
// end its side of one, as it does after an answer to a request that it does not read to its end.
func TestListenerHasPlaces(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := Listener(inner, 1, 0, nil)
	accepted := make(chan net.Conn)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				close(accepted)
				return
			}
			accepted <- c
		}
	}()
	var clients [2]net.Conn
	for i := range clients {
		if clients[i], err = net.Dial("tcp", inner.Addr().String()); err != nil {
			t.Fatal(err)
		}
		defer clients[i].Close()
	}
	first := <-accepted
	select {
	case <-accepted:
		t.Fatal("there are two connections at once")
	case <-time.After(50 * time.Millisecond):
	}
	if err := first.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := clients[0].Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the client reads %v, want the end", err)
	}
	first.Close()
	first.Close() // a place is given back once
	second := <-accepted
	defer second.Close()
	l.Close()
	if _, open := <-accepted; open {
		t.Error("a closed listener accepts")
	}
}
