package store

import (
	"container/heap"
	"slices"
	"time"
)

// event is a moment at which something happens to a key by itself. One that a later change has
// made void stays in the queue and is skipped.
type event struct {
	at    int64
	keyID string
}

// events is a queue, the earliest first.
type events []event

func (e events) Len() int           { return len(e) }
func (e events) Less(i, j int) bool { return e[i].at < e[j].at }
func (e events) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }

// Push implements [heap.Interface].
func (e *events) Push(x any) { *e = append(*e, x.(event)) }

// Pop implements [heap.Interface].
func (e *events) Pop() any {
	last := len(*e) - 1
	x := (*e)[last]
	*e = (*e)[:last]
	return x
}

// expect queues a key's next event.
func (a *Account) expect(k *Key) {
	at := k.nextEvent()
	if at == 0 {
		return
	}
	if len(a.events) > 2*len(a.keys)+1000 {
		a.events = slices.DeleteFunc(a.events, a.void)
		heap.Init(&a.events)
	}
	heap.Push(&a.events, event{at: at, keyID: k.ID})
}

func (a *Account) void(e event) bool {
	k := a.keys[e.keyID]
	return k == nil || k.nextEvent() != e.at
}

// settled reports whether nothing is due.
func (a *Account) settled(now time.Time) bool {
	return len(a.events) == 0 || a.events[0].at > now.Unix()
}

// takeDue removes the events that are due and returns their keys.
func (a *Account) takeDue(now time.Time) []*Key {
	var due []*Key
	taken := map[string]bool{}
	for !a.settled(now) {
		e := heap.Pop(&a.events).(event)
		if !a.void(e) && !taken[e.keyID] {
			taken[e.keyID] = true
			due = append(due, a.keys[e.keyID])
		}
	}
	return due
}
