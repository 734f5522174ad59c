package localkms

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"sync"

	"keyferry/server/localkms/store"
	"keyferry/server/localkms/wire"
	"keyferry/server/localkms/wrapping"
)

// KMS is a local Key Management Service. Make one with [New] or [Open]; it is safe for concurrent
// use.
type KMS struct {
	config    Config
	clock     *Clock
	log       *slog.Logger
	store     *store.Store
	pairs     wrapping.Source
	recent    *wrapping.Recent
	access    *accessList
	nonces    *wire.Nonces
	faults    *faultList
	quotas    *quotas
	refused   *refusals
	inspector http.Handler
	closeOnce sync.Once
	closeErr  error
}

// Clock returns the clock that the KMS follows.
func (k *KMS) Clock() *Clock { return k.clock }

// Region returns the region that the KMS answers for.
func (k *KMS) Region() string { return k.config.Region }

// Material returns a copy of the key material that a CMK holds, or nil if it holds none. Tests
// ask it what really arrived.
func (k *KMS) Material(keyID string) []byte {
	return k.store.Material(keyID, k.clock.Now())
}

// WrappingKeysReady returns how many wrapping keys can be handed out without waiting.
func (k *KMS) WrappingKeysReady() int { return k.pairs.Ready() }

// arn returns the resource name of something in an account.
func (k *KMS) arn(account, resource string) string {
	return "acs:kms:" + k.config.Region + ":" + account + ":" + resource
}

// newRequestID returns an id in the form of the KMS: an upper-case UUID.
func newRequestID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program first
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%X-%X-%X-%X-%X", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
