package keywraptest

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"math/big"
)

// Opened is a wrapped message taken apart. The parts beside Material are what a
// leak of them would give the material away by.
type Opened struct {
	Material []byte
	Padded   []byte // EM, of 256 bytes
	Seed     []byte // OAEP alone: the seed
	Mask     []byte // OAEP alone: MGF1 of the seed, which hides the data block
}

// Unwrap opens a message that was wrapped to the test key by the algorithm of
// that name.
func Unwrap(algorithm string, wrapped []byte) (*Opened, error) {
	padded, err := decrypt(wrapped)
	if err != nil {
		return nil, err
	}
	switch algorithm {
	case "RSAES_OAEP_SHA_256":
		return openOAEP(padded, sha256.New())
	case "RSAES_OAEP_SHA_1":
		return openOAEP(padded, sha1.New())
	case "RSAES_PKCS1_V1_5":
		return openPKCS1v15(padded)
	}
	return nil, fmt.Errorf("opening: no algorithm %q", algorithm)
}

// decrypt is RSADP (RFC 8017, section 5.1.2) with the private exponent alone.
func decrypt(wrapped []byte) ([]byte, error) {
	key := PrivateKey()
	if len(wrapped) != key.Size() {
		return nil, fmt.Errorf("opening: %d bytes in place of %d", len(wrapped), key.Size())
	}
	c := new(big.Int).SetBytes(wrapped)
	if c.Cmp(key.N) >= 0 {
		return nil, errors.New("opening: the number is not below the modulus")
	}
	return c.Exp(c, key.D, key.N).FillBytes(make([]byte, key.Size())), nil
}

// openOAEP is EME-OAEP decoding (RFC 8017, section 7.1.2, step 3) with one hash
// for the label and for MGF1, and the empty label.
func openOAEP(padded []byte, h hash.Hash) (*Opened, error) {
	size := h.Size()
	maskedSeed, maskedDB := padded[1:1+size], padded[1+size:]
	seed := xor(maskedSeed, mgf1(maskedDB, size, h))
	mask := mgf1(seed, len(maskedDB), h)
	db := xor(maskedDB, mask)
	h.Reset()
	labelHash := h.Sum(nil)
	start := size + bytes.IndexFunc(db[size:], func(r rune) bool { return r != 0 })
	if padded[0] != 0 || !bytes.Equal(db[:size], labelHash) || start < size || db[start] != 1 {
		return nil, errors.New("opening: not OAEP padding with this hash and the empty label")
	}
	return &Opened{Material: db[start+1:], Padded: padded, Seed: seed, Mask: mask}, nil
}

// mgf1 is MGF1 (RFC 8017, appendix B.2.1).
func mgf1(seed []byte, length int, h hash.Hash) []byte {
	var mask []byte
	for counter := uint32(0); len(mask) < length; counter++ {
		h.Reset()
		h.Write(seed)
		h.Write(binary.BigEndian.AppendUint32(nil, counter))
		mask = h.Sum(mask)
	}
	return mask[:length]
}

// openPKCS1v15 is EME-PKCS1-v1_5 decoding (RFC 8017, section 7.2.2, step 3).
func openPKCS1v15(padded []byte) (*Opened, error) {
	end := 2 + bytes.IndexByte(padded[2:], 0)
	if padded[0] != 0 || padded[1] != 2 || end < 2+8 {
		return nil, errors.New("opening: not PKCS#1 v1.5 padding")
	}
	return &Opened{Material: padded[end+1:], Padded: padded}, nil
}

func xor(a, b []byte) []byte {
	out := make([]byte, len(a))
	for i := range out {
		out[i] = a[i] ^ b[i]
	}
	return out
}
