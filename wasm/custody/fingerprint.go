package custody

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"

	"keyferry/wasm/keywrap"
)

// KCV is the AES CMAC key check value of ANSI X9.24-1:2017, annex A: the leftmost
// five bytes of the CMAC, under the key, of one block of zeros. It tells keys apart
// when people compare them, and says nothing else about the key that anyone could
// use.
type KCV [5]byte

// CheckValue returns the check value of the material.
//
// crypto/aes expands the key on the heap, out of reach: what it leaves there is as
// good as the key, and goes when the worker erases the module's memory. That holds
// for every function here that computes a check value.
func CheckValue(m *keywrap.Material) KCV {
	mac := cmac(newAES(m), make([]byte, blockSize))
	return KCV(mac[:])
}

// newAES returns AES-256 under the material.
func newAES(m *keywrap.Material) cipher.Block {
	block, err := aes.NewCipher(m[:])
	if err != nil {
		panic("custody: crypto/aes refuses a key of 32 bytes") // cannot happen: the size is right
	}
	return block
}

// ParseKCV reads ten hex digits of either case. White space between them is passed
// over.
func ParseKCV(text string) (KCV, error) {
	var k KCV
	n := 0
	for i := range len(text) {
		if isSpace(text[i]) {
			continue
		}
		digit, ok := hexDigit(text[i])
		if !ok || n == 2*len(k) {
			return KCV{}, errKCV()
		}
		k[n/2] = k[n/2]<<4 | digit
		n++
	}
	if n != 2*len(k) {
		return KCV{}, errKCV()
	}
	return k, nil
}

func errKCV() error {
	return refuse(CodeKCVMalformed, "This is not a key check value. An AES CMAC key check value has ten hex digits, such as 4F1A09B3C2.")
}

// String returns the ten digits in upper case, as hardware security modules print
// them.
func (k KCV) String() string {
	return upperHex(k[:])
}

// Equal compares in constant time.
func (k KCV) Equal(other KCV) bool {
	return subtle.ConstantTimeCompare(k[:], other[:]) == 1
}

// commitmentDomain keeps commitments apart from every other use of SHA-256.
const commitmentDomain = "keyferry commitment v1\n"

// Commitment is SHA-256 over the text "keyferry commitment v1", a line feed, a
// random salt of 32 bytes and the 32 bytes of the material: whoever has the
// material can check it, and nobody can read the material from it or match it with
// another commitment to the same material.
type Commitment struct {
	Salt, Digest [sha256.Size]byte
}

// Commit makes a commitment to the material with a fresh salt.
func Commit(m *keywrap.Material) (Commitment, error) {
	var c Commitment
	if _, err := rand.Read(c.Salt[:]); err != nil {
		return Commitment{}, refuse(keywrap.CodeRandomSource, "The random generator of this browser failed. Do not use this browser for key material.")
	}
	c.Digest = c.digestOf(m)
	return c, nil
}

// Matches reports, in constant time, whether this is a commitment to the material.
func (c Commitment) Matches(m *keywrap.Material) bool {
	digest := c.digestOf(m)
	return subtle.ConstantTimeCompare(digest[:], c.Digest[:]) == 1
}

func (c Commitment) digestOf(m *keywrap.Material) [sha256.Size]byte {
	var input [len(commitmentDomain) + sha256.Size + keywrap.MaterialSize]byte
	defer clear(input[:])
	n := copy(input[:], commitmentDomain)
	n += copy(input[n:], c.Salt[:])
	copy(input[n:], m[:])
	return sha256.Sum256(input[:])
}

// upperHex is for check values alone: never for key material.
func upperHex(b []byte) string {
	text := []byte(hex.EncodeToString(b))
	for i, c := range text {
		if c >= 'a' {
			text[i] = c - 'a' + 'A'
		}
	}
	return string(text)
}
