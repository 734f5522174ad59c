package custody

import (
	"math"

	"keyferry/wasm/keywrap"
)

// Linear congruential generators modulo a power of two: the state s becomes a*s + c. Those of 32
// bits and fewer are the rand of C libraries and of older languages.

// lcgLowBits is a generator, and the lowest of the eight bits of a state that go into the key.
type lcgLowBits struct {
	code keywrap.Code
	a, c uint64
	from uint
}

// lcgLow are generators of which each byte of the key is bits from .. from+7 of a state. Bits above
// do not matter to these, so that there are 2^from states to try.
var lcgLow = []lcgLowBits{
	{CodeWeakRand, 214013, 2531011, 16},      // MSVC, rand() & 255
	{CodeWeakRand, 1103515245, 12345, 16},    // the C standard, rand() & 255
	{CodeWeakRand, 1103515245, 12345, 0},     // glibc and BSD in their simplest form, rand() & 255
	{CodeWeakRand, 22695477, 1, 16},          // Borland C, rand() & 255
	{CodeWeakRand, 1140671485, 12820163, 16}, // Visual Basic, Int(Rnd * 256)
	{CodeWeakRand, 1664525, 1013904223, 0},   // Numerical Recipes, low bytes
	{CodeWeakRand, 1664525, 1013904223, 16},
	{CodeWeakRand, javaA, javaC, 17}, // lrand48() & 255
	{CodeWeakRand, 6364136223846793005, 1442695040888963407, 0},
	{CodeWeakJavaRandom, javaA, javaC, 16},                                     // (byte) nextInt()
	{CodeWeakJavaRandom, javaA * javaA & (1<<48 - 1), javaA*javaC + javaC, 16}, // (byte) nextLong()
}

// lcgHigh are those of which each byte of the key is the highest eight bits of a state: Random(256)
// of Delphi, and rand() * 256 / (RAND_MAX + 1) of the others.
var lcgHigh = []lcgOutputs{
	{214013, 2531011, 1, 31, 8, [][]int64{ // MSVC
		{-331140, -1304436, 6612572, -15352596, -5146308},
		{-1264322, 1595462, -291026, -6321546, 21674142},
		{12542868, -17750716, 14590004, 9301860, 1622484},
		{-13004633, -21714421, -13767201, -12422557, -3935017},
		{58068807, -8278485, -29400705, -5990525, -2488969},
	}},
	{1103515245, 12345, 1, 31, 8, [][]int64{ // the C standard
		{11099780, 16873012, -2413532, -6503596, 3850948},
		{-6663467, -5231951, 15342429, -17695591, -11195611},
		{3030078, -95642, -26214034, -13361194, 6865438},
		{3414734, -5362250, -2430338, -14926938, 26605998},
		{35982554, -28515118, 14772586, 1322530, -17694598},
	}},
	{22695477, 1, 1, 31, 8, [][]int64{ // Borland C
		{-5314804, -2916996, 10273452, 3978652, 12525900},
		{-7502930, -6863098, 1148990, -17819434, 8542286},
		{-6553592, -31559256, -84024, 719976, -4329080},
		{-15844585, 17382851, 21574495, 3445931, -11738777},
		{-38622005, 16883719, -41008269, 7274703, 16792795},
	}},
	{134775813, 1, 1, 32, 8, [][]int64{ // Delphi and Turbo Pascal
		{-6873627, 8759673, 29799261, 4551889, 2034709},
		{17939104, -23911136, 17054112, -3432416, -24469344},
		{-12253402, -46613570, 14262966, 30803342, 8082374},
		{26307763, 24865663, -20015749, 49567591, -15806205},
		{-44442374, 8534242, -17849238, -20652526, -51798438},
	}},
	{1664525, 1013904223, 1, 32, 8, [][]int64{ // Numerical Recipes
		{-24365736, -539272, 16439064, -3638216, 2399960},
		{4572302, 28938038, 29477310, 13038246, 16676462},
		{2967363, 37507175, -14147781, -29485057, -23211533},
		{-23903859, 6128169, -56823275, 7973137, 36920285},
		{20394655, -8393709, -9859337, -42881909, 51913999},
	}},
}

// fromLCG finds keys of which one half at least comes from one of these. In all there are fewer
// than 2^36 sequences of 16 bytes, at two places: 2^-91.
func fromLCG(m *keywrap.Material) keywrap.Code {
	for _, g := range lcgLow {
		const block = uint64(1) << 10
		for low := uint64(0); low < 1<<g.from; low += block {
			if follow(m[:len(m)/2], low, min(block, uint64(1)<<g.from), &g) || follow(m[len(m)/2:], low, min(block, uint64(1)<<g.from), &g) {
				return g.code
			}
		}
	}
	for i := range lcgHigh {
		if javaBytes(m, &lcgHigh[i]) {
			return CodeWeakRand
		}
	}
	return ""
}

