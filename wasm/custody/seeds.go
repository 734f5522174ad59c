package custody

import (
	"math/bits"
	"time"

	"keyferry/wasm/keywrap"
)

// Generators whose state is too large for algebra, or mixed too well: all that can be done is to
// try the seeds that programs use, which are small numbers and the time in seconds. How far back is
// a matter of what a seed costs; README.md has the figures. A key counts as found if its first half
// is what a seed gives: 2^24 seeds and twenty ways to draw leave 2^-99 of random keys.

// seedsAPiece is how many seeds are tried in one piece of a search.
const seedsAPiece = 2048

// seedSearch tries seeds below small, and every second from back before now to an hour after it,
// since clocks are wrong.
func seedSearch(code keywrap.Code, now time.Time, small uint64, back time.Duration, made func(m *keywrap.Material, seed uint64) bool) search {
	first := uint64(max(0, now.Add(-back).Unix()))
	times := uint64(max(0, now.Add(time.Hour).Unix())) - first
	seeds := small + times
	return search{(seeds + seedsAPiece - 1) / seedsAPiece, func(m *keywrap.Material, piece uint64) keywrap.Code {
		for i := piece * seedsAPiece; i < min((piece+1)*seedsAPiece, seeds); i++ {
			seed := i
			if i >= small {
				seed = first + i - small
			}
			if made(m, seed) {
				return code
			}
		}
		return ""
	}}
}

const day = 24 * time.Hour

// seedSearches returns the searches through seeds, from a given time backward.
func seedSearches(now time.Time) []search {
	return []search{
		seedSearch(CodeWeakMersenne, now, 1<<16, day, fromMersenne),
		seedSearch(CodeWeakMersenne, now, 1<<12, day/12, fromMersennePython()),
		seedSearch(CodeWeakRand, now, 1<<16, 2*day, fromGlibc()),
		seedSearch(CodeWeakPCG, now, 1<<16, 7*day, fromPCG),
	}
}

// seedDraws are the ways in which the words of a generator of 32 bits become the first bytes of a
// key: byte i is made by words, of which word(j) is the one number j.
var seedDraws = []func(word func(j int) uint32, i int) byte{
	func(word func(int) uint32, i int) byte { return byte(word(i)) },                    // the lowest bits
	func(word func(int) uint32, i int) byte { return byte(word(i) >> 1) },               // of 31 bits
	func(word func(int) uint32, i int) byte { return byte(word(i) >> 24) },              // the highest bits
	func(word func(int) uint32, i int) byte { return byte(word(2*i) >> 24) },            // of two words
	func(word func(int) uint32, i int) byte { return byte(word(i/4) >> (8 * (i % 4))) }, // little endian
	func(word func(int) uint32, i int) byte { return byte(word(i/4) >> (24 - 8*(i%4))) },
}

// drawn reports whether the first half of the key is drawn from the words in one of these ways.
func drawn(m *keywrap.Material, word func(j int) uint32) bool {
	for _, draw := range seedDraws {
		i := 0
		for i < len(m)/2 && draw(word, i) == m[i] {
			i++
		}
		if i == len(m)/2 {
			return true
		}
	}
	return false
}

// mersenne is the beginning of the state of the Mersenne Twister MT19937.
type mersenne [624]uint32

// seed fills the first words of the state, as PHP, C++ and the older NumPy do with any seed.
func (mt *mersenne) seed(seed uint32, words int) {
	mt[0] = seed
	for i := uint32(1); i < uint32(words); i++ {
		seed = 1812433253*(seed^seed>>30) + i
		mt[i] = seed
	}
}

// seedArray mixes a seed of one word into a state that was seeded with 19650218, as Python and Ruby
// do.
func (mt *mersenne) seedArray(seed uint32) {
	last := mt[0]
	for i := 1; i < len(mt); i++ {
		last = (mt[i] ^ (last^last>>30)*1664525) + seed
		mt[i] = last
	}
	last = (mt[1] ^ (last^last>>30)*1664525) + seed
	mt[1] = last
	for i := 2; i < len(mt); i++ {
		last = (mt[i] ^ (last^last>>30)*1566083941) - uint32(i)
		mt[i] = last
	}
	mt[1] = (mt[1] ^ (last^last>>30)*1566083941) - 1
	mt[0] = 1 << 31
}

// output returns one of the first 227 outputs.
func (mt *mersenne) output(i int) uint32 { return twisted(mt[i], mt[i+1], mt[i+397]) }

