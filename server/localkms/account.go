package localkms

import (
	"cmp"
	"container/heap"
	"maps"
	"slices"
	"time"
)

// account is the state of one tenant.
type account struct {
	keys     map[string]*key
	order    []*key            // by creation, so that a page costs the same anywhere
	versions map[string]string // key version id to key id
	aliases  map[string]string // name to key id
	names    []string          // of aliases, sorted
	events   events
	lastSeq  uint64
}

func newAccount() *account {
	return &account{
		keys:     map[string]*key{},
		versions: map[string]string{},
		aliases:  map[string]string{},
	}
}

// apply makes a change true.
func (a *account) apply(c change) {
	for _, k := range c.Keys {
		a.put(k)
	}
	a.remove(c.Removed)
	for name, keyID := range c.Aliases {
		a.setAlias(name, keyID)
	}
}

func (a *account) put(k *key) {
	if at, found := a.position(k.Seq); found {
		a.order[at] = k
	} else {
		a.order = slices.Insert(a.order, at, k)
	}
	a.keys[k.ID] = k
	a.versions[k.VersionID] = k.ID
	a.lastSeq = max(a.lastSeq, k.Seq)
	a.expect(k)
}

// remove forgets keys and their aliases, all in one pass: a test may let very
// many reach their deletion date at once.
func (a *account) remove(ids []string) {
	if len(ids) == 0 {
		return
	}
	for _, id := range ids {
		if k := a.keys[id]; k != nil {
			delete(a.keys, id)
			delete(a.versions, k.VersionID)
		}
	}
	gone := func(keyID string) bool { return a.keys[keyID] == nil }
	a.order = slices.DeleteFunc(a.order, func(k *key) bool { return gone(k.ID) })
	a.names = slices.DeleteFunc(a.names, func(name string) bool { return gone(a.aliases[name]) })
	maps.DeleteFunc(a.aliases, func(_, keyID string) bool { return gone(keyID) })
}

func (a *account) position(seq uint64) (int, bool) {
	return slices.BinarySearchFunc(a.order, seq, func(k *key, seq uint64) int { return cmp.Compare(k.Seq, seq) })
}

func (a *account) setAlias(name, keyID string) {
	at, found := slices.BinarySearch(a.names, name)
	switch {
	case keyID == "" && found:
		a.names = slices.Delete(a.names, at, at+1)
		delete(a.aliases, name)
	case keyID != "":
		if !found {
			a.names = slices.Insert(a.names, at, name)
		}
		a.aliases[name] = keyID
	}
}

// aliasesOf returns the names of a key's aliases, sorted.
func (a *account) aliasesOf(keyID string) []string {
	var names []string
	for _, name := range a.names {
		if a.aliases[name] == keyID {
			names = append(names, name)
		}
	}
	return names
}

// event is a moment at which something happens to a key by itself. One that a
// later change has made void stays in the queue and is passed over.
type event struct {
	at    int64
	keyID string
}

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
func (a *account) expect(k *key) {
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

func (a *account) void(e event) bool {
	k := a.keys[e.keyID]
	return k == nil || k.nextEvent() != e.at
}

// settled reports whether nothing is due.
func (a *account) settled(now time.Time) bool {
	return len(a.events) == 0 || a.events[0].at > now.Unix()
}

// takeDue removes the events that are due and returns their keys.
func (a *account) takeDue(now time.Time) []*key {
	var due []*key
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
