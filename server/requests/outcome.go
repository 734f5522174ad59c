package requests

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"keyferry/server/kms"
	"keyferry/server/store"
)

// verdict is what an answer of the KMS, or its absence, means for a request.
type verdict int

const (
	accepted verdict = iota
	refused          // it answered, and the same bytes will not be accepted later either
	untaken          // it took nothing, and the same bytes may be accepted later
	unsure           // it may have taken them
)

// certain are refusals that say that these bytes were never accepted, whatever became of an earlier
// call with them. Others can be about what has changed since, such as an expired token.
var certain = []string{"InvalidKeyMaterial", "InvalidImportToken", "Unsupported.Origin"}

// judge reads the error of ImportKeyMaterial. With doubt, an earlier call with the same bytes may
// have been taken: then nothing but an acceptance or a certain refusal ends it.
func judge(err error, doubt bool) (verdict, *Outcome) {
	if err == nil {
		return accepted, &Outcome{}
	}
	var answer *kms.Error
	out := &Outcome{Code: codeOf(err)}
	if errors.As(err, &answer) {
		out.RequestID = answer.RequestID
	}
	switch {
	case errors.Is(err, kms.ErrOutcomeUnknown):
		return unsure, out
	case doubt && (answer == nil || !slices.Contains(certain, answer.Code)):
		return unsure, out
	case answer == nil, answer.Code == "", answer.Throttled(), answer.HTTPStatus >= http.StatusInternalServerError:
		return untaken, out
	}
	return refused, out
}

// codeOf returns the KMS's code, or one for an error without.
func codeOf(err error) string {
	var answer *kms.Error
	switch {
	case errors.As(err, &answer) && answer.Code != "":
		return answer.Code
	case errors.Is(err, kms.ErrOutcomeUnknown):
		return "Console.KMSOutcomeUnknown"
	case errors.Is(err, kms.ErrNoCredentials):
		return "Console.NoCredentials"
	case errors.Is(err, kms.ErrUnreachable):
		return "Console.KMSUnreachable"
	}
	return "Console.KMSBadAnswer"
}

// settle records the outcome of a call, unless another process has taken the request over. Where
// that fails it is tried again until ctx ends with the lease.
func (s *Service) settle(ctx context.Context, mine *claimed, requestID string, failure error) (*record, error) {
	had, id, attempt := mine.as, mine.as.ID, mine.as.Attempts
	for {
		var after *record
		err := s.writeFrom(ctx, "outcome", id, had, func(tx *store.Tx, r *record) error {
			after = r
			if r.State != Sending || r.Holder != s.holder || r.Attempts != attempt {
				return nil
			}
			c := &change{s: s, tx: tx, r: r, now: s.now()}
			if err := c.conclude(requestID, failure); err != nil {
				return err
			}
			return save(tx, r)
		})
		if err == nil {
			return after, nil
		}
		had = nil
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// conclude moves a request that was sent to the state that its outcome means.
func (c *change) conclude(requestID string, failure error) error {
	v, out := judge(failure, c.r.Doubt)
	out.At = c.now
	if v == accepted {
		out.RequestID = requestID
	}
	c.r.Outcome, c.r.Holder, c.r.LeaseEnd = out, "", time.Time{}
	switch v {
	case accepted:
		return c.finish(actAccept, "imported")
	case refused:
		return c.finish(actFail, "failed")
	case untaken:
		pause := c.pause()
		if throttled(failure) {
			pause = firstPause // the queue keeps the rate
		}
		c.r.NextTry = c.now.Add(pause)
		return c.finish(actReturn, "not_taken")
	}
	return c.doubt(out.Code)
}

// finish records how a call ended. The ledger's states imported and failed are the KMS's own answer,
// and each submission has at most one of them.
func (c *change) finish(a act, state string) error {
	if err := c.act(a); err != nil {
		return err
	}
	fields := map[string]string{
		"digest": c.r.Digest, "attempt": strconv.Itoa(c.r.Attempts), "state": state,
		"code": c.r.Outcome.Code, "kmsRequestId": c.r.Outcome.RequestID,
	}
	if c.r.Doubt {
		fields["recovered"] = "yes" // an earlier call's outcome was not known
	}
	return c.record("import.outcome", state, c.r.Outcome.Code, nil, fields)
}

// doubt moves the request to Unknown. The same bytes are sent again soon after the first call, and
// later only if somebody asks for it; once their token has ended they are removed.
func (c *change) doubt(code string) error {
	c.r.Doubt, c.r.Holder, c.r.LeaseEnd, c.r.NextTry = true, "", time.Time{}, time.Time{}
	if c.r.Outcome == nil {
		c.r.Outcome = &Outcome{At: c.now}
	}
	c.r.Outcome.Code = code
	a := actDoubt
	if next := c.now.Add(c.pause()); c.r.overdue(c.now) {
		a = actForsake
		c.r.Sealed = false
		if err := unseal(c.tx, c.r.ID); err != nil {
			return err
		}
	} else if next.Sub(c.r.Began) < resendFor {
		c.r.NextTry = next
	}
	return c.finish(a, "unknown")
}

// pause is the time until the same bytes may be sent again.
func (c *change) pause() time.Duration {
	return min(firstPause<<min(c.r.Attempts-1, 20), longestPause)
}
