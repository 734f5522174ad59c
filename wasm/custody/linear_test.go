package custody

import (
	"encoding/binary"
	"encoding/json"
	"math/rand/v2"
	"os"
	"testing"

	"keyferry/wasm/keywrap"
)

// fromLinear runs the searches for linear generators alone.
func fromLinear(m *keywrap.Material) keywrap.Code {
	for i := range linearGenerators {
		s := linearGenerators[i].searches()
		for piece := range s.pieces {
			if code := s.search(m, piece); code != "" {
				return code
			}
		}
	}
	return ""
}

// TestMathRandom examines keys that Node drew from Math.random; testdata/make-random.mjs says how.
func TestMathRandom(t *testing.T) {
	text, err := os.ReadFile("testdata/math-random.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors struct{ Keys []struct{ Way, Key string } }
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	missed := map[string]int{}
	for i, v := range vectors.Keys {
		if testing.Short() && i%4 != 0 {
			continue
		}
		if fromLinear((*keywrap.Material)(unhex(t, v.Key))) != CodeWeakMathRandom {
			missed[v.Way]++
		}
	}
	if len(missed) > 0 || len(vectors.Keys) < 80 {
		t.Errorf("of %d keys these are not found: %v", len(vectors.Keys), missed)
	}
}

// xorshift are the generators as Marsaglia printed them.
var xorshift = map[string]func() func() uint64{
	"32": func() func() uint64 {
		x := uint32(rand.Uint32()) | 1
		return func() uint64 {
			x ^= x << 13
			x ^= x >> 17
			x ^= x << 5
			return uint64(x)
		}
	},
	"64": func() func() uint64 {
		x := rand.Uint64() | 1
		return func() uint64 {
			x ^= x << 13
			x ^= x >> 7
			x ^= x << 17
			return x
		}
	},
	"128": func() func() uint64 {
		x, y, z, w := rand.Uint32(), rand.Uint32(), rand.Uint32(), rand.Uint32()|1
		return func() uint64 {
			t := x ^ x<<11
			x, y, z = y, z, w
			w ^= w>>19 ^ t ^ t>>8
			return uint64(w)
		}
	},
}

// TestXorshift examines keys of xorshift, drawn in several ways, also with an altered bit.
func TestXorshift(t *testing.T) {
	draws := 3
	if testing.Short() {
		draws = 1
	}
	for name, generator := range xorshift {
		for way, draw := range map[string]func(next func() uint64, key []byte){
			"low bytes": func(next func() uint64, key []byte) {
				for i := range key {
					key[i] = byte(next())
				}
			},
			"words, little endian": func(next func() uint64, key []byte) {
				for i := 0; i < len(key); i += 4 {
					if name == "64" {
						if i%8 == 0 {
							binary.LittleEndian.PutUint64(key[i:], next())
						}
						continue
					}
					binary.LittleEndian.PutUint32(key[i:], uint32(next()))
				}
			},
			"words, big endian": func(next func() uint64, key []byte) {
				for i := 0; i < len(key); i += 4 {
					if name == "64" {
						if i%8 == 0 {
							binary.BigEndian.PutUint64(key[i:], next())
						}
						continue
					}
					binary.BigEndian.PutUint32(key[i:], uint32(next()))
				}
			},
			"high bytes": func(next func() uint64, key []byte) {
				for i := range key {
					if key[i] = byte(next() >> 24); name == "64" {
						key[i] = byte(next() >> 56)
						next() // so that the draws are not in a row
					}
				}
			},
		} {
			if name == "64" && way == "high bytes" {
				continue
			}
			for range draws {
				var m keywrap.Material
				draw(generator(), m[:])
				if fromLinear(&m) != CodeWeakXorshift {
					t.Errorf("xorshift%s, %s: not found", name, way)
				}
				m[rand.IntN(32)] ^= 1 << rand.IntN(8)
				if fromLinear(&m) != CodeWeakXorshift {
					t.Errorf("xorshift%s, %s: not found with a bit altered", name, way)
				}
			}
		}
	}
}

// TestXorshiftWithAlteredFirstByte alters bits that would make other bytes disagree if the search
// believed the first byte before it saw those.
func TestXorshiftWithAlteredFirstByte(t *testing.T) {
	next := xorshift["128"]()
	var m keywrap.Material
	for i := range m {
		m[i] = byte(next() >> 24)
	}
	for _, bit := range []int{4, 5} {
		altered := m
		altered[0] ^= 1 << bit
		if fromLinear(&altered) != CodeWeakXorshift {
			t.Errorf("not found with bit %d of the first byte altered", bit)
		}
	}
}

func BenchmarkLinear(b *testing.B) {
	var m keywrap.Material
	for i := range m {
		m[i] = byte(rand.Uint32())
	}
	for b.Loop() {
		fromLinear(&m)
	}
}
