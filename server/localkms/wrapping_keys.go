package localkms

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"math/big"
	"slices"
	"sync"
	"sync/atomic"
)

const (
	wrappingKeyBits = 2048
	wrappingKeySize = wrappingKeyBits / 8
	primeSize       = wrappingKeySize / 2
	publicExponent  = 65537
)

// pair is a wrapping key pair in the forms in which it is used: the public key
// as the API hands it out, the primes as a token carries them.
type pair struct {
	private *rsa.PrivateKey
	public  []byte // DER, SubjectPublicKeyInfo
	primes  primes
}

// primes are the two primes of a private key: all that a token has to carry.
type primes [2 * primeSize]byte

func newPair(private *rsa.PrivateKey) (*pair, error) {
	if private.N.BitLen() != wrappingKeyBits || private.E != publicExponent || len(private.Primes) != 2 {
		return nil, fmt.Errorf("a wrapping key must be RSA with %d bits, two primes and the exponent %d", wrappingKeyBits, publicExponent)
	}
	public, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("encoding wrapping key: %v", err)
	}
	p := &pair{private: private, public: public}
	for i, prime := range private.Primes {
		if prime.BitLen() > 8*primeSize {
			return nil, fmt.Errorf("a wrapping key's primes must have %d bits", 8*primeSize)
		}
		prime.FillBytes(p.primes[i*primeSize : (i+1)*primeSize])
	}
	return p, nil
}

// privateFrom rebuilds a private key from its primes.
func privateFrom(from *primes) (*rsa.PrivateKey, error) {
	one := big.NewInt(1)
	p := new(big.Int).SetBytes(from[:primeSize])
	q := new(big.Int).SetBytes(from[primeSize:])
	e := big.NewInt(publicExponent)
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	key := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: publicExponent},
		D:         new(big.Int).ModInverse(e, phi),
		Primes:    []*big.Int{p, q},
	}
	if key.D == nil {
		return nil, fmt.Errorf("rebuilding wrapping key: no private exponent")
	}
	key.Precompute()
	return key, nil
}

// recentPairs are the pairs that were handed out lately. Most imports come soon
// after their parameters, and rebuilding a private key from a token costs as
// much as the unwrapping; and a failed import may have been wrapped under one
// of the others.
type recentPairs struct {
	mu    sync.Mutex
	order []*pair // oldest first
	byKey map[primes]*rsa.PrivateKey
}

const maxRecentPairs = 256

func (r *recentPairs) add(p *pair) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byKey == nil {
		r.byKey = map[primes]*rsa.PrivateKey{}
	}
	if r.byKey[p.primes] != nil {
		return
	}
	if len(r.order) == maxRecentPairs {
		delete(r.byKey, r.order[0].primes)
		r.order = slices.Delete(r.order, 0, 1)
	}
	r.order = append(r.order, p)
	r.byKey[p.primes] = p.private
}

// private returns the private key of a token's primes.
func (r *recentPairs) private(from *primes) (*rsa.PrivateKey, error) {
	r.mu.Lock()
	found := r.byKey[*from]
	r.mu.Unlock()
	if found != nil {
		return found, nil
	}
	return privateFrom(from)
}

// latest returns the last n pairs.
func (r *recentPairs) latest(n int) []*pair {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.order[max(0, len(r.order)-n):])
}

// pairSource gives out wrapping key pairs.
type pairSource interface {
	next(ctx context.Context) (*pair, error)
	ready() int
	close()
}

func newPairSource(config Config) (pairSource, error) {
	if len(config.WrappingKeys) == 0 {
		return newPairPool(config.PoolSize), nil
	}
	fixed := &fixedPairs{}
	for _, key := range config.WrappingKeys {
		p, err := newPair(key)
		if err != nil {
			return nil, err
		}
		fixed.pairs = append(fixed.pairs, p)
	}
	return fixed, nil
}

// fixedPairs gives out the same pairs again and again, in turn.
type fixedPairs struct {
	pairs []*pair
	used  atomic.Uint64
}

func (f *fixedPairs) next(context.Context) (*pair, error) {
	n := f.used.Add(1) - 1
	return f.pairs[n%uint64(len(f.pairs))], nil
}

func (f *fixedPairs) ready() int { return len(f.pairs) }
func (f *fixedPairs) close()     {}

// pairPool generates pairs ahead of need, in one goroutine and no more than
// fit into the pool: generating takes a good part of a second, and what needs
// a pair should not wait for it, nor should the machine be busy with it.
type pairPool struct {
	pairs chan *pair
	ctx   context.Context
	stop  context.CancelFunc
	done  sync.WaitGroup
}

func newPairPool(size int) *pairPool {
	ctx, stop := context.WithCancel(context.Background())
	p := &pairPool{pairs: make(chan *pair, size), ctx: ctx, stop: stop}
	p.done.Go(p.fill)
	return p
}

func (p *pairPool) fill() {
	for p.ctx.Err() == nil {
		private, err := rsa.GenerateKey(rand.Reader, wrappingKeyBits)
		if err != nil {
			panic("localkms: generating a wrapping key: " + err.Error()) // cannot happen: the size is a good one
		}
		made, err := newPair(private)
		if err != nil {
			continue // primes of unequal length: take others
		}
		select {
		case p.pairs <- made:
		case <-p.ctx.Done():
		}
	}
}

// next takes a pair, or waits for the generator when the pool is empty.
func (p *pairPool) next(ctx context.Context) (*pair, error) {
	select {
	case made := <-p.pairs:
		return made, nil
	case <-ctx.Done():
		return nil, errUnavailable
	case <-p.ctx.Done():
		return nil, errUnavailable
	}
}

func (p *pairPool) ready() int { return len(p.pairs) }

func (p *pairPool) close() {
	p.stop()
	p.done.Wait()
}

// WrappingKeysReady returns how many wrapping keys can be handed out without
// waiting.
func (k *KMS) WrappingKeysReady() int { return k.pairs.ready() }
