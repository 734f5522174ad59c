package keywrap

import (
	"errors"
	"testing"
)

func TestGenerate(t *testing.T) {
	seen := map[Material]bool{}
	for range 64 {
		var m Material
		if err := Generate(&m); err != nil {
			t.Fatal(err)
		}
		if seen[m] {
			t.Fatal("the same material twice")
		}
		seen[m] = true
	}
}

// TestGenerateRefusesADeadSource checks that a generator which fails, or answers
// with one byte for ever, yields no material.
func TestGenerateRefusesADeadSource(t *testing.T) {
	repeating := func(value byte) func([]byte) (int, error) {
		return func(b []byte) (int, error) {
			for i := range b {
				b[i] = value
			}
			return len(b), nil
		}
	}
	sources := map[string]func([]byte) (int, error){
		"zeros": repeating(0),
		"ones":  repeating(0xff),
		"error": func(b []byte) (int, error) {
			b[0] = 7
			return 1, errors.New("no entropy")
		},
	}
	for name, read := range sources {
		t.Run(name, func(t *testing.T) {
			m := Material{1, 2, 3}
			if err := generate(&m, read); err != CodeRandomSource {
				t.Errorf("the error is %v, want %s", err, CodeRandomSource)
			}
			if m != (Material{}) {
				t.Error("the material was not cleared")
			}
		})
	}
}
