package custody

import (
	"math/bits"

	"keyferry/wasm/keywrap"
)

// Generators whose every output bit is a sum modulo 2 of bits of the state: V8's Math.random and
// Marsaglia's xorshift. A key made of outputs gives 256 linear equations for the 32 to 128 bits
// of the first state, however the generator was seeded and whatever was drawn before. If the
// equations agree with each other, the key is the generator's.

// sum is a sum of bits of the first state, as a set.
type sum [2]uint64

func (s *sum) add(other sum) {
	s[0] ^= other[0]
	s[1] ^= other[1]
}

// sums is a word of up to 64 bits, each a sum; bit 0 is the lowest.
type sums [64]sum

// xorShifted adds the word shifted left, or right where by is negative, within so many bits.
func (w *sums) xorShifted(other *sums, by, width int) {
	old := *other
	for i := range width {
		if from := i - by; from >= 0 && from < width {
			w[i].add(old[from])
		}
	}
}

// linearGenerator is a generator of this kind. step goes on to the next state and returns the
// output.
type linearGenerator struct {
	code     keywrap.Code
	width    int // of a word
	words    int // of the state
	step     func(state []sums) *sums
	backward bool // V8 makes 64 outputs at a time and hands them out from the last to the first
	draws    []linearDraw
}

// linearDraw is a way to draw: how many bits of an output go into the key, and which.
type linearDraw struct {
	bits   int
	top    bool // the highest bits of the output, and otherwise the lowest
	little bool // the lowest byte, or half of a byte, comes first in the key
	bound  int  // if not zero, floor(output * bound) is drawn, where outputs lie between 0 and 1
	round  bool // or round(output * bound)
}

var linearGenerators = []linearGenerator{
	{CodeWeakMathRandom, 64, 2, stepV8, true, []linearDraw{
		{bits: 8, top: true}, {bits: 32, top: true}, {bits: 32, top: true, little: true},
		{bits: 16, top: true}, {bits: 16, top: true, little: true}, {bits: 4, top: true}, {bits: 4, top: true, little: true},
		{bits: 8, bound: 255}, {bits: 8, bound: 255, round: true},
	}},
	{CodeWeakXorshift, 32, 1, stepXorshift32, false, linearDraws32},
	{CodeWeakXorshift, 32, 4, stepXorshift128, false, linearDraws32},
	{CodeWeakXorshift, 64, 1, stepXorshift64, false, append([]linearDraw{{bits: 64}, {bits: 64, little: true}, {bits: 32, top: true}, {bits: 32, top: true, little: true}}, linearDraws32...)},
}

var linearDraws32 = []linearDraw{{bits: 32}, {bits: 32, little: true}, {bits: 8}, {bits: 8, top: true}, {bits: 16}, {bits: 16, little: true}}

func stepV8(state []sums) *sums {
	a, b := state[0], state[1]
	state[0] = b
	a.xorShifted(&a, 23, 64)
	a.xorShifted(&a, -17, 64)
	a.xorShifted(&b, 0, 64)
	a.xorShifted(&b, -26, 64)
	state[1] = a
	return &state[0]
}

func stepXorshift32(state []sums) *sums {
	for _, by := range []int{13, -17, 5} {
		state[0].xorShifted(&state[0], by, 32)
	}
	return &state[0]
}

func stepXorshift64(state []sums) *sums {
	for _, by := range []int{13, -7, 17} {
		state[0].xorShifted(&state[0], by, 64)
	}
	return &state[0]
}

func stepXorshift128(state []sums) *sums {
	t, w := state[0], state[3]
	t.xorShifted(&t, 11, 32)
	copy(state, state[1:])
	w.xorShifted(&w, -19, 32)
	w.xorShifted(&t, 0, 32)
	w.xorShifted(&t, -8, 32)
	state[3] = w
	return &state[3]
}

// outputs returns the first outputs as sums.
func (g *linearGenerator) outputs(count int) []sums {
	state := make([]sums, g.words)
	for i := range g.words * g.width {
		state[i/g.width][i%g.width][i/64] = 1 << (i % 64)
	}
	outputs := make([]sums, count)
	for i := range outputs {
		outputs[i] = *g.step(state)
	}
	return outputs
}

