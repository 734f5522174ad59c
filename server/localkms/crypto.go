package localkms

import (
	"crypto/rand"
	"encoding/base64"

	"keyferry/server/localkms/store"
	"keyferry/server/localkms/wire"
)

const (
	// maxPlaintext is how much text Encrypt takes, in bytes: 6 KB in base64, which the vendor's
	// page asks for and most clients do not send.
	maxPlaintext = 8 << 10
	maxDataKey   = 1024
)

type ciphertextAnswer struct {
	wire.Reply
	KeyId          string
	KeyVersionId   string
	CiphertextBlob string
}

type plaintextAnswer struct {
	wire.Reply
	KeyId        string
	KeyVersionId string
	Plaintext    string
}

type dataKeyAnswer struct {
	ciphertextAnswer
	Plaintext string
}

// encrypt seals a text under a CMK. The text is what counts: Decrypt returns the same characters,
// whether or not they are base64.
func encrypt(k *KMS, c *call) (wire.Answer, error) {
	text := c.get("Plaintext")
	if len(text) > maxPlaintext {
		return nil, wire.Invalid("Plaintext")
	}
	return k.sealFor(c, text)
}

// sealFor encrypts a text under the CMK that the call names.
func (k *KMS) sealFor(c *call, text string) (*ciphertextAnswer, error) {
	context, err := c.encryptionContext()
	if err != nil {
		return nil, err
	}
	dry, err := c.dryRun()
	if err != nil {
		return nil, err
	}
	key, err := k.view(c)
	if err != nil {
		return nil, err
	}
	if dry {
		return nil, wire.ErrDryRun
	}
	blob, err := seal(key, []byte(text), context)
	if err != nil {
		return nil, err
	}
	return &ciphertextAnswer{
		KeyId:          key.ID,
		KeyVersionId:   key.VersionID,
		CiphertextBlob: base64.StdEncoding.EncodeToString(blob),
	}, nil
}

// decrypt opens what Encrypt or GenerateDataKey sealed. The blob says under which version of
// which CMK that was.
func decrypt(k *KMS, c *call) (wire.Answer, error) {
	if c.get("Recipient") != "" {
		return nil, wire.ErrUnsupported
	}
	blob, err := wire.DecodeBase64(c.get("CiphertextBlob"))
	if err != nil || len(blob) < versionIDSize {
		return nil, wire.Invalid("CiphertextBlob")
	}
	context, err := c.encryptionContext()
	if err != nil {
		return nil, err
	}
	dry, err := c.dryRun()
	if err != nil {
		return nil, err
	}
	key, version, err := k.sealedBy(c, string(blob[:versionIDSize]))
	if err != nil {
		return nil, err
	}
	text, err := unseal(key.ID, version, blob, context)
	if err != nil {
		return nil, err
	}
	if dry {
		return nil, wire.ErrDryRun
	}
	return &plaintextAnswer{KeyId: key.ID, KeyVersionId: version.ID, Plaintext: string(text)}, nil
}

// sealedBy returns the CMK that has a version, and the version.
func (k *KMS) sealedBy(c *call, versionID string) (key *store.Key, version store.Version, err error) {
	err = k.store.Read(c.account, c.now, func(a *store.Account) error {
		found := a.KeyOfVersion(versionID)
		if found == nil {
			return wire.Invalid("CiphertextBlob")
		}
		if key, err = k.permitted(a, c, found.ID); err != nil {
			return err
		}
		var ok bool
		if version, ok = key.Version(versionID); !ok {
			return wire.Invalid("CiphertextBlob")
		}
		return c.rule.states.allows(key.State)
	})
	return key, version, err
}

// generateDataKey makes a data key and returns it both plain and sealed.
func generateDataKey(k *KMS, c *call) (wire.Answer, error) {
	if c.get("Recipient") != "" {
		return nil, wire.ErrUnsupported
	}
	plain, sealed, err := k.dataKey(c)
	if err != nil {
		return nil, err
	}
	return &dataKeyAnswer{ciphertextAnswer: *sealed, Plaintext: plain}, nil
}

// generateDataKeyWithoutPlaintext makes a data key and returns it sealed only.
func generateDataKeyWithoutPlaintext(k *KMS, c *call) (wire.Answer, error) {
	_, sealed, err := k.dataKey(c)
	if err != nil {
		return nil, err
	}
	return sealed, nil
}

// dataKey makes a data key: its base64 text, and the same text sealed.
func (k *KMS) dataKey(c *call) (string, *ciphertextAnswer, error) {
	spec, err := c.oneOf("KeySpec", "AES_256", "AES_128")
	if err != nil {
		return "", nil, err
	}
	size := 32
	if spec == "AES_128" {
		size = 16
	}
	if size, err = c.integer("NumberOfBytes", size, 1, maxDataKey); err != nil {
		return "", nil, err
	}
	plain := make([]byte, size)
	rand.Read(plain)
	text := base64.StdEncoding.EncodeToString(plain)
	sealed, err := k.sealFor(c, text)
	return text, sealed, err
}
