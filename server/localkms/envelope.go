package localkms

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"

	"keyferry/server/localkms/store"
	"keyferry/server/localkms/wire"
)

// A ciphertext blob is the id of the key version, 36 characters, and then nonce (12 bytes),
// ciphertext and tag (16 bytes) of AES-256-GCM. The vendor's samples begin and measure the same;
// what is inside is a choice of ours and opaque to clients.
const versionIDSize = 36

// maxContext limits an EncryptionContext, in bytes.
const maxContext = 8192

// dataCipher returns the cipher of a CMK's version. Its key depends on the id of the CMK besides
// the material, so two CMKs with the same material cannot read each other's data. Aliyun_SM4 keys
// use the same cipher with their 16 bytes.
func dataCipher(keyID string, material []byte) (cipher.AEAD, error) {
	derived, err := hkdf.Key(sha256.New, material, nil, "keyferry local KMS data\x00"+keyID, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// seal encrypts data under the primary version of a CMK.
func seal(k *store.Key, plain, context []byte) ([]byte, error) {
	aead, err := dataCipher(k.ID, k.Material)
	if err != nil {
		return nil, err
	}
	blob := make([]byte, versionIDSize+aead.NonceSize(), versionIDSize+aead.NonceSize()+len(plain)+aead.Overhead())
	copy(blob, k.VersionID)
	nonce := blob[versionIDSize:]
	rand.Read(nonce)
	return aead.Seal(blob, nonce, plain, context), nil
}

// unseal decrypts a blob of a version of a CMK. A wrong context and a damaged blob cannot be told
// apart.
func unseal(keyID string, version store.Version, blob, context []byte) ([]byte, error) {
	aead, err := dataCipher(keyID, version.Material)
	if err != nil {
		return nil, err
	}
	sealed := blob[versionIDSize:]
	if len(sealed) < aead.NonceSize() {
		return nil, wire.Invalid("CiphertextBlob")
	}
	plain, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], context)
	if err != nil {
		return nil, wire.Invalid("CiphertextBlob")
	}
	return plain, nil
}

// encryptionContext returns the canonical form of a call's EncryptionContext: it is compared as a
// map, so order and white space do not matter.
func (c *call) encryptionContext() ([]byte, error) {
	text := c.get("EncryptionContext")
	if text == "" {
		return nil, nil
	}
	var pairs map[string]string
	if len(text) > maxContext || json.Unmarshal([]byte(text), &pairs) != nil {
		return nil, wire.Invalid("EncryptionContext")
	}
	if len(pairs) == 0 {
		return nil, nil
	}
	canonical, err := json.Marshal(pairs) // sorts the names
	if err != nil {
		return nil, wire.Invalid("EncryptionContext")
	}
	return canonical, nil
}
