package custody

import (
	"crypto/aes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"

	"keyferry/wasm/keywrap"
)

// KCVMethod names how the check value of a component was computed.
type KCVMethod string

// The methods that hardware security modules print.
const (
	KCVMethodCMAC KCVMethod = "cmac" // ANSI X9.24-1: CMAC of a block of zeros
	KCVMethodECB  KCVMethod = "ecb"  // legacy: a block of zeros, encrypted
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
		return nil, refuse(keywrap.CodeRandomSource, "The random generator of this browser failed. Do not use this browser for key material.")
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

// Add accepts one component: 64 hex digits, and the check value that was printed
// with it, 6 to 10 hex digits of either method. White space is passed over. It
// returns the method that the check value is of.
//
// A component that is refused changes nothing. The caller clears what it passed.
// The expanded AES keys of the component stay on the heap, as [CheckValue] says.
func (c *Components) Add(component, kcv []byte) (KCVMethod, error) {
	if len(c.digests) == maxComponents {
		return "", refuse(CodeComponentsTooMany, "There are 16 components already, more than any key is made of. Begin again.")
	}
	var part keywrap.Material
	defer clear(part[:])
	if err := parseComponent(component, &part); err != nil {
		return "", err
	}
	digest := c.digestOf(&part)
	for i := range c.digests {
		if subtle.ConstantTimeCompare(digest[:], c.digests[i][:]) == 1 {
			return "", refuse(CodeComponentRepeated, "This component was entered before. Adding it again would cancel it out. Enter the other components.")
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
		return refuse(CodeComponentsTooFew, "A key needs two components at least. Enter the next one.")
	}
	if isZero(&c.sum) {
		return refuse(CodeComponentsSumZero, "These components cancel each other out: their sum is all zeros, which is no key. One of them is missing or was mixed up.")
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
	for _, c := range text {
		if isSpace(c) {
			continue
		}
		digit, ok := hexDigit(c)
		if !ok {
			return refuse(CodeComponentNotHex, "There is a character here that is no hex digit. Enter the component as it was printed: digits 0 to 9 and letters A to F.")
		}
		if n < 2*len(part) {
			part[n/2] = part[n/2]<<4 | digit
		}
		n++
	}
	if n != 2*len(part) {
		return refuse(CodeComponentLength, "A component of a 32-byte key has 64 hex digits. Compare with the printed one: a group is missing or too many.")
	}
	if isZero(part) {
		return refuse(CodeComponentZero, "This component is all zeros, and adds nothing to the key. Enter the component as it was printed.")
	}
	return nil
}

// checkComponent finds the method by which the printed check value is that of the
// component. A wrong component passes by chance once in eight million times if six
// digits were printed: that is what check values are worth.
func checkComponent(part *keywrap.Material, printed []byte) (KCVMethod, error) {
	digits, n := [10]byte{}, 0
	for _, c := range printed {
		if isSpace(c) {
			continue
		}
		digit, ok := hexDigit(c)
		if !ok || n == len(digits) {
			return "", errComponentKCV()
		}
		digits[n] = digit
		n++
	}
	if n < 6 {
		return "", errComponentKCV()
	}
	block := newAES(part)
	mac := cmac(block, make([]byte, aes.BlockSize))
	var encrypted [aes.BlockSize]byte
	block.Encrypt(encrypted[:], encrypted[:])
	switch {
	case beginsWith(mac, digits[:n]):
		return KCVMethodCMAC, nil
	case beginsWith(encrypted, digits[:n]):
		return KCVMethodECB, nil
	}
	return "", refuse(CodeComponentKCVMismatch, "The key check value does not belong to this component. A digit of one of the two is wrong. Compare both with what was printed.")
}

// beginsWith compares the leading hex digits of a block.
func beginsWith(block [aes.BlockSize]byte, digits []byte) bool {
	differ := byte(0)
	for i, digit := range digits {
		differ |= block[i/2]>>(4-i%2*4)&15 ^ digit
	}
	return differ == 0
}

func errComponentKCV() error {
	return refuse(CodeComponentKCVMalformed, "A key check value has 6 to 10 hex digits. Enter it as it was printed with the component.")
}

func isZero(m *keywrap.Material) bool {
	return subtle.ConstantTimeCompare(m[:], make([]byte, keywrap.MaterialSize)) == 1
}
