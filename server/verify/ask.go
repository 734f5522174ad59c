package verify

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
)

// connections is how many the requests are spread over. With https, every other one speaks HTTP/1.1
// and the rest HTTP/2.
const connections = 4

// perConnection is after how many requests, on average, a connection is given up for a new one.
const perConnection = 40

// ask is one request: for a thing, in one of its ways. What was found is written by the one that
// asks.
type ask struct {
	thing thing
	visit visitor
	found outcome
}

// compareAll asks for everything in random order, and reports it in the order of the plan. It gives
// up where nothing can be compared.
func (r *run) compareAll(ctx context.Context) error {
	all, err := r.plan(ctx)
	if err != nil {
		return err
	}
	asks := make([][]*ask, len(all))
	var shuffled []*ask
	for i, t := range all {
		for _, v := range t.as {
			asks[i] = append(asks[i], &ask{thing: t, visit: v})
		}
		shuffled = append(shuffled, asks[i]...)
	}
	rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	queue := make(chan *ask)
	var working sync.WaitGroup
	for i := range connections {
		working.Go(func() {
			client := r.fetch.client(i%2 == 0)
			defer client.CloseIdleConnections()
			for a := range queue {
				if rand.IntN(perConnection) == 0 {
					client.CloseIdleConnections()
				}
				if err := r.look(ctx, client, a); err != nil {
					giveUp(err)
				}
			}
		})
	}
	for _, a := range shuffled {
		queue <- a
	}
	close(queue)
	working.Wait()
	if ctx.Err() != nil {
		return fmt.Errorf("comparing: %w", context.Cause(ctx))
	}
	for i, t := range all {
		r.judge(t, asks[i])
	}
	return nil
}

// judge reports what the asks for one thing found.
func (r *run) judge(t thing, asks []*ask) {
	var problems []string
	hit := map[string][]visitor{} // by problem: the visits in which it showed
	for _, a := range asks {
		for _, problem := range a.found.problems {
			if hit[problem] == nil {
				problems = append(problems, problem)
			}
			hit[problem] = append(hit[problem], a.visit)
		}
		r.report.note(a.found)
	}
	for _, problem := range problems {
		r.report.differs(t.title(), "%s: %s", ways(t.as, hit[problem]), problem)
	}
	if len(problems) == 0 {
		r.report.same(t.title(), len(asks))
	}
}

// look gets one answer of the running console and compares it. No answer is a difference like any
// other. An error means that nothing can be compared: this binary has no answer of its own, or the
// console refuses all that comes from here.
func (r *run) look(ctx context.Context, client *client, a *ask) error {
	if ctx.Err() != nil {
		return nil
	}
	want, err := r.here.ask(ctx, a.thing, a.visit.header)
	if err != nil {
		return err
	}
	original, err := r.here.original(a.thing.path, want)
	if err != nil {
		return err
	}
	there := a.thing
	there.path = r.there(there.path)
	got, err := client.patiently(ctx, there, a.visit.header, len(original)+maxSlack, func(refusal *answer) bool {
		return r.here.refuses(ctx, a.thing, a.visit.header, refusal)
	})
	switch {
	case errors.Is(err, ErrTooMany):
		return err
	case err != nil:
		a.found = outcome{problems: []string{err.Error()}}
	default:
		a.found = compare(want, got, original, a.thing.path, r.base)
	}
	return nil
}
