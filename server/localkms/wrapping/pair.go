// Package wrapping makes the RSA keys under which clients wrap key material, seals what a client
// agreed with the KMS into an import token, and unwraps. It shares no code with the browser's
// wrapping: each checks the other.
package wrapping

import (
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"math/big"
	"slices"
	"sync"
)

// KeySpec is the only WrappingKeySpec that this KMS has.
const KeySpec = "RSA_2048"

const (
	keyBits        = 2048
	keySize        = keyBits / 8
	primeSize      = keySize / 2
	publicExponent = 65537
)

// Primes are the two primes of a private key, 128 bytes each, big-endian: a token needs no more.
type Primes [2 * primeSize]byte

// Pair is a wrapping key pair: the private key, the public key as the API hands it out, and the
// primes as a token carries them.
type Pair struct {
	Private *rsa.PrivateKey
	Public  []byte // DER, SubjectPublicKeyInfo
	Primes  Primes
}

// NewPair returns a pair of a private key, which must be RSA-2048 with two primes and the exponent
// 65537.
func NewPair(private *rsa.PrivateKey) (*Pair, error) {
	if private.N.BitLen() != keyBits || private.E != publicExponent || len(private.Primes) != 2 {
		return nil, fmt.Errorf("a wrapping key must be RSA with %d bits, two primes and the exponent %d", keyBits, publicExponent)
	}
	public, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("encoding wrapping key: %v", err)
	}
	p := &Pair{Private: private, Public: public}
	for i, prime := range private.Primes {
		if prime.BitLen() > 8*primeSize {
			return nil, fmt.Errorf("a wrapping key's primes must have %d bits", 8*primeSize)
		}
		prime.FillBytes(p.Primes[i*primeSize : (i+1)*primeSize])
	}
	return p, nil
}

// privateFrom rebuilds a private key from its primes.
func privateFrom(from *Primes) (*rsa.PrivateKey, error) {
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

// Recent keeps the pairs that were handed out last. Most imports follow soon after their
// parameters, and rebuilding a private key from a token costs as much as the unwrapping.
type Recent struct {
	mu    sync.Mutex
	order []*Pair // oldest first
	byKey map[Primes]*rsa.PrivateKey
}

const maxRecent = 256

// Add remembers a pair, and forgets the oldest when there are too many.
func (r *Recent) Add(p *Pair) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byKey == nil {
		r.byKey = map[Primes]*rsa.PrivateKey{}
	}
	if r.byKey[p.Primes] != nil {
		return
	}
	if len(r.order) == maxRecent {
		delete(r.byKey, r.order[0].Primes)
		r.order = slices.Delete(r.order, 0, 1)
	}
	r.order = append(r.order, p)
	r.byKey[p.Primes] = p.Private
}

// Private returns the private key of a token's primes.
func (r *Recent) Private(from *Primes) (*rsa.PrivateKey, error) {
	r.mu.Lock()
	found := r.byKey[*from]
	r.mu.Unlock()
	if found != nil {
		return found, nil
	}
	return privateFrom(from)
}

// latest returns the last n pairs.
func (r *Recent) latest(n int) []*Pair {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.order[max(0, len(r.order)-n):])
}