// twisted makes an output of a word, the next and the one 397 further on.
func twisted(first, second, far uint32) uint32 {
	y := first&(1<<31) | second&(1<<31-1)
	y = far ^ y>>1 ^ -(second&1)&0x9908b0df
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

// mersenneWords is the part of the state that the first 32 outputs, drawn in pairs, depend on.
const mersenneWords = 397 + 2*keywrap.MaterialSize

func fromMersenne(m *keywrap.Material, seed uint64) bool {
	first := uint32(seed)
	second := 1812433253*(first^first>>30) + 1
	if y := twisted(first, second, mersenneFar(second)); byte(y) != m[0] && byte(y>>1) != m[0] && byte(y>>24) != m[0] {
		return false
	}
	var mt mersenne
	mt.seed(first, mersenneWords)
	return drawn(m, mt.output)
}

// mersenneFar goes on from word 1 of a state to word 397.
func mersenneFar(word uint32) uint32 {
	for i := uint32(2); i <= 397; i++ {
		word = 1812433253*(word^word>>30) + i
	}
	return word
}

// fromMersennePython returns the test for the Mersenne Twister of Python and Ruby. It keeps one
// state for all seeds.
func fromMersennePython() func(m *keywrap.Material, seed uint64) bool {
	var start, mt mersenne
	start.seed(19650218, len(start))
	return func(m *keywrap.Material, seed uint64) bool {
		mt = start
		mt.seedArray(uint32(seed))
		if y := mt.output(0); (byte(y) == m[0] || byte(y>>24) == m[0]) && drawn(m, mt.output) {
			return true
		}
		return mt.below256(m)
	}
}

// below256 reports whether Python's randrange(256) gives the first half of the key: it takes nine
// bits and tries again if they are 256 or more.
func (mt *mersenne) below256(m *keywrap.Material) bool {
	i := 0
	for j := 0; j < 200 && i < len(m)/2; j++ {
		y := mt.output(j) >> 23
		if y > 255 {
			continue
		}
		if byte(y) != m[i] {
			return false
		}
		i++
	}
	return i == len(m)/2
}

// fromGlibc returns the test for rand of glibc, which seeds 31 words by the minimal standard
// generator and then adds words that are 3 and 31 back. Its first output, number 344 of these, is a
// sum of the 31 words with fixed factors.
func fromGlibc() func(m *keywrap.Material, seed uint64) bool {
	var powers [31]uint64
	var factors [345][31]uint32
	for i := range powers {
		powers[i] = 1
		if i > 0 {
			powers[i] = goTimes(powers[i-1], 16807)
		}
		factors[i][i] = 1
	}
	for i := 31; i < len(factors); i++ {
		for j := range powers {
			factors[i][j] = factors[i-31][j]
			if i > 33 {
				factors[i][j] += factors[i-3][j]
			}
		}
	}
	first := factors[344]
	return func(m *keywrap.Material, seed uint64) bool {
		if seed == 0 {
			seed = 1
		}
		sum := uint32(0)
		for i := range powers {
			sum += first[i] * uint32(goTimes(seed, powers[i]))
		}
		if byte(sum>>1) != m[0] && byte(sum>>24) != m[0] {
			return false
		}
		var r [344 + 2*keywrap.MaterialSize]uint32
		for i := range powers {
			r[i] = uint32(goTimes(seed, powers[i]))
		}
		for i := 31; i < len(r); i++ {
			r[i] = r[i-31]
			if i > 33 {
				r[i] += r[i-3]
			}
		}
		return drawn(m, func(j int) uint32 { return r[344+j] })
	}
}

const pcgMultiplier = 6364136223846793005

// pcgStreams are the increments of PCG: that of its demonstration, and the default one.
var pcgStreams = []uint64{54<<1 | 1, 1442695040888963407}

// fromPCG tries PCG32 with the increments that everybody copies, and PCG of Go's math/rand/v2 with
// the seed in one half or in both.
func fromPCG(m *keywrap.Material, seed uint64) bool {
	for _, increment := range pcgStreams {
		state := (seed+increment)*pcgMultiplier + increment
		if y := pcgOutput(state); byte(y) != m[0] && byte(y>>24) != m[0] && byte(y>>1) != m[0] {
			continue
		}
		var words [2 * keywrap.MaterialSize]uint32
		for i := range words {
			words[i] = pcgOutput(state)
			state = state*pcgMultiplier + increment
		}
		if drawn(m, func(j int) uint32 { return words[j] }) {
			return true
		}
	}
	return fromGoPCG(m, seed, 0) || fromGoPCG(m, 0, seed) || fromGoPCG(m, seed, seed) || fromGoPCG(m, seed, seed+1) || fromGoPCG(m, seed, 1) || fromGoPCG(m, 1, seed)
}

func pcgOutput(state uint64) uint32 {
	return bits.RotateLeft32(uint32((state>>18^state)>>27), -int(state>>59))
}

// fromGoPCG tries rand.NewPCG(high, low) of math/rand/v2: IntN(256) takes the lowest bits, Uint32
// the upper half, Float64 the highest of the lower 53.
func fromGoPCG(m *keywrap.Material, high, low uint64) bool {
	next := func() uint64 {
		const multiplierHigh, multiplierLow, incrementHigh, incrementLow = 2549297995355413924, 4865540595714422341, 6364136223846793005, 1442695040888963407
		h, l := bits.Mul64(low, multiplierLow)
		h += high*multiplierLow + low*multiplierHigh
		l, carry := bits.Add64(l, incrementLow, 0)
		h, _ = bits.Add64(h, incrementHigh, carry)
		high, low = h, l
		const cheap = 0xda942042e4dd58b5
		h ^= h >> 32
		h *= cheap
		h ^= h >> 48
		return h * (l | 1)
	}
	y := next()
	if b := m[0]; byte(y) != b && byte(y>>32) != b && byte(y>>56) != b && byte(y>>45) != b {
		return false
	}
	var words [keywrap.MaterialSize / 2]uint64
	for i := range words {
		words[i] = y
		y = next()
	}
	for _, draw := range []func(i int) byte{
		func(i int) byte { return byte(words[i]) },
		func(i int) byte { return byte(words[i] >> 32) },
		func(i int) byte { return byte(words[i] >> 56) },
		func(i int) byte { return byte(words[i] >> 45) },
		func(i int) byte { return byte(words[i/8] >> (8 * (i % 8))) },
		func(i int) byte { return byte(words[i/8] >> (56 - 8*(i%8))) },
	} {
		i := 0
		for i < len(words) && draw(i) == m[i] {
			i++
		}
		if i == len(words) {
			return true
		}
	}
	return false
}
