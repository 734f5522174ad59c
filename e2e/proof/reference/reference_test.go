package reference_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"filippo.io/age"

	"keyferry/e2e/proof/reference"
)

// private is the key of the tests, made once.
var private = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func privateKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := private()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// wrappingKey is its public half, as the KMS gives one.
func wrappingKey(t *testing.T) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&privateKey(t).PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

// drawn is a stream of fixed bytes, none of them zero, for draws of these sizes.
func drawn(seed string, sizes ...int) [][]byte {
	var draws [][]byte
	block := sha256.Sum256([]byte(seed))
	for _, size := range sizes {
		var draw []byte
		for len(draw) < size {
			for _, b := range block {
				draw = append(draw, b|1)
			}
			block = sha256.Sum256(block[:])
		}
		draws = append(draws, draw[:size])
	}
	return draws
}

// imports are predictions of every kind, with the sizes of what they draw.
func imports(t *testing.T) map[string]struct {
	in    reference.Import
	sizes []int
} {
	t.Helper()
	people := newParties(t)
	with := func(source, algorithm string, to reference.Protection) reference.Import {
		return reference.Import{
			Source: source, Components: [][]byte{fresh(), fresh()}, Algorithm: algorithm, To: to,
			Elsewhere: to.Passphrase == "" && to.Recipients == nil, KeyID: keyID, Date: date, PublicKey: wrappingKey(t),
		}
	}
	cheap := reference.Protection{Passphrase: "nine brisk otters", WorkFactor: 1}
	return map[string]struct {
		in    reference.Import
		sizes []int
	}{
		"passphrase": {with("generate", reference.OAEPSHA256, cheap), []int{32, 32, 16, 16, 16, 16, 32}},
		"classic":    {with("generate", reference.OAEPSHA1, reference.Protection{Recipients: people.classic}), []int{32, 32, 16, 32, 32, 16, 20}},
		"hybrid":     {with("generate", reference.PKCS1v15, reference.Protection{Recipients: people.hybrid}), []int{32, 32, 16, 32, 32, 32, 32, 16, 221}},
		"elsewhere":  {with("components", reference.OAEPSHA256, reference.Protection{}), []int{32, 32, 32}},
	}
}

// Every random byte that is drawn changes what comes out. Those that do not are the label by which
// age tells passphrases apart and the key of the digests of components, which serve inside of a job
// and leave with nothing.
func TestEveryRandomByteIsUsed(t *testing.T) {
	unused := map[string][]int{"passphrase": {4}, "elsewhere": {0}}
	for name, test := range imports(t) {
		t.Run(name, func(t *testing.T) {
			draws := drawn(name, test.sizes...)
			want := predict(t, test.in, draws)
			for i, draw := range draws {
				for at := range draw {
					before := draw[at]
					draw[at] ^= 0x10
					same := want == predict(t, test.in, draws)
					draw[at] = before
					if used := !slices.Contains(unused[name], i); used == same {
						t.Fatalf("byte %d of draw %d: used is %v", at, i, !same)
					}
				}
			}
		})
	}
}

// predict is a prediction as text.
func predict(t *testing.T, in reference.Import, draws [][]byte) string {
	t.Helper()
	random := reference.NewStream(draws)
	out, err := reference.Prepare(in, random)
	if err != nil {
		t.Fatal(err)
	}
	if err := random.Close(); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(*out)
}

// A stream that was drawn in another way than the reference takes it is refused.
func TestStreamRefuses(t *testing.T) {
	test := imports(t)["passphrase"]
	for name, sizes := range map[string][]int{
		"one less":      test.sizes[:len(test.sizes)-1],
		"one more":      append(slices.Clone(test.sizes), 1),
		"another order": {32, 32, 16, 16, 16, 32, 16},
		"another size":  {16, 32, 16, 16, 16, 16, 32},
	} {
		random := reference.NewStream(drawn(name, sizes...))
		if _, err := reference.Prepare(test.in, random); err != nil {
			t.Fatal(err)
		}
		if random.Close() == nil {
			t.Errorf("%s: the stream was taken for right", name)
		}
	}
}

