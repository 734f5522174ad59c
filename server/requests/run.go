package requests

import (
	"context"
	"time"

	"keyferry/server/person"
	"keyferry/server/store"
)

// batch is how many requests Run looks at in one round. Those that wait for the KMS are among them.
const batch = 5000

// sweepEvery is how often tokens that have expired are forgotten.
const sweepEvery = time.Hour

// Recover looks once for what a process that ended has left: calls whose outcome is not on record
// are made again with the same bytes, which is safe, or the outcome is said to be unknown. A call
// whose lease has not ended may belong to a process that lives; Run comes back to it. It waits for
// the calls that it makes.
func (s *Service) Recover(ctx context.Context) error {
	flights, err := s.round(ctx)
	if err != nil {
		return err
	}
	for _, f := range flights {
		select {
		case <-f.done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// Run does what is due until ctx ends: it sends what waits for its turn, ends what has lapsed and
// takes over what another process has left. Then it waits for its own calls.
func (s *Service) Run(ctx context.Context) {
	defer s.Close()
	tick := time.NewTicker(s.config.Tick)
	defer tick.Stop()
	var swept time.Time
	for {
		if _, err := s.round(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("looking for requests that are due", "error", err)
		}
		if now := s.now(); now.Sub(swept) > sweepEvery {
			if err := s.sweep(ctx); err != nil && ctx.Err() == nil {
				s.log.Error("forgetting expired tokens", "error", err)
			}
			if err := s.KeepUp(ctx); err != nil && ctx.Err() == nil {
				s.log.Error("asking for drills", "error", err)
			}
			swept = now
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// round looks at everything that is due, and returns what it began to send.
func (s *Service) round(ctx context.Context) ([]*flight, error) {
	var due []*record
	err := s.config.DB.Read(ctx, func(tx *store.Tx) (err error) {
		due, err = wakeful(tx, s.now(), batch)
		return err
	})
	if err != nil {
		return nil, err
	}
	var begun []*flight
	for _, r := range due {
		if err := ctx.Err(); err != nil {
			return begun, err
		}
		if r.NextTry.IsZero() && r.State != Sending || r.overdue(s.now()) && r.State != Sending {
			if err := s.expire(ctx, r.ID); err != nil {
				s.log.Error("ending a request that has lapsed", "request", r.ID, "error", err)
			}
			continue
		}
		if f := s.dispatch(r); f != nil {
			begun = append(begun, f)
		}
	}
	return begun, nil
}

// expire lapses a request or a link, or removes the bytes of an unknown outcome that can be sent no
// more.
func (s *Service) expire(ctx context.Context, id string) error {
	_, err := s.alter(ctx, "lapse", id, person.Person{}, func(c *change) error {
		if c.r.State == Unknown && c.r.Sealed && c.r.overdue(c.now) {
			return c.doubt(c.r.Outcome.Code)
		}
		if c.r.State == Linked && (c.r.overdue(c.now) || c.r.NextTry.IsZero() && !c.now.Before(c.r.LeaseEnd)) {
			return c.doubt(ErrLinkLapsed.Code)
		}
		return nil
	})
	if err == ErrLapsed {
		return nil
	}
	return err
}
