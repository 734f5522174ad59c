package signin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"keyferry/server/ledger"
	"keyferry/server/person"
	"keyferry/server/signin"
	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

// clock is a clock that a test can move.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) forward(d time.Duration) { c.ahead.Add(int64(d)) }

// console is a console that serves sign-in, and says who asks at /who.
type console struct {
	*httptest.Server
	service *signin.Service
	clock   *clock
	db      *store.DB
	ledger  *ledger.Log
	log     *logged
	said    *announced
	tried   attempts
}

// attempts are the attempts to sign in that were counted, each as its way and its code.
type attempts struct {
	mu  sync.Mutex
	all []string
}

func (a *attempts) add(way, code string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all = append(a.all, way+" "+code)
}

// take returns the attempts since it was called before.
func (a *attempts) take() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := a.all
	a.all = nil
	return all
}

// logged keeps what was logged.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// announced keeps the addresses that the operator was shown.
type announced struct{ addresses []string }

// newConsole serves a console until the test ends. The database is nil for none.
func newConsole(t *testing.T, db *store.DB, secure bool, change func(*signin.Config)) *console {
	t.Helper()
	c := &console{clock: &clock{}, db: db, log: &logged{}, said: &announced{}}
	mux := http.NewServeMux()
	c.Server = httptest.NewUnstartedServer(mux)
	scheme := "http://"
	if secure {
		scheme = "https://"
	}
	config := signin.Config{
		BaseURL: scheme + c.Listener.Addr().String(), DB: db, StepUp: true, Clock: c.clock.now, Observe: c.tried.add,
		Log:      slog.New(slog.NewTextHandler(io.MultiWriter(c.log, t.Output()), &slog.HandlerOptions{Level: slog.LevelDebug})),
		Announce: func(address string) { c.said.addresses = append(c.said.addresses, address) },
	}
	if db != nil {
		key, err := ledger.NewKey("keyferry.example")
		if err != nil {
			t.Fatal(err)
		}
		if c.ledger, err = ledger.Open(t.Context(), db, key); err != nil {
			t.Fatal(err)
		}
		config.Ledger = c.ledger
	}
	change(&config)
	service, err := signin.New(config)
	if err != nil {
		t.Fatal(err)
	}
	c.service = service
	mux.Handle("/signin/", service.Handler())
	who := func(w http.ResponseWriter, r *http.Request) {
		p, _ := person.From(r.Context())
		json.NewEncoder(w).Encode(p)
	}
	mux.Handle("GET /who", service.Require(http.HandlerFunc(who)))
	mux.Handle("POST /act", service.Guard(service.Require(http.HandlerFunc(who))))
	page := func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "page "+r.URL.Path) }
	mux.HandleFunc("/", page)
	mux.HandleFunc("/signin", page)
	if secure {
		c.StartTLS()
	} else {
		c.Start()
	}
	t.Cleanup(c.Close)
	return c
}

// browser keeps cookies and follows redirects until the sign-in page.
type browser struct {
	t       *testing.T
	console *console
	client  *http.Client
	seen    []string // every address
	headers http.Header
}

func (c *console) browser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{t: t, console: c, headers: http.Header{}}
	b.client = &http.Client{Jar: jar, Transport: c.Client().Transport, Timeout: time.Minute,
		CheckRedirect: func(r *http.Request, _ []*http.Request) error {
			b.seen = append(b.seen, r.URL.String())
			return nil
		}}
	return b
}

// get opens an address and returns where it led to.
func (b *browser) get(path string) (*url.URL, *http.Response) {
	b.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = b.console.URL + path
	}
	r, err := http.NewRequest(http.MethodGet, path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do(r)
}

func (b *browser) do(r *http.Request) (*url.URL, *http.Response) {
	b.t.Helper()
	b.seen = append(b.seen, r.URL.String())
	for name, values := range b.headers {
		r.Header[name] = values
	}
	response, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response.Request.URL, response
}

// post sends an object as the pages do, and returns status and answer.
func (b *browser) post(path string, object any) (int, map[string]string) {
	b.t.Helper()
	body, err := json.Marshal(object)
	if err != nil {
		b.t.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodPost, b.console.URL+path, bytes.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Keyferry-Request", "1")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	_, response := b.do(r)
	answer := map[string]string{}
	json.NewDecoder(response.Body).Decode(&answer)
	return response.StatusCode, answer
}

// who asks the console who the browser's person is; nobody has no id.
func (b *browser) who() person.Person {
	b.t.Helper()
	_, response := b.get("/who")
	var p person.Person
	switch response.StatusCode {
	case http.StatusOK:
		if err := json.NewDecoder(response.Body).Decode(&p); err != nil {
			b.t.Fatal(err)
		}
	case http.StatusUnauthorized:
	default:
		b.t.Fatalf("asking who it is: %s", response.Status)
	}
	return p
}

// fails wants a page with a code, and one attempt that was counted with it.
func (b *browser) fails(path, code string) {
	b.t.Helper()
	b.console.tried.take()
	at, response := b.get(path)
	if tried := b.console.tried.take(); len(tried) != 1 || !strings.HasSuffix(tried[0], " "+code) {
		b.t.Errorf("counted %q, want one attempt with %s", tried, code)
	}
	if at.Path != "/signin" || at.Fragment != "error="+code {
		b.t.Errorf("led to %s (%s), want the page for %s", at, response.Status, code)
	}
}

// cookies returns the cookies of the browser for the console.
func (b *browser) cookies() []*http.Cookie {
	at, _ := url.Parse(b.console.URL + "/")
	return b.client.Jar.Cookies(at)
}

// session returns the session cookie; nil if there is none.
func (b *browser) session() *http.Cookie {
	for _, cookie := range b.cookies() {
		if cookie.Name == "__Host-keyferry" || strings.HasPrefix(cookie.Name, "keyferry-") && !strings.Contains(cookie.Name, "signin") {
			return cookie
		}
	}
	return nil
}

// with returns another browser that got hold of a cookie.
func (c *console) with(t *testing.T, cookie *http.Cookie) *browser {
	b := c.browser(t)
	at, _ := url.Parse(c.URL + "/")
	b.client.Jar.SetCookies(at, []*http.Cookie{cookie})
	return b
}

// kinds returns the kinds of the ledger's entries, the oldest first.
func (c *console) kinds(t *testing.T) []string {
	t.Helper()
	records, err := c.ledger.Entries(t.Context(), ledger.Filter{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, r := range slices.Backward(records) {
		kinds = append(kinds, r.Kind)
	}
	return kinds
}

// wantKinds compares the ledger.
func (c *console) wantKinds(t *testing.T, want ...string) {
	t.Helper()
	if got := c.kinds(t); !slices.Equal(got, want) {
		t.Errorf("the ledger has %q, want %q", got, want)
	}
}

// database opens an SQLite database until the test ends.
func database(t *testing.T) *store.DB { return storetest.Open(t, storetest.URL(t, store.SQLite)) }

// mortal opens a database that the test closes.
func mortal(t *testing.T) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "keyferry.db"))
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// write runs a transaction.
func (c *console) write(t *testing.T, f func(*store.Tx) error) {
	t.Helper()
	if err := c.db.Write(context.Background(), f); err != nil {
		t.Fatal(err)
	}
}
