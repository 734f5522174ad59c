package localkms

import (
	"crypto/rsa"
	"slices"
	"sync"
	"time"

	"keyferry/server/localkms/wrapping"
)

// RefusedImport is an import that failed with InvalidKeyMaterial, and why.
type RefusedImport struct {
	RequestID string    `json:"requestId"`
	KeyID     string    `json:"keyId"`
	Algorithm string    `json:"algorithm"`
	At        time.Time `json:"at"`
	Reason    string    `json:"reason"`
}

// refusal is what an explanation needs of a refused import. The wrapped bytes are ciphertext that
// the client sent; whether they could be opened is not noted, but found out again when asked.
type refusal struct {
	RefusedImport
	private *rsa.PrivateKey
	alg     wrapping.Algorithm
	wrapped []byte
	size    int
}

// refusals keeps the latest refused imports. To keep one is the same work for all; to explain one
// is not, so that is done only when somebody asks, through the control API.
type refusals struct {
	mu     sync.Mutex
	latest []refusal
}

const maxRefusals = 64

func (r *refusals) add(one refusal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.latest) == maxRefusals {
		r.latest = slices.Delete(r.latest, 0, 1)
	}
	r.latest = append(r.latest, one)
}

func (r *refusals) clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.latest = nil
}

func (r *refusals) list() []refusal {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.latest)
}
