//go:build ignore

// This program writes ../published.bin, the list of published keys by their digests:
//
//	go run wasm/custody/testdata/published.go -wycheproof DIRECTORY -go DIRECTORY ... > wasm/custody/published.bin
//
// It takes the keys of 32 bytes in the vectors of Wycheproof (testvectors_v1); every string of 64
// hex digits in the tests of Go's crypto/aes, crypto/cipher and crypto/hmac and of chacha20 and
// chacha20poly1305 in golang.org/x/crypto, which hold vectors of NIST's CAVP and of RFCs; and
// constants that it computes.
package main

import (
	"bytes"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"encoding/hex"
	"flag"
	"fmt"
	"io/fs"
	"log"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// digestSize is what is kept of each SHA-256, in bytes. custody.known reads it so.
const digestSize = 7

var published = map[string]bool{}

func add(key []byte) {
	if len(key) >= 32 {
		digest := sha256.Sum256(key[:32])
		published[string(digest[:digestSize])] = true
	}
}

var (
	anyDigits = regexp.MustCompile(`(?i)\b(?:0x)?([0-9a-f]{64})\b`)
	keyDigits = regexp.MustCompile(`"key"\s*:\s*"([0-9a-f]{64})"`)
	wanted    = regexp.MustCompile(`^(aes_(ccm|gcm|gcm_siv|siv_cmac|gmac|cbc_pkcs5|cmac|wrap)|chacha20_poly1305|hmac_sha256)_test`)
)

// scan adds what the files of a directory have.
func scan(directory string, pattern *regexp.Regexp, file func(name string) bool) {
	err := filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !file(entry.Name()) {
			return err
		}
		text, err := os.ReadFile(path)
		for _, found := range pattern.FindAllSubmatch(text, -1) {
			key, _ := hex.DecodeString(strings.ToLower(string(found[1])))
			add(key)
		}
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	flag.Func("go", "a directory with tests in Go", func(directory string) error {
		scan(directory, anyDigits, func(name string) bool {
			return strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, ".json") || strings.Contains(name, "vectors")
		})
		return nil
	})
	flag.Func("wycheproof", "the directory testvectors_v1", func(directory string) error {
		scan(directory, keyDigits, wanted.MatchString)
		return nil
	})
	flag.Parse()
	constants()
	fmt.Fprintln(os.Stderr, len(published), "published keys")
	var digests []string
	for digest := range published {
		digests = append(digests, digest)
	}
	slices.Sort(digests)
	os.Stdout.WriteString(strings.Join(digests, ""))
}

// constants adds the keys that standards print, and numbers that everybody knows.
func constants() {
	for _, digits := range []string{
		"603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4", // FIPS 197, appendix A.3, and SP 800-38A
		"776beff2851db06f4c8a0542c8696f6c6a81af1eec96b4d37fc1d689e6c1c104", // RFC 3686, test vector 7
		"f6d66d6bd52d59bb0796365879eff886c66dd51a5b6a99744b50590c87a23884", // RFC 3686, test vector 8
		"ff7a617ce69148e4f1726e2f43581de2aa62d9f805532edff1eed687fb54153d", // RFC 3686, test vector 9
		"00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f", // RFC 3394, section 4.6
		"fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff", // RFC 5297, appendix A.1
		"7f7e7d7c7b7a79787776757473727170404142434445464748494a4b4c4d4e4f", // RFC 5297, appendix A.2
		"1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0", // RFC 8439, appendix A.5
		"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", // the GCM specification, test case 15
		"0123456789abcdeffedcba98765432100123456789abcdeffedcba9876543210", // GB/T 32907, the key of SM4, twice
	} {
		key, err := hex.DecodeString(digits)
		if err != nil {
			log.Fatal(err)
		}
		add(key)
	}
	for _, text := range []string{
		"", "a", "abc", "test", "hello", "password", "message digest", "hello world", "Hello World", "Hello, World!", "hello\n", "test\n",
		"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "abcdefghijklmnopqrstuvwxyz", "0",
		"The quick brown fox jumps over the lazy dog", "The quick brown fox jumps over the lazy dog.",
	} {
		two, three, long := sha256.Sum256([]byte(text)), sha3.Sum256([]byte(text)), sha512.Sum512([]byte(text))
		twice := sha256.Sum256(two[:])
		for _, digest := range [][]byte{two[:], three[:], long[:], twice[:]} {
			add(digest)
		}
	}
	zeros := sha256.Sum256(make([]byte, 32))
	add(zeros[:])
	for _, curve := range []elliptic.Curve{elliptic.P224(), elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		p := curve.Params()
		for _, n := range []*big.Int{p.P, p.N, p.B, p.Gx, p.Gy} {
			add(n.FillBytes(make([]byte, max(32, (p.BitSize+7)/8))))
		}
	}
	for _, digits := range []string{ // secp256k1: p, n, G; edwards25519: p, L, G; SM2: p, a, b, n, G
		"fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f", "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
		"79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798", "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8",
		"7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed", "1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed",
		"5866666666666666666666666666666666666666666666666666666666666666",
		"fffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffff", "fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc",
		"28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93", "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123",
		"32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7", "bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0",
		"000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f", // the first block of Bitcoin
	} {
		key, err := hex.DecodeString(digits)
		if err != nil {
			log.Fatal(err)
		}
		add(key)
		slices.Reverse(key)
		add(key)
	}
	irrational()
	primes()
	sbox()
}

