package custody

import (
	"math"
	"math/big"
	"testing"

	"keyferry/wasm/keywrap"
)

// log2 is the logarithm of a probability.
func log2(p *big.Rat) float64 {
	mantissa := new(big.Float)
	exponent := new(big.Float).SetRat(p).MantExp(mantissa)
	fraction, _ := mantissa.Float64()
	return math.Log2(fraction) + float64(exponent)
}

// fewValuesProbability is P(at most this many different values in 32 random bytes),
// carried through draw by draw.
func fewValuesProbability(most int64) *big.Rat {
	distribution := map[int64]*big.Rat{0: big.NewRat(1, 1)}
	for range keywrap.MaterialSize {
		next := map[int64]*big.Rat{}
		for different, p := range distribution {
			for step, weight := range map[int64]int64{0: different, 1: 256 - different} {
				if next[different+step] == nil {
					next[different+step] = new(big.Rat)
				}
				next[different+step].Add(next[different+step], new(big.Rat).Mul(p, big.NewRat(weight, 256)))
			}
		}
		distribution = next
	}
	sum := new(big.Rat)
	for different, p := range distribution {
		if different <= most {
			sum.Add(sum, p)
		}
	}
	return sum
}

// unbalancedProbability is P(fewer ones, or fewer zeros, than that in 256 bits).
func unbalancedProbability(least int64) *big.Rat {
	count := new(big.Int)
	for ones := range least {
		count.Add(count, new(big.Int).Binomial(256, ones))
	}
	return new(big.Rat).SetFrac(count.Lsh(count, 1), new(big.Int).Lsh(big.NewInt(1), 256))
}

// TestMirroredProbability computes what the comment at mirrored says.
func TestMirroredProbability(t *testing.T) {
	count := new(big.Int)
	for ones := range int64(mirroredBits + 1) {
		count.Add(count, new(big.Int).Binomial(128, ones))
	}
	count.Mul(count, big.NewInt(2*3))
	if p := log2(new(big.Rat).SetFrac(count, new(big.Int).Lsh(big.NewInt(1), 128))); math.Abs(p+70.86) > 0.05 {
		t.Errorf("2^%.2f", p)
	}
}

// TestFalsePositives works out again what the comments say of random keys.
func TestFalsePositives(t *testing.T) {
	few, unbalanced := fewValuesProbability(14), unbalancedProbability(58)
	run := new(big.Rat).SetFrac(big.NewInt(23), new(big.Int).Lsh(big.NewInt(1), 72))
	total := new(big.Rat).Add(run, new(big.Rat).Add(few, unbalanced))
	// Repetition, counting, published keys and generators: each below 2^-120.
	total.Add(total, new(big.Rat).SetFrac(big.NewInt(64), new(big.Int).Lsh(big.NewInt(1), 120)))
	text := 32 * math.Log2(98.0/256)
	for name, p := range map[string]struct{ got, want float64 }{
		"few values": {log2(few), -61.29},
		"unbalanced": {log2(unbalanced), -62.75},
		"run":        {log2(run), -67.48},
		"total":      {log2(total), -60.83},
		"text":       {text, -44.33},
	} {
		if math.Abs(p.got-p.want) > 0.01 {
			t.Errorf("%s: 2^%.3f, want 2^%.2f", name, p.got, p.want)
		}
	}
	if log2(total) > -60 {
		t.Errorf("all together: 2^%.2f, which is more than 2^-60", log2(total))
	}
	if log2(fewValuesProbability(32)) != 0 {
		t.Error("the distribution does not add up to one")
	}
}
