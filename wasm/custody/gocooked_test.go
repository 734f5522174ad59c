package custody

import (
	"math/rand"
	"testing"
)

// cookedFromOutputs works out the constants of math/rand from its outputs alone.
// From output 273 on, one of the two words that are added is output i-273, written
// back; the difference is the other word as the seed made it, until all 607 have
// been used. What the seed contributes is then taken off.
func cookedFromOutputs(seed int64) (near, far [32]uint64) {
	source := rand.NewSource(seed).(rand.Source64)
	var outputs [607]uint64
	for i := range outputs {
		outputs[i] = source.Uint64()
	}
	for i := range far {
		farWord := outputs[334+i] - outputs[61+i]
		nearWord := outputs[i] - farWord
		far[i] = farWord ^ goSeeded(goTimes(uint64(seed), goPower(21+3*(goFarWord-i))))
		near[i] = nearWord ^ goSeeded(goTimes(uint64(seed), goPower(21+3*(goNearWord-i))))
	}
	return near, far
}

// TestCooked checks the tables of constants against math/rand.
func TestCooked(t *testing.T) {
	for _, seed := range []int64{1, 2, 89482311, goModulus - 1} {
		near, far := cookedFromOutputs(seed)
		if near != goCookedNear {
			t.Errorf("seed %d: the near words are %#016x", seed, near)
		}
		if far != goCookedFar {
			t.Errorf("seed %d: the far words are %#016x", seed, far)
		}
	}
}
