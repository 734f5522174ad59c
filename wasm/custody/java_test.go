package custody

import (
	"encoding/binary"
	"math/big"
	"math/rand"
	"testing"

	"keyferry/wasm/keywrap"
)

// javaRandom is java.util.Random, written from its documentation.
type javaRandom struct{ state int64 }

func newJavaRandom(seed int64) *javaRandom {
	return &javaRandom{(seed ^ 0x5DEECE66D) & (1<<48 - 1)}
}

func (r *javaRandom) next(bits int) int32 {
	r.state = (r.state*0x5DEECE66D + 0xB) & (1<<48 - 1)
	return int32(r.state >> (48 - bits))
}

func (r *javaRandom) nextInt() int32  { return r.next(32) }
func (r *javaRandom) nextLong() int64 { return int64(r.next(32))<<32 + int64(r.next(32)) }
func (r *javaRandom) nextDouble() float64 {
	return float64(int64(r.next(26))<<27+int64(r.next(27))) * (1.0 / (1 << 53))
}

// nextIntBelow is nextInt(bound) for a power of two.
func (r *javaRandom) nextIntBelow(bound int64) int32 {
	return int32(bound * int64(r.next(31)) >> 31)
}

func (r *javaRandom) nextBytes(b []byte) {
	for i := 0; i < len(b); {
		for word, n := r.nextInt(), min(len(b)-i, 4); n > 0; n-- {
			b[i] = byte(word)
			word >>= 8
			i++
		}
	}
}

// TestJavaRandom checks what the documentation of Java's own examples is known to
// print: new Random(42).nextInt() and new Random(0).nextInt().
func TestJavaRandom(t *testing.T) {
	if got := newJavaRandom(42).nextInt(); got != -1170105035 {
		t.Errorf("seed 42 begins with %d", got)
	}
	if got := newJavaRandom(0).nextInt(); got != -1155484576 {
		t.Errorf("seed 0 begins with %d", got)
	}
	if got := newJavaRandom(0).nextDouble(); got != 0.730967787376657 {
		t.Errorf("seed 0 begins with %v", got)
	}
}

// javaPrograms draw a key as Java programs do.
var javaPrograms = map[string]func(r *javaRandom, key []byte){
	"nextBytes, the vendor's sample": func(r *javaRandom, key []byte) { r.nextBytes(key) },
	"nextInt, big endian": func(r *javaRandom, key []byte) {
		for i := 0; i < len(key); i += 4 {
			binary.BigEndian.PutUint32(key[i:], uint32(r.nextInt()))
		}
	},
	"nextLong, big endian": func(r *javaRandom, key []byte) {
		for i := 0; i < len(key); i += 8 {
			binary.BigEndian.PutUint64(key[i:], uint64(r.nextLong()))
		}
	},
	"nextLong, little endian": func(r *javaRandom, key []byte) {
		for i := 0; i < len(key); i += 8 {
			binary.LittleEndian.PutUint64(key[i:], uint64(r.nextLong()))
		}
	},
	"(byte) nextInt()": func(r *javaRandom, key []byte) {
		for i := range key {
			key[i] = byte(r.nextInt())
		}
	},
	"nextInt(256)": func(r *javaRandom, key []byte) {
		for i := range key {
			key[i] = byte(r.nextIntBelow(256))
		}
	},
	"nextInt(256) - 128": func(r *javaRandom, key []byte) {
		for i := range key {
			key[i] = byte(r.nextIntBelow(256) - 128)
		}
	},
	"Math.random() * 256": func(r *javaRandom, key []byte) {
		for i := range key {
			key[i] = byte(r.nextDouble() * 256)
		}
	},
}

func fromJavaOrLCG(m *keywrap.Material) keywrap.Code {
	if code := fromJava(m); code != "" {
		return code
	}
	return fromLCG(m)
}

// TestJavaFound solves many of keys of every program, and no other keys.
func TestJavaFound(t *testing.T) {
	random := rand.New(rand.NewSource(22))
	seeds := []int64{0, 1, -1, 42, 1 << 47, 1<<48 - 1, -1 << 63, 0x5DEECE66D, 1700000000123}
	for range 100 {
		seeds = append(seeds, int64(random.Uint64()))
	}
	if testing.Short() {
		seeds = seeds[:20]
	}
	for name, draw := range javaPrograms {
		t.Run(name, func(t *testing.T) {
			for _, seed := range seeds {
				var m keywrap.Material
				draw(newJavaRandom(seed), m[:])
				if fromJavaOrLCG(&m) != CodeWeakJavaRandom {
					t.Errorf("seed %d is not found", seed)
				}
				m[31] ^= 1
				if fromJavaOrLCG(&m) != CodeWeakJavaRandom {
					t.Errorf("seed %d is not found with a bit altered", seed)
				}
				m[0] ^= 1
				if fromJavaOrLCG(&m) != "" {
					t.Errorf("seed %d is found after both halves were altered", seed)
				}
			}
		})
	}
}

// TestJavaBases proves that each basis is one: its vectors belong to the lattice, and
// their determinant is the lattice's, 2^(bits*(n-1)).
func TestJavaBases(t *testing.T) {
	for name, o := range map[string]*lcgOutputs{
		"MSVC": &lcgHigh[0], "C": &lcgHigh[1], "Borland": &lcgHigh[2], "Delphi": &lcgHigh[3], "Numerical Recipes": &lcgHigh[4], "words": &javaWords, "high bytes": &javaHighBytes, "doubles": &javaDoubles,
	} {
		multiplier := uint64(1)
		for range o.steps {
			multiplier *= o.a
		}
		n, mask := len(o.basis), uint64(1)<<o.bits-1
		rows := make([][]*big.Int, n)
		for i, vector := range o.basis {
			if len(vector) != n || n > maxLCGBasis || n < 2 {
				t.Fatalf("%s: %d vectors of %d", name, n, len(vector))
			}
			for j, x := range vector {
				rows[i] = append(rows[i], big.NewInt(x))
				if j > 0 && (uint64(vector[j-1])*multiplier-uint64(x))&mask != 0 {
					t.Errorf("%s: vector %d is not of the lattice", name, i)
				}
			}
		}
		want := new(big.Int).Lsh(big.NewInt(1), o.bits*uint(n-1))
		if got := determinant(rows); got.CmpAbs(want) != 0 {
			t.Errorf("%s: determinant %v, want %v", name, got, want)
		}
	}
}

// determinant expands by the first row.
func determinant(rows [][]*big.Int) *big.Int {
	if len(rows) == 1 {
		return rows[0][0]
	}
	sum := new(big.Int)
	for column, x := range rows[0] {
		var minor [][]*big.Int
		for _, row := range rows[1:] {
			minor = append(minor, append(append([]*big.Int(nil), row[:column]...), row[column+1:]...))
		}
		term := new(big.Int).Mul(x, determinant(minor))
		if column%2 == 1 {
			term.Neg(term)
		}
		sum.Add(sum, term)
	}
	return sum
}

func BenchmarkQuickly(b *testing.B) {
	m := keywrap.Material{}
	rand.New(rand.NewSource(1)).Read(m[:])
	m[0]++
	for b.Loop() {
		if code := quickly(&m); code != "" {
			b.Fatal(code)
		}
	}
}
