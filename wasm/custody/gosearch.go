package custody

import (
	"math"

	"keyferry/wasm/keywrap"
)

// The search for the seed of math/rand. All 2^31 - 2 seeds are covered, and none of
// them is tried without reason.
//
// An output is the sum of two words. Let y and z be the x of the one and of the
// other that the eight known bits depend on. Both are multiples of the seed, so that
// z = M*y mod p for a fixed M: (y, z) is a point of a lattice of index p in the
// plane. Multiplying by a power of two modulo p = 2^31 - 1 rotates the 31 bits, so
// that it can be arranged that the known bits depend on the lowest eight of y and
// of z. For each of the 256 values of those of y, the key byte determines those of z,
// up to the carry into the bits, which is 0 or 1. So each value and carry leaves the
// points with y and z in given classes modulo 256: a lattice 256 times as wide in
// both directions, with p/256^2 = 32768 points in the square of side p. They are
// listed line by line, and a second byte of the key sorts out all but one in 128 of
// them before the whole key is drawn and compared.
//
// A piece of the search is one value of the eight bits of y with one carry. Beyond
// the two key bytes that it compares with, a piece holds no part of the key, and of
// a seed only what it is looking at.

// goPiece is one piece of the search.
type goPiece struct {
	way   *goWay
	low   uint64 // the eight bits of y
	carry uint64
}

// goPieces returns the number of pieces.
func goPieces() uint64 {
	pieces := uint64(0)
	for i := range goWays {
		pieces += goWays[i].pieces()
	}
	return pieces
}

// pieces returns the number of pieces of one way: nothing carries into bit 0.
func (way *goWay) pieces() uint64 {
	if way.first.bit == 0 {
		return 256
	}
	return 512
}

// searchGo searches one piece, of which there are goPieces.
func searchGo(m *keywrap.Material, number uint64) keywrap.Code {
	for i := range goWays {
		way := &goWays[i]
		if number < way.pieces() {
			piece := goPiece{way, number & 255, number >> 8}
			if piece.search(m) {
				return CodeWeakGoMathRand
			}
			return ""
		}
		number -= way.pieces()
	}
	return ""
}

// goFilter is a byte of the key as a condition on y and z: the two are multiplied so
// that the bits it depends on are the lowest, mixed with constants, and added.
type goFilter struct {
	multiplier uint64 // makes of y, or z, of output 0 what this byte depends on
	near, far  uint64 // eight bits of the constants of z and y
	carries    bool
}

// filter returns the condition that is in a byte.
func (b goByte) filter() goFilter {
	// A word is x<<40 ^ (A*x)<<20 ^ A^2*x: bits 0 to 19 depend on the third alone,
	// bits 31 to 39 on the second. Going on by one output means going back by one
	// word, which is three steps.
	steps, shift := 2-3*b.output, b.bit
	if b.bit >= 31 {
		steps, shift = 1-3*b.output, b.bit-20
	}
	rotation := uint64(1) << ((31 - shift) % 31)
	return goFilter{
		multiplier: goTimes(goPower(steps), rotation),
		near:       goCookedNear[b.output] >> b.bit & 255,
		far:        goCookedFar[b.output] >> b.bit & 255,
		carries:    b.bit > 0,
	}
}

// search goes through the points of a piece, and reports whether the key is one of
// math/rand's.
func (piece *goPiece) search(m *keywrap.Material) bool {
	first, second := piece.way.first.filter(), piece.way.second.filter()
	// y and z are taken as the first byte needs them, so that their lowest eight
	// bits are those that are known.
	y := piece.low
	z := uint64(byte(uint64(m[piece.way.first.index])-piece.carry-(y^first.far))) ^ first.near
	backward := goInverse(first.multiplier)
	onward := goTimes(second.multiplier, backward)
	wanted, carries := m[piece.way.second.index], byte(0)
	if second.carries {
		carries = 1
	}
	found := false
	goLines(y, z, goPower(3*(goNearWord-goFarWord)), func(line goLine) {
		// The same line, as the second byte sees it: every step adds a constant.
		y, dy := goTimes(goResidue(line.y), onward), goTimes(goResidue(line.dy), onward)
		z, dz := goTimes(goResidue(line.z), onward), goTimes(goResidue(line.dz), onward)
		for i := range line.points {
			sum := byte(y^second.far) + byte(z^second.near)
			if wanted-sum <= carries && piece.check(line, i, backward, m) {
				found = true
			}
			if y += dy; y >= goModulus {
				y -= goModulus
			}
			if z += dz; z >= goModulus {
				z -= goModulus
			}
		}
	})
	return found
}

