package localkms

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"keyferry/server/localkms/store"
)

// check reports what makes a seed unusable.
func (s *Seed) check(config Config) error {
	ids, names := map[string]bool{}, map[string]bool{}
	for i, sk := range s.Keys {
		if _, err := sk.key(time.Unix(0, 0)); err != nil {
			return fmt.Errorf("key %d of the seed: %v", i+1, err)
		}
		if sk.KeyID != "" && ids[sk.KeyID] {
			return fmt.Errorf("key %d of the seed: its id occurs twice", i+1)
		}
		ids[sk.KeyID] = true
		for _, name := range sk.Aliases {
			full := sk.account(config) + "/" + name
			if names[full] || !aliasPattern.MatchString(name) {
				return fmt.Errorf("key %d of the seed: %q is not an alias, or occurs twice", i+1, name)
			}
			names[full] = true
		}
	}
	return nil
}

func (s SeedKey) account(config Config) string {
	if s.Account == "" {
		return config.AccountID
	}
	return s.Account
}

// key returns the CMK without its binding, which needs the store.
func (s SeedKey) key(now time.Time) (*store.Key, error) {
	c := &call{now: now, params: map[string]string{
		"Description":     s.Description,
		"Origin":          s.Origin,
		"KeySpec":         s.KeySpec,
		"ProtectionLevel": s.ProtectionLevel,
	}}
	made, err := keyFrom(c)
	if err != nil {
		return nil, errors.New("its description, origin, spec or protection level is not valid")
	}
	if s.KeyID != "" {
		made.ID = s.KeyID
	}
	if strings.ContainsAny(made.ID, "/: ") {
		return nil, errors.New("its id has a character that ids cannot have")
	}
	if len(s.Material) != 0 && len(s.Material) != materialSize(made) {
		return nil, fmt.Errorf("its material must have %d bytes", materialSize(made))
	}
	var tags []store.Tag
	for name, value := range s.Tags {
		tags = append(tags, store.Tag{TagKey: name, TagValue: value})
	}
	if slices.ContainsFunc(tags, func(t store.Tag) bool { return !validTag(t) }) || addTags(made, tags) != nil {
		return nil, errors.New("a tag is not valid, or there are too many")
	}
	made.Service = slices.ContainsFunc(s.Aliases, func(name string) bool { return strings.HasPrefix(name, serviceAlias) })
	return made, s.setMaterial(made)
}

// setMaterial gives the CMK the seed's material, and the state that follows.
func (s SeedKey) setMaterial(made *store.Key) error {
	if made.Origin == originKMS && !s.MaterialExpires.IsZero() {
		return errors.New("only imported material expires")
	}
	switch {
	case made.Origin == originExternal && len(s.Material) == 0:
		made.State = store.PendingImport
		return nil
	case s.Disabled:
		made.State = store.Disabled
	}
	if !s.MaterialExpires.IsZero() {
		made.Expires = s.MaterialExpires.Unix()
	}
	if len(s.Material) != 0 {
		made.Material = slices.Clone(s.Material)
	}
	return nil
}

// plant returns a function that fills a new store with the keys of a seed.
func (k *KMS) plant(seed *Seed) func(*store.Store) error {
	return func(s *store.Store) error {
		if err := seed.check(k.config); err != nil {
			return err
		}
		for _, sk := range seed.Keys {
			if err := plantKey(s, sk, sk.account(k.config), k.clock.Now()); err != nil {
				return err
			}
		}
		return nil
	}
}

func plantKey(s *store.Store, sk SeedKey, account string, now time.Time) error {
	made, err := sk.key(now)
	if err != nil {
		return err
	}
	switch {
	case made.Origin == originKMS && made.Material == nil:
		made.Material = store.NewMaterial(materialSize(made))
	case made.Origin == originExternal && made.Material != nil:
		made.Binding = s.Bind(made.ID, made.Material)
	}
	return s.Write(account, now, func(t *store.Tx) error {
		t.Put(made)
		for _, name := range sk.Aliases {
			t.SetAlias(name, made.ID)
		}
		return nil
	})
}
