package localkms

import (
	"crypto/rand"
	"encoding/base64"
)

const maxDataKey = 1024

type dataKeyAnswer struct {
	ciphertextAnswer
	Plaintext string
}

// generateDataKey makes a data key and returns it both plain and sealed.
func generateDataKey(k *KMS, c *call) (answer, error) {
	if c.get("Recipient") != "" {
		return nil, errUnsupported
	}
	plain, sealed, err := k.dataKey(c)
	if err != nil {
		return nil, err
	}
	return &dataKeyAnswer{ciphertextAnswer: *sealed, Plaintext: base64.StdEncoding.EncodeToString(plain)}, nil
}

// dataKey makes a data key, plain and sealed.
func (k *KMS) dataKey(c *call) ([]byte, *ciphertextAnswer, error) {
	spec, err := c.oneOf("KeySpec", "AES_256", "AES_128")
	if err != nil {
		return nil, nil, err
	}
	size := 32
	if spec == "AES_128" {
		size = 16
	}
	if size, err = c.integer("NumberOfBytes", size, 1, maxDataKey); err != nil {
		return nil, nil, err
	}
	plain := make([]byte, size)
	rand.Read(plain)
	sealed, err := k.sealFor(c, plain)
	return plain, sealed, err
}
