package keywrap

import "crypto/rand"

// MaterialSize is the size of key material in bytes: one AES-256 key, the only
// thing that a CMK of KeySpec Aliyun_AES_256 accepts.
const MaterialSize = 32

// Material is key material in the clear. Its owner clears it, and passes it by
// pointer alone: every copy would be one more thing to clear.
type Material [MaterialSize]byte

// Generate fills m from the system's generator, which in a browser is
// crypto.getRandomValues. The caller clears m when it has been wrapped.
//
// If the system has no generator, the program ends: crypto/rand does not return.
func Generate(m *Material) error {
	return generate(m, rand.Read)
}

// generate is Generate with a replaceable source.
func generate(m *Material, read func([]byte) (int, error)) error {
	if _, err := read(m[:]); err != nil {
		clear(m[:])
		return CodeRandomSource
	}
	// A replaced or broken generator most often answers with one repeated byte
	// (zeros above all). A good one does so once in 2^248 draws, so that
	// refusing costs nothing. It is a check for a dead source, not of quality.
	var differ byte
	for _, b := range m {
		differ |= b ^ m[0]
	}
	if differ == 0 {
		clear(m[:])
		return CodeRandomSource
	}
	return nil
}
