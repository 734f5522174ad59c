package custody_test

import (
	"encoding/hex"
	"math/bits"
	"testing"

	"keyferry/wasm/custody"
	"keyferry/wasm/keywrap"
)

// filled makes a key of a function of the place.
func filled(f func(i int) byte) string {
	var m keywrap.Material
	for i := range m {
		m[i] = f(i)
	}
	return hex.EncodeToString(m[:])
}

func unhex(digits string) []byte {
	b, err := hex.DecodeString(digits)
	if err != nil {
		panic(err)
	}
	return b
}

func hexOf(text string) string { return hex.EncodeToString([]byte(text)) }

func TestExamineFinds(t *testing.T) {
	const random = "8d41c6f0b25e9a7713fc04d8e9a2b6556cc8302f17be94da61f5803e7a9d4b1c"
	tests := []struct {
		name, digits string
		want         keywrap.Code
	}{
		{"zeros", filled(func(int) byte { return 0 }), custody.CodeWeakRepeated},
		{"ones", filled(func(int) byte { return 0xff }), custody.CodeWeakRepeated},
		{"period 2", filled(func(i int) byte { return random[i%2] }), custody.CodeWeakRepeated},
		{"period 4", random[:8] + random[:8] + random[:8] + random[:8] + random[:8] + random[:8] + random[:8] + random[:8], custody.CodeWeakRepeated},
		{"period 8", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", custody.CodeWeakRepeated},
		{"period 16", random[:32] + random[:32], custody.CodeWeakRepeated},
		{"0, 1, 2 …", filled(func(i int) byte { return byte(i) }), custody.CodeWeakKnown},
		{"FIPS 197", "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4", custody.CodeWeakKnown},
		{"1, 2, 3 …", filled(func(i int) byte { return byte(i + 1) }), custody.CodeWeakCounter},
		{"downwards", filled(func(i int) byte { return byte(-7 * i) }), custody.CodeWeakCounter},
		{"across zero", filled(func(i int) byte { return byte(250 + i) }), custody.CodeWeakCounter},
		{"16 bits, big endian", filled(func(i int) byte { return byte((0x12fe + 3*(i/2)) >> (8 * (1 - i%2))) }), custody.CodeWeakCounter},
		{"16 bits, little endian", filled(func(i int) byte { return byte((0x12fe + 999*(i/2)) >> (8 * (i % 2))) }), custody.CodeWeakCounter},
		{"32 bits, big endian", filled(func(i int) byte { return byte((0xdeadbeef + 0x1234567*(i/4)) >> (8 * (3 - i%4))) }), custody.CodeWeakCounter},
		{"32 bits, little endian", filled(func(i int) byte { return byte((0xdeadbeef + 0x1234567*(i/4)) >> (8 * (i % 4))) }), custody.CodeWeakCounter},
		{"hex digits", hexOf("8d41c6f0b25e9a7713fc04d8e9a2b655"), custody.CodeWeakHexText},
		{"base64", hexOf("jUHG8LJemncT/ATY6aK2VWzIMC8Xvp=="), custody.CodeWeakBase64Text},
		{"letters and digits", hexOf("Tr0ub4dor3Tr0ub5dor4Tr0ub6dor5Zz"), custody.CodeWeakBase64Text},
		{"a sentence", hexOf("This is 32 bytes long, is it not"), custody.CodeWeakText},
		{"symbols", hexOf("aB3$kL9!mN2@pQ7#rS5%tU8^vW1&xY4*"), custody.CodeWeakText},
		{"text with a newline", hexOf("my secret pass phrase, 31 chars\n"), custody.CodeWeakText},
		{"text filled up", hexOf("my secret pass phrase, 29 char\x00\x00"), custody.CodeWeakText},
		{"short text filled up", hexOf("password") + random[:0] + filled(func(int) byte { return 0 })[:48], custody.CodeWeakText},
		{"16 bytes filled up", random[:32] + filled(func(int) byte { return 0 })[:32], custody.CodeWeakRun},
		{"20 bytes filled up in front", filled(func(int) byte { return 0xff })[:24] + random[:40], custody.CodeWeakRun},
		{"a run inside", random[:20] + "aaaaaaaaaaaaaaaaaaaa" + random[:24], custody.CodeWeakRun},
		{"nine values", filled(func(i int) byte { return "\x80\x95\xa3\x17\x2b\xcc\xd1\x6e\xf9"[(i*i+i/9)%9] }), custody.CodeWeakFewValues},
		{"few ones", filled(func(i int) byte { return byte(1<<(i%8) | i/16<<(i%7)) }), custody.CodeWeakUnbalanced},
		{"few zeros", filled(func(i int) byte { return ^byte(1<<(i%8) | i/16<<(i%7)) }), custody.CodeWeakUnbalanced},
		{"period 24", random[:48] + random[:16], custody.CodeWeakRepeated},
		{"period 5", filled(func(i int) byte { return unhex(random)[i%5] }), custody.CodeWeakRepeated},
		{"block and reverse", filled(func(i int) byte { return unhex(random)[min(i, 31-i)] }), custody.CodeWeakMirrored},
		{"block and complement", filled(func(i int) byte { return unhex(random)[i%16] ^ byte(-(i / 16)) }), custody.CodeWeakMirrored},
		{"block and complement of the reverse", filled(func(i int) byte { return unhex(random)[min(i, 31-i)] ^ byte(-(i / 16)) }), custody.CodeWeakMirrored},
		{"block and reverse of the bits", filled(func(i int) byte {
			if i < 16 {
				return unhex(random)[i]
			}
			return bits.Reverse8(unhex(random)[31-i])
		}), custody.CodeWeakMirrored},
		{"block twice, a bit altered", filled(func(i int) byte { return unhex(random)[i%16] ^ byte(i/31) }), custody.CodeWeakMirrored},
		{"block plus a constant", filled(func(i int) byte { return unhex(random)[i%16] + byte(i/16*77) }), custody.CodeWeakMirrored},
		{"each byte and its complement", filled(func(i int) byte { return unhex(random)[i/2] ^ byte(-(i % 2)) }), custody.CodeWeakMirrored},
		{"each byte twice", filled(func(i int) byte { return unhex(random)[i/2] }), custody.CodeWeakMirrored},
		{"zeros between", filled(func(i int) byte { return unhex(random)[i] * byte(i%2) }), custody.CodeWeakAlternate},
		{"ones between", filled(func(i int) byte { return unhex(random)[i] | byte(-(i % 2)) }), custody.CodeWeakAlternate},
		{"zeros at the end", random[:50] + "00000000000000", custody.CodeWeakZeroEnds},
		{"zeros in front", "000000000000" + random[:52], custody.CodeWeakZeroEnds},
		{"decimal digits", "8941160325997713040899226556608302117949461158037994917730561829", custody.CodeWeakDecimal},
		{"seven bits", filled(func(i int) byte { return unhex(random)[i] & 127 }), custody.CodeWeakSevenBits},
		{"odd parity", filled(func(i int) byte {
			b := unhex(random)[i] &^ 1
			return b | byte(1-bits.OnesCount8(b)%2)
		}), custody.CodeWeakParity},
		{"random", random, ""},
		{"a run of nine", random[:20] + "aaaaaaaaaaaaaaaaaa" + random[38:], ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := materialOf(t, test.digits)
			before := *m
			if code := custody.Examine(m, nil); code != test.want {
				t.Errorf("%q, want %q", code, test.want)
			}
			if *m != before {
				t.Error("the material was changed")
			}
		})
	}
}

func TestExamineProgress(t *testing.T) {
	last, whole, calls := uint64(0), uint64(0), 0
	code := custody.Examine(randomMaterial(t), func(done, total uint64) {
		if done <= last || done > total || calls > 0 && total != whole || done%64 != 0 && done != total {
			t.Fatalf("progress %d of %d after %d of %d", done, total, last, whole)
		}
		last, whole = done, total
		calls++
	})
	if code != "" || last != whole || calls < 10 {
		t.Errorf("%q; progress ended at %d of %d after %d calls", code, last, whole, calls)
	}
}
