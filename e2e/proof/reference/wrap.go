package reference

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"math/big"
)

// The wrapping algorithms, as the KMS names them.
const (
	OAEPSHA256 = "RSAES_OAEP_SHA_256"
	OAEPSHA1   = "RSAES_OAEP_SHA_1"
	PKCS1v15   = "RSAES_PKCS1_V1_5"
)

// Wrap encrypts a key to a public key and returns the 256 bytes of the ciphertext.
func Wrap(to *rsa.PublicKey, algorithm string, key []byte, random *Stream) ([]byte, error) {
	size := to.Size()
	var message []byte
	switch algorithm {
	case OAEPSHA256:
		message = oaep(sha256.New, size, key, random.Take("seed of OAEP", sha256.Size))
	case OAEPSHA1:
		message = oaep(sha1.New, size, key, random.Take("seed of OAEP", sha1.Size))
	case PKCS1v15:
		message = pkcs1(size, key, random)
	default:
		return nil, fmt.Errorf("reference: no algorithm %q", algorithm)
	}
	m := new(big.Int).SetBytes(message)
	m.Exp(m, big.NewInt(int64(to.E)), to.N)
	return m.FillBytes(make([]byte, size)), nil
}

// oaep is EME-OAEP with an empty label (RFC 8017, section 7.1.1, step 2).
func oaep(newHash func() hash.Hash, size int, key, seed []byte) []byte {
	block := newHash().Sum(nil) // of the label
	block = append(block, make([]byte, size-len(key)-2*len(seed)-2)...)
	block = append(append(block, 1), key...)
	xor(block, mgf1(newHash, seed, len(block)))
	masked := bytes.Clone(seed)
	xor(masked, mgf1(newHash, block, len(seed)))
	return append(append([]byte{0}, masked...), block...)
}

// mgf1 is the mask of n bytes (RFC 8017, section B.2.1).
func mgf1(newHash func() hash.Hash, seed []byte, n int) []byte {
	var mask []byte
	for counter := uint32(0); len(mask) < n; counter++ {
		h := newHash()
		h.Write(binary.BigEndian.AppendUint32(bytes.Clone(seed), counter))
		mask = h.Sum(mask)
	}
	return mask[:n]
}

// pkcs1 is EME-PKCS1-v1_5 (RFC 8017, section 7.2.1, step 2). A padding byte that comes out as zero
// is drawn again, alone, and crypto/rsa then adds 0x42 to it, so that a generator of nothing but
// zeros does not keep it for ever.
func pkcs1(size int, key []byte, random *Stream) []byte {
	padding := bytes.Clone(random.Take("padding", size-len(key)-3))
	for i := range padding {
		for padding[i] == 0 && random.err == nil {
			padding[i] = random.Take("padding byte in place of a zero", 1)[0] ^ 0x42
		}
	}
	return append(append(append([]byte{0, 2}, padding...), 0), key...)
}

func xor(into, with []byte) {
	for i := range into {
		into[i] ^= with[i]
	}
}
