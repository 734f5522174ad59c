package store

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
)

// sealer encrypts the entries of a state file with AES-256-GCM. Its key is in a file beside it,
// so it does not stop anybody who can read the folder; it keeps material from being found in a
// copied file or by a search through a disk, and notices an entry that was changed.
type sealer struct {
	aead cipher.AEAD
}

const (
	sealerKeySize = 32
	sealTagSize   = 16
)

func newSealer(key []byte) sealer {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("store: " + err.Error()) // cannot happen: the key has 32 bytes
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic("store: " + err.Error()) // cannot happen: AES has the block size that GCM needs
	}
	return sealer{aead}
}

// seal returns nonce, ciphertext and tag. The entry opens only in the same context.
func (s sealer) seal(plain []byte, context string) []byte {
	nonce := make([]byte, s.aead.NonceSize(), s.aead.NonceSize()+len(plain)+sealTagSize)
	rand.Read(nonce)
	return s.aead.Seal(nonce, nonce, plain, []byte(context))
}

func (s sealer) open(sealed []byte, context string) ([]byte, error) {
	if len(sealed) < s.aead.NonceSize()+sealTagSize {
		return nil, errDamaged
	}
	nonce, rest := sealed[:s.aead.NonceSize()], sealed[s.aead.NonceSize():]
	plain, err := s.aead.Open(nil, nonce, rest, []byte(context))
	if err != nil {
		return nil, errors.New("it does not open under the key in the key file: the two do not belong together, or one was changed")
	}
	return plain, nil
}

// tagOf returns the tag at the end of a sealed entry.
func tagOf(sealed []byte) (tag digest) {
	copy(tag[:], sealed[len(sealed)-sealTagSize:])
	return tag
}

// digest is the exclusive or of the tags of all entries of a file. Each tag is as good as random,
// so an entry that is missing, or is an older one, shows.
type digest [sealTagSize]byte

func (d *digest) add(sealed []byte) {
	for i, b := range tagOf(sealed) {
		d[i] ^= b
	}
}
