// Package localkmstest starts a local KMS for a test and gives it wrapping
// keys that are at hand, so that no test waits for RSA keys.
package localkmstest

import (
	"crypto/rsa"
	"crypto/x509"
	_ "embed"
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
