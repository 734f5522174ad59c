package requests

import (
	"context"
	"strconv"
	"strings"
	"time"

	"keyferry/server/ledger"
	"keyferry/server/person"
	"keyferry/server/policy"
	"keyferry/server/store"
)

// change is one transaction on one request: its state, its timeline and the ledger change together
// or not at all.
type change struct {
	s   *Service
	tx  *store.Tx
	r   *record
	who person.Person // the zero Person if the console acts by itself
	now time.Time
}

// change lets f change a request that the person may see. If the request has lapsed meanwhile, that
// is recorded and ErrLapsed returned.
func (s *Service) change(ctx context.Context, point, id string, f func(*change) error) (*record, error) {
	who, err := asking(ctx)
	if err != nil {
		return nil, err
	}
	return s.alter(ctx, point, id, who, f)
}

// alter is change for a person, or for the console itself.
func (s *Service) alter(ctx context.Context, point, id string, who person.Person, f func(*change) error) (*record, error) {
	return s.alterFrom(ctx, point, id, who, nil, f)
}

// alterFrom is alter for a request that was read already, which saves reading it again. If it has
// changed since, it is read again after all.
func (s *Service) alterFrom(ctx context.Context, point, id string, who person.Person, had *record, f func(*change) error) (*record, error) {
	var c *change
	var lapsed bool
	err := s.writeFrom(ctx, point, id, had, func(tx *store.Tx, r *record) (err error) {
		c = &change{s: s, tx: tx, r: r, who: who, now: s.now()}
		if who.ID != "" && !s.maySee(who, &r.Request) {
			return ErrNotFound
		}
		if lapsed, err = c.lapse(); err != nil {
			return err
		}
		if !lapsed {
			if err := f(c); err != nil {
				return err
			}
		}
		return save(tx, r)
	})
	if err != nil {
		return nil, s.recordDenial(ctx, err)
	}
	if lapsed {
		return c.r, ErrLapsed
	}
	return c.r, nil
}

// writeFrom is write with a request, which is read unless it was read already. If it has changed
// since, write calls again, and it is read after all. Nobody else may use had from then on.
func (s *Service) writeFrom(ctx context.Context, point, id string, had *record, f func(*store.Tx, *record) error) error {
	return s.write(ctx, point, func(tx *store.Tx) (err error) {
		r := had
		if had = nil; r == nil {
			if r, err = load(tx, id); err != nil {
				return err
			}
		}
		return f(tx, r)
	})
}

// act moves the request to the state after an act, or returns ErrState.
func (c *change) act(a act) error {
	next, possible := c.r.after(a)
	if !possible {
		return ErrState.with("state", string(c.r.State))
	}
	c.r.State = next
	if next.Ended() && c.s.config.Ended != nil {
		return c.s.config.Ended(c.tx, c.r.ID)
	}
	return nil
}

// lapse ends the request if its time is over.
func (c *change) lapse() (bool, error) {
	if _, possible := c.r.after(actLapse); !possible || !c.r.overdue(c.now) {
		return false, nil
	}
	if err := c.act(actLapse); err != nil {
		return false, err
	}
	return true, c.record("request.lapsed", "lapsed", "", nil, map[string]string{"reason": c.r.lapsedBy()})
}

// ask asks the policy about the person who acts.
func (c *change) ask(action string) (policy.Decision, error) {
	return c.s.ask(c.who, action, &c.r.Request, c.now)
}

// ask asks the policy whether a person may act on a request. The error of a no is a *denial.
func (s *Service) ask(who person.Person, action string, r *Request, now time.Time) (policy.Decision, error) {
	d := s.config.Policy.Decide(question(who, action, r))
	if d.Allowed {
		return d, nil
	}
	return d, &denial{Fault: ErrDenied.with("action", action), entry: ledger.Entry{
		At: now, Kind: "policy.denied", Request: r.ID, Region: r.Region, KeyID: r.KeyID,
		Person: who.ID, Policies: d.Policies, Fields: map[string]string{"action": action},
	}}
}

// question is what the policy is asked. For importing and reading, whoever the terms name as importer
// is one, also before they have done anything or when a colleague has.
func question(who person.Person, action string, r *Request) policy.Question {
	q := policy.Question{
		Person: who, Action: action, Key: policy.Key{Region: r.Region, ID: r.KeyID, Label: r.Label},
		Requester: r.Requester, Importer: r.Importer,
	}
	if (action == policy.Import || action == policy.ReadRequests) && r.mayImport(who) {
		q.Importer = who.ID
	}
	return q
}

// record adds a line to the request's timeline and an entry to the ledger.
func (c *change) record(kind, what, detail string, policies []string, fields map[string]string) error {
	others := map[string]string{"requester": c.r.Requester}
	if c.r.Request.Importer != "" {
		others["importer"] = c.r.Request.Importer
	}
	index, err := c.s.config.Ledger.Append(c.tx, ledger.Entry{
		At: c.now, Kind: kind, Request: c.r.ID, Region: c.r.Region, KeyID: c.r.KeyID,
		Person: c.who.ID, Others: others, Policies: policies, Fields: fields,
	})
	if err != nil {
		return err
	}
	addEvent(c.tx, c.r.ID, Event{
		At: c.now, What: what, PersonID: c.who.ID, Name: c.who.Name, Detail: detail, Entry: index,
	})
	return nil
}

// fieldsOf returns the terms as the ledger has them: nothing that names a person.
func fieldsOf(r *Request) map[string]string {
	fields := map[string]string{
		"kind": string(r.Kind), "again": r.Again, "label": r.Label, "algorithms": strings.Join(r.Algorithms, ","), "importerKind": string(r.Terms.Importer),
		"expiry": string(r.Expiry), "deadline": instant(r.Deadline), "commitment": r.Commitment,
		"approvals": strconv.Itoa(r.Approvals), "approvers": strings.Join(r.Approvers, ", "),
	}
	if r.Terms.Importer == ByGroup {
		fields["importerGroup"] = r.ImporterID
	}
	if r.Expiry == ExpiryWithin {
		fields["expiryDays"] = strconv.Itoa(r.ExpiryDays)
	}
	if r.EachGroup {
		fields["eachGroup"] = "yes"
	}
	return fields
}

// instant is a time as the ledger has it.
func instant(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// expiryOf is the expiry of material as the ledger has it: empty means never.
func expiryOf(s *Submission) string {
	if s.ExpireUnix == 0 {
		return ""
	}
	return instant(time.Unix(s.ExpireUnix, 0))
}
