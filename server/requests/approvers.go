package requests

import (
	"keyferry/server/person"
	"keyferry/server/policy"
	"keyferry/server/store"
)

// MayAgree reports whether a person can agree to what was submitted to a request: nobody else is
// reminded to.
func (s *Service) MayAgree(who person.Person, r *Request) bool {
	return r.decider(who) == nil && s.maySee(who, r) && s.config.Policy.Decide(question(who, policy.Approve, r)).Allowed
}

// StillWaits reports whether the approvals of a submission are still waited for.
func (s *Service) StillWaits(tx *store.Tx, id, digest string) (bool, error) {
	r, err := load(tx, id)
	if err == ErrNotFound {
		return false, nil
	}
	return err == nil && r.State == Submitted && r.Digest == digest && !r.enough() && !r.overdue(s.now()), err
}
