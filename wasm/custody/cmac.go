package custody

import (
	"crypto/cipher"
	"crypto/subtle"
)

// blockSize is the block size of AES.
const blockSize = 16

// cmac returns the CMAC of the message (NIST SP 800-38B, section 6.2) under a
// block cipher with blocks of 16 bytes.
func cmac(block cipher.Block, message []byte) (mac [blockSize]byte) {
	// A complete last block is masked with the first subkey; an incomplete one, and
	// an empty message, is padded and masked with the second.
	var subkey [blockSize]byte
	block.Encrypt(subkey[:], subkey[:])
	double(&subkey)
	for len(message) > blockSize {
		subtle.XORBytes(mac[:], mac[:], message[:blockSize])
		block.Encrypt(mac[:], mac[:])
		message = message[blockSize:]
	}
	if len(message) < blockSize {
		double(&subkey)
		mac[len(message)] ^= 0x80
	}
	subtle.XORBytes(mac[:], mac[:], message)
	subtle.XORBytes(mac[:], mac[:], subkey[:])
	block.Encrypt(mac[:], mac[:])
	clear(subkey[:])
	return mac
}

// double multiplies by x in GF(2^128), most significant bit first (section 6.1).
// It has no branch, because the subkeys are as secret as the key.
func double(b *[blockSize]byte) {
	carry := b[0] >> 7
	for i := range blockSize - 1 {
		b[i] = b[i]<<1 | b[i+1]>>7
	}
	b[blockSize-1] = b[blockSize-1]<<1 ^ carry*0x87
}
