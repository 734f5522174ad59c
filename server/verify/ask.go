package verify

import (
	"context"
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
	err   error // about this binary's own answer
}

// compareAll asks for everything in random order, and reports it in the order of the plan.
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
				r.look(ctx, client, a)
			}
		})
	}
	for _, a := range shuffled {
		queue <- a
	}
	close(queue)
	working.Wait()
	if ctx.Err() != nil {
		return fmt.Errorf("comparing: %w", ctx.Err())
	}
	for i, t := range all {
		if err := r.judge(t, asks[i]); err != nil {
			return err
		}
	}
	return nil
}

// judge reports what the asks for one thing found.
func (r *run) judge(t thing, asks []*ask) error {
	var problems []string
	hit := map[string][]visitor{} // by problem: the visits in which it showed
	for _, a := range asks {
		if a.err != nil {
			return a.err
		}
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
	return nil
}

// look gets one answer of the running console and compares it. No answer is a difference like any
// other.
func (r *run) look(ctx context.Context, client *client, a *ask) {
	if ctx.Err() != nil {
		return
	}
	want, err := r.here.ask(ctx, a.thing, a.visit.header)
	if err != nil {
		a.err = err
		return
	}
	original, err := r.here.original(a.thing.path, want)
	if err != nil {
		a.err = err
		return
	}
	there := a.thing
	there.path = r.there(there.path)
	got, err := client.ask(ctx, there, a.visit.header, len(original)+maxSlack)
	if err != nil {
		a.found = outcome{problems: []string{err.Error()}}
		return
	}
	a.found = compare(want, got, original, a.thing.path, r.base)
}