// irrational adds pi, e and roots, as hex digits of their fractions or as decimal digits.
func irrational() {
	const precision = 2000
	one := new(big.Float).SetPrec(precision).SetInt64(1)
	number := func(n int64) *big.Float { return new(big.Float).SetPrec(precision).SetInt64(n) }
	// pi by Machin's formula; e by its series.
	arctan := func(inverse int64) *big.Float {
		sum, power := number(0), new(big.Float).Quo(one, number(inverse))
		square := number(inverse * inverse)
		for i := int64(0); i < 1000; i++ {
			term := new(big.Float).Quo(power, number(2*i+1))
			if i%2 == 1 {
				term.Neg(term)
			}
			sum.Add(sum, term)
			power = new(big.Float).Quo(power, square)
		}
		return sum
	}
	pi := new(big.Float).Sub(new(big.Float).Mul(number(16), arctan(5)), new(big.Float).Mul(number(4), arctan(239)))
	e, term := number(0), number(1)
	for i := int64(1); i < 400; i++ {
		e.Add(e, term)
		term = new(big.Float).Quo(term, number(i))
	}
	golden := new(big.Float).Quo(new(big.Float).Add(one, new(big.Float).Sqrt(number(5))), number(2))
	for _, x := range []*big.Float{pi, e, golden, new(big.Float).Sqrt(number(2)), new(big.Float).Sqrt(number(3)), new(big.Float).Sqrt(number(5))} {
		decimal := strings.Replace(x.Text('f', 200), ".", "", 1)
		for _, digits := range []string{decimal[:64], decimal[1:65]} {
			key, _ := hex.DecodeString(digits)
			add(key)
		}
		whole, _ := x.Int(nil)
		fraction := new(big.Float).Sub(x, new(big.Float).SetInt(whole))
		shifted, _ := new(big.Float).SetMantExp(fraction, 256).Int(nil)
		add(shifted.FillBytes(make([]byte, 32)))
		shifted, _ = new(big.Float).SetMantExp(x, 252).Int(nil)
		add(shifted.FillBytes(make([]byte, 33))[1:])
	}
}

// primes adds the constants of SHA-2: the fractions of the square roots and the cube roots of the
// first primes.
func primes() {
	var square, cube, square64, cube64 bytes.Buffer
	for n, count := int64(2), 0; count < 8; n++ {
		if !big.NewInt(n).ProbablyPrime(20) {
			continue
		}
		count++
		root := new(big.Int).Sqrt(new(big.Int).Lsh(big.NewInt(n), 128))
		low := new(big.Int).And(root, new(big.Int).SetUint64(1<<64-1)).FillBytes(make([]byte, 8))
		square.Write(low[:4])
		square64.Write(low)
		// The cube root by Newton's method, with 64 bits of fraction.
		target, x := new(big.Int).Lsh(big.NewInt(n), 192), new(big.Int).Lsh(big.NewInt(n), 64)
		for {
			next := new(big.Int).Quo(target, new(big.Int).Mul(x, x))
			next.Add(next, x).Add(next, x).Quo(next, big.NewInt(3))
			if next.Cmp(x) >= 0 {
				break
			}
			x = next
		}
		low = new(big.Int).And(x, new(big.Int).SetUint64(1<<64-1)).FillBytes(make([]byte, 8))
		cube.Write(low[:4])
		cube64.Write(low)
	}
	for _, b := range []*bytes.Buffer{&square, &cube, &square64, &cube64} {
		add(b.Bytes())
	}
	for _, from := range []int64{2} { // the first primes as bytes
		var first []byte
		for n := from; len(first) < 32; n++ {
			if big.NewInt(n).ProbablyPrime(20) {
				first = append(first, byte(n))
			}
		}
		add(first)
	}
}

// sbox adds the S-box of AES and its inverse.
func sbox() {
	var box, inverse [256]byte
	multiply := func(a, b byte) (product byte) {
		for ; b > 0; b >>= 1 {
			if b&1 == 1 {
				product ^= a
			}
			high := a >> 7
			a = a<<1 ^ high*0x1b
		}
		return product
	}
	for a := range 256 {
		var reciprocal byte
		for b := range 256 {
			if multiply(byte(a), byte(b)) == 1 {
				reciprocal = byte(b)
			}
		}
		value := reciprocal
		for shift := 1; shift <= 4; shift++ {
			value ^= reciprocal<<shift | reciprocal>>(8-shift)
		}
		box[a] = value ^ 0x63
		inverse[box[a]] = byte(a)
	}
	add(box[:])
	add(inverse[:])
}
