package localkms

import "strings"

// find returns the CMK that a KeyId names, in a state that the action accepts.
// It names one by its id or its ARN and, where the action takes them, by an
// alias or an alias's ARN.
func (k *KMS) find(a *account, c *call, name string) (*key, error) {
	key, err := k.resolve(a, c, name)
	if err != nil {
		return nil, err
	}
	return key, c.rule.allows(key.State)
}

// resolve is find without regard to the state.
func (k *KMS) resolve(a *account, c *call, value string) (*key, error) {
	if resource, isARN := strings.CutPrefix(value, "acs:"); isARN {
		own := "kms:" + k.config.Region + ":" + c.account + ":"
		var ok bool
		if value, ok = strings.CutPrefix(resource, own); !ok {
			return nil, errKeyNotFound
		}
		if id, isKey := strings.CutPrefix(value, "key/"); isKey {
			value = id
		} else if !strings.HasPrefix(value, "alias/") {
			return nil, errKeyNotFound
		}
	}
	if strings.HasPrefix(value, "alias/") {
		if !c.rule.aliases {
			return nil, errAliasRefused
		}
		id, ok := a.aliases[value]
		if !ok {
			return nil, errAliasNotFound
		}
		value = id
	}
	return k.permitted(a, c, value)
}

// permitted returns a CMK by its id if the AccessKey may use it.
func (k *KMS) permitted(a *account, c *call, id string) (*key, error) {
	if !c.accessKey.mayUse(id) {
		return nil, c.denied()
	}
	key := a.keys[id]
	if key == nil {
		return nil, errKeyNotFound
	}
	return key, nil
}

// view returns the CMK that a call's KeyId names, as it is now.
func (k *KMS) view(c *call) (key *key, err error) {
	err = k.store.read(c.account, c.now, func(a *account) error {
		key, err = k.find(a, c, c.get("KeyId"))
		return err
	})
	return key, err
}

// alter changes the CMK that a call's KeyId names: fn gets a copy to change.
func (k *KMS) alter(c *call, fn func(*tx, *key) error) (answer, error) {
	return k.alterNamed(c, c.get("KeyId"), fn)
}

// alterNamed is alter for a CMK that another parameter names.
func (k *KMS) alterNamed(c *call, name string, fn func(*tx, *key) error) (answer, error) {
	err := k.store.write(c.account, c.now, func(t *tx) error {
		key, err := k.find(t.account, c, name)
		if err != nil {
			return err
		}
		changed := key.clone()
		if err := fn(t, changed); err != nil {
			return err
		}
		t.put(changed)
		return nil
	})
	return &reply{}, err
}
