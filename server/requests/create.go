package requests

import (
	"context"
	"slices"
	"strconv"
	"time"

	"keyferry/server/person"
	"keyferry/server/policy"
	"keyferry/server/store"
)

// MaxAtOnce is how many requests can be made at once.
const MaxAtOnce = 500

// Create makes requests, all or none. An error about one of them has its number in the detail, from
// 1.
func (s *Service) Create(ctx context.Context, wanted []Terms) ([]View, error) {
	who, err := asking(ctx)
	if err != nil {
		return nil, err
	}
	if len(wanted) == 0 || len(wanted) > MaxAtOnce {
		return nil, ErrTooMany.with("most", strconv.Itoa(MaxAtOnce))
	}
	var made []*record
	err = s.write(ctx, "create", func(tx *store.Tx) error {
		made = made[:0]
		for i, terms := range wanted {
			r, err := s.create(tx, who, terms)
			if err != nil {
				return numbered(err, i+1)
			}
			made = append(made, r)
		}
		return nil
	})
	if err != nil {
		return nil, s.recordDenial(ctx, err)
	}
	var views []View
	for _, r := range made {
		views = append(views, s.view(who, r, nil))
	}
	return views, nil
}

// create makes one request if its terms and the policy allow it.
func (s *Service) create(tx *store.Tx, who person.Person, terms Terms) (*record, error) {
	now := s.now()
	if field := terms.check(s.serves, now); field != "" {
		return nil, ErrTerms.with("field", field)
	}
	r := newRecord(who, terms, now)
	d, err := s.ask(who, policy.Request, &r.Request, now)
	if err != nil {
		return nil, err
	}
	r.Approvals, r.Approvers, r.EachGroup = d.Approvals, d.Approvers, d.EachGroup
	if err := insert(tx, r); err != nil {
		return nil, err
	}
	c := &change{s: s, tx: tx, r: r, who: who, now: now}
	return r, c.record("request.created", "created", "", d.Policies, fieldsOf(&r.Request))
}

func newRecord(who person.Person, terms Terms, now time.Time) *record {
	terms.Deadline = terms.Deadline.UTC().Truncate(time.Microsecond)
	terms.Algorithms = slices.Clone(terms.Algorithms)
	return &record{Request: Request{
		ID: newID(), Terms: terms, State: Open, Requester: who.ID, Name: who.Name, Created: now,
	}}
}

// numbered adds the number of a request to a fault about it.
func numbered(err error, number int) error {
	switch fault := err.(type) {
	case *Fault:
		return fault.with("number", strconv.Itoa(number))
	case *denial:
		fault.Fault = fault.Fault.with("number", strconv.Itoa(number))
	}
	return err
}