// follow tries so many states from low on, and reports whether bytes are bits from .. from+7 of one
// and of those after it. It is a function of its own, and short, because engines compile
// WebAssembly well only where a function is called often.
//
//go:noinline
func follow(half []byte, low, count uint64, g *lcgLowBits) bool {
	a, c, from, second := g.a, g.c, g.from, half[1]
	for state := uint64(half[0])<<from | low; count > 0; count-- {
		if next := state*a + c; byte(next>>from) == second {
			i := 1
			for ; i < len(half) && byte(next>>from) == half[i]; i++ {
				next = next*a + c
			}
			if i == len(half) {
				return true
			}
		}
		state++
	}
	return false
}

// lcgOutputs describes outputs that are the top bits of states, one after the
// other or every other one.
//
// Take off what c contributes, and n states in a row are a vector of
// the lattice of all (x, A*x, A^2*x, …) mod 2^bits, where A is a for each step. The
// top bits confine it to a box. The basis given here is of short vectors (it was
// reduced by LLL), so that hardly any lattice vectors but the one can be in the box
// or near it; those few are all tried. The test proves that it is a basis, which is
// all that completeness relies on.
type lcgOutputs struct {
	a, c  uint64
	steps int  // from one output to the next
	bits  uint // of the state that matter: the low ones go their way without the others
	known uint // the top ones of them, which are the output
	basis [][]int64
}

// step goes on to the state of the next output.
func (o *lcgOutputs) step(s uint64) uint64 {
	for range o.steps {
		s = s*o.a + o.c
	}
	return s & (1<<o.bits - 1)
}

// maxLCGBasis is the largest basis.
const maxLCGBasis = 7

// yieldsHalf reports whether some state has these outputs, or one half of them.
func (o *lcgOutputs) yieldsHalf(outputs []uint64) bool {
	return o.yields(outputs[:len(outputs)/2]) || o.yields(outputs[len(outputs)/2:])
}

// yields reports whether some state has these outputs.
func (o *lcgOutputs) yields(outputs []uint64) bool {
	n := len(o.basis)
	// The middle of the box: what is known of the states, less the contribution of c.
	var middle [maxLCGBasis]float64
	unknown := o.bits - o.known
	constant := uint64(0)
	for i := range n {
		middle[i] = float64((outputs[i]<<unknown + 1<<(unknown-1) - constant) & (1<<o.bits - 1))
		constant = o.step(constant)
	}
	// Coefficient i of a vector is its product with column i of the inverse of the
	// basis; over the box it varies by the sum of that column's absolute values. The
	// figures have 48 bits and the products 20, so that rounding stays far below the
	// thousandth that is allowed for it.
	inverse := o.inverse()
	var from, to [maxLCGBasis]int64
	for i := range n {
		centre, radius := 0.0, 0.001
		for j := range n {
			centre += middle[j] * inverse[j][i]
			radius += math.Abs(inverse[j][i]) * float64(uint64(1)<<(unknown-1))
		}
		from[i], to[i] = int64(math.Ceil(centre-radius)), int64(math.Floor(centre+radius))
		if from[i] > to[i] {
			return false // no vector is that near
		}
	}
	// All combinations, the last coefficient running fastest. The first coordinate
	// of the vector is the first state.
	coefficients := from
	for {
		s := int64(0)
		for i, vector := range o.basis {
			s += coefficients[i] * vector[0]
		}
		if o.check(uint64(s), outputs) {
			return true
		}
		i := n - 1
		for ; i >= 0 && coefficients[i] == to[i]; i-- {
			coefficients[i] = from[i]
		}
		if i < 0 {
			return false
		}
		coefficients[i]++
	}
}

// check reports whether the states from s on have the outputs.
func (o *lcgOutputs) check(s uint64, outputs []uint64) bool {
	s &= 1<<o.bits - 1
	for _, output := range outputs {
		if s>>(o.bits-o.known) != output {
			return false
		}
		s = o.step(s)
	}
	return true
}

// inverse inverts the basis by Gauss and Jordan's elimination, with the largest
// number of a column as its pivot. A reduced basis is far from singular.
func (o *lcgOutputs) inverse() (inverse [maxLCGBasis][maxLCGBasis]float64) {
	n := len(o.basis)
	var rows [maxLCGBasis][maxLCGBasis]float64
	for i := range n {
		inverse[i][i] = 1
		for j := range n {
			rows[i][j] = float64(o.basis[i][j])
		}
	}
	for column := range n {
		pivot := column
		for i := column; i < n; i++ {
			if math.Abs(rows[i][column]) > math.Abs(rows[pivot][column]) {
				pivot = i
			}
		}
		rows[column], rows[pivot] = rows[pivot], rows[column]
		inverse[column], inverse[pivot] = inverse[pivot], inverse[column]
		scale := 1 / rows[column][column]
		for j := range n {
			rows[column][j] *= scale
			inverse[column][j] *= scale
		}
		for i := range n {
			if factor := rows[i][column]; i != column {
				for j := range n {
					rows[i][j] -= factor * rows[column][j]
					inverse[i][j] -= factor * inverse[column][j]
				}
			}
		}
	}
	return inverse
}
