package wrapping

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"sync"
	"sync/atomic"
)

// Source hands out wrapping key pairs.
type Source interface {
	// Next returns a pair, and waits for one if there is none yet.
	Next(ctx context.Context) (*Pair, error)
	// Ready returns how many pairs can be handed out without waiting.
	Ready() int
	// Close stops the work in the background.
	Close()
}

// errNoPair reports that the caller or the source ended before there was a pair.
var errNoPair = errors.New("no wrapping key was ready in time")

// Fixed hands out the same pairs in turn.
type Fixed struct {
	pairs []*Pair
	used  atomic.Uint64
}

// NewFixed returns a source of the given keys, at least one.
func NewFixed(keys []*rsa.PrivateKey) (*Fixed, error) {
	fixed := &Fixed{}
	for _, key := range keys {
		p, err := NewPair(key)
		if err != nil {
			return nil, err
		}
		fixed.pairs = append(fixed.pairs, p)
	}
	return fixed, nil
}

// Next implements [Source].
func (f *Fixed) Next(context.Context) (*Pair, error) {
	n := f.used.Add(1) - 1
	return f.pairs[n%uint64(len(f.pairs))], nil
}

// Ready implements [Source].
func (f *Fixed) Ready() int { return len(f.pairs) }

// Close implements [Source].
func (f *Fixed) Close() {}

// pool generates pairs in advance, in one goroutine and no more than fit: generating takes a tenth
// of a second or more, and neither a request nor the machine should be kept busy by it.
type pool struct {
	pairs chan *Pair
	room  chan struct{} // how many more may be generated
	ctx   context.Context
	stop  context.CancelFunc
	done  sync.WaitGroup
}

// NewPool returns a source that keeps size generated pairs ready.
func NewPool(size int) Source {
	ctx, stop := context.WithCancel(context.Background())
	p := &pool{pairs: make(chan *Pair, size), room: make(chan struct{}, size), ctx: ctx, stop: stop}
	for range size {
		p.room <- struct{}{}
	}
	p.done.Go(p.fill)
	return p
}

func (p *pool) fill() {
	for p.ctx.Err() == nil {
		select {
		case <-p.room:
		case <-p.ctx.Done():
			return
		}
		private, err := rsa.GenerateKey(rand.Reader, keyBits)
		if err != nil {
			panic("wrapping: generating a key: " + err.Error()) // cannot happen: the size is allowed
		}
		made, err := NewPair(private)
		if err != nil { // the primes have different lengths
			p.room <- struct{}{}
			continue
		}
		p.pairs <- made
	}
}

// Next implements [Source].
func (p *pool) Next(ctx context.Context) (*Pair, error) {
	select {
	case made := <-p.pairs:
		p.room <- struct{}{}
		return made, nil
	case <-ctx.Done():
		return nil, errNoPair
	case <-p.ctx.Done():
		return nil, errNoPair
	}
}

// Ready implements [Source].
func (p *pool) Ready() int { return len(p.pairs) }

// Close implements [Source].
func (p *pool) Close() {
	p.stop()
	p.done.Wait()
}
