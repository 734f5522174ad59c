package custody_test

import (
	"bytes"
	"crypto/aes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"keyferry/wasm/custody"
	"keyferry/wasm/keywrap"
)

// printed is a component as a hardware security module prints it.
func printed(m *keywrap.Material) string {
	digits := strings.ToUpper(hex.EncodeToString(m[:]))
	return digits[:16] + " " + digits[16:32] + "\n" + digits[32:48] + " " + digits[48:]
}

// legacy is the check value of old: a block of zeros, encrypted.
func legacy(t testing.TB, m *keywrap.Material) string {
	t.Helper()
	block, err := aes.NewCipher(m[:])
	if err != nil {
		t.Fatal(err)
	}
	var b [16]byte
	block.Encrypt(b[:], b[:])
	return hex.EncodeToString(b[:])
}

// ones is the check value of GlobalPlatform: a block of 01 bytes, encrypted.
func ones(t testing.TB, m *keywrap.Material) string {
	t.Helper()
	block, err := aes.NewCipher(m[:])
	if err != nil {
		t.Fatal(err)
	}
	b := bytes.Repeat([]byte{1}, aes.BlockSize)
	block.Encrypt(b, b)
	return hex.EncodeToString(b)
}

// cmacOf is the whole CMAC of a block of zeros, computed from the definition in SP 800-38B: a
// whole block is masked by the encrypted zeros, doubled in the field, and encrypted.
func cmacOf(t testing.TB, m *keywrap.Material) string {
	t.Helper()
	block, err := aes.NewCipher(m[:])
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, aes.BlockSize)
	block.Encrypt(b, b)
	number := new(big.Int).SetBytes(b)
	number.Lsh(number, 1)
	if number.Bit(128) == 1 {
		number.SetBit(number, 128, 0).Xor(number, big.NewInt(0x87))
	}
	block.Encrypt(b, number.FillBytes(b))
	return hex.EncodeToString(b)
}

// wrongDigit is another digit.
func wrongDigit(digit byte) string {
	if digit == '0' {
		return "1"
	}
	return "0"
}

func newComponents(t testing.TB) *custody.Components {
	t.Helper()
	c, err := custody.NewComponents()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func add(t testing.TB, c *custody.Components, m *keywrap.Material) {
	t.Helper()
	if _, err := c.Add([]byte(printed(m)), []byte(custody.CheckValue(m).String())); err != nil {
		t.Fatal(err)
	}
}

func TestComponents(t *testing.T) {
	parts := []*keywrap.Material{randomMaterial(t), randomMaterial(t), randomMaterial(t)}
	var want keywrap.Material
	for _, part := range parts {
		for i := range want {
			want[i] ^= part[i]
		}
	}
	for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		c := newComponents(t)
		for n, i := range order {
			add(t, c, parts[i])
			if c.Count() != n+1 {
				t.Errorf("%d components after %d", c.Count(), n+1)
			}
		}
		var sum keywrap.Material
		if err := c.Sum(&sum); err != nil {
			t.Fatal(err)
		}
		if sum != want {
			t.Errorf("order %v: another sum", order)
		}
		if c.Count() != 0 || codeOf(t, c.Sum(&sum)) != custody.CodeComponentsTooFew || sum != (keywrap.Material{}) {
			t.Error("the sum is there a second time")
		}
	}
}

