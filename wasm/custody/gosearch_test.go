package custody

import (
	"encoding/binary"
	"math/rand"
	"testing"

	"keyferry/wasm/keywrap"
)

// goPrograms draw a key with math/rand itself, as programs do. The index is the way
// of goWays that has to find it.
var goPrograms = []struct {
	name string
	way  int
	draw func(r *rand.Rand, key []byte)
}{
	{"Intn(256), the vendor's sample", 0, eachByte(func(r *rand.Rand) byte { return byte(r.Intn(256)) })},
	{"Int31n(256)", 0, eachByte(func(r *rand.Rand) byte { return byte(r.Int31n(256)) })},
	{"Int31() % 256", 0, eachByte(func(r *rand.Rand) byte { return byte(r.Int31() % 256) })},
	{"Int()", 1, eachByte(func(r *rand.Rand) byte { return byte(r.Int()) })},
	{"Int63n(256)", 1, eachByte(func(r *rand.Rand) byte { return byte(r.Int63n(256)) })},
	{"Uint64()", 1, eachByte(func(r *rand.Rand) byte { return byte(r.Uint64()) })},
	{"Uint32()", 2, eachByte(func(r *rand.Rand) byte { return byte(r.Uint32()) })},
	{"Read", 3, func(r *rand.Rand, key []byte) { r.Read(key) }},
	{"Uint64, little endian", 4, func(r *rand.Rand, key []byte) {
		for i := 0; i < len(key); i += 8 {
			binary.LittleEndian.PutUint64(key[i:], r.Uint64())
		}
	}},
	{"Int63, little endian", 5, func(r *rand.Rand, key []byte) {
		for i := 0; i < len(key); i += 8 {
			binary.LittleEndian.PutUint64(key[i:], uint64(r.Int63()))
		}
	}},
	{"Uint64, big endian", 6, func(r *rand.Rand, key []byte) {
		for i := 0; i < len(key); i += 8 {
			binary.BigEndian.PutUint64(key[i:], r.Uint64())
		}
	}},
	{"Int63, big endian", 7, func(r *rand.Rand, key []byte) {
		for i := 0; i < len(key); i += 8 {
			binary.BigEndian.PutUint64(key[i:], uint64(r.Int63()))
		}
	}},
	{"Uint32, little endian", 8, func(r *rand.Rand, key []byte) {
		for i := 0; i < len(key); i += 4 {
			binary.LittleEndian.PutUint32(key[i:], r.Uint32())
		}
	}},
	{"Uint32, big endian", 9, func(r *rand.Rand, key []byte) {
		for i := 0; i < len(key); i += 4 {
			binary.BigEndian.PutUint32(key[i:], r.Uint32())
		}
	}},
}

func eachByte(draw func(*rand.Rand) byte) func(*rand.Rand, []byte) {
	return func(r *rand.Rand, key []byte) {
		for i := range key {
			key[i] = draw(r)
		}
	}
}

// goSeeds are seeds at the edges, and what becomes of seeds beyond them.
var goSeeds = []int64{
	0, 1, 2, 89482311, goModulus - 1, goModulus, goModulus + 1, -1, -goModulus, 1 << 31, 1 << 62, -1 << 63, 1<<63 - 1,
	1546272000, 1700000000, 1700000000123456789,
}

// reduced is the seed that math/rand makes of a seed.
func reduced(seed int64) uint64 {
	if seed = int64(goResidue(seed)); seed == 0 {
		seed = 89482311
	}
	return uint64(seed)
}

func TestGoBack(t *testing.T) {
	if goBack != goPower(-3) {
		t.Errorf("goBack is %d, want %d", goBack, goPower(-3))
	}
	if power := goPower(goModulus - 1 + 5); power != goPower(5) {
		t.Errorf("the power of p-1+5 is %d, want %d", power, goPower(5))
	}
	if product := goTimes(goModulus, 1); product != 0 {
		t.Errorf("p is %d modulo p", product)
	}
}

// TestGoSourceAgrees compares our generator with math/rand.
func TestGoSourceAgrees(t *testing.T) {
	random := rand.New(rand.NewSource(20))
	seeds := append([]int64(nil), goSeeds...)
	for range 2000 {
		seeds = append(seeds, int64(random.Uint64()))
	}
	for _, seed := range seeds {
		theirs, ours := rand.NewSource(seed).(rand.Source64), newGoSource(reduced(seed))
		for i := range 32 {
			if want, got := theirs.Uint64(), ours.Uint64(); got != want {
				t.Fatalf("seed %d, output %d: %#x, want %#x", seed, i, got, want)
			}
		}
	}
}

