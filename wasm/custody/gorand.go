package custody

import "keyferry/wasm/keywrap"

// The generator of Go's math/rand, whose sequences are fixed by Go's promise of
// compatibility. NewSource and Seed reduce the seed modulo p = 2^31 - 1; from there
// a Lehmer generator, x to 48271*x mod p, fills a table of 607 words, three steps a
// word, after 20 steps that are thrown away:
//
//	word j = x(21+3j)<<40 ^ x(22+3j)<<20 ^ x(23+3j) ^ cooked j
//
// where x(n) = 48271^n * seed. Output i is word 333-i plus word 606-i, for as long
// as i is below 273.
const (
	goModulus    = 1<<31 - 1
	goMultiplier = 48271
	goNearWord   = 333
	goFarWord    = 606
)

// goSource yields the first outputs for one seed. It holds the first x of the two
// words that make the next output.
type goSource struct {
	near, far uint64
	next      int
}

// newGoSource returns the source for a seed from 1 to p-1.
func newGoSource(seed uint64) goSource {
	return goSource{
		near: goTimes(seed, goPower(21+3*goNearWord)),
		far:  goTimes(seed, goPower(21+3*goFarWord)),
	}
}

// goBack is 48271^-3 modulo p, which leads from a word to the one before it.
const goBack = 856800417

// Uint64 returns the next output. There are 32 of them: enough for any way of
// drawing 32 bytes.
func (s *goSource) Uint64() uint64 {
	output := (goSeeded(s.near) ^ goCookedNear[s.next]) + (goSeeded(s.far) ^ goCookedFar[s.next])
	s.near, s.far = goTimes(s.near, goBack), goTimes(s.far, goBack)
	s.next++
	return output
}

// Int63 returns the next output without its top bit, on which math/rand builds
// nearly everything else.
func (s *goSource) Int63() uint64 { return s.Uint64() &^ (1 << 63) }

// Int31 returns the upper 31 bits of Int63.
func (s *goSource) Int31() uint64 { return s.Int63() >> 32 }

// Uint32 returns the upper 32 bits of Int63.
func (s *goSource) Uint32() uint64 { return s.Int63() >> 31 }

// goSeeded is a word as the seed makes it, before it is mixed with its constant.
func goSeeded(x uint64) uint64 {
	y := goTimes(x, goMultiplier)
	z := goTimes(y, goMultiplier)
	return x<<40 ^ y<<20 ^ z
}

// goTimes multiplies modulo p. Since 2^31 is 1 modulo p, the upper part of the
// product is added to the lower.
func goTimes(a, b uint64) uint64 {
	product := a * b // below 2^62
	product = product&goModulus + product>>31
	if product >= goModulus {
		product -= goModulus
	}
	return product
}

// goPower returns 48271^n modulo p. n may be negative: the order of the group is
// p-1.
func goPower(n int) uint64 {
	n = (n%(goModulus-1) + goModulus - 1) % (goModulus - 1)
	result, square := uint64(1), uint64(goMultiplier)
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			result = goTimes(result, square)
		}
		square = goTimes(square, square)
	}
	return result
}

// goWay is a way in which programs draw a key from math/rand.
//
// Two bytes of the key are bits of outputs, from which gosearch.go finds the few
// seeds that are worth a closer look. For those, the numbers that the program drew
// are cut into bytes and compared with the whole key: size is the number of bytes
// that each gives, the lowest first, or for a negative size the highest first.
type goWay struct {
	first, second goByte
	size          int
	number        func(*goSource) uint64
}

// goByte says that a byte of the key is the eight bits of an output from a given
// bit on. The bits must lie between 0 and 19, or between 31 and 39: there they
// depend on a single x of each word, and the search relies on it.
type goByte struct {
	index       int // in the key
	output, bit int
}

// goWays are the ways that are covered. The first is the vendor's Go sample: in
// r := rand.New(rand.NewSource(time.Now().UnixNano())), byte(r.Intn(256)) for each
// byte of the key.
//
// The functions at the top level of math/rand, after rand.Seed, are the same. So
// are their cousins that draw the same bits: Int31n(256) and Int31()%256 are
// Intn(256); Int63n(256), Int()%256 and Uint64()%256 are Int().
var goWays = []goWay{
	{goByte{0, 0, 32}, goByte{1, 1, 32}, 1, (*goSource).Int31},   // Intn(256)
	{goByte{0, 0, 0}, goByte{1, 1, 0}, 1, (*goSource).Int63},     // Int()
	{goByte{0, 0, 31}, goByte{1, 1, 31}, 1, (*goSource).Uint32},  // Uint32()
	{goByte{0, 0, 0}, goByte{1, 0, 8}, 7, (*goSource).Int63},     // Read
	{goByte{0, 0, 0}, goByte{1, 0, 8}, 8, (*goSource).Uint64},    // Uint64(), little endian
	{goByte{0, 0, 0}, goByte{1, 0, 8}, 8, (*goSource).Int63},     // Int63(), little endian
	{goByte{7, 0, 0}, goByte{6, 0, 8}, -8, (*goSource).Uint64},   // Uint64(), big endian
	{goByte{7, 0, 0}, goByte{6, 0, 8}, -8, (*goSource).Int63},    // Int63(), big endian
	{goByte{0, 0, 31}, goByte{4, 1, 31}, 4, (*goSource).Uint32},  // Uint32(), little endian
	{goByte{3, 0, 31}, goByte{7, 1, 31}, -4, (*goSource).Uint32}, // Uint32(), big endian
}

// matches reports whether at least 16 bytes of the key are what the source yields in this way, so
// that an altered bit does not matter nor how the second half was made. Of 2^31 seeds and ten ways,
// some one fits a random key so far with probability 2^-65. It gives up where two of the first four
// bytes differ.
func (way *goWay) matches(source goSource, m *keywrap.Material) bool {
	bytes := max(way.size, -way.size)
	var value uint64
	same := 0
	for i, b := range m {
		place := i % bytes
		if place == 0 {
			value = way.number(&source)
		}
		if way.size < 0 {
			place = bytes - 1 - place
		}
		if byte(value>>(8*place)) == b {
			same++
		}
		if i == 3 && same < 3 {
			return false
		}
	}
	return same >= len(m)/2
}
