package localkms

import "encoding/base64"

// maxPlaintext is how much Encrypt takes, in bytes.
const maxPlaintext = 6 << 10

type ciphertextAnswer struct {
	reply
	KeyId          string
	KeyVersionId   string
	CiphertextBlob string
}

// encrypt seals a small piece of data under a CMK.
func encrypt(k *KMS, c *call) (answer, error) {
	plain, err := decodeBase64(c.get("Plaintext"))
	if err != nil || len(plain) > maxPlaintext {
		return nil, invalid("Plaintext")
	}
	return k.sealFor(c, plain)
}

// sealFor encrypts data under the CMK that the call names.
func (k *KMS) sealFor(c *call, plain []byte) (*ciphertextAnswer, error) {
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
		return nil, errDryRun
	}
	blob, err := seal(key, plain, context)
	if err != nil {
		return nil, err
	}
	return &ciphertextAnswer{
		KeyId:          key.ID,
		KeyVersionId:   key.VersionID,
		CiphertextBlob: base64.StdEncoding.EncodeToString(blob),
	}, nil
}
