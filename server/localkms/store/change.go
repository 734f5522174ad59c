package store

// change is what one call does to one account. It is made as a whole or not at all.
type change struct {
	account string
	keys    []*Key
	removed []string          // ids of keys
	aliases map[string]string // name to key id; "" removes
}

func (c *change) empty() bool { return len(c.keys) == 0 && len(c.removed) == 0 && len(c.aliases) == 0 }

func (c *change) setAlias(name, keyID string) {
	if c.aliases == nil {
		c.aliases = map[string]string{}
	}
	c.aliases[name] = keyID
}

// inverse returns the change that takes c back, computed before c is applied.
func (a *Account) inverse(c change) change {
	back := change{account: c.account}
	for _, k := range c.keys {
		if had := a.keys[k.ID]; had != nil {
			back.keys = append(back.keys, had)
		} else {
			back.removed = append(back.removed, k.ID)
		}
	}
	for _, id := range c.removed {
		if had := a.keys[id]; had != nil {
			back.keys = append(back.keys, had)
		}
	}
	for name := range c.aliases {
		back.setAlias(name, a.aliases[name])
	}
	return back
}

// Tx collects the change of a [Store.Write]. Its reads show the account as it was before: what
// Put and SetAlias collect is seen by nobody, the transaction itself included, until it ends.
type Tx struct {
	*Account
	change change
	added  uint64
}

// Put adds a key, or replaces the one with the same id. A new key gets its place in the order of
// creation.
func (t *Tx) Put(k *Key) {
	if k.Seq == 0 {
		t.added++
		k.Seq = t.lastSeq + t.added
	}
	for i, have := range t.change.keys {
		if have.ID == k.ID {
			t.change.keys[i] = k
			return
		}
	}
	t.change.keys = append(t.change.keys, k)
}

// SetAlias lets an alias name a key. An empty key id removes the alias.
func (t *Tx) SetAlias(name, keyID string) { t.change.setAlias(name, keyID) }