func TestComponentCheckValues(t *testing.T) {
	m := randomMaterial(t)
	modern, old := custody.CheckValue(m).String(), legacy(t, m)[:10]
	wrong := map[byte]string{'0': "1"}[modern[0]]
	if wrong == "" {
		wrong = "0"
	}
	tests := []struct {
		name, kcv string
		want      string // a method or a code
	}{
		{"CMAC, ten digits", modern, "cmac"},
		{"CMAC, lower case", strings.ToLower(modern), "cmac"},
		{"CMAC, spaces", " " + modern[:4] + " " + modern[4:] + "\n", "cmac"},
		{"CMAC, eight digits", modern[:8], "cmac"},
		{"CMAC, seven digits", modern[:7], "cmac"},
		{"CMAC, six digits", modern[:6], "cmac"},
		{"ECB, six digits", old[:6], "ecb"},
		{"ECB, ten digits", old, "ecb"},
		{"one digit wrong", wrong + modern[1:], "component_kcv_mismatch"},
		{"last digit wrong", modern[:9] + string("0123456789ABCDEF"[(strings.IndexByte("0123456789ABCDEF", modern[9])+1)%16]), "component_kcv_mismatch"},
		{"half of each", modern[:3] + old[3:6], "component_kcv_mismatch"},
		{"none", "", "component_kcv_malformed"},
		{"five digits", modern[:5], "component_kcv_malformed"},
		{"eleven digits, the last one wrong", modern + wrongDigit(cmacOf(t, m)[10]), "component_kcv_mismatch"},
		{"CMAC, 32 digits", cmacOf(t, m), "cmac"},
		{"CMAC, 33 digits", cmacOf(t, m) + "0", "component_kcv_mismatch"},
		{"ECB, 16 digits", legacy(t, m)[:16], "ecb"},
		{"ECB, 32 digits", legacy(t, m), "ecb"},
		{"GlobalPlatform, six digits", ones(t, m)[:6], "ecb-01"},
		{"SHA-1, six digits", fmt.Sprintf("%X", sha1.Sum(m[:]))[:6], "sha-1"},
		{"SHA-256, 64 digits", fmt.Sprintf("%x", sha256.Sum256(m[:])), "sha-256"},
		{"65 digits", strings.Repeat("0", 65), "component_kcv_malformed"},
		{"hyphens", modern[:2] + "-" + modern[2:4] + "-" + modern[4:6], "cmac"},
		{"0x and colons", "0x" + modern[:2] + ":" + modern[2:6], "cmac"},
		{"no-break and ideographic spaces", "\u200b" + modern[:4] + "\u00a0" + modern[4:8] + "\u3000" + modern[8:], "cmac"},
		{"no hex", "xyzxyz", "component_kcv_malformed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := newComponents(t)
			method, err := c.Add([]byte(printed(m)), []byte(test.kcv))
			got := string(method)
			if err != nil {
				got = string(codeOf(t, err))
			}
			if got != test.want || (c.Count() == 1) != (err == nil) {
				t.Errorf("%s with %d components, want %s", got, c.Count(), test.want)
			}
		})
	}
}

func TestComponentRefusals(t *testing.T) {
	one, two := randomMaterial(t), randomMaterial(t)
	both := new(keywrap.Material)
	for i := range both {
		both[i] = one[i] ^ two[i]
	}
	c := newComponents(t)
	refused := func(component, kcv string, want keywrap.Code) {
		t.Helper()
		before := c.Count()
		_, err := c.Add([]byte(component), []byte(kcv))
		if got := codeOf(t, err); got != want || c.Count() != before {
			t.Errorf("%s with %d components, want %s with %d", got, c.Count(), want, before)
		}
	}
	kcv := custody.CheckValue(one).String()
	refused("", kcv, custody.CodeComponentLength)
	refused(printed(one)[:60], kcv, custody.CodeComponentLength)
	refused(printed(one)+"00", kcv, custody.CodeComponentLength)
	refused("g"+printed(one)[1:], kcv, custody.CodeComponentNotHex)
	refused(strings.Replace(printed(one), " ", ".", 1), kcv, custody.CodeComponentNotHex)
	refused(strings.Repeat("0", 64), "9211053C55", custody.CodeComponentZero)
	var sum keywrap.Material
	if got := codeOf(t, c.Sum(&sum)); got != custody.CodeComponentsTooFew {
		t.Errorf("no component: %s", got)
	}
	add(t, c, one)
	if got := codeOf(t, c.Sum(&sum)); got != custody.CodeComponentsTooFew {
		t.Errorf("one component: %s", got)
	}
	refused(strings.ToLower(printed(one)), kcv, custody.CodeComponentRepeated)
	add(t, c, two)
	refused(printed(one), kcv, custody.CodeComponentRepeated)
	add(t, c, both)
	if got := codeOf(t, c.Sum(&sum)); got != custody.CodeComponentsSumZero || sum != (keywrap.Material{}) {
		t.Errorf("components that cancel out: %s", got)
	}
	for c.Count() < 16 {
		add(t, c, randomMaterial(t))
	}
	refused(printed(randomMaterial(t)), kcv, custody.CodeComponentsTooMany)
	c.Clear()
	if c.Count() != 0 {
		t.Error("Clear left components")
	}
}
