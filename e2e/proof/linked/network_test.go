package linked

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"
)

// kmsHost is the KMS that the desks of these tests may reach, under its own name.
const kmsHost = "kms.cn-hangzhou.aliyuncs.com"

// network is everything that the browsers reach by a name: one listener, which has a trusted
// certificate for the KMS's name and another for every other name. So whoever owns a name that looks
// like the KMS's has a certificate for it, as they would have. Nothing outside is asked. The KMS
// answers at the listener's own address too, without TLS.
type network struct {
	listener            net.Listener
	kms, others, nobody tls.Certificate // nobody's is one that the browser does not trust

	mu       sync.Mutex
	answer   http.HandlerFunc // of the KMS's name
	impostor bool             // the KMS's name has nobody's certificate
	calls    int              // that reached the KMS's name
	reached  []string         // every other address that was asked
	attacker http.HandlerFunc // of every other name
}

func newNetwork() (*network, error) {
	n := &network{}
	for _, certificate := range []*tls.Certificate{&n.kms, &n.others, &n.nobody} {
		made, err := newCertificate()
		if err != nil {
			return nil, err
		}
		*certificate = made
	}
	var err error
	if n.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	server := &http.Server{Handler: n, ErrorLog: log.New(io.Discard, "", 0)}
	// Every connection shows its certificate anew: none is used again, and no session resumed.
	server.SetKeepAlivesEnabled(false)
	go server.Serve(&eitherListener{n.listener, &tls.Config{
		GetCertificate: n.certificate, NextProtos: []string{"http/1.1"}, SessionTicketsDisabled: true,
	}})
	return n, nil
}

// newCertificate makes a key and a certificate for it. Which names it is for does not matter: the
// browser is told which keys to trust.
func newCertificate() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), DNSNames: []string{kmsHost}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

// chromiumArguments lead every name to this network, and have the browser trust two of its keys.
func (n *network) chromiumArguments() []string {
	pins := ""
	for i, certificate := range []tls.Certificate{n.kms, n.others} {
		public, _ := x509.MarshalPKIXPublicKey(certificate.PrivateKey.(*ecdsa.PrivateKey).Public())
		sum := sha256.Sum256(public)
		if i > 0 {
			pins += ","
		}
		pins += base64.StdEncoding.EncodeToString(sum[:])
	}
	return []string{
		"--ignore-certificate-errors-spki-list=" + pins,
		"--host-resolver-rules=MAP * " + n.listener.Addr().String() + ", EXCLUDE 127.0.0.1",
	}
}

func (n *network) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case hello.ServerName != kmsHost:
		return &n.others, nil
	case n.impostor:
		return &n.nobody, nil
	}
	return &n.kms, nil
}

// ServeHTTP answers for every name.
func (n *network) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	answer := n.answer
	if ofTheMaker(r.Host) {
		n.mu.Unlock()
		http.NotFound(w, r)
		return
	}
	if r.Host != kmsHost && r.Host != n.listener.Addr().String() {
		n.reached = append(n.reached, r.Method+" "+r.Host+r.URL.Path)
		answer = n.attacker
	} else {
		n.calls++
	}
	n.mu.Unlock()
	w.Header().Set("Access-Control-Allow-Origin", "*")
	if answer == nil {
		http.NotFound(w, r)
		return
	}
	answer(w, r)
}

// ofTheMaker reports whether a host is one that a browser asks by itself, however it is set up.
func ofTheMaker(host string) bool {
	host, _, _ = strings.Cut(host, ":")
	for _, domain := range []string{"google.com", "googleapis.com", "gvt1.com", "mozilla.com", "mozilla.net", "mozilla.org", "firefox.com"} {
		if host == domain || strings.HasSuffix(host, "."+domain) {
			return true
		}
	}
	return false
}

// reset leads the KMS's name to a local KMS, and lets attackers answer as given.
func (n *network) reset(kms string, attacker http.HandlerFunc) {
	n.lead(passTo(kms))
	n.mu.Lock()
	defer n.mu.Unlock()
	n.calls, n.reached, n.impostor, n.attacker = 0, nil, false, attacker
}

// lead has the KMS's name answered by somebody.
func (n *network) lead(answer http.HandlerFunc) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.answer = answer
}

// divert has the KMS's name answered by somebody who has no certificate for it.
func (n *network) divert(answer http.HandlerFunc) {
	n.lead(answer)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.impostor = true
}

// asked is how often the KMS's name was asked since it was led somewhere anew.
func (n *network) asked() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.calls
}

// strangers are the other addresses that were asked.
func (n *network) strangers() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]string(nil), n.reached...)
}

// passTo passes calls on to a local KMS. The vendor's gateway answers browsers whatever they ask, and
// the local KMS only for the two calls, so it is not told that a browser asks.
func passTo(kms string) http.HandlerFunc {
	target, err := url.Parse(kms)
	if err != nil {
		panic(err) // the address of a server that runs
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			for name := range r.Out.Header {
				if name == "Origin" || strings.HasPrefix(name, "Sec-Fetch-") {
					r.Out.Header.Del(name)
				}
			}
		},
		ModifyResponse: func(r *http.Response) error { r.Header.Del("Access-Control-Allow-Origin"); return nil },
	}
	return proxy.ServeHTTP
}

// eitherListener takes connections with TLS and without it.
type eitherListener struct {
	net.Listener
	config *tls.Config
}

func (l *eitherListener) Accept() (net.Conn, error) {
	connection, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &eitherConn{Conn: connection, config: l.config}, nil
}

// eitherConn decides with the first byte.
type eitherConn struct {
	net.Conn
	config *tls.Config
	once   sync.Once
	chosen net.Conn
}

func (c *eitherConn) choose() net.Conn {
	c.once.Do(func() {
		reader := bufio.NewReader(c.Conn)
		plain := &peekedConn{c.Conn, reader}
		c.chosen = plain
		if first, err := reader.Peek(1); err == nil && first[0] == 0x16 { // a handshake of TLS
			c.chosen = tls.Server(plain, c.config)
		}
	})
	return c.chosen
}

func (c *eitherConn) Read(b []byte) (int, error)  { return c.choose().Read(b) }
func (c *eitherConn) Write(b []byte) (int, error) { return c.choose().Write(b) }

type peekedConn struct {
	net.Conn
	reader *bufio.Reader
}

func (c *peekedConn) Read(b []byte) (int, error) { return c.reader.Read(b) }
