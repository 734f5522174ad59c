package localkms

import (
	"crypto/rand"
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

const (
	maxDescription = 8192
	maxPolicy      = 32768
	maxKeys        = 200 // by the published quota
	day            = 24 * 60 * 60
	minRotation    = 7 * day
	maxRotation    = 730 * day
)

// otherSpecs are the KeySpecs of the API that this KMS does not have: keys of
// KMS instances and asymmetric keys.
var otherSpecs = map[string]bool{
	"Aliyun_AES_128": true, "Aliyun_AES_192": true,
	"RSA_2048": true, "RSA_3072": true, "RSA_4096": true,
	"EC_P256": true, "EC_P256K": true, "EC_SM2": true,
}

// createKey makes a CMK. One of origin EXTERNAL waits for its material.
func createKey(k *KMS, c *call) (answer, error) {
	made, err := keyFrom(c)
	if err != nil {
		return nil, err
	}
	if made.Origin == originExternal {
		made.State = statePendingImport
	} else {
		made.material = newMaterial(made.materialSize())
	}
	err = k.store.write(c.account, c.now, func(t *tx) error {
		if k.quotas.on && len(t.keys) >= maxKeys {
			return errLimitExceeded
		}
		made.Seq = t.lastSeq + 1
		t.put(made)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &keyAnswer{KeyMetadata: k.metadata(c.account, made)}, nil
}

// keyFrom reads the parameters of CreateKey.
func keyFrom(c *call) (*key, error) {
	made := &key{
		ID:          newKeyID(),
		VersionID:   newVersionID(),
		Created:     c.now.Unix(),
		Description: c.get("Description"),
	}
	if utf8.RuneCountInString(made.Description) > maxDescription {
		return nil, invalid("Description")
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
		return nil, errInstanceState
	}
	if policy := c.get("Policy"); policy != "" && (len(policy) > maxPolicy || !json.Valid([]byte(policy))) {
		return nil, invalid("Policy")
	}
	if made.Rotation, err = c.rotation(made.Origin); err != nil {
		return nil, err
	}
	if c.get("Tags") != "" {
		made.Tags, err = c.tagList("Tags")
	}
	return made, err
}

func (c *call) keySpec() (string, error) {
	spec := c.get("KeySpec")
	switch {
	case spec == "":
		return specAES, nil
	case spec == specAES, spec == specSM4:
		return spec, nil
	case otherSpecs[spec]:
		return "", errUnsupported
	}
	return "", invalid("KeySpec")
}

// rotation returns the seconds between automatic rotations; 0 means none.
func (c *call) rotation(origin string) (int64, error) {
	on, err := c.boolean("EnableAutomaticRotation")
	if err != nil || !on {
		return 0, err
	}
	// Imported material cannot rotate: nobody else has the next.
	if origin == originExternal {
		return 0, invalid("EnableAutomaticRotation")
	}
	text := c.get("RotationInterval")
	if text == "" {
		return 0, missing("RotationInterval")
	}
	unit := map[byte]int64{'d': day, 'h': 60 * 60, 'm': 60, 's': 1}[text[len(text)-1]]
	n, err := strconv.ParseInt(text[:len(text)-1], 10, 32)
	if err != nil || unit == 0 || n*unit < minRotation || n*unit > maxRotation {
		return 0, invalid("RotationInterval")
	}
	return n * unit, nil
}

// newMaterial returns fresh material for a key that the KMS makes itself.
func newMaterial(size int) []byte {
	material := make([]byte, size)
	rand.Read(material) // never fails: crypto/rand ends the program first
	return material
}