// age opens the predicted backups: the reference agrees with more than the module.
func TestAgeOpensWhatIsPredicted(t *testing.T) {
	key := fresh()
	classic, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	hybrid, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	passphrase, err := age.NewScryptIdentity("nine brisk otters")
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		to    reference.Protection
		sizes []int
		with  age.Identity
	}{
		"passphrase": {reference.Protection{Passphrase: "nine brisk otters", WorkFactor: 10}, []int{16, 16, 16, 16}, passphrase},
		"classic":    {reference.Protection{Recipients: []string{classic.Recipient().String()}}, []int{16, 32, 16}, classic},
		"hybrid":     {reference.Protection{Recipients: []string{hybrid.Recipient().String()}}, []int{16, 32, 32, 16}, hybrid},
	} {
		file, err := reference.Backup(key, test.to, reference.NewStream(drawn(name, test.sizes...)))
		if err != nil {
			t.Fatal(err)
		}
		plain, err := age.Decrypt(bytes.NewReader(file), test.with)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if opened, err := io.ReadAll(plain); err != nil || !bytes.Equal(opened, key) {
			t.Errorf("%s: age opened %d bytes, %v", name, len(opened), err)
		}
	}
}

// OpenSSL unwraps the predicted ciphertexts, and computes the same check values.
func TestOpenSSLAgrees(t *testing.T) {
	key := fresh()
	file := filepath.Join(t.TempDir(), "private.pem")
	write(t, file, pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(privateKey(t))}))
	for algorithm, test := range map[string]struct {
		size    int
		options []string
	}{
		reference.OAEPSHA256: {32, []string{"rsa_padding_mode:oaep", "rsa_oaep_md:sha256", "rsa_mgf1_md:sha256"}},
		reference.OAEPSHA1:   {20, []string{"rsa_padding_mode:oaep", "rsa_oaep_md:sha1", "rsa_mgf1_md:sha1"}},
		reference.PKCS1v15:   {221, []string{"rsa_padding_mode:pkcs1"}},
	} {
		wrapped, err := reference.Wrap(&privateKey(t).PublicKey, algorithm, key, reference.NewStream(drawn(algorithm, test.size)))
		if err != nil {
			t.Fatal(err)
		}
		arguments := []string{"pkeyutl", "-decrypt", "-inkey", file}
		for _, option := range test.options {
			arguments = append(arguments, "-pkeyopt", option)
		}
		if opened := openssl(t, wrapped, arguments...); !bytes.Equal(opened, key) {
			t.Errorf("%s: OpenSSL unwrapped %d bytes", algorithm, len(opened))
		}
	}
	for name, test := range map[string]struct {
		value     func([]byte) (string, error)
		arguments []string
	}{
		"CMAC":   {reference.CheckValue, []string{"mac", "-cipher", "AES-256-CBC", "-macopt", "hexkey:" + hex.EncodeToString(key), "-binary", "CMAC"}},
		"legacy": {reference.LegacyCheckValue, []string{"enc", "-aes-256-ecb", "-nopad", "-K", hex.EncodeToString(key)}},
	} {
		value, err := test.value(key)
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("%X", openssl(t, make([]byte, 16), test.arguments...)[:5]); value != want {
			t.Errorf("%s: %s, and by OpenSSL %s", name, value, want)
		}
	}
}

func openssl(t *testing.T, input []byte, arguments ...string) []byte {
	t.Helper()
	command := exec.CommandContext(t.Context(), "openssl", arguments...)
	command.Stdin, command.Stderr = bytes.NewReader(input), t.Output()
	output, err := command.Output()
	if err != nil {
		t.Fatalf("openssl %s: %v", strings.Join(arguments, " "), err)
	}
	return output
}
