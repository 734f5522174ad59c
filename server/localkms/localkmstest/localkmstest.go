// Package localkmstest starts a local KMS for a test and gives it wrapping
// keys that are at hand, so that no test waits for RSA keys.
package localkmstest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"keyferry/server/localkms"
)

// The first is the 2048-bit key of RFC 9500, section 2.1; the others came from
// "openssl genrsa -traditional 2048". All are public, and good for tests only.
//
//go:embed testdata/wrapping_keys.pem
var wrappingKeys []byte

// WrappingKeys returns four RSA-2048 test keys for
// [localkms.Config.WrappingKeys]; the first is the one of RFC 9500.
func WrappingKeys(t testing.TB) []*rsa.PrivateKey {
	t.Helper()
	keys, err := parsedKeys()
	if err != nil {
		t.Fatalf("parsing a test key: %v", err)
	}
	return slices.Clone(keys)
}

// parsedKeys are parsed once, which checks them and takes longer than a small test.
var parsedKeys = sync.OnceValues(func() (keys []*rsa.PrivateKey, err error) {
	for block, rest := pem.Decode(wrappingKeys); block != nil; block, rest = pem.Decode(rest) {
		key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
})

// Wrap wraps key material by RSAES_OAEP_SHA_256 under a public key as GetParametersForImport gives it:
// DER in base64. It returns the ciphertext in base64, and the SHA-256 of the DER in hexadecimal.
func Wrap(t testing.TB, publicKey string, material []byte) (ciphertext, fingerprint string) {
	t.Helper()
	key, der := parsePublicKey(t, publicKey)
	wrapped, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, key, material, nil)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256(der)
	return base64.StdEncoding.EncodeToString(wrapped), hex.EncodeToString(digest[:])
}

// PublicKey reads a public key as GetParametersForImport gives it.
func PublicKey(t testing.TB, publicKey string) *rsa.PublicKey {
	t.Helper()
	key, _ := parsePublicKey(t, publicKey)
	return key
}

func parsePublicKey(t testing.TB, publicKey string) (*rsa.PublicKey, []byte) {
	t.Helper()
	der, err := base64.StdEncoding.DecodeString(publicKey)
	if err != nil {
		t.Fatalf("decoding the wrapping key: %v", err)
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		t.Fatalf("parsing the wrapping key: %v", err)
	}
	return key.(*rsa.PublicKey), der
}

// New returns a KMS that ends with the test. Wrapping keys are the test keys
// unless the Config has others.
func New(t testing.TB, config localkms.Config) *localkms.KMS {
	t.Helper()
	if config.WrappingKeys == nil {
		config.WrappingKeys = WrappingKeys(t)
	}
	kms, err := localkms.Open(config)
	if err != nil {
		t.Fatalf("opening local KMS: %v", err)
	}
	t.Cleanup(func() {
		if err := kms.Close(); err != nil {
			t.Errorf("closing local KMS: %v", err)
		}
	})
	return kms
}

// Server is a KMS that listens on a loopback address.
type Server struct {
	*localkms.KMS
	// URL is the address of the API, and of the inspector.
	URL string
	// Endpoint is URL without its scheme, the form in which SDKs want it.
	Endpoint string
}

// Start serves a new KMS until the test ends.
func Start(t testing.TB, config localkms.Config) *Server {
	t.Helper()
	kms := New(t, config)
	server := httptest.NewServer(kms)
	t.Cleanup(server.Close)
	return &Server{KMS: kms, URL: server.URL, Endpoint: strings.TrimPrefix(server.URL, "http://")}
}
