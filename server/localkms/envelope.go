package localkms

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
)

// A ciphertext blob is the id of the key version, 36 characters, and then
// nonce, ciphertext and tag of AES-256-GCM. The vendor's samples begin in the
// same way; what follows is a choice of ours and opaque to clients.
const versionIDSize = 36

// maxContext bounds an EncryptionContext, in characters.
const maxContext = 8192

// dataCipher returns the cipher of a CMK. Its key depends on the id of the CMK
// besides the material, so that two CMKs with the same material cannot read
// each other's data. Aliyun_SM4 keys use the same cipher over their 16 bytes.
func dataCipher(k *key) (cipher.AEAD, error) {
	derived, err := hkdf.Key(sha256.New, k.material, nil, "keyferry local KMS data\x00"+k.ID, 32)
	if err != nil {
		return nil, errInternal
	}
	return newAEAD(derived), nil
}

// seal encrypts data under a CMK.
func seal(k *key, plain, context []byte) ([]byte, error) {
	aead, err := dataCipher(k)
	if err != nil {
		return nil, err
	}
	blob := make([]byte, versionIDSize+aead.NonceSize(), versionIDSize+aead.NonceSize()+len(plain)+aead.Overhead())
	copy(blob, k.VersionID)
	nonce := blob[versionIDSize:]
	rand.Read(nonce)
	return aead.Seal(blob, nonce, plain, context), nil
}

// unseal decrypts a blob that a CMK sealed. A wrong context and a damaged blob
// cannot be told apart, and are not.
func unseal(k *key, blob, context []byte) ([]byte, error) {
	aead, err := dataCipher(k)
	if err != nil {
		return nil, err
	}
	sealed := blob[versionIDSize:]
	if len(sealed) < aead.NonceSize() {
		return nil, invalid("CiphertextBlob")
	}
	plain, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], context)
	if err != nil {
		return nil, invalid("CiphertextBlob")
	}
	return plain, nil
}

// encryptionContext returns the canonical form of a call's EncryptionContext:
// it is compared as a map, so that order and white space do not matter.
func (c *call) encryptionContext() ([]byte, error) {
	text := c.get("EncryptionContext")
	if text == "" {
		return nil, nil
	}
	var pairs map[string]string
	if len(text) > maxContext || json.Unmarshal([]byte(text), &pairs) != nil {
		return nil, invalid("EncryptionContext")
	}
	if len(pairs) == 0 {
		return nil, nil
	}
	canonical, err := json.Marshal(pairs) // sorts the names
	if err != nil {
		return nil, invalid("EncryptionContext")
	}
	return canonical, nil
}
