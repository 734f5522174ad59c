package custody

import (
	"encoding/binary"
	"math/bits"

	"keyferry/wasm/keywrap"
)

// repeated finds one block of up to 24 bytes that fills the key, as often as it goes. With a block
// of 24 the last eight bytes repeat the first, so that a random key is one with probability 2^-64;
// shorter blocks repeat more, and together they make less than 2^-63.9.
func repeated(m *keywrap.Material) keywrap.Code {
	for period := 1; period <= 24; period++ {
		differ := byte(0)
		for i := period; i < len(m); i++ {
			differ |= m[i] ^ m[i-period]
		}
		if differ == 0 {
			return CodeWeakRepeated
		}
	}
	return ""
}

// counting finds equal steps from each byte to the next, or from each word of two
// or four bytes to the next, in either byte order. Start and step determine such a
// key, so that a random one is among them with probability below 2^-190: there are
// 2^64 for each order of words of four bytes, and fewer of the others.
func counting(m *keywrap.Material) keywrap.Code {
	readers := []struct {
		size int
		read func([]byte) uint32
	}{
		{1, func(b []byte) uint32 { return uint32(b[0]) }},
		{2, func(b []byte) uint32 { return uint32(binary.LittleEndian.Uint16(b)) }},
		{2, func(b []byte) uint32 { return uint32(binary.BigEndian.Uint16(b)) }},
		{4, binary.LittleEndian.Uint32},
		{4, binary.BigEndian.Uint32},
	}
	for _, words := range readers {
		mask := uint32(1)<<(8*words.size) - 1 // a shift by 32 leaves 0, and the mask whole
		step := words.read(m[words.size:]) - words.read(m[:])
		differ := uint32(0)
		for i := words.size; i < len(m); i += words.size {
			differ |= words.read(m[i:]) - words.read(m[i-words.size:]) - step
		}
		if differ&mask == 0 {
			return CodeWeakCounter
		}
	}
	return ""
}

// textual finds text that was taken for a key. Of 256 byte values 98 are printable
// or white space, so that a random key passes for text with probability
// (98/256)^32 = 2^-44.3, for base64 of one alphabet with (65/256)^32 = 2^-63.3, and
// for hex digits with (22/256)^32 = 2^-113. Zeros that fill up a shorter text add
// less than one part in ninety to that. Nothing better can be had if every text is
// to be found; a person whose random key is refused once in twenty million million
// times can still confirm it.
func textual(m *keywrap.Material) keywrap.Code {
	text := m[:]
	for len(text) > 0 && text[len(text)-1] == 0 {
		text = text[:len(text)-1]
	}
	hexDigits, only, base64Digits, printable := 0, alphabet(0), 0, 0
	for _, c := range text {
		if _, ok := hexDigit(c); ok {
			hexDigits++
		}
		if _, particular, ok := base64Digit(c); ok || c == '=' {
			base64Digits++
			only |= particular
		}
		if c >= ' ' && c < 0x7f || isSpace(c) {
			printable++
		}
	}
	switch {
	case len(text) == 0 || printable < len(text):
		return ""
	case hexDigits == len(m):
		return CodeWeakHexText
	case base64Digits == len(m) && only != standardAlphabet|urlAlphabet:
		return CodeWeakBase64Text
	}
	return CodeWeakText
}

// padded finds ten equal bytes in a row, as where a shorter secret was filled up. A
// run can begin at 23 places and then has nine bytes equal to its first: together
// at most 23 * 2^-72 = 2^-67.4 of random keys.
func padded(m *keywrap.Material) keywrap.Code {
	const runLength = 10
	run := 1
	for i := 1; i < len(m); i++ {
		if m[i] != m[i-1] {
			run = 0
		}
		if run++; run == runLength {
			return CodeWeakRun
		}
	}
	return ""
}

// fewValues finds keys of at most 14 different byte values. Draw by draw, the number
// of different values d grows by one with probability (256-d)/256; carrying that
// distribution through 32 draws gives P(d <= 14) = 2^-61.29 exactly, while half of
// all random keys have 30 or more. The test computes it again.
func fewValues(m *keywrap.Material) keywrap.Code {
	const most = 14
	var seen [4]uint64
	for _, b := range m {
		seen[b>>6] |= 1 << (b & 63)
	}
	different := 0
	for _, word := range seen {
		different += bits.OnesCount64(word)
	}
	clear(seen[:])
	if different <= most {
		return CodeWeakFewValues
	}
	return ""
}

// unbalanced finds keys with fewer than 58 one bits of 256, or fewer than 58 zero
// bits. The number of ones in a random key is binomial, and
// P(ones <= 57) + P(ones >= 199) = 2^-62.75 exactly. The test computes it again.
//
// With fewValues and padded that makes 2^-60.8 for the statistics together.
func unbalanced(m *keywrap.Material) keywrap.Code {
	const least = 58
	ones := 0
	for _, b := range m {
		ones += bits.OnesCount8(b)
	}
	if ones < least || 8*len(m)-ones < least {
		return CodeWeakUnbalanced
	}
	return ""
}
