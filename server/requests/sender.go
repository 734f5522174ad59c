package requests

import (
	"context"
	"errors"
	"strconv"
	"time"

	"keyferry/server/kms"
	"keyferry/server/person"
	"keyferry/server/policy"
	"keyferry/server/store"
)

const (
	// resendFor is how long after the first call the same bytes are sent again without anybody asking
	// for it. Later the CMK may have been changed on purpose, such as by deleting its material.
	resendFor = 15 * time.Minute
	// repeatShare of the lease may pass while the KMS throttles the call. The last call needs time of
	// its own: one that is cut off in the middle has an outcome that nobody knows.
	repeatShare = 0.4
	// callShare of the lease may pass until the call has ended. The rest is for recording it.
	callShare = 0.8

	// patience is how long a person's call waits for the outcome. Then the request says how far it is.
	patience = 20 * time.Second

	firstPause   = time.Second // before the same bytes are sent again, doubled each time
	longestPause = 10 * time.Minute
)

// interrupted is the code of a call whose process ended before it could record how it ended.
const interrupted = "Requests.Interrupted"

// errLeave reports that there is nothing to send.
var errLeave = errors.New("nothing to send")

// errUnsent reports that the request cannot be sent any more or not now; the reason is recorded.
var errUnsent = errors.New("not sent")

// flight is one request on its way to the KMS from this process.
type flight struct {
	done  chan struct{} // closed at the end
	err   error         // what the KMS said; set before done is closed
	after *record       // the request with its outcome; nil if none was recorded
}

