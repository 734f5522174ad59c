package custody

import (
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"keyferry/wasm/keywrap"
)

// TestSearchTimes measures what each search takes for a good key, where KEYFERRY_TIMES is set. What
// the shortest of some pieces takes is multiplied by their number, so that other programs do not
// disturb. README.md has the figures.
//
//	KEYFERRY_TIMES=1 GOOS=js GOARCH=wasm go test -exec="$(go env GOROOT)/lib/wasm/go_js_wasm_exec" -run SearchTimes -v ./wasm/custody
func TestSearchTimes(t *testing.T) {
	if os.Getenv("KEYFERRY_TIMES") == "" {
		t.Skip("measures")
	}
	var m keywrap.Material
	for i := range m {
		m[i] = byte(rand.Uint32())
	}
	total := time.Duration(0)
	for n, s := range searchesAt(time.Now()) {
		sum, shortest, sample := time.Duration(0), time.Hour, min(s.pieces, 40)
		if os.Getenv("KEYFERRY_TIMES") == "all" {
			sample = s.pieces
		}
		for i := range sample {
			begin := time.Now()
			if s.search(&m, i*s.pieces/sample) != "" {
				t.Fatal("a random key is found")
			}
			taken := time.Since(begin)
			sum += taken
			shortest = min(shortest, taken)
		}
		if s.pieces > sample {
			sum = shortest * time.Duration(s.pieces)
		}
		total += sum
		t.Logf("search %d: %d pieces, %v", n, s.pieces, sum)
	}
	t.Logf("together %v", total)
}
