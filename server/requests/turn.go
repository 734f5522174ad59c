package requests

import (
	"context"
	"time"
)

// queuePatience is how long somebody waits for a turn. The answer must reach the browser before the
// server's time for one is over.
const queuePatience = 40 * time.Second

// inTurn makes a call when it is its turn, and again as repeat does. It waits for queuePatience, and
// returns ErrBusy when that is over before the first turn. A nil queue has no limit.
func (q *queue) inTurn(asked context.Context, who, id string, call func() error) error {
	if q == nil {
		return call()
	}
	ctx, cancel := context.WithTimeout(asked, queuePatience)
	defer cancel()
	if err := q.wait(ctx, who, id); err != nil {
		return impatient(asked, err)
	}
	return q.repeat(ctx, who, id, call)
}

// turn waits as inTurn does, for what is no call by itself.
func (q *queue) turn(asked context.Context, who, id string) error {
	if q == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(asked, queuePatience)
	defer cancel()
	return impatient(asked, q.wait(ctx, who, id))
}

// impatient is why a call had no turn: queuePatience was over, unless whoever asked has gone.
func impatient(asked context.Context, err error) error {
	if err != nil && asked.Err() == nil {
		return ErrBusy
	}
	return err
}

// repeat makes a call whose turn it is, and again in its next turn while the KMS throttles it. The
// end of ctx ends the waiting and no call: what the KMS answered last is returned.
func (q *queue) repeat(ctx context.Context, who, id string, call func() error) error {
	for {
		err := call()
		if !q.heed(err) || q.waitAgain(ctx, who, id) != nil {
			return err
		}
	}
}
