package localkms

import "encoding/base64"

type plaintextAnswer struct {
	reply
	KeyId        string
	KeyVersionId string
	Plaintext    string
}

// decrypt opens what Encrypt or GenerateDataKey sealed. The blob says which
// CMK that was.
func decrypt(k *KMS, c *call) (answer, error) {
	if c.get("Recipient") != "" {
		return nil, errUnsupported
	}
	blob, err := decodeBase64(c.get("CiphertextBlob"))
	if err != nil || len(blob) < versionIDSize {
		return nil, invalid("CiphertextBlob")
	}
	context, err := c.encryptionContext()
	if err != nil {
		return nil, err
	}
	dry, err := c.dryRun()
	if err != nil {
		return nil, err
	}
	key, err := k.sealerOf(c, blob)
	if err != nil {
		return nil, err
	}
	plain, err := unseal(key, blob, context)
	if err != nil {
		return nil, err
	}
	if dry {
		return nil, errDryRun
	}
	return &plaintextAnswer{
		KeyId:        key.ID,
		KeyVersionId: key.VersionID,
		Plaintext:    base64.StdEncoding.EncodeToString(plain),
	}, nil
}

// sealerOf returns the CMK that a blob names.
func (k *KMS) sealerOf(c *call, blob []byte) (sealer *key, err error) {
	err = k.store.read(c.account, c.now, func(a *account) error {
		id, ok := a.versions[string(blob[:versionIDSize])]
		if !ok {
			return invalid("CiphertextBlob")
		}
		if sealer, err = k.permitted(a, c, id); err != nil {
			return err
		}
		return c.rule.allows(sealer.State)
	})
	return sealer, err
}
