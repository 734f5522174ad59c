package custody

import (
	"crypto/sha256"
	_ "embed"
	"sort"

	"keyferry/wasm/keywrap"
)

// published is the first seven bytes of the SHA-256 of keys of 32 bytes that are printed in
// standards, test vectors and documentation, in order. testdata/published.go says which and
// writes them.
//
//go:embed published.bin
var published string

const publishedSize = 7

// known finds published keys. There are fewer than 2^10, so that a random key has the digest of
// one with probability below 2^-46.
func known(m *keywrap.Material) keywrap.Code {
	digest := sha256.Sum256(m[:])
	wanted := string(digest[:publishedSize])
	entry := func(i int) string { return published[i*publishedSize:][:publishedSize] }
	count := len(published) / publishedSize
	if i := sort.Search(count, func(i int) bool { return entry(i) >= wanted }); i < count && entry(i) == wanted {
		return CodeWeakKnown
	}
	return ""
}
