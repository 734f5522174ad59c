package requests

import (
	"context"
	"strings"

	"keyferry/server/policy"
)

// Cancel ends a request before it is sent. The reason may be empty.
func (s *Service) Cancel(ctx context.Context, id, reason string) (View, error) {
	reason = strings.TrimSpace(reason)
	if !text(reason, maxReason) {
		return View{}, ErrReason
	}
	_, err := s.change(ctx, "cancel", id, func(c *change) error {
		if err := c.act(actCancel); err != nil {
			return err
		}
		d, err := c.ask(policy.Cancel)
		if err != nil {
			return err
		}
		return c.record("request.cancelled", "cancelled", reason, d.Policies, map[string]string{"reason": reason})
	})
	if err != nil {
		return View{}, err
	}
	return s.Get(ctx, id)
}

// Again has the same bytes sent once more where the outcome is unknown or the KMS took nothing, and
// lets the importer begin anew where the KMS refused. Requester, importer and those who agreed may.
func (s *Service) Again(ctx context.Context, id string) (View, error) {
	r, err := s.again(ctx, id)
	if err != nil {
		return View{}, err
	}
	s.sendIfReady(ctx, r)
	return s.Get(ctx, id)
}

func (s *Service) again(ctx context.Context, id string) (*record, error) {
	return s.change(ctx, "again", id, func(c *change) error {
		if fault := c.r.again(c.who.ID); fault != nil {
			return fault
		}
		if c.r.overdue(c.now) { // an unknown outcome, which does not lapse
			return ErrTokenExpired
		}
		begin := c.r.State == Failed
		if err := c.act(actAgain); err != nil {
			return err
		}
		if begin {
			c.r.dropSubmission()
			c.r.Outcome = nil
			return c.record("request.reopened", "again", "", nil, map[string]string{"reason": "begin"})
		}
		c.r.NextTry, c.r.Held, c.r.Asked = c.now, "", true
		return c.record("request.reopened", "again", "", nil, map[string]string{"reason": "resend"})
	})
}

// again returns why a person cannot call Again, or nil.
func (r *record) again(id string) *Fault {
	possible := r.State == Failed || r.State == Unknown && r.Sealed || r.State == Submitted && r.enough()
	if !possible {
		return ErrState.with("state", string(r.State))
	}
	if id == r.Requester || id == r.Request.Importer || r.agreedBy(id) {
		return nil
	}
	return ErrDenied.with("action", string(actAgain))
}
