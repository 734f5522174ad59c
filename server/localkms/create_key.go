package localkms

import (
	"crypto/rand"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"keyferry/server/localkms/store"
	"keyferry/server/localkms/wire"
)

const (
	maxDescription = 8192
	maxPolicy      = 32768
)

// otherSpecs are the KeySpecs of the API that this KMS does not have: keys of KMS instances and
// asymmetric keys.
var otherSpecs = map[string]bool{
	"Aliyun_AES_128": true, "Aliyun_AES_192": true,
	"RSA_2048": true, "RSA_3072": true, "RSA_4096": true,
	"EC_P256": true, "EC_P256K": true, "EC_SM2": true,
}

type keyAnswer struct {
	wire.Reply
	KeyMetadata keyMetadata
}

// createKey makes a CMK. One with the origin EXTERNAL waits for its material.
func createKey(k *KMS, c *call) (wire.Answer, error) {
	made, err := keyFrom(c)
	if err != nil {
		return nil, err
	}
	if made.Origin == originExternal {
		made.State = store.PendingImport
	} else {
		made.Material = store.NewMaterial(materialSize(made))
	}
	err = k.store.Write(c.account, c.now, func(t *store.Tx) error {
		if k.quotas.on && len(t.Keys()) >= maxKeys {
			return wire.ErrLimitExceeded
		}
		t.Put(made)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &keyAnswer{KeyMetadata: k.metadata(c.account, made)}, nil
}

// keyFrom reads the parameters of CreateKey.
func keyFrom(c *call) (*store.Key, error) {
	made := &store.Key{
		ID:          newKeyID(),
		VersionID:   store.NewVersionID(),
		Created:     c.now.Unix(),
		Description: strings.Clone(c.get("Description")), // lets go of the rest of the request
	}
	if utf8.RuneCountInString(made.Description) > maxDescription {
		return nil, wire.Invalid("Description")
	}
	var err error
	if made.Spec, err = c.keySpec(); err != nil {
		return nil, err
	}
	if _, err = c.oneOf("KeyUsage", usageEncrypt); err != nil {
		return nil, err
	}
	if made.Origin, err = c.oneOf("Origin", originKMS, originExternal); err != nil {
		return nil, err
	}
	if made.Level, err = c.oneOf("ProtectionLevel", levelSoftware, levelHSM); err != nil {
		return nil, err
	}
	if _, err = c.oneOf("KeyStorageMechanism", "", "HsmInternal", "HsmEncryptedDatabase"); err != nil {
		return nil, err
	}
	if c.get("DKMSInstanceId") != "" {
		return nil, wire.ErrInstanceState
	}
	if policy := c.get("Policy"); policy != "" && (len(policy) > maxPolicy || !json.Valid([]byte(policy))) {
		return nil, wire.Invalid("Policy")
	}
	if made.Rotation, err = c.rotation(); err != nil {
		return nil, err
	}
	if made.Rotation != 0 && made.Origin == originExternal {
		// Imported material cannot rotate: nobody but its owner has the next.
		return nil, wire.Invalid("EnableAutomaticRotation")
	}
	if c.get("Tags") != "" {
		made.Tags, err = c.tagList("Tags")
	}
	return made, err
}

func (c *call) keySpec() (string, error) {
	if otherSpecs[c.get("KeySpec")] {
		return "", wire.ErrUnsupported
	}
	return c.oneOf("KeySpec", specAES, specSM4)
}

// newKeyID returns an id in the form that newer keys have.
func newKeyID() string {
	const alphabet = "0123456789abcdefghijklmnopqrstuv" // 32, so each is equally likely
	var b [18]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program first
	for i, c := range b {
		b[i] = alphabet[c%32]
	}
	return "key-hzz" + string(b[:])
}