// check compares the whole key with what a point of a line yields.
func (piece *goPiece) check(line goLine, point int64, backward uint64, m *keywrap.Material) bool {
	near, far := uint64(line.z+point*line.dz), uint64(line.y+point*line.dy)
	if near == 0 {
		return false // no x is ever zero
	}
	return piece.way.matches(goSource{near: goTimes(near, backward), far: goTimes(far, backward)}, m)
}

// goInverse returns the inverse modulo p, by Fermat.
func goInverse(a uint64) uint64 {
	result := uint64(1)
	for n := uint64(goModulus - 2); n > 0; n >>= 1 {
		if n&1 == 1 {
			result = goTimes(result, a)
		}
		a = goTimes(a, a)
	}
	return result
}

// goResidue reduces modulo p to a number that is not negative.
func goResidue(a int64) uint64 {
	a %= goModulus
	if a < 0 {
		a += goModulus
	}
	return uint64(a)
}

// goLine is a row of points, (y, z) + i*(dy, dz).
type goLine struct {
	y, z, dy, dz int64
	points       int64
}

// goLines calls yield with lines that hold every point of the lattice z = ratio*y mod p
// that lies in the square from 0 to p-1 and has y and z in the given classes modulo
// 256, each once.
func goLines(y, z, ratio uint64, yield func(goLine)) {
	// One point of those classes, by the Chinese remainder theorem: p is -1 modulo
	// 256, so that subtracting p adds one to the class of z.
	onLattice := goTimes(y, ratio)
	y0, z0 := int64(y), int64(onLattice)-int64(byte(z-onLattice))*goModulus
	// The other points differ from it by 256 times the lattice.
	u, v := goBasis(int64(ratio))
	uy, uz, vy, vz := 256*u[0], 256*u[1], 256*v[0], 256*v[1]
	// A corner (cy, cz) of the square lies on line number n, counted in steps of v,
	// where n = (uy*(cz-z0) - uz*(cy-y0)) / det. The figures are below 2^53 times
	// the accuracy that is needed; a line too many at either end is empty.
	det := float64(uy)*float64(vz) - float64(uz)*float64(vy)
	least, most := math.Inf(1), math.Inf(-1)
	for _, corner := range [4][2]int64{{0, 0}, {goModulus, 0}, {0, goModulus}, {goModulus, goModulus}} {
		n := (float64(uy)*float64(corner[1]-z0) - float64(uz)*float64(corner[0]-y0)) / det
		least, most = min(least, n), max(most, n)
	}
	for n := int64(math.Floor(least)); n <= int64(math.Ceil(most)); n++ {
		line := goLine{y: y0 + n*vy, z: z0 + n*vz, dy: uy, dz: uz}
		fromY, toY := goWithin(line.y, uy)
		fromZ, toZ := goWithin(line.z, uz)
		from, to := max(fromY, fromZ), min(toY, toZ)
		if from > to {
			continue
		}
		line.y += from * uy
		line.z += from * uz
		line.points = to - from + 1
		yield(line)
	}
}

// goWithin returns the first and the last i for which 0 <= a + i*d < p.
func goWithin(a, d int64) (first, last int64) {
	switch {
	case d > 0:
		return -floorDivide(a, d), floorDivide(goModulus-1-a, d)
	case d < 0:
		return -floorDivide(goModulus-1-a, -d), floorDivide(a, -d)
	case a >= 0 && a < goModulus:
		return math.MinInt64, math.MaxInt64
	}
	return 1, 0
}

// floorDivide rounds down; d is positive.
func floorDivide(a, d int64) int64 {
	quotient := a / d
	if a%d < 0 {
		quotient--
	}
	return quotient
}

// goBasis returns two short vectors that make up the lattice z = ratio*y mod p, by
// Gauss's reduction.
func goBasis(ratio int64) (u, v [2]int64) {
	u, v = [2]int64{1, ratio}, [2]int64{0, goModulus}
	for {
		uu, uv := u[0]*u[0]+u[1]*u[1], u[0]*v[0]+u[1]*v[1]
		q := int64(math.Round(float64(uv) / float64(uu)))
		v[0] -= q * u[0]
		v[1] -= q * u[1]
		if v[0]*v[0]+v[1]*v[1] >= uu {
			return u, v
		}
		u, v = v, u
	}
}
