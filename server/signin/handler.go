package signin

import (
	"net/http"
	"strings"

	"keyferry/server/limit"
	"keyferry/server/person"
)

// maxBody is the limit of a request's body in bytes. A logout token is the longest.
const maxBody = 16 << 10

// Handler answers everything below /signin/, except pages.
func (s *Service) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /signin/out", s.out)
	if s.provider != nil {
		mux.HandleFunc("GET /signin/start", s.start)
		mux.HandleFunc("GET /signin/callback", s.callback)
		mux.HandleFunc("POST "+backChannel, s.backChannelLogout)
	}
	if s.config.DB != nil {
		mux.HandleFunc("POST /signin/guest", s.guest)
	}
	if len(s.config.Demo) > 0 {
		mux.HandleFunc("POST /signin/demo", s.demo)
	}
	if s.operator != nil {
		mux.HandleFunc("GET "+oneTime, s.openAddress)
	}
	return s.Guard(mux)
}

// backChannel is where the provider tells that somebody signed out there. It is the one POST that
// no page of the console sends.
const backChannel = "/signin/backchannel-logout"

// Guard refuses requests that another site made a browser send. Whatever is not a GET needs the
// header Keyferry-Request: 1, which a form cannot have and a script of another site may not send.
func (s *Service) Guard(next http.Handler) http.Handler {
	origin := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		safe := r.Method == http.MethodGet || r.Method == http.MethodHead
		if !safe && (r.URL.Path != backChannel || s.provider == nil) &&
			(r.Header.Get("Keyferry-Request") != "1" || origin.Check(r) != nil) {
			s.config.Fail(w, r, ErrCrossSite)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Who puts whoever asks into the context of a request; see person.From. Where nobody signs in it is
// the operator, unless the browser has the session of a guest.
func (s *Service) Who(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, known, err := s.sessions.who(r)
		if err != nil {
			s.log.Error("looking up a session", "error", err)
			s.config.Fail(w, r, ErrUnavailable)
			return
		}
		if !known && s.alone() {
			p, known = operatorPerson(s.now()), true
		}
		if known {
			r = r.WithContext(person.With(r.Context(), p))
		}
		next.ServeHTTP(w, r)
	})
}

// Require is Who that refuses requests of nobody.
func (s *Service) Require(next http.Handler) http.Handler {
	return s.Who(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, known := person.From(r.Context()); !known {
			s.config.Fail(w, r, ErrNeeded)
			return
		}
		next.ServeHTTP(w, r)
	}))
}

// limits slow down strangers, by the address that they come from. The console may be behind a proxy
// that it does not trust, through which everybody comes from one address: so the limit leaves room for
// many people.
type limits struct{ addresses *limit.Each }

func newLimits(perSecond float64) limits {
	return limits{limit.NewEach(perSecond, int(5*perSecond)+1)}
}

// allow reports whether an address may ask for something now.
func (l limits) allow(r *http.Request) bool { return l.addresses.Allow(limit.Name(r.RemoteAddr)) }

// ownPath returns a path of the console to go to after a sign-in, and / for everything else. A
// browser takes "//" and "/\" for the beginning of another host, and drops tabs and line breaks.
func ownPath(given string) string {
	if !strings.HasPrefix(given, "/") || strings.HasPrefix(given, "//") || len(given) > 500 ||
		strings.ContainsFunc(given, func(r rune) bool { return r <= ' ' || r == '\\' || r >= 0x7f }) ||
		strings.HasPrefix(given, "/signin/") {
		return "/"
	}
	return given
}