// sendIfReady sends a request and waits for the outcome, for a while at most. It returns the request
// with its outcome, if there is one, and the error of the call; the state has what that means.
func (s *Service) sendIfReady(ctx context.Context, r *record) (*record, error) {
	if r.claimed == nil && (r.NextTry.IsZero() || r.State != Submitted && r.State != Unknown && r.State != Linked) {
		return nil, nil
	}
	f := s.dispatch(r)
	if f == nil {
		return nil, nil
	}
	select {
	case <-f.done:
		return f.after, f.err
	case <-time.After(patience):
		return nil, errLeave
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// dispatch begins to send a request in the background: at once if it was claimed, else in its turn
// among the requests of all requesters. If it is on its way already, dispatch returns that flight; nil
// means that the service was closed, or does not serve the region any more.
func (s *Service) dispatch(r *record) *flight {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, requester, in, mine := r.ID, r.Requester, s.regions[r.Region], r.claim()
	if s.life.Err() != nil || in == nil {
		return nil
	}
	if f := s.flights[id]; f != nil && mine == nil {
		return f
	}
	f := &flight{done: make(chan struct{})}
	s.flights[id] = f
	s.running.Go(func() {
		f.after, f.err = s.send(in, id, requester, mine)
		s.mu.Lock()
		if s.flights[id] == f {
			delete(s.flights, id)
		}
		s.mu.Unlock()
		close(f.done)
	})
	return f
}

// send makes one call for a request: intent, unless the request was claimed already, call, outcome.
func (s *Service) send(to *regional, id, requester string, mine *claimed) (*record, error) {
	if mine == nil {
		if err := to.writes.wait(s.life, requester, id); err != nil {
			return nil, err
		}
		var err error
		if mine, err = s.claim(context.WithoutCancel(s.life), id); err != nil {
			if !errors.Is(err, errLeave) && !errors.Is(err, errUnsent) {
				s.log.Error("a request was not sent", "request", id, "error", err)
			}
			return nil, err
		}
	}
	ctx, cancel := context.WithDeadline(context.WithoutCancel(s.life), mine.began.Add(s.config.Lease))
	defer cancel()
	s.config.Faults("import.call.before")
	requestID, err := s.transmit(ctx, to, requester, id, mine)
	s.config.Faults("import.call.after")
	after, failed := s.settle(ctx, mine, requestID, err)
	if failed != nil {
		s.log.Error("an outcome was not recorded, and the same bytes will be sent again", "request", id, "error", failed)
	}
	return after, err
}

// transmit makes the call, and again in the next turn while the KMS throttles it.
func (s *Service) transmit(ctx context.Context, to *regional, requester, id string, mine *claimed) (requestID string, err error) {
	call, end := context.WithDeadline(ctx, mine.began.Add(share(s.config.Lease, callShare)))
	defer end()
	waiting, stop := context.WithDeadline(ctx, mine.began.Add(share(s.config.Lease, repeatShare)))
	defer stop()
	defer context.AfterFunc(s.life, stop)()
	err = to.writes.repeat(waiting, requester, id, func() error {
		requestID, err = to.kms.ImportKeyMaterial(call, mine.call)
		return err
	})
	return requestID, err
}

func share(d time.Duration, of float64) time.Duration { return time.Duration(of * float64(d)) }

// claimed is what a process has to send, and for how long it alone may do so.
type claimed struct {
	call  *kms.Import
	began time.Time // when the lease began, on this process's own clock
	as    *record   // the request as it was written then
}

// claim returns what this process has to send now, with a copy of the request, or nil.
func (r *record) claim() *claimed {
	if r.claimed == nil {
		return nil
	}
	mine, as := *r.claimed, *r
	as.claimed = nil
	mine.as = &as
	return &mine
}

// claim records the intent and takes the request for this process, in one transaction that checks
// everything again: the state, deadline and token, the approvals and the policy.
func (s *Service) claim(ctx context.Context, id string) (*claimed, error) {
	var r *record
	err := s.write(ctx, "intent", func(tx *store.Tx) (err error) {
		if r, err = load(tx, id); err != nil {
			return err
		}
		c := &change{s: s, tx: tx, r: r, now: s.now()}
		if !c.turn() {
			return errLeave
		}
		if err := c.claim(nil); err != nil {
			return err
		}
		return save(tx, r)
	})
	if err == nil && r.claimed == nil {
		err = errUnsent
	}
	if err != nil {
		return nil, err
	}
	return r.claim(), nil
}

// claimNow claims what is submitted in this transaction, if nobody has to agree and a call can be
// made at once. Otherwise it is claimed when its turn has come.
func (c *change) claimNow(bytes *Submission) error {
	to := c.s.regions[c.r.Region]
	if !c.turn() || to == nil || c.s.life.Err() != nil || !to.writes.now() {
		return nil
	}
	c.who = person.Person{} // from here on the console acts by itself
	return c.claim(bytes)
}

// claim records the intent to send what was submitted, or why it cannot be sent. The lease begins
// before it is written: when a stopped process wakes up late, its call has ended by itself. The bytes
// are read unless they are given.
func (c *change) claim(bytes *Submission) error {
	began := time.Now()
	if bytes == nil {
		kept := *c.r.Submission
		bytes = &kept
		if err := sealed(c.tx, c.r.ID, bytes); err != nil {
			return err
		}
	}
	unsent, err := c.hold(bytes)
	if unsent || err != nil {
		return err
	}
	call, err := c.intend(bytes)
	c.r.claimed = &claimed{call: call, began: began}
	return err
}

// turn reports whether the request is to be sent now, and no other process has it.
func (c *change) turn() bool {
	switch c.r.State {
	case Submitted, Unknown, Linked:
		return !c.r.NextTry.IsZero() && !c.now.Before(c.r.NextTry)
	case Sending:
		return !c.now.Before(c.r.LeaseEnd)
	}
	return false
}

// hold records why the bytes cannot be sent, if that is so.
func (c *change) hold(bytes *Submission) (bool, error) {
	if lapsed, err := c.lapse(); lapsed || err != nil {
		return lapsed, err
	}
	if c.r.State == Sending {
		c.r.Doubt = true // another process began a call and did not record how it ended
	}
	if late := c.now.Sub(c.r.Began) > resendFor && !c.r.Asked; c.r.Doubt && (late || c.r.overdue(c.now)) {
		code := interrupted
		switch c.r.State {
		case Unknown:
			code = c.r.Outcome.Code
		case Linked:
			code = ErrLinkLapsed.Code
		}
		return true, c.doubt(code)
	}
	var policies []string
	why := ""
	switch {
	case bytes.Digest(c.r.KeyID, c.r.Region) != c.r.Digest: // somebody wrote into the database
		why = ErrHeldAltered.Code
	case c.r.Doubt:
		return false, nil // it was allowed when the first call was made, and only its outcome is wanted
	default:
		policies, why = c.stillAllowed()
	}
	if why == "" {
		c.r.policies = policies
		return false, nil
	}
	if c.r.Doubt {
		return true, c.doubt(why)
	}
	c.r.Held, c.r.NextTry = why, time.Time{}
	return true, c.record("import.held", "held", why, policies, map[string]string{"digest": c.r.Digest, "code": why})
}

// stillAllowed asks the policy about the importer and about everybody who agreed, as they were then.
// It returns the code of why the request must not be sent, or nothing.
func (c *change) stillAllowed() (policies []string, why string) {
	d := c.s.config.Policy.Decide(question(c.r.ImportedBy, policy.Import, &c.r.Request))
	if !d.Allowed {
		return d.Policies, ErrHeldImport.Code
	}
	c.tighten(d)
	for i := range c.r.Decisions {
		by := &c.r.Decisions[i]
		who := person.Person{ID: by.PersonID, Kind: person.Directory, Name: by.Name, Groups: by.Groups}
		if by.Agreed && !c.s.config.Policy.Decide(question(who, policy.Approve, &c.r.Request)).Allowed {
			by.Agreed = false
			by.Reason = ErrHeldApproval.Code
		}
	}
	if !c.r.enough() {
		return d.Policies, ErrHeldApproval.Code
	}
	return d.Policies, ""
}

// intend records the intent to send the bytes.
func (c *change) intend(bytes *Submission) (*kms.Import, error) {
	if err := c.act(actSend); err != nil {
		return nil, err
	}
	c.r.Attempts++
	if c.r.Began.IsZero() {
		c.r.Began = c.now
	}
	c.r.Holder, c.r.LeaseEnd, c.r.NextTry = c.s.holder, c.now.Add(c.s.config.Lease), time.Time{}
	c.r.Asked = false
	err := c.record("import.intent", "sending", "", c.r.policies, map[string]string{
		"digest": c.r.Digest, "attempt": strconv.Itoa(c.r.Attempts), "algorithm": c.r.Submission.Algorithm, "expires": expiryOf(c.r.Submission),
	})
	return bytes.call(c.r.KeyID), err
}
