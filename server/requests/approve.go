package requests

import (
	"context"
	"slices"
	"strings"

	"keyferry/server/person"
	"keyferry/server/policy"
)

// Approve agrees to the submission with this digest. If enough people have agreed it is sent, and
// Approve returns with the outcome, or when ctx ends.
func (s *Service) Approve(ctx context.Context, id, digest string) (View, error) {
	r, err := s.change(ctx, "approve", id, func(c *change) error {
		d, err := c.mayDecide(digest)
		if err != nil {
			return err
		}
		if err := c.act(actApprove); err != nil {
			return err
		}
		c.decide(true, "")
		c.ready()
		return c.record("approval.given", "approved", "", d.Policies, map[string]string{
			"digest": digest, "groups": strings.Join(c.r.standsFor(c.who.Groups), ", "),
		})
	})
	if err != nil {
		return View{}, err
	}
	s.sendIfReady(ctx, r)
	return s.Get(ctx, id)
}

// TakeBack takes the person's approval back, until the call to the KMS is made.
func (s *Service) TakeBack(ctx context.Context, id string) (View, error) {
	_, err := s.change(ctx, "takeback", id, func(c *change) error {
		if err := c.act(actTakeBack); err != nil {
			return err
		}
		at := slices.IndexFunc(c.r.Decisions, func(d Decision) bool { return d.PersonID == c.who.ID })
		if at < 0 {
			return ErrNoApproval
		}
		c.r.Decisions = slices.Delete(c.r.Decisions, at, at+1)
		c.ready()
		return c.record("approval.taken_back", "taken_back", "", nil, map[string]string{"digest": c.r.Digest})
	})
	if err != nil {
		return View{}, err
	}
	return s.Get(ctx, id)
}

// Refuse ends the request, by one of those who could have agreed. The reason goes into the ledger.
func (s *Service) Refuse(ctx context.Context, id, reason string) (View, error) {
	reason = strings.TrimSpace(reason)
	if reason == "" || !text(reason, maxReason) {
		return View{}, ErrReason
	}
	_, err := s.change(ctx, "refuse", id, func(c *change) error {
		d, err := c.mayDecide(c.r.Digest)
		if err == ErrTwice { // whoever has agreed may still refuse
			d, err = c.ask(policy.Approve)
		}
		if err != nil {
			return err
		}
		if err := c.act(actRefuse); err != nil {
			return err
		}
		c.r.Decisions = slices.DeleteFunc(c.r.Decisions, func(d Decision) bool { return d.PersonID == c.who.ID })
		c.decide(false, reason)
		return c.record("request.refused", "refused", reason, d.Policies,
			map[string]string{"digest": c.r.Digest, "reason": reason})
	})
	if err != nil {
		return View{}, err
	}
	return s.Get(ctx, id)
}

// mayDecide returns the policy's decision on agreeing to the submission with this digest.
func (c *change) mayDecide(digest string) (policy.Decision, error) {
	if fault := c.r.decider(c.who); fault != nil {
		return policy.Decision{}, fault
	}
	if digest != c.r.Digest {
		return policy.Decision{}, ErrChanged
	}
	return c.ask(policy.Approve)
}

// decider returns why a person cannot be an approver of what was submitted, whatever the policy
// says, or nil.
func (r *Request) decider(who person.Person) *Fault {
	switch {
	case r.State != Submitted:
		return ErrState.with("state", string(r.State))
	case who.ID == r.Requester, who.ID == r.Importer:
		return ErrOwn
	case !r.fromGroups(who.Groups):
		return ErrNotApprover.with("groups", strings.Join(r.Approvers, ", "))
	case slices.ContainsFunc(r.Decisions, func(d Decision) bool { return d.PersonID == who.ID }):
		return ErrTwice
	}
	return nil
}

func (c *change) decide(agreed bool, reason string) {
	c.r.Decisions = append(c.r.Decisions, Decision{
		PersonID: c.who.ID, Name: c.who.Name, Groups: slices.Clone(c.who.Groups),
		Agreed: agreed, Reason: reason, Digest: c.r.Digest, At: c.now,
	})
}
