package custody

import "keyferry/wasm/keywrap"

// Generators whose outputs are affine in a seed modulo p = 2^31 - 1, output i being A(i)*s + B(i):
// the minimal standard generators of C++, which multiply, and the seeded Random of .NET, which
// subtracts words that its seed made. Two outputs in a row, of which the lowest eight bits are
// known, are a point of a lattice that was moved by a constant, of which there are 2^15: the same
// search as for Go's math/rand, in gosearch.go.

// affine is such a generator, with the outputs that make a key.
type affine struct {
	code keywrap.Code
	a, b [keywrap.MaterialSize]uint64
	from int // the two outputs that are compared first are from and from+1
}

// minstd are the multipliers of minstd_rand0 and minstd_rand.
var minstd = []uint64{16807, 48271}

// affines returns all generators of this kind, drawn by their lowest eight bits or by their
// highest. Multiplying by 2^8 modulo p turns the 31 bits around and makes the highest the lowest.
func affines() []affine {
	var all []affine
	for _, multiplier := range minstd {
		for _, from := range []int{0, keywrap.MaterialSize / 2} {
			g := affine{code: CodeWeakRand, from: from}
			for i := range g.a {
				g.a[i] = 1
				if i > 0 {
					g.a[i] = goTimes(g.a[i-1], multiplier)
				}
			}
			all = append(all, g)
		}
	}
	for before := range 2 { // outputs that were drawn before the key
		for overflow := range uint(4) {
			all = append(all, dotNet(before, overflow))
		}
	}
	altered := dotNet(0, 0)
	altered.from = keywrap.MaterialSize / 2
	all = append(all, altered)
	for _, g := range all {
		for i := range g.a {
			g.a[i], g.b[i] = goTimes(g.a[i], 256), goTimes(g.b[i], 256)
		}
		all = append(all, g)
	}
	for i := range all {
		all[i].rebase()
	}
	return all
}

// rebase expresses the outputs by output number from in place of the seed.
func (g *affine) rebase() {
	inverse, b := goInverse(g.a[g.from]), g.b[g.from]
	for i := range g.a {
		g.a[i] = goTimes(g.a[i], inverse)
		g.b[i] = goAdd(g.b[i], goModulus-goTimes(g.a[i], b))
	}
}

// goAdd adds modulo p, where neither is above p.
func goAdd(a, b uint64) uint64 {
	if a += b; a >= goModulus {
		a -= goModulus
	}
	return a
}

// dotNet is System.Random with a seed, in the form that .NET has kept from its first version. Its
// table of 55 words comes from a word that is 161803398 less the seed, and is mixed four times by
// subtractions; the outputs are differences of the table's words.
//
// With seeds above 161803398 that word is negative, and two of the subtractions that it takes part
// in can leave the range of 32 bits. Each time the result is wrong by 2 modulo p; overflow has a
// bit for either.
func dotNet(before int, overflow uint) affine {
	type word struct{ a, b uint64 } // a*s + b
	subtract := func(x, y word) word {
		return word{(x.a + goModulus - y.a) % goModulus, (x.b + goModulus - y.b) % goModulus}
	}
	var table [56]word
	mj, mk := word{1, 0}, word{0, 1}
	table[55] = mj
	for i := 1; i < 55; i++ {
		ii := 21 * i % 55
		table[ii] = mk
		mk = subtract(mj, mk)
		mj = table[ii]
	}
	for round := range 4 {
		for i := 1; i < 56; i++ {
			table[i] = subtract(table[i], table[1+(i+30)%55])
			switch {
			case round == 0 && i == 24 && overflow&1 == 1:
				table[i].b = (table[i].b + goModulus - 2) % goModulus
			case round == 0 && i == 55 && overflow&2 == 2:
				table[i].b = (table[i].b + 2) % goModulus
			}
		}
	}
	g := affine{code: CodeWeakDotNet}
	next, other := 0, 21
	for i := -before; i < len(g.a); i++ {
		next, other = next%55+1, other%55+1
		table[next] = subtract(table[next], table[other])
		if i >= 0 {
			g.a[i], g.b[i] = table[next].a, table[next].b
		}
	}
	return g
}

// affineSearch has one piece for each generator and way to draw.
func affineSearch() search {
	all := affines()
	return search{uint64(len(all)), func(m *keywrap.Material, piece uint64) keywrap.Code {
		if all[piece].made(m) {
			return all[piece].code
		}
		return ""
	}}
}

// made goes through the pairs of outputs with the two bytes that are compared first.
func (g *affine) made(m *keywrap.Material) (found bool) {
	i := g.from
	// Taking the constant off the second output gives a point of the lattice. If that is negative p
	// is added, which takes one off its class modulo 256.
	for wrapped := range uint64(2) {
		z := (uint64(m[i+1]) - g.b[i+1] - wrapped) & 255
		goLines(uint64(m[i]), z, g.a[i+1], func(line goLine) {
			for point := range line.points {
				found = found || g.matches(m, uint64(line.y+point*line.dy))
			}
		})
	}
	return found
}

// matches reports whether output number from is x and at least 16 bytes of the key are outputs. Of
// 2^31 seeds, some one fits a random key so far with probability 2^-68. It gives up where neither
// of the two bytes is one that come after those that were compared first.
func (g *affine) matches(m *keywrap.Material, x uint64) bool {
	same := 0
	for i := range m {
		j := (g.from + 2 + i) % len(m)
		if byte(goAdd(goTimes(g.a[j], x), g.b[j])) == m[j] {
			same++
		}
		if i == 1 && same == 0 {
			return false
		}
	}
	return same >= 16
}
