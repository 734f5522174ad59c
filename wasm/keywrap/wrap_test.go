package keywrap_test

import (
	"bytes"
	"testing"

	"keyferry/wasm/keywrap"
	"keyferry/wasm/keywrap/keywraptest"
)

// TestWrapRoundTrip opens what keywrap wraps, for each algorithm and each sort of
// material, and checks that no other algorithm opens it.
func TestWrapRoundTrip(t *testing.T) {
	key := parseKey(t, keywraptest.PublicKey())
	var fresh keywrap.Material
	if err := keywrap.Generate(&fresh); err != nil {
		t.Fatal(err)
	}
	materials := map[string]keywrap.Material{
		"fresh":     fresh,
		"zeros":     {},
		"one last":  {31: 1},
		"one first": {0: 1},
		"ones":      keywrap.Material(bytes.Repeat([]byte{0xff}, keywrap.MaterialSize)),
	}
	for _, algorithm := range keywrap.Algorithms() {
		for name, m := range materials {
			t.Run(string(algorithm)+"/"+name, func(t *testing.T) {
				before := m
				wrapped, err := key.Wrap(algorithm, &m)
				if err != nil {
					t.Fatal(err)
				}
				if m != before {
					t.Error("Wrap changed the material")
				}
				checkOpens(t, algorithm, wrapped, m[:])
				for _, other := range keywrap.Algorithms() {
					opened, err := keywraptest.Unwrap(string(other), wrapped)
					if other != algorithm && err == nil && bytes.Equal(opened.Material, m[:]) {
						t.Errorf("it opens as %s too", other)
					}
				}
			})
		}
	}
}

// checkOpens checks that the wrapped message has the right size and opens to the
// material.
func checkOpens(t *testing.T, algorithm keywrap.Algorithm, wrapped, material []byte) {
	t.Helper()
	if len(wrapped) != 256 {
		t.Errorf("%d bytes, want 256", len(wrapped))
	}
	opened, err := keywraptest.Unwrap(string(algorithm), wrapped)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(opened.Material, material) {
		t.Errorf("opened to %x, want %x", opened.Material, material)
	}
}

// TestWrapIsRandomised checks that equal material never looks equal.
func TestWrapIsRandomised(t *testing.T) {
	key := parseKey(t, keywraptest.PublicKey())
	for _, algorithm := range keywrap.Algorithms() {
		seen := map[string]bool{}
		for range 8 {
			wrapped, err := key.Wrap(algorithm, new(keywrap.Material))
			if err != nil {
				t.Fatal(err)
			}
			if seen[string(wrapped)] {
				t.Errorf("%s gave the same bytes twice", algorithm)
			}
			seen[string(wrapped)] = true
		}
	}
}

func TestWrapUnknownAlgorithm(t *testing.T) {
	key := parseKey(t, keywraptest.PublicKey())
	wrapped, err := key.Wrap("RSAES_OAEP_SHA_512", new(keywrap.Material))
	if got := codeOf(t, err); got != keywrap.CodeAlgorithmUnknown || wrapped != nil {
		t.Errorf("code %q and %d bytes, want %q and none", got, len(wrapped), keywrap.CodeAlgorithmUnknown)
	}
}

func TestParseAlgorithm(t *testing.T) {
	for _, name := range []string{"RSAES_OAEP_SHA_256", "RSAES_OAEP_SHA_1", "RSAES_PKCS1_V1_5"} {
		if algorithm, err := keywrap.ParseAlgorithm(name); err != nil || string(algorithm) != name {
			t.Errorf("ParseAlgorithm(%q) = %q, %v", name, algorithm, err)
		}
	}
	for _, name := range []string{"", "RSAES_OAEP_SHA_512", "rsaes_oaep_sha_256", " RSAES_OAEP_SHA_256", "SM2PKE"} {
		_, err := keywrap.ParseAlgorithm(name)
		if got := codeOf(t, err); got != keywrap.CodeAlgorithmUnknown {
			t.Errorf("ParseAlgorithm(%q): code %q, want %q", name, got, keywrap.CodeAlgorithmUnknown)
		}
	}
	if first := keywrap.Algorithms()[0]; first != keywrap.OAEPSHA256 {
		t.Errorf("the preferred algorithm is %s, want %s", first, keywrap.OAEPSHA256)
	}
}
