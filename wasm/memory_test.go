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
	"strconv"
	"strings"
	"testing"

	"keyferry/wasm/keywrap/keywraptest"
)

// window is the length of the pieces that are looked for: no eight bytes of a
// secret turn up in a few megabytes by chance.
const window = 8

// TestMemory looks into the module's memory when key material has been generated and wrapped,
// before the worker fills it with zeros. The private key tells what to look for. It uses the job
// generate of the variant for tests, which does nothing else: a backup and a check value leave
// copies of the material in age and in crypto/aes, which only the worker's zeros reach.
//
// What Go code can clear is gone by then: the material, everything encoded from it, and the stack
// with the numbers that the exponentiation went through. What is left is what crypto/rsa puts on
// the heap and does not hand out: the padded message, whole, and with OAEP parts of it and of its
// mask in the hash that made them. RSAES_PKCS1_V1_5 pads without masking, so that its padded
// message shows the material. The test allows this residue and nothing else, and fails if it is
// ever absent: crypto/rsa would then have become better than we say.
func TestMemory(t *testing.T) {
	folder := builtModule(t, "testvariant")
	for _, algorithm := range algorithms {
		t.Run(algorithm, func(t *testing.T) {
			memory, opened := generateAndDump(t, folder, algorithm)
			if copies := bytes.Count(memory, opened.Padded); copies != 1 {
				t.Errorf("the padded message is in memory %d times, want once", copies)
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

// TestMemorySearchFinds is the positive control of TestMemory: each secret, planted into a real
// dump at an odd address, must be found.
func TestMemorySearchFinds(t *testing.T) {
	folder := builtModule(t, "testvariant")
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

// generateAndDump runs generate and returns the module's memory and the opened ciphertext.
func generateAndDump(t *testing.T, folder, algorithm string) ([]byte, *keywraptest.Opened) {
	t.Helper()
	ended, memories := dumped(t, folder, call{
		Function:  "generate",
		Arguments: []any{options{"publicKey": keywraptest.PublicKey(), "algorithm": algorithm}},
	})
	var got struct {
		EncryptedKeyMaterial []byte `json:"encryptedKeyMaterial"`
	}
	decode(t, ended[0].Resolved, &got)
	return memories[0], openWrapped(t, algorithm, got.EncryptedKeyMaterial)
}

// dumped runs calls and returns the module's memory from the moment when each promise was settled.
func dumped(t *testing.T, folder string, calls ...call) (ended []outcome, memories [][]byte) {
	t.Helper()
	place := t.TempDir()
	for i := range calls {
		calls[i].Memory = filepath.Join(place, strconv.Itoa(i))
	}
	ended = bridge(t, folder, calls...)
	for _, c := range calls {
		memory, err := os.ReadFile(c.Memory)
		if err != nil {
			t.Fatal(err)
		}
		memories = append(memories, memory)
	}
	return ended, memories
}

// TestSecretsAreCleared checks that a job clears the bytes of every secret that it was given:
// files, components, passphrases and identities, also where it refuses them, and the passphrase
// that it offers. Once age has taken a passphrase or a file there are copies out of reach; what is
// looked for here is what no library has had.
func TestSecretsAreCleared(t *testing.T) {
	folder := builtModule(t, "")
	secret := []byte("xylograph-quixotic-9f3e7a1c") // no bytes of the program
	preparing := func(changes options) call {
		return call{Function: "prepare", Arguments: []any{preparation(changes)}}
	}
	brought := func(changes options) call {
		return preparing(mapsOf(options{"source": "file", "file": base64Of(secret)}, changes))
	}
	opening := func(changes options) call {
		return call{Function: "check", Arguments: []any{mapsOf(options{"file": base64Of(secret), "secret": string(secret),
			"kcv": "0C9E86B7E6", "commitment": strings.Repeat("0", 64), "salt": strings.Repeat("0", 64)}, changes)}}
	}
	tests := map[string]struct {
		call call
		want string
	}{
		"a file of no kind":                    {brought(nil), "source_base64_length"},
		"a file, and no protection":            {brought(options{"protection": ""}), "bad_request"},
		"a file, and a broken receipt":         {brought(options{"receipt": "x"}), "bad_request"},
		"a file, and a wrong wrapping key":     {brought(options{"publicKey": "x"}), "wrapping_key_not_base64"},
		"a file, and no algorithm":             {brought(options{"algorithm": nil}), "bad_request"},
		"a file, and an unknown algorithm":     {brought(options{"algorithm": "x"}), "algorithm_unknown"},
		"a passphrase, and no algorithm":       {preparing(options{"protection": "passphrase", "passphrase": string(secret), "algorithm": nil}), "bad_request"},
		"a passphrase that cannot be typed":    {preparing(options{"protection": "passphrase", "passphrase": string(secret) + "\n"}), "backup_passphrase_unusable"},
		"a passphrase for no backup":           {preparing(options{"source": "backup", "file": base64Of(secret), "secret": string(secret)}), "backup_not_age"},
		"a passphrase that opens, and no date": {preparing(options{"source": "backup", "file": base64Of(secret), "secret": string(secret), "date": nil}), "bad_request"},
		"a check of no backup":                 {opening(nil), "backup_not_age"},
		"a check with an identity":             {opening(options{"secret": "AGE-SECRET-KEY-" + string(secret)}), "backup_not_age"},
		"a check without a check value":        {opening(options{"kcv": nil}), "bad_request"},
		"a component":                          {call{Function: "addComponent", Arguments: []any{options{"component": base64Of(secret), "kcv": base64Of(nil)}}}, "component_not_hex"},
		"a component without a check value":    {call{Function: "addComponent", Arguments: []any{options{"component": base64Of(secret), "kcv": nil}}}, "bad_request"},
	}
	names, calls := slices.Sorted(maps.Keys(tests)), []call{}
	for _, name := range names {
		calls = append(calls, tests[name].call)
	}
	// Age keeps a copy of a passphrase: if that is not found, finding none proves nothing.
	control := len(calls) + 1
	calls = append(calls, call{Function: "passphrase", Arguments: []any{options{}}},
		preparing(options{"protection": "passphrase", "passphrase": string(secret)}))
	ended, memories := dumped(t, folder, calls...)
	for i, name := range names {
		t.Run(name, func(t *testing.T) {
			checkRejected(t, ended[i], tests[name].want)
			if at := bytes.Index(memories[i], secret[:window]); at >= 0 {
				t.Errorf("the secret is in memory at %d", at)
			}
		})
	}
	var offered struct {
		Passphrase string `json:"passphrase"`
	}
	decode(t, ended[len(names)].Resolved, &offered)
	if len(offered.Passphrase) != 29 || bytes.Contains(memories[len(names)], []byte(offered.Passphrase)[:window]) {
		t.Errorf("the passphrase %q that is offered is in memory, or is none", offered.Passphrase)
	}
	openPrepared(t, algorithms[0], ended[control].Resolved)
	if !bytes.Contains(memories[control], secret) {
		t.Error("the control is not found: a passphrase that age has had")
	}
}

// mapsOf is the first map with some fields replaced.
func mapsOf(first, changes options) options {
	maps.Copy(first, changes)
	return first
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
