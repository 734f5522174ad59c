package reference

import (
	"crypto/aes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// CheckValue is the key check value of a key: ten hexadecimal digits, the beginning of the CMAC of
// one block of zeros (NIST SP 800-38B, section 6.2).
func CheckValue(key []byte) (string, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return "", err
	}
	// A block of zeros is complete, so that it is masked with the first subkey and nothing else.
	mac := make([]byte, aes.BlockSize)
	block.Encrypt(mac, mac)
	high, low := binary.BigEndian.Uint64(mac), binary.BigEndian.Uint64(mac[8:])
	carry := high >> 63
	binary.BigEndian.PutUint64(mac, high<<1|low>>63)
	binary.BigEndian.PutUint64(mac[8:], low<<1^carry*0x87)
	block.Encrypt(mac, mac)
	return fmt.Sprintf("%X", mac[:5]), nil
}

// LegacyCheckValue is a check value of the older kind: ten digits of a block of zeros, encrypted.
func LegacyCheckValue(key []byte) (string, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return "", err
	}
	zeros := make([]byte, aes.BlockSize)
	block.Encrypt(zeros, zeros)
	return fmt.Sprintf("%X", zeros[:5]), nil
}

// Commitment is the digest that commits to a key: 64 hexadecimal digits.
func Commitment(salt, key []byte) string {
	return fmt.Sprintf("%x", sha256.Sum256(append(append([]byte("keyferry commitment v1\n"), salt...), key...)))
}
