package custody

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/hex"
	"sort"
	"testing"

	"keyferry/wasm/keywrap"
)

// TestPublishedList checks the form of the list, on which the search and the count rely.
func TestPublishedList(t *testing.T) {
	var entries []string
	for i := 0; i < len(published); i += publishedSize {
		entries = append(entries, published[i:i+publishedSize])
	}
	if len(published)%publishedSize != 0 || len(entries) > 1<<10 || len(entries) < 500 || !sort.StringsAreSorted(entries) {
		t.Errorf("%d bytes are no sorted list of up to 1024 digests", len(published))
	}
}

// TestKnownKeys looks up keys that everybody can find.
func TestKnownKeys(t *testing.T) {
	empty, abc := sha256.Sum256(nil), sha256.Sum256([]byte("abc"))
	p256 := elliptic.P256().Params()
	for name, digits := range map[string]string{
		"FIPS 197, appendix A.3":         "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
		"RFC 3394, section 4.6":          "00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f",
		"RFC 5297, appendix A.1":         "fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
		"RFC 8439, appendix A.5":         "1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0",
		"RFC 8439, section 2.3.2":        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
		"IEEE 1619, digits of pi":        "3141592653589793238462643383279502884197169399375105820974944592",
		"IEEE 1619, digits of e":         "2718281828459045235360287471352662497757247093699959574966967627",
		"hex digits of pi's fraction":    "243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89",
		"SHA-256 of nothing":             hex.EncodeToString(empty[:]),
		"SHA-256 of abc":                 hex.EncodeToString(abc[:]),
		"the first value of SHA-256":     "6a09e667bb67ae853c6ef372a54ff53a510e527f9b05688c1f83d9ab5be0cd19",
		"the constants of SHA-256":       "428a2f9871374491b5c0fbcfe9b5dba53956c25b59f111f1923f82a4ab1c5ed5",
		"the S-box of AES":               "637c777bf26b6fc53001672bfed7ab76ca82c97dfa5947f0add4a2af9ca472c0",
		"the base point of P-256":        p256.Gx.Text(16),
		"the base point of secp256k1":    "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
		"the base point of edwards25519": "5866666666666666666666666666666666666666666666666666666666666666",
	} {
		m := (*keywrap.Material)(unhex(t, digits))
		if quickly(m) == "" {
			t.Errorf("%s is not found", name)
		}
		if m[31] ^= 0x80; known(m) != "" {
			t.Errorf("%s is found after a change", name)
		}
	}
}

// TestKnownCounterKeys checks the keys of RFC 3686 against that document's
// ciphertexts, so that a slip in a digit would show.
func TestKnownCounterKeys(t *testing.T) {
	for _, v := range []struct{ key, counter, plaintext, ciphertext string }{
		{
			"776beff2851db06f4c8a0542c8696f6c6a81af1eec96b4d37fc1d689e6c1c104", "00000060db5672c97aa8f0b200000001",
			"53696e676c6520626c6f636b206d7367", "145ad01dbf824ec7560863dc71e3e0c0",
		},
		{
			"f6d66d6bd52d59bb0796365879eff886c66dd51a5b6a99744b50590c87a23884", "00faac24c1585ef15a43d87500000001",
			"000102030405060708090a0b0c0d0e0f", "f05e231b3894612c49ee000b804eb2a9",
		},
		{
			"ff7a617ce69148e4f1726e2f43581de2aa62d9f805532edff1eed687fb54153d", "001cc5b751a51d70a1c1114800000001",
			"000102030405060708090a0b0c0d0e0f", "eb6c52821d0bbbf7ce7594462aca4faa",
		},
		{ // NIST SP 800-38A, section F.5.5
			"603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4", "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
			"6bc1bee22e409f96e93d7e117393172a", "601ec313775789a5b7a7f504bbf3d228",
		},
	} {
		block, err := aes.NewCipher(unhex(t, v.key))
		if err != nil {
			t.Fatal(err)
		}
		text := unhex(t, v.plaintext)
		cipher.NewCTR(block, unhex(t, v.counter)).XORKeyStream(text, text)
		if hex.EncodeToString(text) != v.ciphertext {
			t.Errorf("%s: the ciphertext is %x, want %s", v.key, text, v.ciphertext)
		}
		if known((*keywrap.Material)(unhex(t, v.key))) == "" {
			t.Errorf("%s is not listed", v.key)
		}
	}
}
