package kms

import (
	"encoding/base64"
	"regexp"
	"strings"
)

// KeyIDs are the two forms of a CMK's id: a UUID, and key- with three letters for the region and up
// to 30 lower-case letters and digits. The ids that the service makes have 18 of them; ids of a
// local KMS may have fewer. Neither form has room for a key: 16 bytes, and less than 22, are below
// the 32 of a key, in whatever encoding. key_reference.js has the same rule, and
// console/testdata/key_ids.json tests both.
var KeyIDs = regexp.MustCompile(`^(?:[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|key-[a-z]{3}[a-z0-9]{1,30})$`)

// WrappingAlgorithms are the KMS's ways to wrap key material of 32 bytes.
var WrappingAlgorithms = []string{"RSAES_OAEP_SHA_256", "RSAES_OAEP_SHA_1", "RSAES_PKCS1_V1_5"}

// MaxTokenLength is the largest import token in characters. The service does not publish one; its
// tokens have fewer than 4,000.
const MaxTokenLength = 8 << 10

// Ciphertext reads what RSA_2048 can have wrapped: base64 of exactly the length of the modulus, 256
// bytes, in one line.
func Ciphertext(text string) (ciphertext []byte, ok bool) {
	ciphertext, err := base64.StdEncoding.Strict().DecodeString(text)
	return ciphertext, err == nil && len(ciphertext) == 256 && !strings.ContainsAny(text, "\r\n")
}

// minTokenLength is longer than a key in any usual spelling, in characters.
const minTokenLength = 64

// Token reads what can be an import token: base64 in one line, longer than a key in any usual
// spelling, and not longer than MaxTokenLength. The service does not publish a token's form beyond
// that.
func Token(text string) (decoded []byte, ok bool) {
	if len(text) <= minTokenLength || len(text) > MaxTokenLength || strings.ContainsAny(text, "\r\n") {
		return nil, false
	}
	decoded, err := base64.StdEncoding.DecodeString(text)
	return decoded, err == nil
}

// What receipts and pages say of key material and of what was sent.
var (
	Digests     = regexp.MustCompile(`^[0-9a-f]{64}$`) // SHA-256 in hexadecimal
	CheckValues = regexp.MustCompile(`^[0-9A-F]{10}$`) // five bytes in hexadecimal
)
