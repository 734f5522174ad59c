package requests

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"time"

	"keyferry/server/kms"
	"keyferry/server/person"
	"keyferry/server/policy"
	"keyferry/server/store"
)

// Own returns a Relay for people who import by themselves: behind the two calls is a request that
// the person makes and imports for, under the same policy, approvals and ledger as any other.
func (s *Service) Own() Relay { return own{s} }

type own struct{ s *Service }

func (own) relay() {}

// ImportParameters gets parameters for a new request of one's own, which lapses with its token.
func (o own) ImportParameters(ctx context.Context, keyID string, spec kms.WrappingSpec) (*kms.Parameters, error) {
	who, r, err := o.s.draftOwn(ctx, keyID, spec.Algorithm)
	if err != nil {
		return nil, err
	}
	// The KMS is asked first, so that a mistyped CMK leaves no request behind.
	parameters, err := o.s.askKMS(ctx, who, &r.Request, spec.Algorithm)
	if err != nil {
		return nil, err
	}
	r.Deadline = parameters.TokenExpireTime
	return parameters, o.s.keepOwn(ctx, who, r, func(c *change, policies []string) error {
		if err := c.act(actIssue); err != nil {
			return err
		}
		return c.hand(spec.Algorithm, parameters, policies)
	})
}

// draftOwn returns a request of one's own, not yet kept, that the policy allows.
func (s *Service) draftOwn(ctx context.Context, keyID, algorithm string) (person.Person, *record, error) {
	who, err := asking(ctx)
	if err != nil {
		return who, nil, err
	}
	terms := Terms{
		Region: s.config.Region, KeyID: keyID, Algorithms: []string{algorithm},
		Importer: ByPerson, ImporterID: who.ID, Expiry: ExpiryAny, Deadline: s.now().Add(time.Hour),
	}
	if field := terms.check(s.serves, s.now()); field != "" {
		return who, nil, ErrTerms.with("field", field)
	}
	r := newRecord(who, terms, s.now())
	r.Own = true
	if _, err := s.ask(who, policy.Import, &r.Request, r.Created); err != nil {
		return who, nil, s.recordDenial(ctx, err)
	}
	return who, r, nil
}

// keepOwn keeps a request of one's own together with what hand records.
func (s *Service) keepOwn(ctx context.Context, who person.Person, made *record, hand func(*change, []string) error) error {
	err := s.write(ctx, "own", func(tx *store.Tx) error {
		r := *made
		c := &change{s: s, tx: tx, r: &r, who: who, now: s.now()}
		d, err := c.ask(policy.Import)
		if err != nil {
			return err
		}
		r.Approvals, r.Approvers, r.EachGroup = d.Approvals, d.Approvers, d.EachGroup
		if err := insert(tx, &r); err != nil {
			return err
		}
		if err := c.record("request.created", "created", "", d.Policies, fieldsOf(&r.Request)); err != nil {
			return err
		}
		if err := hand(c, d.Policies); err != nil {
			return err
		}
		return save(tx, &r)
	})
	return s.recordDenial(ctx, err)
}

// ImportKeyMaterial submits for the request that the token was issued for. The same bytes may be
// sent again after an error, as without a database. ErrWaiting says that people have to agree first.
func (o own) ImportKeyMaterial(ctx context.Context, in *kms.Import, shows Shown) (string, error) {
	who, err := asking(ctx)
	if err != nil {
		return "", err
	}
	t, r, err := o.s.ofToken(ctx, who, in.ImportToken)
	if err != nil {
		return "", err
	}
	if r.KeyID != in.KeyID {
		return "", ErrParameters
	}
	return o.s.sendOwn(ctx, r, Submission{
		Algorithm: t.algorithm, WrappingKeySHA256: t.wrappingKeySHA256,
		EncryptedKeyMaterial: in.EncryptedKeyMaterial, ImportToken: in.ImportToken, ExpireUnix: in.KeyMaterialExpireUnix,
		KCV: shows.KCV, Commitment: shows.Commitment,
	}, &t)
}

// ofToken finds a token that was issued to a person, and its request, or returns ErrParameters.
func (s *Service) ofToken(ctx context.Context, who person.Person, text string) (t token, r *record, err error) {
	var body string
	var expires int64
	t.digest = sha256Hex(text)
	err = s.config.DB.Row(ctx, []any{&t.request, &t.person, &t.algorithm, &t.wrappingKeySHA256, &expires, &body},
		"SELECT t.request, t.person, t.algorithm, t.wrapping_key_sha256, t.expires, r.body FROM request_tokens t JOIN requests r ON r.id = t.request "+
			"WHERE t.token_sha256 = ?", t.digest)
	if errors.Is(err, sql.ErrNoRows) || err == nil && t.person != who.ID {
		return t, nil, ErrParameters
	}
	if err != nil {
		return t, nil, err
	}
	t.expires = time.UnixMicro(expires).UTC()
	r, err = readBody(body)
	return t, r, err
}

// sendOwn submits, or has the same bytes sent again, and waits for the outcome. What was issued for
// the token is nil if it was not read together with the request.
func (s *Service) sendOwn(ctx context.Context, had *record, in Submission, issued *token) (string, error) {
	v := s.current(had)
	same := v.Digest == in.Digest(v.KeyID, v.Region)
	var r *record
	var err error
	if same && v.State == Linked {
		if r, err = s.report(ctx, v.ID, Report{State: "unanswered"}); err != nil {
			return "", err
		}
	}
	if v.State == Failed || same && (v.State == Unknown || v.State == Submitted && (v.Next.Code == NextRetry || v.Next.Code == NextLink)) {
		if r, err = s.again(ctx, v.ID); err != nil {
			return "", err
		}
	}
	if r != nil {
		had, issued = nil, nil
	}
	if r == nil || r.State == Open {
		if r, err = s.submit(ctx, v.ID, in, had, issued); err != nil {
			return "", err
		}
	}
	after, err := s.sendIfReady(ctx, r)
	if err != nil && !errors.Is(err, errLeave) && !errors.Is(err, errUnsent) {
		return "", err
	}
	if after == nil {
		if after, err = s.read(ctx, r.ID); err != nil {
			return "", err
		}
	}
	return outcomeOf(s.current(after))
}

// read reads a request by itself.
func (s *Service) read(ctx context.Context, id string) (*record, error) {
	var body string
	if err := s.config.DB.Row(ctx, []any{&body}, "SELECT body FROM requests WHERE id = ?", id); err != nil {
		return nil, err
	}
	return readBody(body)
}

// current is how far a request is, which whoever imports by themselves may know.
func (s *Service) current(r *record) View {
	shown := *r
	if _, possible := r.after(actLapse); possible && r.overdue(s.now()) {
		shown.State = Lapsed
	}
	return View{Request: shown.Request, Next: s.next(&shown)}
}

// outcomeOf returns the outcome of an import as its call would have.
func outcomeOf(v View) (string, error) {
	switch {
	case v.State == Imported:
		return v.Outcome.RequestID, nil
	case v.State == Sending, v.State == Unknown, v.State == Linked:
		return "", kms.ErrOutcomeUnknown
	case v.State == Failed:
		return "", &kms.Error{Code: v.Outcome.Code, RequestID: v.Outcome.RequestID, HTTPStatus: http.StatusBadRequest}
	case v.State == Lapsed:
		return "", ErrLapsed
	case v.Next.Code == NextHeld:
		return "", ErrDenied.with("action", policy.Import)
	}
	if v.Next.Code == NextSend { // many wait for their turn
		return "", ErrBusy
	}
	return "", ErrWaiting.with("request", v.ID)
}