// TestGoSearchPiece checks for thousands of seeds and every program that the piece
// which the seed belongs to finds the key. That the pieces together cover every seed
// follows with TestGoLines.
func TestGoSearchPiece(t *testing.T) {
	random := rand.New(rand.NewSource(21))
	seeds := append([]int64(nil), goSeeds...)
	for range 300 {
		seeds = append(seeds, int64(random.Uint64()))
	}
	for _, program := range goPrograms {
		t.Run(program.name, func(t *testing.T) {
			way := &goWays[program.way]
			for n, seed := range seeds {
				var m keywrap.Material
				program.draw(rand.New(rand.NewSource(seed)), m[:])
				switch n % 4 { // a bit is altered, or the second half is another's
				case 1:
					m[8+n%24] ^= 4
				case 2:
					random.Read(m[16:])
				case 3:
					early := 0 // the first bytes decide early; two bytes are what is searched for
					for early == way.first.index || early == way.second.index {
						early++
					}
					m[early] ^= 4
				}
				base := goTimes(reduced(seed), goPower(21+3*goFarWord))
				low := goTimes(base, way.first.filter().multiplier) & 255
				found := false
				for carry := range way.pieces() / 256 {
					piece := goPiece{way, low, carry}
					found = found || piece.search(&m)
				}
				if !found {
					t.Errorf("seed %d is not found", seed)
				}
			}
		})
	}
}

// TestGoPieces checks that the first piece of the second way comes right after the last of the
// first.
func TestGoPieces(t *testing.T) {
	draw, filter := eachByte(func(r *rand.Rand) byte { return byte(r.Int()) }), goWays[1].first.filter()
	if filter.carries {
		t.Error("something carries into bit 0")
	}
	for seed := int64(1); ; seed++ {
		if goTimes(goTimes(reduced(seed), goPower(21+3*goFarWord)), filter.multiplier)&255 != 0 {
			continue
		}
		var m keywrap.Material
		draw(rand.New(rand.NewSource(seed)), m[:])
		if code := searchGo(&m, goWays[0].pieces()); code != CodeWeakGoMathRand {
			t.Errorf("seed %d: %q", seed, code)
		}
		return
	}
}

// TestGoSearchWhole runs whole examinations of keys of the vendor's sample, and of
// others.
func TestGoSearchWhole(t *testing.T) {
	for i, program := range goPrograms {
		if testing.Short() && i > 0 {
			break
		}
		var m keywrap.Material
		program.draw(rand.New(rand.NewSource(1700000000123456789+int64(i))), m[:])
		if code := Examine(&m, nil); code != CodeWeakGoMathRand {
			t.Errorf("%s: %q, want %s", program.name, code, CodeWeakGoMathRand)
		}
	}
}

// TestGoLines checks one whole class of points against plain counting: every y of
// its class modulo 256 is tried, and the z that belongs to it looked at. It also
// checks that the classes share out the whole square.
func TestGoLines(t *testing.T) {
	ratio := goPower(3 * (goNearWord - goFarWord))
	for _, class := range [][2]uint64{{0, 0}, {255, 1}, {77, 200}} {
		want := map[int64]bool{}
		for y := class[0]; y < goModulus; y += 256 {
			if z := goTimes(y, ratio); z&255 == class[1] {
				want[int64(y)] = true
			}
		}
		points := 0
		goLines(class[0], class[1], ratio, func(line goLine) {
			for i := range line.points {
				y, z := line.y+i*line.dy, line.z+i*line.dz
				if !want[y] || uint64(z) != goTimes(uint64(y), ratio) {
					t.Fatalf("class %v: the point (%d, %d) does not belong there, or is there twice", class, y, z)
				}
				delete(want, y)
				points++
			}
		})
		if len(want) > 0 || points < 32000 {
			t.Errorf("class %v: %d points, and %d are missing", class, points, len(want))
		}
	}
}

func BenchmarkGoSearch(b *testing.B) {
	m := keywrap.Material{1, 2, 3, 4, 5, 6, 7, 9}
	for number := 0; b.Loop(); number++ {
		if searchGo(&m, uint64(number)%goPieces()) != "" {
			b.Fatal("found")
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)*float64(goPieces())/1e6, "ms/search")
}
