package custody

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"strings"

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
			return KCV{}, CodeKCVMalformed
		}
		k[n/2] = k[n/2]<<4 | digit
		n++
	}
	if n != 2*len(k) {
		return KCV{}, CodeKCVMalformed
	}
	return k, nil
}

// String returns the ten digits in upper case, as hardware security modules print them.
func (k KCV) String() string {
	return strings.ToUpper(hex.EncodeToString(k[:]))
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
		return Commitment{}, keywrap.CodeRandomSource
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

// ParseCommitment reads the digest and the salt of a commitment, each in 64 lower-case hexadecimal
// digits.
func ParseCommitment(digest, salt string) (Commitment, error) {
	var c Commitment
	if !decodeDigest(digest, &c.Digest) || !decodeDigest(salt, &c.Salt) {
		return Commitment{}, CodeReceiptMalformed
	}
	return c, nil
}

func decodeDigest(text string, into *[sha256.Size]byte) bool {
	decoded, err := hex.DecodeString(text)
	return err == nil && copy(into[:], decoded) == len(decoded) && hex.EncodeToString(into[:]) == text
}

// Compare reports whether the material is the one whose check value and commitment a receipt has:
// nil if it is, [CodeNotReceiptsKey] if it is not, and [CodeReceiptDamaged] if the commitment is to
// this material and the check value is another's, so that someone changed the receipt.
func Compare(m *keywrap.Material, k KCV, c Commitment) error {
	switch {
	case !c.Matches(m):
		return CodeNotReceiptsKey
	case !k.Equal(CheckValue(m)):
		return CodeReceiptDamaged
	}
	return nil
}

// receiptFormat is the first value in the file of a receipt, by which it is recognised where a key
// was expected.
const receiptFormat = "keyferry receipt"
