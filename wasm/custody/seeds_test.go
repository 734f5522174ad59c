package custody

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"keyferry/wasm/keywrap"
)

// TestSeeded examines keys that other programs drew; testdata/make-seeded.sh says how.
func TestSeeded(t *testing.T) {
	file, err := os.Open("testdata/seeded.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	checks := map[string]func(*keywrap.Material, uint64) bool{"php": fromMersenne, "c++": fromMersenne, "python": fromMersennePython(), "c": fromGlibc()}
	count := 0
	for lines := bufio.NewScanner(file); lines.Scan(); count++ {
		fields := strings.Split(lines.Text(), "\t")
		program, _, _ := strings.Cut(fields[0], " ")
		seed, err := strconv.ParseUint(fields[1], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		m := (*keywrap.Material)(unhex(t, fields[2]))
		if !checks[program](m, seed) {
			t.Errorf("%s with the seed %d is not found", fields[0], seed)
		}
		m[16+rand.IntN(16)] ^= 1
		if !checks[program](m, seed) {
			t.Errorf("%s with the seed %d is not found with a bit of the second half altered", fields[0], seed)
		}
		m[rand.IntN(16)] ^= 1
		if checks[program](m, seed) {
			t.Errorf("%s with the seed %d is found although the first half is another", fields[0], seed)
		}
	}
	if count < 50 {
		t.Errorf("only %d keys", count)
	}
}

// TestSeedSearch collects the seeds that a search tries: all small ones, and all seconds from the
// first to a day after now, each once.
func TestSeedSearch(t *testing.T) {
	now := time.Unix(1764115200, 0)
	seen := map[uint64]bool{}
	s := seedSearch(CodeWeakPCG, now, 5000, 2*day, func(_ *keywrap.Material, seed uint64) bool {
		if seen[seed] {
			t.Fatalf("%d is tried twice", seed)
		}
		seen[seed] = true
		return false
	})
	for piece := range s.pieces {
		s.search(nil, piece)
	}
	if len(seen) != 5000+2*86400+3600 {
		t.Errorf("%d seeds", len(seen))
	}
	for _, seed := range []uint64{0, 4999, 1764115200 - 2*86400, 1764115200, 1764115200 + 3599} {
		if !seen[seed] {
			t.Errorf("%d is not tried", seed)
		}
	}
}

// TestSeedsWhole runs whole examinations of keys whose seed is a recent time.
func TestSeedsWhole(t *testing.T) {
	if testing.Short() {
		t.Skip("tries hundreds of thousands of seeds")
	}
	now := time.Unix(1764115200, 0)
	for digits, want := range map[string]keywrap.Code{
		"3d64f98b9f063b72aab5bd5ceb8c6080c08f96399d876a86b271ecd97155593b": CodeWeakMersenne, // php mt_rand(0, 255)
		"35a304dc261e9376824bb5f0403f8f5e2a839983163d7ac09f54fc18f8fb22ad": CodeWeakMersenne, // python random.randint(0, 255) for _ in range(32)
		"493275e51e5391669f53fd3fb16080561d277bcfd0b312bb50fce482c95c1512": CodeWeakRand,     // c rand() % 256
	} {
		if got := examineAt((*keywrap.Material)(unhex(t, digits)), now.Add(time.Hour), nil); got != want {
			t.Errorf("%s: %q, want %s", digits, got, want)
		}
	}
}

// TestGoPCG examines keys of math/rand/v2.
func TestGoPCG(t *testing.T) {
	seconds := uint64(1764115200)
	for _, seeds := range [][2]uint64{{1, 2}, {0, 0}, {seconds, 0}, {0, seconds}, {seconds, seconds}, {42, 1}, {1, 42}} {
		for way, draw := range map[string]func(r *rand.Rand, key []byte){
			"IntN(256)": func(r *rand.Rand, key []byte) {
				for i := range key {
					key[i] = byte(r.IntN(256))
				}
			},
			"Uint32": func(r *rand.Rand, key []byte) {
				for i := range key {
					key[i] = byte(r.Uint32())
				}
			},
			"Uint64": func(r *rand.Rand, key []byte) {
				for i := 0; i < len(key); i += 8 {
					binary.LittleEndian.PutUint64(key[i:], r.Uint64())
				}
			},
			"Float64": func(r *rand.Rand, key []byte) {
				for i := range key {
					key[i] = byte(r.Float64() * 256)
				}
			},
		} {
			var m keywrap.Material
			draw(rand.New(rand.NewPCG(seeds[0], seeds[1])), m[:])
			if !fromPCG(&m, seeds[0]) && !fromPCG(&m, seeds[1]) {
				t.Errorf("%s of PCG with the seeds %v: not found", way, seeds)
			}
		}
	}
}

// TestPCG32 checks the generator against the outputs that its demonstration prints for the seed 42.
func TestPCG32(t *testing.T) {
	state := (42+pcgStreams[0])*pcgMultiplier + pcgStreams[0]
	for i, want := range []uint32{0xa15c02b7, 0x7b47f409, 0xba1d3330, 0x83d2f293, 0xbfa4784b, 0xcbed606e} {
		if got := pcgOutput(state); got != want {
			t.Errorf("output %d is %#x, want %#x", i, got, want)
		}
		state = state*pcgMultiplier + pcgStreams[0]
	}
}

// TestHashes examines digests of what people hash.
func TestHashes(t *testing.T) {
	now := time.Unix(1764115200, 0)
	for text, want := range map[string]keywrap.Code{
		"password": CodeWeakHash, "Password123": CodeWeakHash, "admin\n": CodeWeakHash, "P@ssw0rd": CodeWeakHash, "Aliyun@2025": CodeWeakHash,
		"123456": CodeWeakHash, "42": CodeWeakHash, "0007": CodeWeakHash, "9999": CodeWeakHash, "1764110000": CodeWeakHash,
		"a passphrase that nobody has thought of": "",
	} {
		m := keywrap.Material(sha256.Sum256([]byte(text)))
		s, got := hashSearch(now), keywrap.Code("")
		for piece := uint64(0); piece < s.pieces && got == ""; piece++ {
			got = s.search(&m, piece)
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// BenchmarkExamine is what a good key takes.
func BenchmarkExamine(b *testing.B) {
	var m keywrap.Material
	for i := range m {
		m[i] = byte(rand.Uint32())
	}
	for b.Loop() {
		if code := Examine(&m, nil); code != "" {
			b.Fatal(code)
		}
	}
}
