package custody_test

import (
	"encoding/hex"
	"os"
	"strconv"
	"testing"
	"time"

	"math/rand/v2"

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
		{"nine values", filled(func(i int) byte { return "\x80\x95\xa3\x17\x2b\xcc\xd1\x6e\xf9"[i*i%9] }), custody.CodeWeakFewValues},
		{"few ones", filled(func(i int) byte { return byte(1<<(i%8) | i/16<<(i%7)) }), custody.CodeWeakUnbalanced},
		{"few zeros", filled(func(i int) byte { return ^byte(1<<(i%8) | i/16<<(i%7)) }), custody.CodeWeakUnbalanced},
		{"random", random, ""},
		{"a run of nine", random[:20] + "aaaaaaaaaaaaaaaaaa" + random[38:], ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := materialOf(t, test.digits)
			before := *m
			finding, err := custody.Examine(m, nil)
			if err != nil || finding.Code != test.want {
				t.Errorf("%s, %v; want %q", finding.Code, err, test.want)
			}
			if finding.Found() {
				checkSentence(t, finding.Code, finding.Message)
			}
			if *m != before {
				t.Error("the material was changed")
			}
		})
	}
}

func TestExamineProgress(t *testing.T) {
	m := randomMaterial(t)
	last, calls := uint64(0), 0
	if finding, err := custody.Examine(m, func(done, total uint64) bool {
		if done < last || done > total {
			t.Fatalf("progress %d of %d after %d", done, total, last)
		}
		last = done
		calls++
		return true
	}); err != nil || finding.Found() {
		t.Fatalf("%v, %v", finding, err)
	}
	if last != custody.NewExamination(m).Total() || calls < 10 {
		t.Errorf("progress ended at %d after %d calls", last, calls)
	}
	calls = 0
	finding, err := custody.Examine(m, func(uint64, uint64) bool { calls++; return calls < 3 })
	if codeOf(t, err) != custody.CodeExamineCancelled || finding.Found() || calls != 3 {
		t.Errorf("cancelled: %v, %v, %d calls", finding, err, calls)
	}
}

// TestRandomKeys examines random keys by everything but the search for seeds, and
// finds nothing. KEYFERRY_RANDOM_KEYS says how many; 10 million take less
// than a minute. Without it there are few.
func TestRandomKeys(t *testing.T) {
	count := 20000
	if text := os.Getenv("KEYFERRY_RANDOM_KEYS"); text != "" {
		var err error
		if count, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	var seed [32]byte
	copy(seed[:], randomMaterial(t)[:])
	source := rand.NewChaCha8(seed)
	begin := time.Now()
	for range count {
		var m keywrap.Material
		source.Read(m[:])
		e := custody.NewExamination(&m)
		if e.Step(1); e.Finding().Found() {
			t.Errorf("%x: %s", m, e.Finding().Code)
		}
	}
	t.Logf("%d random keys in %v: none refused", count, time.Since(begin))
}
