package custody_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"keyferry/wasm/custody"
	"keyferry/wasm/keywrap"
)

// FuzzComponents holds three laws: no text is a fault; a component that is refused changes nothing;
// and one that is taken is 64 digits, and counts with exactly their value.
func FuzzComponents(f *testing.F) {
	part := randomMaterial(f)
	f.Add([]byte(printed(part)), []byte(custody.CheckValue(part).String()))
	f.Add([]byte(printed(part)), []byte(legacy(f, part)))
	f.Add([]byte(strings.Repeat("0", 64)), []byte("000000"))
	f.Add([]byte("0x"+strings.Repeat("ff", 32)), []byte("12345"))
	f.Add([]byte{}, []byte{})
	f.Fuzz(func(t *testing.T, component, kcv []byte) {
		first := randomMaterial(t)
		c := newComponents(t)
		add(t, c, first)
		_, err := c.Add(component, kcv)
		if err != nil {
			codeOf(t, err)
			if c.Count() != 1 {
				t.Errorf("a refused component counts: %d", c.Count())
			}
			checkSum(t, c, component, first)
			return
		}
		digits := plainDigits(string(component))
		taken, err := hex.DecodeString(digits)
		if err != nil || len(taken) != keywrap.MaterialSize {
			t.Fatalf("taken as a component: %q", component)
		}
		var sum keywrap.Material
		if err := c.Sum(&sum); err != nil {
			t.Fatal(err)
		}
		for i := range sum {
			if sum[i] != first[i]^taken[i] {
				t.Fatalf("%q counts with another value", component)
			}
		}
	})
}

// checkSum adds one more component, and expects a sum that the refused one has no part in.
func checkSum(t *testing.T, c *custody.Components, refused []byte, first *keywrap.Material) {
	t.Helper()
	second := randomMaterial(t)
	add(t, c, second)
	var sum keywrap.Material
	if err := c.Sum(&sum); err != nil {
		t.Fatal(err)
	}
	for i := range sum {
		if sum[i] != first[i]^second[i] {
			t.Fatalf("%q was refused and counts", refused)
		}
	}
}
