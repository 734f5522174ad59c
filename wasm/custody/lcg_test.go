package custody

import (
	"math/rand/v2"
	"testing"

	"keyferry/wasm/keywrap"
)

// cRand are the rand functions of C libraries, each with its first numbers after srand(1), as
// everybody has seen them.
var cRand = map[string]struct {
	next  func(state *uint32) uint32
	first [3]uint32
	bits  int // of a number
}{
	"MSVC":    {func(s *uint32) uint32 { *s = *s*214013 + 2531011; return *s >> 16 & 0x7fff }, [3]uint32{41, 18467, 6334}, 15},
	"C":       {func(s *uint32) uint32 { *s = *s*1103515245 + 12345; return *s >> 16 & 0x7fff }, [3]uint32{16838, 5758, 10113}, 15},
	"BSD":     {func(s *uint32) uint32 { *s = *s*1103515245 + 12345; return *s & 0x7fffffff }, [3]uint32{1103527590, 377401575, 662824084}, 31},
	"Borland": {func(s *uint32) uint32 { *s = *s*22695477 + 1; return *s >> 16 & 0x7fff }, [3]uint32{346, 130, 10982}, 15},
}

func TestRand(t *testing.T) {
	for name, c := range cRand {
		state := uint32(1)
		for i, want := range c.first {
			if got := c.next(&state); got != want {
				t.Errorf("%s: number %d is %d, want %d", name, i, got, want)
			}
		}
		for way, draw := range map[string]func() byte{
			"& 255":                  func() byte { return byte(c.next(&state)) },
			"* 256 / (RAND_MAX + 1)": func() byte { return byte(c.next(&state) >> (c.bits - 8)) },
		} {
			for range 5 {
				state = rand.Uint32()
				foundAlsoAltered(t, name+" "+way, CodeWeakRand, fromLCG, draw)
			}
		}
	}
	// Delphi: after RandSeed := 1 comes 134775814, of which Random(256) has the highest bits.
	state := uint32(1)
	delphi := func() byte { state = state*134775813 + 1; return byte(uint64(state) * 256 >> 32) }
	if delphi() != 134775814>>24 {
		t.Error("Delphi begins otherwise")
	}
	foundAlsoAltered(t, "Delphi", CodeWeakRand, fromLCG, delphi)
	basic := uint32(rand.Uint32())
	foundAlsoAltered(t, "Visual Basic", CodeWeakRand, fromLCG, func() byte {
		basic = (basic*1140671485 + 12820163) & 0xffffff
		return byte(basic >> 16)
	})
	java := newJavaRandom(int64(rand.Uint64()))
	foundAlsoAltered(t, "lrand48() & 255", CodeWeakRand, fromLCG, func() byte { return byte(java.next(31)) })
	foundAlsoAltered(t, "drand48() * 256", CodeWeakJavaRandom, fromJava, func() byte { return byte(java.next(48 - 40)) })
	foundAlsoAltered(t, "(byte) nextLong()", CodeWeakJavaRandom, fromLCG, func() byte { return byte(java.nextLong()) })
}

// foundAlsoAltered draws keys, and examines them as they are, with an altered bit, and with one
// half made otherwise.
func foundAlsoAltered(t *testing.T, name string, want keywrap.Code, check func(*keywrap.Material) keywrap.Code, draw func() byte) {
	t.Helper()
	var m keywrap.Material
	for i := range m {
		m[i] = draw()
	}
	expect := func(how string) {
		t.Helper()
		if got := check(&m); got != want {
			t.Errorf("%s%s: %q", name, how, got)
		}
	}
	expect("")
	m[rand.IntN(32)] ^= 1 << rand.IntN(8)
	expect(", a bit altered")
	for i := range m {
		if m[i] = draw(); i < 16 {
			m[i] = byte(rand.Uint32())
		}
	}
	expect(", the second half alone")
}

// TestPerl examines keys of Perl's rand, which is drand48:
//
//	perl -e 'srand 42; printf "%02x", int rand 256 for 1..32'
func TestPerl(t *testing.T) {
	for _, digits := range []string{
		"be571c6c14db7f7ab0d576938806c599e87d897f7059ec0fdcf8d94034184dba",
		"e6f66b2b16d3b665b23d3babdb9a3b5d0f83401a8ce93d014b22c6692cd7c32a",
	} {
		if fromJava((*keywrap.Material)(unhex(t, digits))) != CodeWeakJavaRandom {
			t.Errorf("%s is not found", digits)
		}
	}
}
