package custody

import (
	"math/rand/v2"
	"testing"

	"keyferry/wasm/keywrap"
)

// systemRandom is System.Random with a seed, as its source says.
type systemRandom struct {
	table       [56]int32
	next, other int
}

func newSystemRandom(seed int32) *systemRandom {
	r := &systemRandom{other: 21}
	if seed < 0 {
		seed = -seed
	}
	mj, mk := 161803398-seed, int32(1)
	r.table[55] = mj
	for i := 1; i < 55; i++ {
		ii := 21 * i % 55
		r.table[ii] = mk
		if mk = mj - mk; mk < 0 {
			mk += goModulus
		}
		mj = r.table[ii]
	}
	for range 4 {
		for i := 1; i < 56; i++ {
			if r.table[i] -= r.table[1+(i+30)%55]; r.table[i] < 0 {
				r.table[i] += goModulus
			}
		}
	}
	return r
}

func (r *systemRandom) sample() int32 {
	r.next, r.other = r.next%55+1, r.other%55+1
	value := r.table[r.next] - r.table[r.other]
	if value == goModulus {
		value--
	}
	if value < 0 {
		value += goModulus
	}
	r.table[r.next] = value
	return value
}

// TestSystemRandom checks the numbers that programs for .NET are known to begin with.
func TestSystemRandom(t *testing.T) {
	for seed, want := range map[int32][3]int32{0: {1559595546, 1755192844, 1649316166}, 42: {1434747710, 302596119, 269548474}} {
		r := newSystemRandom(seed)
		for i := range want {
			if got := r.sample(); got != want[i] {
				t.Errorf("seed %d, number %d: %d, want %d", seed, i, got, want[i])
			}
		}
	}
}

func fromAffine(m *keywrap.Material) keywrap.Code {
	s := affineSearch()
	for piece := range s.pieces {
		if code := s.search(m, piece); code != "" {
			return code
		}
	}
	return ""
}

// TestDotNet examines keys of System.Random of all kinds of seeds.
func TestDotNet(t *testing.T) {
	seeds := []int32{0, 1, 42, -1, 161803398, 161803399, 1<<31 - 1, 1700000000, 2000000000}
	for range 20 {
		seeds = append(seeds, int32(rand.Uint32()))
	}
	if testing.Short() {
		seeds = seeds[:8]
	}
	for way, draw := range map[string]func(r *systemRandom) byte{
		"NextBytes": func(r *systemRandom) byte { return byte(r.sample()) },
		"Next(256)": func(r *systemRandom) byte { return byte(float64(r.sample()) * (1.0 / goModulus) * 256) },
	} {
		missed := 0
		for n, seed := range seeds {
			r := newSystemRandom(seed)
			if n%2 == 1 {
				r.sample()
			}
			var m keywrap.Material
			for i := range m {
				m[i] = draw(r)
			}
			m[2+n%30] ^= byte(n % 3)
			if fromAffine(&m) != CodeWeakDotNet {
				missed++
				t.Errorf("%s, seed %d: not found", way, seed)
			}
		}
	}
}

// TestMinstd examines keys of the generators of C++, whose 10000th numbers the standard gives.
func TestMinstd(t *testing.T) {
	for i, want := range []uint64{1043618065, 399268537} {
		x := uint64(1)
		next := func() uint64 { x = x * minstd[i] % goModulus; return x }
		for range 10000 {
			next()
		}
		if x != want {
			t.Errorf("number 10000 of multiplier %d is %d, want %d", minstd[i], x, want)
		}
		foundAlsoAltered(t, "minstd & 255", CodeWeakRand, fromAffine, func() byte { return byte(next()) })
		foundAlsoAltered(t, "minstd * 256 / 2^31", CodeWeakRand, fromAffine, func() byte { return byte(next() * 256 / goModulus) })
	}
}

func BenchmarkAffine(b *testing.B) {
	var m keywrap.Material
	for i := range m {
		m[i] = byte(rand.Uint32())
	}
	for b.Loop() {
		if code := fromAffine(&m); code != "" {
			b.Fatal(code)
		}
	}
}
