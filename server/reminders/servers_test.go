package reminders_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"mime"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"keyferry/server/reminders"
)

const mailPassword = "the password of the mail server"

// mailServer is an SMTP server with STARTTLS and a sign-in.
type mailServer struct {
	address, caFile string

	mu     sync.Mutex
	got    []letter
	refuse func(to string) error // nil accepts
}

// letter is a mail that arrived.
type letter struct{ to, from, id, subject, text, raw string }

func startMail(t *testing.T) *mailServer {
	t.Helper()
	m := &mailServer{caFile: filepath.Join(t.TempDir(), "ca.pem")}
	server := smtp.NewServer(m)
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{selfSigned(t, m.caFile)}}
	server.ErrorLog = quiet{}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m.address = listener.Addr().String()
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return m
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

func selfSigned(t *testing.T, file string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, form, form, key.Public(), key)
	if err == nil {
		err = os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func (m *mailServer) mailer(t *testing.T) *reminders.Mailer {
	t.Helper()
	mailer, err := reminders.NewMailer(reminders.MailConfig{
		Server: "smtp://" + m.address, From: "Keyferry <keyferry@example.com>", User: "keyferry", Password: mailPassword, CAFile: m.caFile,
	})
	if err != nil {
		t.Fatal(err)
	}
	return mailer
}

// NewSession begins a connection.
func (m *mailServer) NewSession(*smtp.Conn) (smtp.Session, error) {
	return &mailSession{server: m}, nil
}

type mailSession struct {
	server   *mailServer
	signedIn bool
	from, to string
}

func (s *mailSession) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *mailSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "keyferry" || password != mailPassword {
			return errors.New("wrong password")
		}
		s.signedIn = true
		return nil
	}), nil
}

func (s *mailSession) Mail(from string, _ *smtp.MailOptions) error {
	if s.from = from; !s.signedIn {
		return smtp.ErrAuthRequired
	}
	return nil
}

func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	if s.server.refuse != nil {
		return s.server.refuse(to)
	}
	return nil
}

func (s *mailSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	parsed, err := mail.ReadMessage(strings.NewReader(string(raw)))
	if err != nil {
		return err
	}
	body, err := readBody(parsed)
	if err != nil {
		return err
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(parsed.Header.Get("Subject"))
	s.server.mu.Lock()
	s.server.got = append(s.server.got, letter{s.to, s.from, parsed.Header.Get("Message-ID"), subject, body, string(raw)})
	s.server.mu.Unlock()
	return err
}

func (s *mailSession) Reset()        {}
func (s *mailSession) Logout() error { return nil }

// arrived returns what has arrived since the last call.
func (m *mailServer) arrived() []letter {
	m.mu.Lock()
	defer m.mu.Unlock()
	got := m.got
	m.got = nil
	return got
}

func (m *mailServer) setRefusal(f func(to string) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.refuse = f
}

// hookServer gets what webhooks of every kind are sent.
type hookServer struct {
	url string

	mu     sync.Mutex
	got    []posted
	answer func(w http.ResponseWriter, kind string) bool // reports whether it has answered
}

// posted is a call of a webhook.
type posted struct {
	kind, query string
	header      http.Header
	raw         string
	body        map[string]any
}

const hookSecret = "a secret that signs messages"

func startHooks(t *testing.T) *hookServer {
	t.Helper()
	h := &hookServer{}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	h.url = server.URL
	return h
}

// all are webhooks of every kind.
func (h *hookServer) all() []reminders.Webhook {
	var hooks []reminders.Webhook
	for _, kind := range []string{"dingtalk", "feishu", "wecom", "slack", "generic"} {
		hook := reminders.Webhook{Name: "team-" + kind, Kind: kind, URL: h.url + "/" + kind + "?access_token=hidden-token", Secret: hookSecret}
		if kind == "wecom" || kind == "slack" {
			hook.Secret = ""
		}
		hooks = append(hooks, hook)
	}
	return hooks
}

// ServeHTTP answers as the services do.
func (h *hookServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	p := posted{kind: strings.TrimPrefix(r.URL.Path, "/"), query: r.URL.RawQuery, header: r.Header, raw: string(raw)}
	json.Unmarshal(raw, &p.body)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.got = append(h.got, p)
	if h.answer != nil && h.answer(w, p.kind) {
		return
	}
	switch p.kind {
	case "dingtalk", "wecom":
		io.WriteString(w, `{"errcode":0,"errmsg":"ok"}`)
	case "feishu":
		io.WriteString(w, `{"code":0,"msg":"success","data":{}}`)
	case "slack":
		io.WriteString(w, "ok")
	}
}

func (h *hookServer) arrived() []posted {
	h.mu.Lock()
	defer h.mu.Unlock()
	got := h.got
	h.got = nil
	return got
}

func (h *hookServer) setAnswer(f func(w http.ResponseWriter, kind string) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answer = f
}
