package custody

import (
	crand "crypto/rand"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"keyferry/wasm/keywrap"
)

// randomKeys calls yield with as many random keys as KEYFERRY_RANDOM_KEYS says, or so many.
func randomKeys(t testing.TB, count int, yield func(m *keywrap.Material)) {
	t.Helper()
	if text := os.Getenv("KEYFERRY_RANDOM_KEYS"); text != "" {
		var err error
		if count, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	var seed [32]byte
	crand.Read(seed[:])
	source := rand.NewChaCha8(seed)
	begin := time.Now()
	for range count {
		var m keywrap.Material
		source.Read(m[:])
		yield(&m)
	}
	t.Logf("%d random keys in %v", count, time.Since(begin))
}

// TestRandomKeys examines random keys by everything but the searches, and finds nothing.
func TestRandomKeys(t *testing.T) {
	randomKeys(t, 20000, func(m *keywrap.Material) {
		if code := quickly(m); code != "" {
			t.Errorf("%x: %s", *m, code)
		}
	})
}
