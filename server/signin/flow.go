package signin

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"keyferry/server/ledger"
	"keyferry/server/person"
	"keyferry/server/store"
)

// flowLife is how long a person may take at the provider.
const flowLife = 10 * time.Minute

// flow is a sign-in on its way. Its cookie is the only place that has it: so a flow is good in one
// browser, nobody can fill the database with them, and any replica can finish it. The cookie is Lax,
// because the browser comes back from another site; it holds nothing after the sign-in.
type flow struct {
	State    string // also in the address, at the provider and on the way back
	Nonce    string // in the token
	Verifier string // of PKCE
	Next     string // where to go in the end
	Again    bool   // the person is to prove again who they are
	Began    int64  // in Unix seconds
	Old      string `json:",omitempty"` // digest of the session that the new one replaces
}

// stateID is how much of a state names the cookie of its flow.
const stateID = 8

// maxFlows is how many flows one browser can have on their way.
const maxFlows = 4

// start leads to the provider. The address may have "to", the path to go to in the end, and
// "again=1" for a person who is signed in and must prove again who they are.
func (s *Service) start(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Sec-Fetch-Site") == "cross-site" {
		http.Redirect(w, r, "/signin", http.StatusSeeOther) // the person decides to sign in
		return
	}
	if !s.limits.allow(r) {
		s.failPage(w, r, "oidc", ErrTooMany)
		return
	}
	found, err := s.provider.reach(r.Context())
	if err != nil {
		s.failPage(w, r, "oidc", s.providerFault(err))
		return
	}
	f := flow{
		State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(),
		Next: ownPath(r.URL.Query().Get("to")), Again: r.URL.Query().Get("again") == "1", Began: s.now().Unix(),
	}
	if token := s.sessions.token(r); token != "" {
		f.Old = digest(token)
	}
	s.removeOldFlows(w, r)
	content, _ := json.Marshal(f) // strings and numbers alone
	s.flowCookie(w, s.cookies.flow+f.State[:stateID], base64.RawURLEncoding.EncodeToString(content), int(flowLife.Seconds()))
	http.Redirect(w, r, found.address(f, s.config.Limit), http.StatusSeeOther)
}

func (s *Service) flowCookie(w http.ResponseWriter, name, value string, seconds int) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: seconds,
		HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode})
}

// removeOldFlows removes the flows of a browser that began many and came back from none, since
// their cookies would become too long for a request.
func (s *Service) removeOldFlows(w http.ResponseWriter, r *http.Request) {
	var flows []string
	for _, cookie := range r.Cookies() {
		if strings.HasPrefix(cookie.Name, s.cookies.flow) {
			flows = append(flows, cookie.Name)
		}
	}
	if len(flows) < maxFlows {
		return
	}
	for _, name := range flows {
		s.flowCookie(w, name, "", -1)
	}
}

// takeFlow returns the flow that an answer of the provider belongs to, and removes it: each is good
// for one answer.
func (s *Service) takeFlow(w http.ResponseWriter, r *http.Request) (f flow, fault *Fault) {
	state := r.URL.Query().Get("state")
	if len(state) < stateID || strings.ContainsAny(state, "=;, ") {
		return f, ErrState
	}
	name := s.cookies.flow + state[:stateID]
	cookie, err := r.Cookie(name)
	if err != nil {
		return f, ErrExpired
	}
	s.flowCookie(w, name, "", -1)
	content, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil || json.Unmarshal(content, &f) != nil ||
		subtle.ConstantTimeCompare([]byte(f.State), []byte(state)) != 1 || f.Nonce == "" || f.Verifier == "" {
		return f, ErrState
	}
	if age := s.now().Sub(time.Unix(f.Began, 0)); age > flowLife || age < -skew {
		return f, ErrExpired
	}
	return f, nil
}

// callback is where the provider sends the browser.
func (s *Service) callback(w http.ResponseWriter, r *http.Request) {
	if !s.limits.allow(r) {
		s.failPage(w, r, "oidc", ErrTooMany)
		return
	}
	f, fault := s.takeFlow(w, r)
	if fault != nil {
		s.log.Info("sign-in not finished", "code", fault.Code)
		s.failPage(w, r, "oidc", fault)
		return
	}
	who, err := s.finish(r.Context(), f, r.URL.Query())
	if err != nil {
		fault = s.providerFault(err)
		s.refuse(r.Context(), fault)
		s.failPage(w, r, "oidc", fault)
		return
	}
	b, err := s.welcome(r.Context(), who, f)
	if err != nil {
		s.log.Error("keeping a session", "error", err)
		s.failPage(w, r, "oidc", ErrUnavailable)
		return
	}
	s.config.Observe("oidc", "")
	s.sessions.give(w, b)
	http.Redirect(w, r, ownPath(f.Next), http.StatusSeeOther)
}

// finish checks the provider's answer and returns whom it names.
func (s *Service) finish(ctx context.Context, f flow, query url.Values) (*identity, error) {
	if issuer := query.Get("iss"); issuer != "" && issuer != s.config.Issuer {
		return nil, ErrIssuer // RFC 9207: another provider answers
	}
	switch query.Get("error") {
	case "":
	case "access_denied", "login_required", "interaction_required", "consent_required":
		return nil, ErrRefused
	case "temporarily_unavailable", "server_error":
		return nil, ErrProviderDown
	default:
		return nil, ErrProviderError
	}
	code := query.Get("code")
	if code == "" {
		return nil, ErrCode
	}
	found, err := s.provider.discover(ctx)
	if err != nil {
		return nil, err
	}
	who, err := found.redeem(ctx, f, code)
	if err != nil {
		return nil, err
	}
	limit := s.config.Limit
	if f.Again {
		limit = freshness
	}
	switch age := s.now().Sub(who.proved); {
	case who.proved.IsZero() && !f.Again: // the provider does not say when, so the person is never fresh
	case who.proved.IsZero(), age > limit+skew, f.Again && age >= freshness:
		return nil, ErrStale
	case age < -skew:
		return nil, ErrTokenExpired
	}
	return who, nil
}

// welcome makes the session of somebody whom the provider named, in place of the one before.
func (s *Service) welcome(ctx context.Context, who *identity, f flow) (b begun, err error) {
	err = s.config.DB.Write(ctx, func(tx *store.Tx) error {
		if err := sweep(tx, s.now()); err != nil {
			return err
		}
		if f.Old != "" {
			if _, err := end(tx, f.Old); err != nil {
				return err
			}
		}
		p := person.Person{Kind: person.Directory, Name: who.name, Email: who.email, Groups: who.groups, SignedIn: who.proved}
		if p.ID, err = remember(tx, s.config.Issuer, who.subject, p, s.now()); err != nil {
			return err
		}
		fresh := "no"
		if Fresh(p, s.now()) {
			fresh = "yes"
		}
		if err := s.record(tx, ledger.Entry{Kind: "signin.succeeded", Person: p.ID,
			Fields: map[string]string{"groups": count(len(p.Groups)), "acr": who.acr, "fresh": fresh}}); err != nil {
			return err
		}
		b, err = s.sessions.begin(ctx, tx, session{person: p, sid: who.sid, idle: s.config.Idle})
		return err
	})
	return b, err
}
