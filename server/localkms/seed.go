package localkms

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Seed is what a KMS holds at first. Its JSON form is what a seed file has.
type Seed struct {
	Keys []SeedKey `json:"keys"`
}

// SeedKey is a CMK of a seed. Everything may be left out.
type SeedKey struct {
	// Account is the tenant that owns the CMK; empty means the Config's.
	Account string `json:"account,omitempty"`
	// KeyID names the CMK; empty means a fresh id.
	KeyID       string `json:"keyId,omitempty"`
	Description string `json:"description,omitempty"`
	// Origin is EXTERNAL, or Aliyun_KMS if empty.
	Origin string `json:"origin,omitempty"`
	// KeySpec is Aliyun_SM4, or Aliyun_AES_256 if empty.
	KeySpec string `json:"keySpec,omitempty"`
	// ProtectionLevel is HSM, or SOFTWARE if empty.
	ProtectionLevel string `json:"protectionLevel,omitempty"`
	// Material is the key material: 32 bytes, or 16 for Aliyun_SM4, as base64
	// in JSON. An EXTERNAL CMK without it is in PendingImport.
	Material []byte `json:"material,omitempty"`
	// MaterialExpires is when imported material expires; zero means never.
	MaterialExpires time.Time `json:"materialExpires,omitzero"`
	// Disabled makes the CMK Disabled instead of Enabled.
	Disabled bool `json:"disabled,omitempty"`
	// Aliases are names such as alias/orders.
	Aliases []string `json:"aliases,omitempty"`
	// Tags are labels, key to value.
	Tags map[string]string `json:"tags,omitempty"`
}

// DefaultSeed returns what a KMS holds when its Config says nothing: three
// CMKs that wait for their key material, and an ordinary one.
func DefaultSeed() *Seed {
	return &Seed{Keys: []SeedKey{
		{KeyID: "key-hzzkeyferrylocal00001", Origin: originExternal, Description: "Waits for key material (1)"},
		{KeyID: "key-hzzkeyferrylocal00002", Origin: originExternal, Description: "Waits for key material (2)"},
		{KeyID: "key-hzzkeyferrylocal00003", Origin: originExternal, Description: "Waits for key material (3)"},
		{KeyID: "key-hzzkeyferrylocal00004", Origin: originKMS, Description: "An ordinary CMK, made by the KMS"},
	}}
}

// ParseSeed reads a seed from JSON. A field that it does not know is an error.
func ParseSeed(r io.Reader) (*Seed, error) {
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	seed := &Seed{}
	if err := decoder.Decode(seed); err != nil {
		return nil, fmt.Errorf("parsing seed: %v", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, errors.New("parsing seed: something follows the JSON object")
	}
	return seed, nil
}

// check reports what makes a seed unusable.
func (s *Seed) check(config Config) error {
	ids, names := map[string]bool{}, map[string]bool{}
	for i, sk := range s.Keys {
		if _, err := sk.key(time.Unix(0, 0)); err != nil {
			return fmt.Errorf("key %d of the seed: %v", i+1, err)
		}
		if sk.KeyID != "" && ids[sk.KeyID] {
			return fmt.Errorf("key %d of the seed: its id stands twice", i+1)
		}
		ids[sk.KeyID] = true
		for _, name := range sk.Aliases {
			if full := sk.account(config) + "/" + name; names[full] || !validAlias(name) {
				return fmt.Errorf("key %d of the seed: %q is no alias or stands twice", i+1, name)
			} else {
				names[full] = true
			}
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
func (s SeedKey) key(now time.Time) (*key, error) {
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
	if len(s.Material) != 0 && len(s.Material) != made.materialSize() {
		return nil, fmt.Errorf("its material must have %d bytes", made.materialSize())
	}
	for name, value := range s.Tags {
		made.setTag(tag{name, value})
		if !made.Tags[len(made.Tags)-1].valid() {
			return nil, errors.New("a tag is not valid")
		}
	}
	if !s.MaterialExpires.IsZero() {
		made.Expires = s.MaterialExpires.Unix()
	}
	if made.Origin == originKMS && made.Expires != 0 {
		return nil, errors.New("only imported material expires")
	}
	if made.Origin == originExternal && len(s.Material) == 0 {
		made.State = statePendingImport
		made.Expires = 0
	} else if s.Disabled {
		made.State = stateDisabled
	}
	if len(s.Material) != 0 {
		made.material = slices.Clone(s.Material)
	}
	return made, nil
}

// sow returns a function that fills a new store with the keys of a seed.
func (k *KMS) sow(seed *Seed) func(*store) error {
	return func(s *store) error {
		if err := seed.check(k.config); err != nil {
			return err
		}
		for _, sk := range seed.Keys {
			if err := s.sowKey(sk, sk.account(k.config), k.clock.Now()); err != nil {
				return err
			}
		}
		return nil
	}
}

func (s *store) sowKey(sk SeedKey, account string, now time.Time) error {
	made, err := sk.key(now)
	if err != nil {
		return err
	}
	switch {
	case made.Origin == originKMS && made.material == nil:
		made.material = newMaterial(made.materialSize())
	case made.Origin == originExternal && made.material != nil:
		made.Binding = s.bind(made.ID, made.material)
	}
	return s.write(account, now, func(t *tx) error {
		made.Seq = t.lastSeq + 1
		t.put(made)
		for _, name := range sk.Aliases {
			t.setAlias(name, made.ID)
		}
		return nil
	})
}
