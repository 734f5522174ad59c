package signin

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"time"

	"keyferry/server/body"
	"keyferry/server/ledger"
	"keyferry/server/person"
	"keyferry/server/store"
)

// maxWrong is how many wrong codes end a link.
const maxWrong = 5

// GuestID is the id of the person who holds the link to a request.
func GuestID(request string) string { return "guest:" + request }

// NewGuestLink makes the link to one request for somebody who is in no directory. The secret, 26
// letters and digits with 130 random bits, belongs into the fragment of an address, which browsers
// send nowhere. The code has six digits and goes to the person by another way. Both are good once,
// in one browser, until the deadline. Earlier links to the request, and what was opened with them,
// end.
func (s *Service) NewGuestLink(tx *store.Tx, request string, deadline time.Time) (secret, code string, err error) {
	if !deadline.After(s.now()) {
		return "", "", ErrGuestExpired
	}
	if err := s.EndGuestLinks(tx, request); err != nil {
		return "", "", err
	}
	if err := tx.Later("DELETE FROM signin_sessions WHERE person = ?", GuestID(request)); err != nil {
		return "", "", err
	}
	secret = rand.Text()
	number, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return "", "", err
	}
	code = fmt.Sprintf("%06d", number)
	_, err = tx.Exec("INSERT INTO signin_guests (secret, request, code, deadline, wrong, used) VALUES (?, ?, ?, ?, 0, 0)",
		secretDigest(secret), request, codeDigest(secret, code), deadline.UnixMicro())
	if err != nil {
		return "", "", err
	}
	return secret, code, s.record(tx, ledger.Entry{Kind: "guest.created", Request: request,
		Fields: map[string]string{"deadline": deadline.UTC().Format(time.RFC3339)}})
}

// EndGuestLinks ends the links to a request, such as one that has ended itself. Whoever opened one
// before can see until the deadline how the request ended.
func (s *Service) EndGuestLinks(tx *store.Tx, request string) error {
	return tx.Later("DELETE FROM signin_guests WHERE request = ?", request)
}

// secretDigest is how the database names a link. The secret has too many values to be guessed from
// it.
func secretDigest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// codeDigest is how the database knows a code. There are only a million codes, so they are hashed
// under the secret, which the database does not have.
func codeDigest(secret, code string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(code))
	return hex.EncodeToString(mac.Sum(nil))
}

// link is a row of the database.
type link struct {
	request  string
	code     string
	deadline time.Time
	wrong    int
	used     bool
}

// guest exchanges the secret of a link and its code for a session. The answer names the request.
func (s *Service) guest(w http.ResponseWriter, r *http.Request) {
	if !s.limits.allow(r) {
		s.fail(w, r, "guest", ErrTooMany)
		return
	}
	var secret, code string
	if body.Read(w, r, maxBody, body.Fields{"Secret": &secret, "Code": &code}) != nil {
		s.fail(w, r, "guest", ErrMalformed)
		return
	}
	request, b, err := s.openLink(r.Context(), strings.TrimSpace(secret), strings.Join(strings.Fields(code), ""))
	if err != nil {
		var fault *Fault
		if !errors.As(err, &fault) {
			s.log.Error("opening a guest link", "error", err)
			fault = ErrUnavailable
		}
		s.log.Info("guest link refused", "code", fault.Code)
		s.fail(w, r, "guest", fault)
		return
	}
	s.config.Observe("guest", "")
	s.sessions.give(w, b)
	answer(w, http.StatusOK, map[string]string{"request": request})
}

// openLink uses up a link. A wrong code is counted, so the transaction is made even if it refuses.
func (s *Service) openLink(ctx context.Context, secret, code string) (request string, b begun, err error) {
	// A link that does not exist is refused without a turn among those who write: anybody can try one.
	err = s.config.DB.Read(ctx, func(tx *store.Tx) error {
		_, err := findLink(tx, secret)
		return err
	})
	if err != nil {
		return "", b, err
	}
	var refused *Fault
	err = s.config.DB.Write(ctx, func(tx *store.Tx) error {
		refused = nil
		l, err := findLink(tx, secret)
		if err != nil {
			return err
		}
		request = l.request
		now := s.now()
		switch {
		case !l.deadline.After(now):
			return ErrGuestExpired
		case l.used:
			return ErrGuestUsed
		case l.wrong >= maxWrong:
			return ErrGuestEnded
		case !hmac.Equal([]byte(codeDigest(secret, code)), []byte(l.code)):
			refused, err = s.wrongCode(tx, secret, l)
			return err
		}
		if _, err := tx.Exec("UPDATE signin_guests SET used = 1 WHERE secret = ?", secretDigest(secret)); err != nil {
			return err
		}
		p := person.Person{ID: GuestID(request), Kind: person.Guest, Request: request, SignedIn: now.UTC().Truncate(time.Second)}
		if err := s.record(tx, ledger.Entry{Kind: "guest.used", Person: p.ID, Request: request}); err != nil {
			return err
		}
		b, err = s.sessions.begin(ctx, tx, session{person: p, until: l.deadline, lasts: true})
		return err
	})
	if err == nil && refused != nil {
		err = refused
	}
	return request, b, err
}

func findLink(tx *store.Tx, secret string) (l link, err error) {
	var deadline, used int64
	err = tx.QueryRow("SELECT request, code, deadline, wrong, used FROM signin_guests WHERE secret = ?", secretDigest(secret)).
		Scan(&l.request, &l.code, &deadline, &l.wrong, &used)
	if errors.Is(err, sql.ErrNoRows) {
		return l, ErrGuestLink
	}
	l.deadline, l.used = time.UnixMicro(deadline), used != 0
	return l, err
}

// wrongCode counts a wrong code.
func (s *Service) wrongCode(tx *store.Tx, secret string, l link) (*Fault, error) {
	if _, err := tx.Exec("UPDATE signin_guests SET wrong = wrong + 1 WHERE secret = ?", secretDigest(secret)); err != nil {
		return nil, err
	}
	left := maxWrong - l.wrong - 1
	err := s.record(tx, ledger.Entry{Kind: "guest.refused", Request: l.request,
		Fields: map[string]string{"code": ErrGuestCode.Code, "left": count(left)}})
	if err != nil || left > 0 {
		return ErrGuestCode, err
	}
	return ErrGuestEnded, s.record(tx, ledger.Entry{Kind: "guest.ended", Request: l.request,
		Fields: map[string]string{"reason": "wrong_codes"}})
}
