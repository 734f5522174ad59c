package main

import "keyferry/wasm/keywrap"

// material is the one place for key material that this module itself fills. It is neither on a
// stack, which would be copied as it grows, nor on the heap. No string is made of it, and none of
// it becomes a JavaScript value. The job that fills it clears it. What crypto/rsa, crypto/aes and
// age copy of it, README.md lists.
var material keywrap.Material

// scrub overwrites 64 KiB of the stack below its caller: more than crypto/rsa uses. It is best
// effort, as is every clear here; what libraries leave on the heap it cannot reach. The worker
// erases for good, by filling the module's memory with zeros.
//
// A job calls it before it handles a secret, so that the stack is as large as it gets and does not
// move while it holds one, and again afterwards.
//
//go:noinline
func scrub() {
	var frame [64 << 10]byte
	overwrite(frame[:])
}

// overwrite is a function of its own so that the compiler cannot see that nobody reads what it
// writes.
//
//go:noinline
func overwrite(b []byte) {
	clear(b)
}
