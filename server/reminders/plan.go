package reminders

import (
	"context"
	"slices"
	"strings"
	"time"

	"keyferry/server/requests"
	"keyferry/server/store"
)

const (
	keysAtOnce = 100
	// lateFor is for how long somebody is still told that material has expired.
	lateFor = 30 * day
)

// plan puts messages into the outbox for everything whose lead time has begun.
func (s *Service) plan(ctx context.Context) error {
	for more := true; more; {
		err := s.config.DB.Write(ctx, func(tx *store.Tx) error {
			keys, err := s.config.Keys.ToRemind(tx, keysAtOnce)
			more = len(keys) == keysAtOnce
			for _, k := range keys {
				if err != nil {
					break
				}
				err = s.planKey(tx, k)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// planKey reminds of one key's expiry and of its drill, and notes when to look at it again.
func (s *Service) planKey(tx *store.Tx, k *requests.Key) error {
	var next time.Time
	later := func(at time.Time) {
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	if !k.Expires.IsZero() {
		if err := s.planExpiry(tx, k); err != nil {
			return err
		}
		later(following(s.config.Leads, k.Expires, s.now()))
	}
	if k.Drill != "" {
		if err := s.planDrill(tx, k); err != nil {
			return err
		}
		later(following(s.config.Leads, k.DrillUntil, s.now()))
	}
	return s.config.Keys.Reminded(tx, k, next)
}

func (s *Service) planExpiry(tx *store.Tx, k *requests.Key) error {
	left := k.Expires.Sub(s.now())
	lead, begun := reached(s.config.Leads, left)
	if !begun || left < -lateFor {
		return nil
	}
	n := s.about(k, Expiry, k.Expires, lead)
	n.Link = s.link("/keys?KeyId=" + k.ID)
	people, err := s.concerned(tx, k)
	if err != nil {
		return err
	}
	return s.tell(tx, n, append(people, s.config.To...), k.Expires.Add(2*lateFor))
}

// planDrill reminds of a drill that is open. Nobody but its importer can do it.
func (s *Service) planDrill(tx *store.Tx, k *requests.Key) error {
	lead, begun := reached(s.config.Leads, k.DrillUntil.Sub(s.now()))
	if !begun {
		return nil
	}
	n := s.about(k, Drill, k.DrillUntil, lead)
	n.Request, n.Link = k.Drill, s.link("/drill?request="+k.Drill)
	to := slices.Clone(s.config.To)
	if k.Holder.Email != "" && s.config.Keys.MayImportAgain(k.Holder, k) {
		to = append(to, k.Holder.Email)
	}
	return s.tell(tx, n, to, k.DrillUntil.Add(2*lateFor))
}

func (s *Service) about(k *requests.Key, kind Kind, due time.Time, lead time.Duration) Notice {
	return Notice{
		Kind: kind, Region: k.Region, KeyID: k.ID, Label: k.Label, KCV: k.KCV, Who: k.Holder.Name, Due: due, Lead: int(lead / day),
	}
}

// concerned returns the addresses of those who can do something about a key: who imported it, if
// they may do so again, and who asked for it, if they may see it.
func (s *Service) concerned(tx *store.Tx, k *requests.Key) (to []string, err error) {
	if k.Holder.Email != "" && s.config.Keys.MayImportAgain(k.Holder, k) {
		to = append(to, k.Holder.Email)
	}
	requester, err := findPerson(tx, k.Requester)
	if err == nil && requester.Email != "" && s.config.Keys.MaySeeKey(requester, k) {
		to = append(to, requester.Email)
	}
	return to, err
}

// Waits reminds those who may agree to what was submitted to a request, in the transaction of the
// submission. It is for requests.Config.Waits.
func (s *Service) Waits(tx *store.Tx, r *requests.Request) error {
	people, err := findGroups(tx, r.Approvers)
	if err != nil {
		return err
	}
	var to []string
	for _, p := range people {
		if s.config.Keys.MayAgree(p, r) && len(to) < mostApprovers {
			to = append(to, p.Email)
		}
	}
	due := r.Deadline
	if r.Submission.TokenExpires.Before(due) {
		due = r.Submission.TokenExpires
	}
	n := Notice{
		Kind: Agree, Region: r.Region, KeyID: r.KeyID, Label: r.Label, KCV: r.Submission.KCV, Request: r.ID, Digest: r.Digest, Due: due,
		Link: s.link("/request?id=" + r.ID),
	}
	if submitter, err := findPerson(tx, r.Importer); err != nil {
		return err
	} else if n.Who = submitter.Name; n.Who == "" {
		n.Who = r.ImporterID
	}
	return s.tell(tx, n, to, due.Add(lateFor))
}

// tell puts a notice into the outbox, for addresses and for every webhook.
func (s *Service) tell(tx *store.Tx, n Notice, to []string, keep time.Time) error {
	if s.config.Mail != nil {
		var told []string
		for _, address := range to {
			address = strings.TrimSpace(address)
			if folded := strings.ToLower(address); folded != "" && !slices.Contains(told, folded) {
				told = append(told, folded)
				if err := s.enqueue(tx, n, mailChannel, address, keep); err != nil {
					return err
				}
			}
		}
	}
	for _, hook := range s.config.Webhooks {
		if err := s.enqueue(tx, n, hook.Name, "", keep); err != nil {
			return err
		}
	}
	return nil
}

// moot reports whether a notice has nothing left to say: the key was imported again, the drill is
// done, or the approval is not waited for.
func (s *Service) moot(tx *store.Tx, n Notice) (bool, error) {
	if n.Kind == Agree {
		waits, err := s.config.Keys.StillWaits(tx, n.Request, n.Digest)
		return !waits, err
	}
	k, err := s.config.Keys.KeyNow(tx, n.Region, n.KeyID)
	switch {
	case err == requests.ErrNotFound:
		return true, nil
	case err != nil:
		return false, err
	case n.Kind == Drill:
		return k.Drill != n.Request, nil
	}
	return !k.Expires.Equal(n.Due), nil
}
