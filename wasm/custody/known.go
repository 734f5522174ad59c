package custody

import "keyferry/wasm/keywrap"

// knownKeys are keys of 32 bytes that are printed in standards and examples. Those
// that repeat a block or count in steps are found by their pattern and are listed
// only where they are the best known of all.
var knownKeys = []struct {
	digits string // 64 hex digits
	source string
}{
	{"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "FIPS 197, appendix C.3, and RFC 3394"},
	{"603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4", "FIPS 197, appendix A.3, and NIST SP 800-38A"},
	{"776beff2851db06f4c8a0542c8696f6c6a81af1eec96b4d37fc1d689e6c1c104", "RFC 3686, test vector 7"},
	{"f6d66d6bd52d59bb0796365879eff886c66dd51a5b6a99744b50590c87a23884", "RFC 3686, test vector 8"},
	{"ff7a617ce69148e4f1726e2f43581de2aa62d9f805532edff1eed687fb54153d", "RFC 3686, test vector 9"},
	{"00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f", "RFC 3394, section 4.6"},
	{"fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff", "RFC 5297, appendix A.1"},
	{"7f7e7d7c7b7a79787776757473727170404142434445464748494a4b4c4d4e4f", "RFC 5297, appendix A.2"},
	{"2718281828459045235360287471352662497757247093699959574966967627", "IEEE 1619, vector 10"},
	{"3141592653589793238462643383279502884197169399375105820974944592", "IEEE 1619, vector 10"},
	{"1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0", "RFC 8439, appendix A.5"},
	{"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "the GCM specification, test case 15"},
	{"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "FIPS 180, as the SHA-256 of nothing"},
	{"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "FIPS 180, as the SHA-256 of the text abc"},
}

// known finds published keys, which a random key is with probability 2^-252. Keys
// are compared without a branch on single bytes.
func known(m *keywrap.Material) Finding {
	for _, key := range knownKeys {
		differ := byte(0)
		for i := range m {
			high, _ := hexDigit(key.digits[2*i])
			low, _ := hexDigit(key.digits[2*i+1])
			differ |= m[i] ^ (high<<4 | low)
		}
		if differ == 0 {
			return Finding{CodeWeakKnown, "This key is published: it stands in " + key.source + "."}
		}
	}
	return Finding{}
}
