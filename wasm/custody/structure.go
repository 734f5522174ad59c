package custody

import (
	"math/bits"

	"keyferry/wasm/keywrap"
)

// mirrored finds keys whose second half follows from the first: it is a copy, the reverse of the
// bytes or of the bits, or the complement of one of these, with up to 12 bits altered. Of the 128
// bits of the difference, random keys have at most 12 zeros or 12 ones with probability
// 2 * 2^-73.4; three ways to mirror make 2^-70.9. TestMirroredProbability computes it.
//
// It also finds halves, and pairs of neighbouring bytes, that differ by one constant byte, added
// or as XOR: 15 equal bytes make 2^-120 for each of six ways.
func mirrored(m *keywrap.Material) keywrap.Code {
	const half = keywrap.MaterialSize / 2
	var altered [3]int
	var steps [6]byte // of the differences to their first
	for i := range half {
		copied, reversed := m[half+i]^m[i], m[2*half-1-i]^m[i]
		altered[0] += bits.OnesCount8(copied)
		altered[1] += bits.OnesCount8(reversed)
		altered[2] += bits.OnesCount8(m[2*half-1-i] ^ bits.Reverse8(m[i]))
		steps[0] |= copied ^ m[half] ^ m[0]
		steps[1] |= reversed ^ m[2*half-1] ^ m[0]
		steps[2] |= (m[half+i] - m[i]) ^ (m[half] - m[0])
		steps[3] |= (m[2*half-1-i] - m[i]) ^ (m[2*half-1] - m[0])
		steps[4] |= m[2*i] ^ m[2*i+1] ^ m[0] ^ m[1]
		steps[5] |= (m[2*i] - m[2*i+1]) ^ (m[0] - m[1])
	}
	for _, count := range altered {
		if min(count, 8*half-count) <= mirroredBits {
			return CodeWeakMirrored
		}
	}
	for _, step := range steps {
		if step == 0 {
			return CodeWeakMirrored
		}
	}
	return ""
}

const mirroredBits = 12

// alternate finds keys in which every other byte is the same, as where units of 16 bits hold
// bytes: 15 equal bytes, at two places, make 2^-119.
func alternate(m *keywrap.Material) keywrap.Code {
	var even, odd byte
	for i := 0; i < len(m); i += 2 {
		even |= m[i] ^ m[0]
		odd |= m[i+1] ^ m[1]
	}
	if even == 0 || odd == 0 {
		return CodeWeakAlternate
	}
	return ""
}

// zeroEnds finds six zeros or more at either end, as where a shorter secret was filled up:
// 2 * 2^-48.
func zeroEnds(m *keywrap.Material) keywrap.Code {
	var front, back byte
	for i := range 6 {
		front |= m[i]
		back |= m[len(m)-1-i]
	}
	if front == 0 || back == 0 {
		return CodeWeakZeroEnds
	}
	return ""
}

// decimal finds keys whose hex digits are all decimal digits, as where the digits of a number
// were taken for hex, and numbers from 0 to 9 in each byte: (10/16)^64 = 2^-43.4.
func decimal(m *keywrap.Material) keywrap.Code {
	for _, b := range m {
		if b>>4 > 9 || b&15 > 9 {
			return ""
		}
	}
	return CodeWeakDecimal
}

// sevenBits finds keys of bytes below 128, such as characters or numbers below 100: 2^-32. This
// and parity are what random keys have most often of all that is refused.
func sevenBits(m *keywrap.Material) keywrap.Code {
	var all byte
	for _, b := range m {
		all |= b
	}
	if all < 0x80 {
		return CodeWeakSevenBits
	}
	return ""
}

// parity finds keys whose bytes all have an odd number of ones, as DES keys have: 2^-32.
func parity(m *keywrap.Material) keywrap.Code {
	for _, b := range m {
		if bits.OnesCount8(b)%2 == 0 {
			return ""
		}
	}
	return CodeWeakParity
}
