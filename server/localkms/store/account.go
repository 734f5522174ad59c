package store

import (
	"cmp"
	"slices"
	"time"
)

// Account is the state of one tenant: nothing in it can be reached from another.
type Account struct {
	keys     map[string]*Key
	order    []*Key            // by creation, so that every page of a list costs the same
	versions map[string]string // key version id to key id
	aliases  map[string]string // name to key id
	names    []string          // of aliases, sorted
	events   events
	lastSeq  uint64
}

func newAccount() *Account {
	return &Account{
		keys:     map[string]*Key{},
		versions: map[string]string{},
		aliases:  map[string]string{},
	}
}

// Key returns the CMK with an id, or nil.
func (a *Account) Key(id string) *Key { return a.keys[id] }

// Keys returns all CMKs in the order of their creation. The caller must not change the slice.
func (a *Account) Keys() []*Key { return a.order }

// KeyOfVersion returns the CMK that has a key version, or nil.
func (a *Account) KeyOfVersion(versionID string) *Key { return a.keys[a.versions[versionID]] }

// Alias returns the id of the CMK that an alias names.
func (a *Account) Alias(name string) (keyID string, ok bool) {
	keyID, ok = a.aliases[name]
	return keyID, ok
}

// Aliases returns the names of all aliases, sorted. The caller must not change the slice.
func (a *Account) Aliases() []string { return a.names }

// AliasesOf returns the names of a key's aliases, sorted.
func (a *Account) AliasesOf(keyID string) []string {
	var names []string
	for _, name := range a.names {
		if a.aliases[name] == keyID {
			names = append(names, name)
		}
	}
	return names
}

// apply makes a change.
func (a *Account) apply(c change) {
	for _, k := range c.keys {
		a.put(k)
	}
	a.remove(c.removed)
	for name, keyID := range c.aliases {
		a.setAlias(name, keyID)
	}
}

func (a *Account) put(k *Key) {
	at, found := slices.BinarySearchFunc(a.order, k.Seq, func(k *Key, seq uint64) int { return cmp.Compare(k.Seq, seq) })
	if found {
		a.order[at] = k
	} else {
		a.order = slices.Insert(a.order, at, k)
	}
	a.keys[k.ID] = k
	a.versions[k.VersionID] = k.ID
	if k.Past != nil {
		for _, v := range k.Past.Older {
			a.versions[v.ID] = k.ID
		}
	}
	a.lastSeq = max(a.lastSeq, k.Seq)
	a.expect(k)
}

// remove drops keys in one pass: a test may let very many reach their deletion date at once.
func (a *Account) remove(ids []string) {
	if len(ids) == 0 {
		return
	}
	for _, id := range ids {
		if k := a.keys[id]; k != nil {
			for _, v := range k.Versions() {
				delete(a.versions, v.ID)
			}
			delete(a.keys, id)
		}
	}
	a.order = slices.DeleteFunc(a.order, func(k *Key) bool { return a.keys[k.ID] == nil })
}

func (a *Account) setAlias(name, keyID string) {
	at, found := slices.BinarySearch(a.names, name)
	switch {
	case keyID == "" && found:
		a.names = slices.Delete(a.names, at, at+1)
		delete(a.aliases, name)
	case keyID != "":
		if !found {
			a.names = slices.Insert(a.names, at, name)
		}
		a.aliases[name] = keyID
	}
}

// due returns the change that the passing of time has made by now: material that expires, keys
// whose deletion date has come with their aliases, automatic rotations.
func (a *Account) due(now time.Time) change {
	c := change{}
	removed := map[string]bool{}
	for _, k := range a.takeDue(now) {
		switch {
		case k.State == PendingDeletion && k.DeleteAt <= now.Unix():
			c.removed = append(c.removed, k.ID)
			removed[k.ID] = true
		case k.Expires != 0 && k.Expires <= now.Unix():
			c.keys = append(c.keys, k.WithoutMaterial())
		default:
			c.keys = append(c.keys, k.rotated(now.Unix()))
		}
	}
	if len(removed) > 0 {
		for _, name := range a.names {
			if removed[a.aliases[name]] {
				c.setAlias(name, "")
			}
		}
	}
	return c
}
