//go:build !js

package main_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"keyferry/wasm/keywrap/keywraptest"
)

// window is the length of the pieces that are looked for: no eight bytes of a
// secret turn up in a few megabytes by chance.
const window = 8

// TestMemory looks into the module's memory when generate has resolved, before
// the worker fills it with zeros. The private key tells what to look for.
//
// What Go code can clear is gone by then: the material, everything encoded from
// it, and the stack with the numbers that the exponentiation went through. What
// is left is what crypto/rsa puts on the heap and does not hand out: the padded
// message, whole, and with OAEP parts of it and of its mask in the hash that made
// them. RSAES_PKCS1_V1_5 pads without masking, so that its padded message shows
// the material. The test allows this residue and nothing else, and fails if it is
// ever absent: crypto/rsa would then have become better than we say.
func TestMemory(t *testing.T) {
	folder := builtModule(t, "")
	for _, algorithm := range algorithms {
		t.Run(algorithm, func(t *testing.T) {
			memory, opened := generateAndDump(t, folder, algorithm)
			if copies := bytes.Count(memory, opened.Padded); copies != 1 {
				t.Errorf("the padded message stands in memory %d times, want once", copies)
			}
			named := secrets(opened)
			if algorithm == "RSAES_PKCS1_V1_5" {
				start := max(0, bytes.Index(memory, opened.Padded))
				clear(memory[start:][:len(opened.Padded)])
			} else {
				delete(named, "padded message")
				delete(named, "mask")
			}
			for _, name := range found(memory, named) {
				t.Errorf("found in memory: %s", name)
			}
		})
	}
}

// TestMemorySearchFinds is the positive control of TestMemory: each secret, planted
// into a real dump at an odd address, must be found.
func TestMemorySearchFinds(t *testing.T) {
	folder := builtModule(t, "")
	for _, algorithm := range algorithms {
		memory, opened := generateAndDump(t, folder, algorithm)
		named := secrets(opened)
		for name, secret := range named {
			if len(secret) < window {
				continue
			}
			planted := bytes.Clone(memory[:1<<16])
			middle := secret[(len(secret)-window)/2:][:window]
			copy(planted[4097:], middle)
			if !slices.Contains(found(planted, map[string][]byte{name: secret}), name) {
				t.Errorf("%s: not found where it was planted: %s", algorithm, name)
			}
		}
	}
}

// generateAndDump runs generate and returns the module's memory from the moment
// when its promise was settled, and the opened ciphertext.
func generateAndDump(t *testing.T, folder, algorithm string) ([]byte, *keywraptest.Opened) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "memory")
	ended := bridge(t, folder, call{
		Function:  "generate",
		Arguments: []any{keywraptest.PublicKey(), algorithm},
		Memory:    file,
	})[0]
	memory, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return memory, openGenerated(t, algorithm, ended.Resolved)
}

// secrets names every byte string that gives the material away.
func secrets(opened *keywraptest.Opened) map[string][]byte {
	named := map[string][]byte{
		"seed": opened.Seed,
		"mask": opened.Mask,
	}
	for of, secret := range map[string][]byte{"material": opened.Material, "padded message": opened.Padded} {
		named[of] = secret
		named[of+" in hex"] = []byte(hex.EncodeToString(secret))
		named[of+" in upper-case hex"] = []byte(strings.ToUpper(hex.EncodeToString(secret)))
		for skip := range 3 { // within a longer text, base64 begins at any of three bytes
			named[fmt.Sprintf("%s in base64, from byte %d", of, skip)] = []byte(base64.RawStdEncoding.EncodeToString(secret[skip:]))
			named[fmt.Sprintf("%s in base64url, from byte %d", of, skip)] = []byte(base64.RawURLEncoding.EncodeToString(secret[skip:]))
		}
	}
	maps.Copy(named, powers(opened.Padded))
	for name, secret := range maps.Clone(named) {
		reversed := slices.Clone(secret)
		slices.Reverse(reversed)
		named[name+", reversed"] = reversed
	}
	return named
}

// powers are the numbers that an exponentiation with 65537 goes through. The
// message follows from each of them and the ciphertext.
func powers(padded []byte) map[string][]byte {
	n := keywraptest.PrivateKey().N
	named := map[string][]byte{}
	power := new(big.Int).SetBytes(padded)
	for i := range 17 {
		montgomery := new(big.Int).Lsh(power, uint(n.BitLen()))
		if i > 0 {
			named[fmt.Sprintf("limbs of power 2^%d", i)] = limbs(power)
		}
		named[fmt.Sprintf("limbs of power 2^%d in Montgomery form", i)] = limbs(montgomery.Mod(montgomery, n))
		power = new(big.Int).Exp(power, big.NewInt(2), n)
	}
	return named
}

// limbs is a number as crypto/rsa computes on it: little endian. Those of the
// message itself are the padded message reversed.
func limbs(x *big.Int) []byte {
	b := x.FillBytes(make([]byte, 256))
	slices.Reverse(b)
	return b
}

// found returns the names of the secrets of which the memory holds a piece.
func found(memory []byte, named map[string][]byte) []string {
	pieces := map[[window]byte][]string{}
	for name, secret := range named {
		for i := 0; i+window <= len(secret); i++ {
			piece := [window]byte(secret[i:])
			if piece != [window]byte{} {
				pieces[piece] = append(pieces[piece], name)
			}
		}
	}
	hits := map[string]bool{}
	for i := 0; i+window <= len(memory); i++ {
		for _, name := range pieces[[window]byte(memory[i:])] {
			hits[name] = true
		}
	}
	return slices.Sorted(maps.Keys(hits))
}
