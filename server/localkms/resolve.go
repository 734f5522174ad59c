package localkms

import (
	"strings"

	"keyferry/server/localkms/store"
	"keyferry/server/localkms/wire"
)

// find returns the CMK that a KeyId names, in a state that the action accepts. A KeyId is an id or
// an ARN and, where the action takes them, an alias or the ARN of one.
func (k *KMS) find(a *store.Account, c *call, name string) (*store.Key, error) {
	key, err := k.resolve(a, c, name)
	if err != nil {
		return nil, err
	}
	return key, c.rule.states.allows(key.State)
}

// resolve is find in any state.
func (k *KMS) resolve(a *store.Account, c *call, value string) (*store.Key, error) {
	if resource, isARN := strings.CutPrefix(value, "acs:"); isARN {
		own := "kms:" + k.config.Region + ":" + c.account + ":"
		var ok bool
		if value, ok = strings.CutPrefix(resource, own); !ok {
			return nil, wire.ErrKeyNotFound
		}
		if id, isKey := strings.CutPrefix(value, "key/"); isKey {
			value = id
		} else if !strings.HasPrefix(value, "alias/") {
			return nil, wire.ErrKeyNotFound
		}
	}
	if strings.HasPrefix(value, "alias/") {
		if !c.rule.aliases {
			return nil, wire.ErrAliasRefused
		}
		id, ok := a.Alias(value)
		if !ok {
			return nil, wire.ErrAliasNotFound
		}
		value = id
	}
	return k.permitted(a, c, value)
}

// permitted returns a CMK by its id if the AccessKey may use it.
func (k *KMS) permitted(a *store.Account, c *call, id string) (*store.Key, error) {
	if !c.mayUse(k.config.Region, id) {
		return nil, c.denied()
	}
	key := a.Key(id)
	if key == nil {
		return nil, wire.ErrKeyNotFound
	}
	return key, nil
}

// view returns the CMK that a call's KeyId names, as it is now.
func (k *KMS) view(c *call) (key *store.Key, err error) {
	err = k.store.Read(c.account, c.now, func(a *store.Account) error {
		key, err = k.find(a, c, c.get("KeyId"))
		return err
	})
	return key, err
}

// alter changes the CMK that a call's KeyId names: fn gets a copy to change.
func (k *KMS) alter(c *call, fn func(*store.Tx, *store.Key) error) (wire.Answer, error) {
	return k.alterNamed(c, c.get("KeyId"), fn)
}

// alterNamed is alter for a CMK that another parameter names.
func (k *KMS) alterNamed(c *call, name string, fn func(*store.Tx, *store.Key) error) (wire.Answer, error) {
	err := k.store.Write(c.account, c.now, func(t *store.Tx) error {
		key, err := k.find(t.Account, c, name)
		if err != nil {
			return err
		}
		changed := key.Clone()
		if err := fn(t, changed); err != nil {
			return err
		}
		t.Put(changed)
		return nil
	})
	return &wire.Reply{}, err
}
