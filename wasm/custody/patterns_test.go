package custody

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"math/big"
	"strings"
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

// TestKnownKeys checks the form of the list, and those entries that can be computed.
func TestKnownKeys(t *testing.T) {
	seen := map[string]bool{}
	for _, key := range knownKeys {
		b, err := hex.DecodeString(key.digits)
		if err != nil || len(b) != keywrap.MaterialSize || key.digits != strings.ToLower(key.digits) || key.source == "" || seen[key.digits] {
			t.Fatalf("%s: %v", key.digits, err)
		}
		seen[key.digits] = true
		if finding := known((*keywrap.Material)(b)); finding.Code != CodeWeakKnown || !strings.Contains(finding.Message, key.source) {
			t.Errorf("%s is not found: %v", key.digits, finding)
		}
		b[31] ^= 0x80
		if known((*keywrap.Material)(b)).Found() {
			t.Errorf("%s is found after a change", key.digits)
		}
	}
	for _, text := range []string{"", "abc"} {
		if digest := sha256.Sum256([]byte(text)); !seen[hex.EncodeToString(digest[:])] {
			t.Errorf("the SHA-256 of %q is not listed", text)
		}
	}
}

// TestKnownCounterKeys checks the keys of RFC 3686 against that document's
// ciphertexts, so that a slip in a digit would show.
func TestKnownCounterKeys(t *testing.T) {
	for _, v := range []struct{ key, counter, plaintext, ciphertext string }{
		{
			"776beff2851db06f4c8a0542c8696f6c6a81af1eec96b4d37fc1d689e6c1c104", "00000060db5672c97aa8f0b200000001",
			"53696e676c6520626c6f636b206d7367", "145ad01dbf824ec7560863dc71e3e0c0",
		},
		{
			"f6d66d6bd52d59bb0796365879eff886c66dd51a5b6a99744b50590c87a23884", "00faac24c1585ef15a43d87500000001",
			"000102030405060708090a0b0c0d0e0f", "f05e231b3894612c49ee000b804eb2a9",
		},
		{
			"ff7a617ce69148e4f1726e2f43581de2aa62d9f805532edff1eed687fb54153d", "001cc5b751a51d70a1c1114800000001",
			"000102030405060708090a0b0c0d0e0f", "eb6c52821d0bbbf7ce7594462aca4faa",
		},
		{ // NIST SP 800-38A, section F.5.5
			"603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4", "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
			"6bc1bee22e409f96e93d7e117393172a", "601ec313775789a5b7a7f504bbf3d228",
		},
	} {
		block, err := aes.NewCipher(unhex(t, v.key))
		if err != nil {
			t.Fatal(err)
		}
		text := unhex(t, v.plaintext)
		cipher.NewCTR(block, unhex(t, v.counter)).XORKeyStream(text, text)
		if hex.EncodeToString(text) != v.ciphertext {
			t.Errorf("%s: the ciphertext is %x, want %s", v.key, text, v.ciphertext)
		}
		if !known((*keywrap.Material)(unhex(t, v.key))).Found() {
			t.Errorf("%s is not listed", v.key)
		}
	}
}
