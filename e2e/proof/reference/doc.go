// Package reference predicts what Keyferry's WebAssembly module answers, byte for byte, from what a
// person gave it and from the random bytes that it drew.
//
// It is a second implementation for tests: it shares no code with the module, and is written from
// the documents that define the formats (RFC 8017, NIST SP 800-38B, age-encryption.org/v1, X-Wing,
// RFC 9180, and the README of package custody) over the standard library and golang.org/x/crypto.
// Nothing here runs in constant time and nothing is cleared, which a test does not need.
//
// A [Stream] hands out the recorded random bytes for a named purpose each, in the order and the
// sizes in which they were drawn. What is left over at the end, or was drawn in another size, is an
// error: so every random byte is accounted for.
package reference
