package inspector

import (
	"crypto/rand"
	"sync"
)

// outcome is how an act went, to be told by the page after it.
type outcome struct {
	Done   func(*Text) string
	Result Result
	Error  *Error
}

// outcomes keeps the latest outcomes under names that nobody can guess: what
// was decrypted has no place in an address, where it would stay in histories.
type outcomes struct {
	mu     sync.Mutex
	names  []string
	byName map[string]*outcome
}

const maxOutcomes = 32

func (o *outcomes) keep(one *outcome) string {
	name := rand.Text()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.byName == nil {
		o.byName = map[string]*outcome{}
	}
	if len(o.names) == maxOutcomes {
		delete(o.byName, o.names[0])
		o.names = append(o.names[:0], o.names[1:]...)
	}
	o.names = append(o.names, name)
	o.byName[name] = one
	return name
}

func (o *outcomes) find(name string) *outcome {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.byName[name]
}
