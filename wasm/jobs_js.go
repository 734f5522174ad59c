package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"syscall/js"

	"keyferry/wasm/keywrap"
)

// material is the one place where key material stands in this module. It is not
// on a stack, which would be copied as it grows, nor on the heap. No string is
// made of it, and none of it becomes a JavaScript value. generate clears it.
var material keywrap.Material

// inspect answers what a person compares before wrapping to a key.
func inspect(args []js.Value) (result, error) {
	text, err := stringArguments(args, "publicKey")
	if err != nil {
		return nil, err
	}
	key, err := keywrap.ParseWrappingKey([]byte(text[0]))
	if err != nil {
		return nil, err
	}
	return result{"fingerprint": fingerprint(key), "bits": 2048}, nil
}

// generate makes key material and wraps it. Only the ciphertext leaves.
func generate(args []js.Value) (result, error) {
	text, err := stringArguments(args, "publicKey", "algorithm")
	if err != nil {
		return nil, err
	}
	key, err := keywrap.ParseWrappingKey([]byte(text[0]))
	if err != nil {
		return nil, err
	}
	algorithm, err := keywrap.ParseAlgorithm(text[1])
	if err != nil {
		return nil, err
	}
	wrapped, err := generateWrapped(key, algorithm)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(wrapped)
	return result{
		"encryptedKeyMaterial": base64.StdEncoding.EncodeToString(wrapped),
		"sha256":               hex.EncodeToString(digest[:]),
		"fingerprint":          fingerprint(key),
	}, nil
}

// generateWrapped holds the whole life of the plaintext.
func generateWrapped(key *keywrap.WrappingKey, algorithm keywrap.Algorithm) ([]byte, error) {
	scrub()       // the stack is now as large as it gets: it will not move while it holds secrets
	defer scrub() // what the calls below left in it
	defer clear(material[:])
	if err := keywrap.Generate(&material); err != nil {
		return nil, err
	}
	return key.Wrap(algorithm, &material)
}

func fingerprint(key *keywrap.WrappingKey) string {
	sum := key.Fingerprint()
	return hex.EncodeToString(sum[:])
}

// scrub overwrites 64 KiB of the stack below its caller: more than crypto/rsa
// uses. It is best effort, as is every clear here; what crypto/rsa leaves on the
// heap, and that is the padded message, it cannot reach. The worker erases for
// good, by filling the module's memory with zeros.
//
//go:noinline
func scrub() {
	var frame [64 << 10]byte
	overwrite(frame[:])
}

// overwrite is a function of its own so that the compiler cannot see that nobody
// reads what it writes.
//
//go:noinline
func overwrite(b []byte) {
	clear(b)
}
