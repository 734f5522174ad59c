package requests

import (
	"context"
	"slices"
	"sync"

	"golang.org/x/time/rate"
)

// maxQueued is how many calls may wait for one person.
const maxQueued = 10000

// queue lets calls through at a limited rate, and people take turns: somebody with a thousand
// requests delays nobody else by more than one call.
type queue struct {
	limit *rate.Limiter

	mu      sync.Mutex
	turns   []string             // people with waiting calls, the next first
	waiting map[string][]*ticket // by person, oldest first
	moving  bool                 // whether move runs
}

// ticket is one waiting call.
type ticket struct {
	id     string // what it is for
	called chan struct{}
}

// newQueue returns a queue for so many calls a second.
func newQueue(perSecond float64) *queue {
	return &queue{limit: rate.NewLimiter(rate.Limit(perSecond), 1), waiting: map[string][]*ticket{}}
}

// wait returns when a call for this person may be made, or with the context's error, or ErrBusy. The
// id says what the call is for.
func (q *queue) wait(ctx context.Context, who, id string) error {
	t := &ticket{id: id, called: make(chan struct{})}
	q.mu.Lock()
	if len(q.waiting[who]) >= maxQueued {
		q.mu.Unlock()
		return ErrBusy
	}
	if len(q.waiting[who]) == 0 {
		q.turns = append(q.turns, who)
	}
	q.waiting[who] = append(q.waiting[who], t)
	if !q.moving {
		q.moving = true
		go q.move()
	}
	q.mu.Unlock()
	select {
	case <-t.called:
		return nil
	case <-ctx.Done():
		q.leave(who, t)
		return ctx.Err()
	}
}

// move calls the waiting one after the other until nobody waits.
func (q *queue) move() {
	for q.anybody() {
		q.limit.Wait(context.Background()) // fails only for a burst of 0
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
	q.turns = q.turns[1:]
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
		q.turns = slices.DeleteFunc(q.turns, func(other string) bool { return other == who })
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
