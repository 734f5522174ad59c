package requests

import (
	"context"
	"time"

	"keyferry/server/person"
	"keyferry/server/policy"
	"keyferry/server/store"
)

// renewWithin is how long the importer has to import again, and drillWithin for a drill that
// somebody asked for.
const (
	renewWithin = 14 * 24 * time.Hour
	drillWithin = 30 * 24 * time.Hour
)

// Renew asks for another import of a key by the same importer, under the terms of the last, and
// with the commitment on record, so that no other key is accepted. While such a request is open it
// returns that one.
func (s *Service) Renew(ctx context.Context, region, keyID string) (View, error) {
	return s.askAgain(ctx, "renew", region, keyID, func(k *Key) string { return k.Renewal }, func(k *Key, now time.Time) *record {
		return k.again(ForImport, now.Add(renewWithin))
	})
}

// Drill asks the importer of a key to prove that the backup is right. While such a request is open
// it returns that one.
func (s *Service) Drill(ctx context.Context, region, keyID string) (View, error) {
	return s.askAgain(ctx, "drill", region, keyID, func(k *Key) string { return k.Drill }, func(k *Key, now time.Time) *record {
		return k.again(ForDrill, now.Add(drillWithin))
	})
}

// again is a request about a key for its importer.
func (k *Key) again(kind Kind, deadline time.Time) *record {
	terms := k.imported.Terms
	terms.Deadline, terms.Note, terms.Commitment = deadline, "", k.Commitment
	r := newRecord(person.Person{}, terms, time.Time{})
	r.Kind, r.Again = kind, k.Request
	return r
}

func (s *Service) askAgain(ctx context.Context, point, region, keyID string, open func(*Key) string, made func(*Key, time.Time) *record) (View, error) {
	who, err := asking(ctx)
	if err != nil {
		return View{}, err
	}
	var r *record
	err = s.write(ctx, point, func(tx *store.Tx) error {
		k, err := s.visibleKey(tx, who, region, keyID)
		if err != nil {
			return err
		}
		now := s.now()
		r = made(k, now)
		r.Requester, r.Name, r.Created = who.ID, who.Name, now
		d, err := s.mayAsk(who, &r.Request, now)
		if err != nil {
			return err
		}
		if id := open(k); id != "" {
			before, err := load(tx, id)
			if err != nil {
				return err
			}
			if !before.overdue(now) {
				r = before
				return nil
			}
		}
		if r.Kind == ForImport {
			r.Approvals, r.Approvers, r.EachGroup = d.Approvals, d.Approvers, d.EachGroup
		}
		return s.keepAgain(tx, who, k, r, d.Policies)
	})
	if err != nil {
		return View{}, s.recordDenial(ctx, err)
	}
	return s.view(who, r, nil), nil
}

// mayAsk returns the policy's decision on asking for something about a key, for whoever may request
// and for its importer. The error of a no is a *denial.
func (s *Service) mayAsk(who person.Person, r *Request, now time.Time) (policy.Decision, error) {
	if who.Kind == person.Guest {
		return policy.Decision{}, ErrDenied.with("action", policy.Request)
	}
	if d := s.askFor(who, r); d.Allowed {
		return d, nil
	}
	return s.ask(who, policy.Request, r, now)
}

// keepAgain keeps a new request about a key. Nobody has made it if the console asks by itself.
func (s *Service) keepAgain(tx *store.Tx, who person.Person, k *Key, r *record, policies []string) error {
	if err := insert(tx, r); err != nil {
		return err
	}
	column := "renewal = ?"
	args := []any{r.ID}
	if r.Kind == ForDrill {
		column = "drill = ?, again_at = ?, remind = 0"
		args = append(args, r.Deadline.UnixMicro())
	}
	if _, err := tx.Exec("UPDATE imported_keys SET "+column+" WHERE region = ? AND key_id = ?", append(args, k.Region, k.ID)...); err != nil {
		return err
	}
	c := &change{s: s, tx: tx, r: r, who: who, now: r.Created}
	return c.record("request.created", "created", "", policies, fieldsOf(&r.Request))
}
