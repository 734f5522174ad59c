package requests

import (
	"context"
	"slices"
	"sync"
	"time"
)

// maxQueued is how many calls may wait for one person.
const maxQueued = 10000

// queue lets calls through at a limited rate, and people take turns: somebody with a thousand
// requests delays nobody else by more than one call.
type queue struct {
	*pace
	waited func(time.Duration) // is told how long each call waited

	mu      sync.Mutex
	turns   []string             // people with waiting calls, the next first
	ahead   int                  // how many of turns, at their front, were throttled
	waiting map[string][]*ticket // by person, oldest first
	moving  bool                 // whether move runs
}

// ticket is one waiting call.
type ticket struct {
	id     string // what it is for
	called chan struct{}
}

// newQueue returns a queue for so many calls a second.
func newQueue(perSecond float64, waited func(time.Duration)) *queue {
	return &queue{pace: newPace(perSecond), waited: waited, waiting: map[string][]*ticket{}}
}

// wait returns when a call for this person may be made, or with the context's error, or ErrBusy. The
// id says what the call is for.
func (q *queue) wait(ctx context.Context, who, id string) error { return q.await(ctx, who, id, false) }

// waitAgain is wait for a call that the KMS throttled. It has had its turn and comes next.
func (q *queue) waitAgain(ctx context.Context, who, id string) error {
	return q.await(ctx, who, id, true)
}

// now reports whether a call may be made at once: nobody waits, and the rate allows it. The turn is
// taken then.
func (q *queue) now() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.moving || !q.admits() {
		return false
	}
	q.waited(0)
	return true
}

func (q *queue) await(ctx context.Context, who, id string, first bool) error {
	t := &ticket{id: id, called: make(chan struct{})}
	began := time.Now()
	if !q.enter(who, t, first) {
		return ErrBusy
	}
	select {
	case <-t.called:
		q.waited(time.Since(began))
		return nil
	case <-ctx.Done():
		q.leave(who, t)
		return ctx.Err()
	}
}

// enter puts a ticket into a person's line, unless it is full.
func (q *queue) enter(who string, t *ticket, first bool) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	line := q.waiting[who]
	if len(line) >= maxQueued {
		return false
	}
	if first {
		q.forget(who)
		q.turns = slices.Insert(q.turns, q.ahead, who)
		q.ahead++
		q.waiting[who] = slices.Insert(line, 0, t)
	} else {
		if len(line) == 0 {
			q.turns = append(q.turns, who)
		}
		q.waiting[who] = append(line, t)
	}
	if !q.moving {
		q.moving = true
		go q.move()
	}
	return true
}

// move calls the waiting one after the other until nobody waits.
func (q *queue) move() {
	for q.anybody() {
		q.admit()
		q.next()
	}
}

// anybody reports whether somebody waits. If not, move ends.
func (q *queue) anybody() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.moving = len(q.turns) > 0
	return q.moving
}

// next calls the first of the person whose turn it is, unless everybody has left.
func (q *queue) next() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.turns) == 0 {
		return
	}
	who := q.turns[0]
	q.forget(who)
	line := q.waiting[who]
	close(line[0].called)
	q.keep(who, line[1:])
	if len(line) > 1 {
		q.turns = append(q.turns, who)
	}
}

// keep replaces a person's line; the caller holds mu.
func (q *queue) keep(who string, line []*ticket) {
	if len(line) == 0 {
		delete(q.waiting, who)
		return
	}
	q.waiting[who] = line
}

// leave takes a call out of the queue, if it is still there.
func (q *queue) leave(who string, t *ticket) {
	q.mu.Lock()
	defer q.mu.Unlock()
	at := slices.Index(q.waiting[who], t)
	if at < 0 {
		return
	}
	q.keep(who, slices.Delete(q.waiting[who], at, at+1))
	if len(q.waiting[who]) == 0 {
		q.forget(who)
	}
}

// forget takes a person's turn away, if there is one; the caller holds mu.
func (q *queue) forget(who string) {
	at := slices.Index(q.turns, who)
	if at < 0 {
		return
	}
	q.turns = slices.Delete(q.turns, at, at+1)
	if at < q.ahead {
		q.ahead--
	}
}

// place returns how many calls will be made until the one for id, that one included; 0 means that it
// does not wait.
func (q *queue) place(who, id string) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	mine := slices.IndexFunc(q.waiting[who], func(t *ticket) bool { return t.id == id })
	if mine < 0 {
		return 0
	}
	place, before := mine+1, true // people before this one have one turn more
	for _, other := range q.turns {
		switch {
		case other == who:
			before = false
		case before:
			place += min(len(q.waiting[other]), mine+1)
		default:
			place += min(len(q.waiting[other]), mine)
		}
	}
	return place
}

// length is how many calls wait.
func (q *queue) length() (n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, line := range q.waiting {
		n += len(line)
	}
	return n
}
