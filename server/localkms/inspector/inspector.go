// Package inspector shows what a local KMS holds, in a browser: the CMKs and
// their states, and the acts that a person would otherwise look for in the
// vendor's console. Its pages are plain HTML with forms, and have no script.
package inspector

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
)

// KMS is what the inspector needs of a key management service.
type KMS interface {
	// Accounts returns the accounts there are; the first is the usual one.
	Accounts() []string
	// List returns a page of an account's CMKs, and how many there are.
	List(account string, number, size int) ([]Key, int, error)
	// Find returns one CMK, or an *Error.
	Find(account, keyID string) (Key, error)
	// Call performs an action of the API in an account, without a signature.
	// What the KMS refuses is an *Error.
	Call(ctx context.Context, account, action string, params map[string]string) (Result, error)
}

// Key is a CMK as the inspector shows it.
type Key struct {
	ID          string
	Description string
	State       string
	Origin      string
	Spec        string
	Created     time.Time
	Expires     time.Time // zero: never
	DeleteAt    time.Time // zero: not scheduled
	Bound       bool      // to its first material
	HasMaterial bool
}

// Result is what the inspector uses of an action's answer.
type Result struct {
	RequestID      string
	KeyID          string
	CiphertextBlob string
	Plaintext      string // the text that was encrypted
}

// Error is a refusal of the KMS.
type Error struct {
	Code      string
	Message   string
	RequestID string
}

// Error returns the code.
func (e *Error) Error() string { return e.Code }

// Config says what an inspector shows.
type Config struct {
	KMS    KMS
	Region string
	// ConsoleURL returns the console's address for an import; nil, or an empty
	// result, means that there is none.
	ConsoleURL func() string
	// Foreign returns the status and the reason with which a request is refused that a web site
	// made a browser send, or 0.
	Foreign func(*http.Request) (status int, reason string)
}

//go:embed inspector.css
var stylesheet []byte

// pageSize is how many CMKs a page lists.
const pageSize = 50

// policy lets a page use its stylesheet and send its forms, and nothing else.
const policy = "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// inspector serves the pages.
type inspector struct {
	Config
	styleURL string
	outcomes *outcomes
}

// New returns the inspector's handler.
func New(config Config) http.Handler {
	digest := sha256.Sum256(stylesheet)
	in := &inspector{
		Config:   config,
		styleURL: "/inspector/" + hex.EncodeToString(digest[:8]) + ".css",
		outcomes: &outcomes{},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", in.list)
	mux.HandleFunc("GET /find", in.find)
	mux.HandleFunc("GET /keys/{id}", in.key)
	mux.HandleFunc("POST /keys", in.create)
	mux.HandleFunc("POST /keys/{id}/{act}", in.act)
	mux.HandleFunc("POST /decrypt", in.decrypt)
	mux.HandleFunc("GET "+in.styleURL, serveStyle)
	mux.HandleFunc("GET /", in.lost)
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	return withHeaders(in.refusing(mux))
}

// refusing refuses the requests that Foreign names. A person who followed a link gets a page with a
// link to the list, because a link on a page of the inspector is not foreign. Nothing of the
// address is used but the language, and under a name that is not this machine's there is no page.
func (in *inspector) refusing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, reason := in.Foreign(r)
		switch {
		case status == 0:
			next.ServeHTTP(w, r)
		case status == http.StatusForbidden && r.Method == http.MethodGet && r.Header.Get("Sec-Fetch-Dest") == "document":
			clean := r.Clone(r.Context())
			clean.URL = &url.URL{Path: "/"}
			if language := r.URL.Query().Get("lang"); language != "" {
				clean.URL.RawQuery = url.Values{"lang": {language}}.Encode()
			}
			show(w, clean, status, foreignView(in.frame(w, clean)))
		default:
			http.Error(w, reason, status)
		}
	})
}

func withHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "same-origin")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Cache-Control", "no-store")
		r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
		next.ServeHTTP(w, r)
	})
}

func serveStyle(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Write(stylesheet)
}

// list shows the CMKs of an account.
func (in *inspector) list(w http.ResponseWriter, r *http.Request) {
	page := listPage{frame: in.frame(w, r), Number: 1}
	if n, err := strconv.Atoi(r.FormValue("page")); err == nil && n > 0 {
		page.Number = n
	}
	var err error
	if page.Keys, page.Total, err = in.KMS.List(page.Account, page.Number, pageSize); err != nil {
		in.broken(w, r, page.frame, err)
		return
	}
	show(w, r, http.StatusOK, listView(page))
}

// key shows one CMK and what can be done with it.
func (in *inspector) key(w http.ResponseWriter, r *http.Request) {
	page := keyPage{frame: in.frame(w, r)}
	var err error
	if page.Key, err = in.KMS.Find(page.Account, r.PathValue("id")); err != nil {
		in.broken(w, r, page.frame, err)
		return
	}
	show(w, r, http.StatusOK, keyView(page))
}

// find leads to the page of the CMK that was asked for.
func (in *inspector) find(w http.ResponseWriter, r *http.Request) {
	id := strings.TrimSpace(r.FormValue("KeyId"))
	http.Redirect(w, r, in.frame(w, r).keyLink(Key{ID: id}), http.StatusSeeOther)
}

// broken shows a page for what cannot be shown.
func (in *inspector) broken(w http.ResponseWriter, r *http.Request, f frame, err error) {
	status := http.StatusInternalServerError
	var refusal *Error
	if errors.As(err, &refusal) {
		status = http.StatusNotFound
		f.Outcome = &outcome{Error: refusal}
	}
	show(w, r, status, brokenView(f))
}

// lost shows a page for an address where nothing is.
func (in *inspector) lost(w http.ResponseWriter, r *http.Request) {
	f := in.frame(w, r)
	f.Path = "/"
	show(w, r, http.StatusNotFound, lostView(f))
}

// frame gathers what every page has.
func (in *inspector) frame(w http.ResponseWriter, r *http.Request) frame {
	f := frame{
		Text:     chooseLanguage(w, r),
		Region:   in.Region,
		Accounts: in.KMS.Accounts(),
		Style:    in.styleURL,
		Outcome:  in.outcomes.find(r.FormValue("outcome")),
		Path:     r.URL.Path,
	}
	f.Account = f.Accounts[0]
	for _, name := range f.Accounts {
		if name == r.FormValue("account") {
			f.Account = name
		}
	}
	if in.ConsoleURL != nil {
		f.Console = in.ConsoleURL()
	}
	return f
}

// show renders a page whole before it sends it, so that an error is an error
// and not half a page.
func show(w http.ResponseWriter, r *http.Request, status int, page templ.Component) {
	buffer := templ.GetBuffer()
	defer templ.ReleaseBuffer(buffer)
	if err := page.Render(r.Context(), buffer); err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Add("Vary", "Accept-Language, Cookie")
	w.WriteHeader(status)
	w.Write(buffer.Bytes())
}