// known returns the bits of output number i that a key tells: so many, from the highest known
// one down, their value, and the byte of the key in which they begin.
func (d *linearDraw) known(m *keywrap.Material, i int) (value uint64, count, place int) {
	if d.bits == 4 {
		value = uint64(m[i/2] >> 4)
		if (i%2 == 1) != d.little {
			value = uint64(m[i/2] & 15)
		}
		return value, 4, i / 2
	}
	size := d.bits / 8
	for j := range size {
		b := m[i*size+j]
		if d.little {
			b = m[i*size+size-1-j]
		}
		value = value<<8 | uint64(b)
	}
	if d.bound > 0 {
		// The output lies between two bounds; what their fractions begin with alike is known.
		low, scale := 2*value, 2*uint64(d.bound)
		high := low + 2
		if d.round {
			low, high = max(low, 1)-1, high-1
		}
		from, to := low<<32/scale, (high<<32-1)/scale
		count = bits.LeadingZeros64((from^to)<<32 | 1<<31)
		return min(to, 1<<32-1) >> (32 - count), count, i
	}
	return value, d.bits, i * size
}

// searches returns one search for each way to draw.
func (g *linearGenerator) searches() search {
	var outputs []sums
	return search{uint64(len(g.draws)), func(m *keywrap.Material, piece uint64) keywrap.Code {
		if outputs == nil {
			outputs = g.outputs(128)
		}
		if g.made(m, &g.draws[piece], outputs) {
			return g.code
		}
		return ""
	}}
}

// made tries a way to draw with every alignment to the blocks of V8.
func (g *linearGenerator) made(m *keywrap.Material, d *linearDraw, outputs []sums) bool {
	draws := 8 * keywrap.MaterialSize / d.bits
	if !g.backward {
		return g.yields(m, d, draws, func(i int) *sums { return &outputs[i] })
	}
	for first := 1; first <= draws; first++ { // outputs that come from the first of two blocks
		if g.yields(m, d, draws, func(i int) *sums {
			if i < first {
				return &outputs[first-1-i]
			}
			return &outputs[127-(i-first)]
		}) {
			return true
		}
	}
	return false
}

// Parts of the key, with a bit for each byte. If a byte of the key was altered, it is outside of
// one of the long parts; if one half was made by another generator, the other half is a short part.
// A state of 128 bits needs a long part and a look at the rest of the key.
var (
	longParts  = []uint32{0xffffffff, 0x000fffff, 0xfffff000, 0xffc003ff}
	shortParts = []uint32{0x0000ffff, 0xffff0000, 0xffffffff}
)

// linearSpare is how many more equations than bits must agree: random keys agree with probability
// 2^-48 for each way to draw, alignment and part of the key with so few, of which there are 64.
// With a state of up to 64 bits, half a key has 64 equations more.
const linearSpare = 48

// yields reports whether some state has these outputs.
func (g *linearGenerator) yields(m *keywrap.Material, d *linearDraw, draws int, output func(i int) *sums) bool {
	parts := longParts
	switch {
	case d.bound > 0:
		parts = longParts[:1]
	case g.words*g.width <= 64:
		parts = shortParts
	}
	for _, part := range parts {
		var system linearSystem
		add := func(i int) {
			value, count, _ := d.known(m, i)
			word := output(i)
			for j := range count {
				at := count - 1 - j
				if d.top || d.bound > 0 {
					at = g.width - 1 - j
				}
				system.add(word[at], value>>(count-1-j)&1 == 1)
			}
		}
		inPart := func(i int) bool {
			_, _, place := d.known(m, i)
			return part>>place&1 == 1
		}
		for i := 0; i < draws && !system.contradiction; i++ {
			if inPart(i) {
				add(i)
			}
		}
		if system.contradiction {
			continue
		}
		// Of the rest of the key all outputs must agree but two. The nearest to the part come
		// first: an altered one that told bits of its own would make the others disagree.
		wrong := 0
		for i := range draws {
			if part&1 == 0 {
				i = draws - 1 - i
			}
			if before := system; !inPart(i) && system.spare() < linearSpare {
				if add(i); system.contradiction {
					system = before
					wrong++
				}
			}
		}
		if system.spare() >= linearSpare && wrong <= 2 {
			return true
		}
	}
	return false
}

// linearSystem is a system of equations, each in its reduced form under its highest bit.
type linearSystem struct {
	rows            [128]sum
	values          [128]bool
	used            [128]bool
	rank, equations int
	contradiction   bool
}

// add takes another equation.
func (s *linearSystem) add(row sum, value bool) {
	s.equations++
	for row != (sum{}) {
		lead := bits.Len64(row[0]) - 1
		if row[1] != 0 {
			lead = 63 + bits.Len64(row[1])
		}
		if !s.used[lead] {
			s.rows[lead], s.values[lead], s.used[lead] = row, value, true
			s.rank++
			return
		}
		row.add(s.rows[lead])
		value = value != s.values[lead]
	}
	s.contradiction = s.contradiction || value
}

// spare is how many more equations there are than they tell bits.
func (s *linearSystem) spare() int { return s.equations - s.rank }
