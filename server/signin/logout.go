package signin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"keyferry/server/ledger"
	"keyferry/server/person"
	"keyferry/server/store"
)

// out ends the session of the browser. It is no error if there is none.
func (s *Service) out(w http.ResponseWriter, r *http.Request) {
	p, known, err := s.sessions.who(r)
	if err == nil && known {
		err = s.leave(r.Context(), p, s.sessions.token(r))
	}
	if err != nil {
		s.log.Error("signing out", "error", err)
		s.config.Fail(w, r, ErrUnavailable) // the cookie stays, so that the person can try again
		return
	}
	s.sessions.take(w)
	w.WriteHeader(http.StatusNoContent)
}

// leave ends one session.
func (s *Service) leave(ctx context.Context, p person.Person, token string) error {
	if s.config.DB == nil {
		return s.sessions.Store.Delete(digest(token))
	}
	return s.config.DB.Write(ctx, func(tx *store.Tx) error {
		ended, err := end(tx, digest(token))
		if err != nil || !ended {
			return err
		}
		return s.record(tx, ledger.Entry{Kind: "signin.ended", Person: p.ID, Request: p.Request,
			Fields: map[string]string{"reason": "signed_out", "sessions": "1"}})
	})
}

// backChannelLogout ends sessions because the provider says that somebody signed out there, or must
// not be signed in any more: OpenID Connect Back-Channel Logout 1.0, section 2.
func (s *Service) backChannelLogout(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	refuse := func(status int, code string) {
		s.log.Warn("back-channel logout refused", "code", code)
		answer(w, status, map[string]string{"error": code})
	}
	if !s.limits.allow(r) {
		refuse(http.StatusTooManyRequests, "temporarily_unavailable")
		return
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err != nil || media != "application/x-www-form-urlencoded" || r.ParseForm() != nil {
		refuse(http.StatusBadRequest, "invalid_request")
		return
	}
	found, err := s.provider.discover(r.Context())
	if err != nil {
		s.providerFault(err)
		refuse(http.StatusServiceUnavailable, "temporarily_unavailable")
		return
	}
	token, err := found.logout(r.Context(), r.PostForm.Get("logout_token"))
	if err != nil {
		if tokenFault(err) == ErrProviderDown {
			refuse(http.StatusServiceUnavailable, "temporarily_unavailable")
			return
		}
		refuse(http.StatusBadRequest, "invalid_request")
		return
	}
	switch err := s.endOf(r.Context(), token); {
	case errors.Is(err, store.ErrDuplicate):
		refuse(http.StatusBadRequest, "invalid_request")
	case err != nil:
		s.log.Error("back-channel logout", "error", err)
		refuse(http.StatusServiceUnavailable, "temporarily_unavailable")
	default:
		w.WriteHeader(http.StatusOK)
	}
}

// maxLogoutAge is how old a logout token may be. Its id is remembered for longer.
const maxLogoutAge = 10 * time.Minute

// logout checks a logout token. The library checks signature, issuer, audience, expiry, that there
// is an id, somebody to sign out, and no nonce.
func (p *found) logout(ctx context.Context, raw string) (*oidc.LogoutToken, error) {
	token, err := p.verifier.VerifyLogout(oidc.ClientContext(ctx, p.client), raw)
	if err != nil {
		return nil, err
	}
	var c struct {
		Events map[string]json.RawMessage `json:"events"`
	}
	if err := token.Claims(&c); err != nil {
		return nil, err
	}
	event := bytes.TrimSpace(c.Events["http://schemas.openid.net/event/backchannel-logout"])
	if !bytes.HasPrefix(event, []byte("{")) {
		return nil, errors.New("the event is not an object")
	}
	if age := p.config.Clock().Sub(token.IssuedAt); age > maxLogoutAge || age < -skew {
		return nil, errors.New("the token was not made just now")
	}
	return token, nil
}

// endOf ends the sessions that a logout token names: that with its session id, or all of the
// person. A session whose id the provider never told ends with all others of the person.
func (s *Service) endOf(ctx context.Context, token *oidc.LogoutToken) error {
	return s.config.DB.Write(ctx, func(tx *store.Tx) error {
		now := s.now()
		if err := sweep(tx, now); err != nil {
			return err
		}
		id := sha256.Sum256([]byte(token.TokenID))
		until := token.Expiry
		if least := now.Add(maxLogoutAge + skew); until.Before(least) {
			until = least
		}
		if _, err := tx.Exec("INSERT INTO signin_logouts (jti, until) VALUES (?, ?)", hex.EncodeToString(id[:]), until.UnixMicro()); err != nil {
			return err
		}
		query, args, who, err := s.named(tx, token)
		if err != nil || query == "" {
			return err
		}
		done, err := tx.Exec("DELETE FROM signin_sessions WHERE "+query, args...)
		if err != nil {
			return err
		}
		n, err := done.RowsAffected()
		if err != nil || n == 0 {
			return err
		}
		return s.record(tx, ledger.Entry{Kind: "signin.ended", Person: who,
			Fields: map[string]string{"reason": "provider", "sessions": count(int(n))}})
	})
}

// named returns which sessions a logout token means, and whose they are; no query for none.
func (s *Service) named(tx *store.Tx, token *oidc.LogoutToken) (query string, args []any, who string, err error) {
	if token.Subject != "" {
		err = tx.QueryRow("SELECT id FROM signin_people WHERE issuer = ? AND subject = ?", s.config.Issuer, token.Subject).Scan(&who)
	} else {
		err = tx.QueryRow("SELECT person FROM signin_sessions WHERE sid = ?", token.SessionID).Scan(&who)
	}
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "", nil, "", nil
	case err != nil:
		return "", nil, "", err
	case token.SessionID == "":
		return "person = ?", []any{who}, who, nil
	case token.Subject == "":
		return "person = ? AND sid = ?", []any{who, token.SessionID}, who, nil
	}
	return "person = ? AND (sid = ? OR sid = '')", []any{who, token.SessionID}, who, nil
}
