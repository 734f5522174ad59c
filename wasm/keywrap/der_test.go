package keywrap

import (
	"bytes"
	"math/big"
	"slices"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// TestValueAgreesWithCryptobyte reads values of the sizes at which the form of the length changes,
// under every length of up to three bytes that could be meant for them, and compares with the
// strict reader of golang.org/x/crypto. Sizes above 65535 are refused here, because no input has
// them.
func TestValueAgreesWithCryptobyte(t *testing.T) {
	for _, size := range []int{0, 1, 2, 127, 128, 129, 255, 256, 257, 511, 512, 65535, 65536} {
		low, middle, high := byte(size), byte(size>>8), byte(size>>16)
		for _, length := range [][]byte{
			{}, {low}, {0x80}, {0x81}, {0x81, low}, {0x82}, {0x82, low}, {0x82, middle, low}, {0x83, high, middle, low}, {0xff, low},
		} {
			for _, missing := range []int{-1, 0, 1} {
				if missing > size {
					continue
				}
				input := slices.Concat([]byte{tagOctetString}, length, bytes.Repeat([]byte{7}, size-missing))
				got := der(input)
				contents, ok := got.value(tagOctetString)
				want := cryptobyte.String(input)
				var wantContents cryptobyte.String
				wantOK := want.ReadASN1(&wantContents, asn1.OCTET_STRING) && len(wantContents) < 1<<16
				if ok != wantOK || ok && (!bytes.Equal(contents, wantContents) || !bytes.Equal(got, want)) {
					t.Errorf("size %d, length %x, %d missing: %d bytes, %v; want %d, %v", size, length, missing, len(contents), ok, len(wantContents), wantOK)
				}
				if other := der(input); len(input) > 0 {
					if _, ok := other.value(tagInteger); ok || len(other) != len(input) {
						t.Errorf("size %d, length %x: taken for a value of another tag", size, length)
					}
				}
			}
		}
	}
}

// TestNaturalAgreesWithCryptobyte reads every INTEGER of up to two bytes.
func TestNaturalAgreesWithCryptobyte(t *testing.T) {
	check := func(contents ...byte) {
		input := append([]byte{tagInteger, byte(len(contents))}, contents...)
		got, want := der(input), cryptobyte.String(input)
		magnitude, ok := got.natural()
		number := new(big.Int)
		wantOK := want.ReadASN1Integer(number) && number.Sign() >= 0
		if ok != wantOK || ok && !bytes.Equal(magnitude, number.Bytes()) {
			t.Errorf("%x: %x, %v; want %x, %v", contents, magnitude, ok, number.Bytes(), wantOK)
		}
	}
	check()
	for first := range 256 {
		check(byte(first))
		for second := range 256 {
			check(byte(first), byte(second))
		}
	}
}
