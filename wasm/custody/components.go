package custody

import (
	"bytes"
	"crypto/aes"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"

	"keyferry/wasm/keywrap"
)

// KCVMethod names how the check value of a component was computed.
type KCVMethod string

// The methods that hardware security modules and key management software use.
const (
	KCVMethodCMAC   KCVMethod = "cmac"    // ANSI X9.24-1: CMAC of a block of zeros
	KCVMethodECB    KCVMethod = "ecb"     // legacy: a block of zeros, encrypted
	KCVMethodOnes   KCVMethod = "ecb-01"  // GlobalPlatform: a block of 01 bytes, encrypted
	KCVMethodSHA1   KCVMethod = "sha-1"   // PKCS #11, for keys without a cipher: a digest of the key
	KCVMethodSHA256 KCVMethod = "sha-256" // the same with SHA-256
)

// Components adds up the components of a key. The zero value is not usable; see
// [NewComponents].
//
// It holds the sum so far, and of each component a digest under a random key of
// this one accumulation. The components themselves are not held: whoever reads the
// memory after the second was added finds the sum, which is what the person is
// about to hold anyway, but not the parts that other people keep. The digests only
// serve to see that a component was entered twice, which cancels it out. They are
// keyed so that a digest which stays in memory cannot be compared with anything
// computed elsewhere.
type Components struct {
	sum     keywrap.Material
	key     [sha256.Size]byte
	digests [][sha256.Size]byte
}

// maxComponents is far above what any ceremony uses.
const maxComponents = 16

// NewComponents begins an accumulation. The caller ends it with [Components.Sum]
// or [Components.Clear].
func NewComponents() (*Components, error) {
	c := &Components{digests: make([][sha256.Size]byte, 0, maxComponents)}
	if _, err := rand.Read(c.key[:]); err != nil {
		return nil, keywrap.CodeRandomSource
	}
	return c, nil
}

// Count returns how many components were accepted.
func (c *Components) Count() int { return len(c.digests) }

// Clear forgets everything.
func (c *Components) Clear() {
	clear(c.sum[:])
	clear(c.key[:])
	clear(c.digests[:cap(c.digests)])
	c.digests = c.digests[:0]
}

// Add accepts one component: 64 hex digits, and the check value that was printed with it, 6 hex
// digits or more of any method, and returns that method. Hidden characters and separators are
// passed over, as [Recognise] does.
//
// A component that is refused changes nothing. The caller clears what it passed.
// The expanded AES keys of the component stay on the heap, as [CheckValue] says.
func (c *Components) Add(component, kcv []byte) (KCVMethod, error) {
	if len(c.digests) == maxComponents {
		return "", CodeComponentsTooMany
	}
	var part keywrap.Material
	defer clear(part[:])
	if err := parseComponent(component, &part); err != nil {
		return "", err
	}
	digest := c.digestOf(&part)
	for i := range c.digests {
		if subtle.ConstantTimeCompare(digest[:], c.digests[i][:]) == 1 {
			return "", CodeComponentRepeated
		}
	}
	method, err := checkComponent(&part, kcv)
	if err != nil {
		return "", err
	}
	subtle.XORBytes(c.sum[:], c.sum[:], part[:])
	c.digests = append(c.digests, digest)
	return method, nil
}

// Sum fills m with the sum of two or more components, and then forgets everything.
// If it is refused, m is zero and the accumulation can go on. The caller clears m.
func (c *Components) Sum(m *keywrap.Material) error {
	clear(m[:])
	if len(c.digests) < 2 {
		return CodeComponentsTooFew
	}
	if isZero(&c.sum) {
		return CodeComponentsSumZero
	}
	*m = c.sum
	c.Clear()
	return nil
}

func (c *Components) digestOf(part *keywrap.Material) [sha256.Size]byte {
	var input [sha256.Size + keywrap.MaterialSize]byte
	defer clear(input[:])
	copy(input[copy(input[:], c.key[:]):], part[:])
	return sha256.Sum256(input[:])
}

// parseComponent reads 64 hex digits into part.
func parseComponent(text []byte, part *keywrap.Material) error {
	n := 0
	ok := eachHexDigit(text, func(digit byte) {
		if n < 2*len(part) {
			part[n/2] = part[n/2]<<4 | digit
		}
		n++
	})
	switch {
	case !ok:
		return CodeComponentNotHex
	case n != 2*len(part):
		return CodeComponentLength
	case isZero(part):
		return CodeComponentZero
	}
	return nil
}

// The number of digits that a check value can have: three bytes, or all of a digest.
const minKCVDigits, maxKCVDigits = 6, 2 * sha256.Size

// checkComponent finds the method by which the printed check value is that of the component. A
// wrong component passes by chance once in three million times if six digits were printed: that
// is what check values are worth.
func checkComponent(part *keywrap.Material, printed []byte) (KCVMethod, error) {
	digits, n := [maxKCVDigits]byte{}, 0
	ok := eachHexDigit(printed, func(digit byte) {
		if n < len(digits) {
			digits[n] = digit
		}
		n++
	})
	if !ok || n < minKCVDigits || n > len(digits) {
		return "", CodeComponentKCVMalformed
	}
	block := newAES(part)
	mac := cmac(block, make([]byte, aes.BlockSize))
	zeros, ones := make([]byte, aes.BlockSize), bytes.Repeat([]byte{1}, aes.BlockSize)
	block.Encrypt(zeros, zeros)
	block.Encrypt(ones, ones)
	digest1, digest256 := sha1.Sum(part[:]), sha256.Sum256(part[:])
	for _, value := range []struct {
		method KCVMethod
		bytes  []byte
	}{
		{KCVMethodCMAC, mac[:]}, {KCVMethodECB, zeros}, {KCVMethodOnes, ones}, {KCVMethodSHA1, digest1[:]}, {KCVMethodSHA256, digest256[:]},
	} {
		if beginsWith(value.bytes, digits[:n]) {
			return value.method, nil
		}
	}
	return "", CodeComponentKCVMismatch
}

// beginsWith compares the leading hex digits of a value.
func beginsWith(value, digits []byte) bool {
	if len(digits) > 2*len(value) {
		return false
	}
	differ := byte(0)
	for i, digit := range digits {
		differ |= value[i/2]>>(4-i%2*4)&15 ^ digit
	}
	return differ == 0
}

func isZero(m *keywrap.Material) bool {
	return subtle.ConstantTimeCompare(m[:], make([]byte, keywrap.MaterialSize)) == 1
}
