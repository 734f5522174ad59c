package custody

import (
	"crypto/sha256"
	_ "embed"
	"strconv"
	"strings"
	"time"

	"keyferry/wasm/keywrap"
)

// SHA-256 of what anyone can guess: common passwords, numbers and times. MD5 in hex digits, or
// twice, is found as hex digits or as a repeated block, whatever was hashed.

// commonPasswords are words from which people make passwords, in the order in which they are tried.
//
//go:embed passwords.txt
var commonPasswords string

// passwordEnds are what people add to a word.
var passwordEnds = []string{
	"", "1", "12", "123", "1234", "12345", "123456", "!", "@", "@123", "#", "01", "0", "00", "000", "11", "111", "520", "521", "666", "888", "1!", "123!",
	"2020", "2021", "2022", "2023", "2024", "2025", "2026", "@2024", "@2025", "@2026",
}

// hashSearch has pieces for passwords, numbers and times. A piece hashes about 4096 texts; in all
// there are fewer than 2^20, so that a random key is one of the digests with probability 2^-236.
func hashSearch(now time.Time) search {
	words := strings.Fields(commonPasswords)
	numbers := seedSearch(CodeWeakHash, now, 10000, day/12, func(m *keywrap.Material, number uint64) bool {
		return hashes(m, strconv.FormatUint(number, 10))
	})
	padded := search{4, func(m *keywrap.Material, piece uint64) keywrap.Code {
		for i := piece * 2500; i < (piece+1)*2500; i++ {
			digits := strconv.FormatUint(i, 10)
			if hashes(m, "0000"[:4-len(digits)]+digits) {
				return CodeWeakHash
			}
		}
		return ""
	}}
	return search{uint64(len(words)) + padded.pieces + numbers.pieces, func(m *keywrap.Material, piece uint64) keywrap.Code {
		switch {
		case piece < uint64(len(words)):
			if hashesWord(m, words[piece]) {
				return CodeWeakHash
			}
			return ""
		case piece-uint64(len(words)) < padded.pieces:
			return padded.search(m, piece-uint64(len(words)))
		default:
			return numbers.search(m, piece-uint64(len(words))-padded.pieces)
		}
	}}
}

// hashesWord tries a word in three cases, with everything that is added to words.
func hashesWord(m *keywrap.Material, word string) bool {
	for _, text := range []string{word, strings.ToUpper(word[:1]) + word[1:], strings.ToUpper(word)} {
		for _, end := range passwordEnds {
			if hashes(m, text+end) || hashes(m, text+end+"\n") {
				return true
			}
		}
	}
	return false
}

// hashes reports whether the key is the SHA-256 of a text.
func hashes(m *keywrap.Material, text string) bool {
	var buffer [64]byte
	digest := sha256.Sum256(buffer[:copy(buffer[:], text)])
	return digest == *m
}
