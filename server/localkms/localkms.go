// Package localkms is an embedded Key Management Service that speaks the RPC API 2016-01-20 of
// Alibaba Cloud KMS, faithfully enough for the vendor's own clients. It is for trying out and for
// tests, never for real keys.
//
// A [KMS] is an [http.Handler]:
//
//	kms := localkms.New(localkms.Config{})
//	defer kms.Close()
//	server := httptest.NewServer(kms)
//
// It verifies signatures, really unwraps imported key material, and keeps its state in memory
// unless [Config.StateFile] names a file. It answers to loopback names and the address at which a
// request arrives; [Config.Hosts] adds others. The package's README lists every action, what is
// exact and what is a choice of ours.
package localkms

import (
	"fmt"

	"keyferry/server/localkms/store"
	"keyferry/server/localkms/wire"
	"keyferry/server/localkms/wrapping"
)

// New returns a KMS; Config{} needs nothing else. It panics when the Config cannot be used, which
// is a mistake in a program or a test: use [Open] when the Config comes from a person or names a
// state file.
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
	k := &KMS{
		config:  config,
		clock:   config.Clock,
		log:     config.Logger,
		recent:  &wrapping.Recent{},
		access:  newAccessList(config),
		nonces:  wire.NewNonces(),
		faults:  &faultList{},
		quotas:  newQuotas(config),
		refused: &refusals{},
	}
	for _, key := range config.AccessKeys {
		if _, twice := k.access.find(key.ID); twice {
			return nil, fmt.Errorf("AccessKey %q occurs twice", key.ID)
		}
		if err := k.PutAccessKey(key); err != nil {
			return nil, err
		}
	}
	var err error
	if k.store, err = store.Open(config.StateFile, config.Logger, k.plant(config.Seed)); err != nil {
		return nil, err
	}
	if len(config.WrappingKeys) == 0 {
		k.pairs = wrapping.NewPool(config.PoolSize)
	} else if k.pairs, err = wrapping.NewFixed(config.WrappingKeys); err != nil {
		k.store.Close()
		return nil, err
	}
	k.inspector = newInspector(k)
	return k, nil
}

// Reset forgets every key, alias, token, fault and setting of the clock, and starts again from
// seed; nil means the seed of the Config.
func (k *KMS) Reset(seed *Seed) error {
	if seed == nil {
		seed = k.config.Seed
	}
	if err := seed.check(k.config); err != nil {
		return err // before anything is lost
	}
	k.clock.Reset()
	fresh := store.New(k.log)
	if err := k.plant(seed)(fresh); err != nil {
		return err
	}
	if err := k.store.Adopt(fresh); err != nil {
		return fmt.Errorf("resetting the state: %w", err)
	}
	k.faults.clear()
	k.quotas.reset()
	k.refused.clear()
	return nil
}

// Close stops the background work and closes the state file. Requests that arrive afterwards may
// fail.
func (k *KMS) Close() error {
	k.closeOnce.Do(func() {
		k.pairs.Close()
		k.closeErr = k.store.Close()
	})
	return k.closeErr
}
