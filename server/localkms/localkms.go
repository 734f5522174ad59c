// Package localkms is an embedded Key Management Service that speaks the RPC
// API 2016-01-20 of Alibaba Cloud KMS, faithfully enough for the vendor's own
// clients. It is for trying out and for tests, never for real keys.
//
// A [KMS] is an [http.Handler]:
//
//	kms := localkms.New(localkms.Config{})
//	defer kms.Close()
//	server := httptest.NewServer(kms)
//
// It verifies signatures, unwraps imported key material for real, and keeps
// its state in memory unless [Config.StateFile] names a file. The package's
// README lists every action, what is exact and what is a choice of ours.
package localkms

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// KMS is a local Key Management Service. Make one with [New] or [Open]; it is
// safe for concurrent use.
type KMS struct {
	config    Config
	clock     *Clock
	log       *slog.Logger
	store     *store
	pairs     pairSource
	access    *accessList
	nonces    *nonceLog
	faults    *faultList
	quotas    *quotas
	recent    *recentPairs
	diagnoses *diagnoses
	inspector http.Handler
	closeOnce sync.Once
	closeErr  error
}

// New returns a KMS; Config{} needs nothing else. It panics when the Config
// cannot be used, as a mistake in a program or a test would make it: use
// [Open] when the Config comes from a person or names a state file.
func New(config Config) *KMS {
	k, err := Open(config)
	if err != nil {
		panic("localkms: " + err.Error())
	}
	return k
}

// Open returns a KMS, or says why the Config cannot be used.
func Open(config Config) (*KMS, error) {
	config = config.withDefaults()
	access, err := newAccessList(config)
	if err != nil {
		return nil, err
	}
	pairs, err := newPairSource(config)
	if err != nil {
		return nil, err
	}
	k := &KMS{
		config: config,
		clock:  config.Clock,
		log:    config.Logger,
		pairs:  pairs,
		access: access,
		nonces: newNonceLog(),
		faults: &faultList{},
		quotas: newQuotas(config.Quotas),
		recent: &recentPairs{},
	}
	k.diagnoses = newDiagnoses(config.Logger, k.recent)
	if k.store, err = openStore(config.StateFile, config.Logger, k.sow(config.Seed)); err != nil {
		k.Close()
		return nil, err
	}
	k.inspector = newInspector(k)
	return k, nil
}

// Reset forgets every key, alias, token, fault and setting of the clock, and
// starts again from seed; nil means the seed of the Config.
func (k *KMS) Reset(seed *Seed) error {
	if seed == nil {
		seed = k.config.Seed
	}
	if err := seed.check(k.config); err != nil {
		return err // before anything is gone
	}
	k.clock.Reset()
	fresh := newStore(k.log)
	if err := k.sow(seed)(fresh); err != nil {
		return err
	}
	if err := k.store.adopt(fresh); err != nil {
		return fmt.Errorf("resetting the state: %w", err)
	}
	k.faults.clear()
	k.quotas.reset()
	return nil
}

// Clock returns the clock that the KMS lives by.
func (k *KMS) Clock() *Clock { return k.clock }

// Region returns the region that the KMS answers for.
func (k *KMS) Region() string { return k.config.Region }

// Material returns a copy of the key material that a CMK holds, or nil if it
// holds none: the oracle for tests that ask what really arrived.
func (k *KMS) Material(keyID string) []byte {
	return k.store.material(keyID, k.clock.Now())
}

// Close stops the background work and closes the state file. Requests that
// arrive afterwards may fail.
func (k *KMS) Close() error {
	k.closeOnce.Do(func() {
		k.pairs.close()
		k.diagnoses.close()
		if k.store != nil {
			k.closeErr = k.store.close()
		}
	})
	return k.closeErr
}

// ServeHTTP answers an API request, or shows the inspector to a browser.
func (k *KMS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if forInspector(r) {
		k.inspector.ServeHTTP(w, r)
		return
	}
	k.serveAPI(w, r)
}

// serveAPI takes one API request from the wire to its answer.
func (k *KMS) serveAPI(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	id := newRequestID()
	out := &output{w: w, id: id, host: r.Host}
	req, err := decode(w, r)
	if req != nil {
		out.xml = req.wantsXML()
	}
	var c *call
	defer func() { k.logRequest(r, c, out, time.Since(start)) }()
	if err == nil {
		c, err = k.admit(r.Context(), req, id)
	}
	if err == nil {
		out.action = c.action
		err = k.answer(c, out)
	}
	if err != nil {
		out.fail(err)
	}
}

// answer performs an admitted call under the faults that apply to it.
func (k *KMS) answer(c *call, out *output) error {
	c.faults = k.faults.take(c)
	if err := c.faults.before(c.ctx); err != nil {
		return err
	}
	result, err := c.perform(k)
	c.faults.after()
	if err != nil {
		return err
	}
	return out.succeed(result)
}

func (k *KMS) logRequest(r *http.Request, c *call, out *output, took time.Duration) {
	attrs := []slog.Attr{
		slog.String("method", r.Method),
		slog.Int("status", out.status),
		slog.String("requestId", out.id),
		slog.Duration("took", took),
	}
	if c != nil {
		attrs = append(attrs, slog.String("action", c.action), slog.String("account", c.account))
	}
	if out.code != "" {
		attrs = append(attrs, slog.String("code", out.code))
	}
	k.log.LogAttrs(context.WithoutCancel(r.Context()), slog.LevelInfo, "request", attrs...)
}

// newRequestID returns an id in the KMS's form: an upper-case UUID.
func newRequestID() string { return newUUID("%X-%X-%X-%X-%X") }

// newVersionID returns a key version's id: a lower-case UUID.
func newVersionID() string { return newUUID("%x-%x-%x-%x-%x") }

func newUUID(format string) string {
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program first
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf(format, b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
