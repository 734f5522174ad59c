package kms_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keyferry/server/kms"
	"keyferry/server/localkms"
	"keyferry/server/localkms/localkmstest"
)

const (
	emptyCMK    = "key-hzzkeyferrylocal00001"
	ordinaryCMK = "key-hzzkeyferrylocal00004"
)

// clientOf returns the real client of a local KMS, which verifies signatures
// and unwraps for real.
func clientOf(t *testing.T, server *localkmstest.Server, edits ...func(*kms.Config)) *kms.Client {
	t.Helper()
	config := kms.Config{
		Region: localkms.DefaultRegion, Endpoint: server.Endpoint, PlainHTTP: true,
		AccessKeyID: localkms.DefaultAccessKeyID, AccessKeySecret: localkms.DefaultAccessKeySecret,
	}
	for _, edit := range edits {
		edit(&config)
	}
	client, err := kms.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// wrapped asks for parameters and wraps the material with the standard
// library, as the vendor's page tells its readers to.
func wrapped(t *testing.T, client *kms.Client, algorithm string, material []byte) *kms.Import {
	t.Helper()
	parameters, err := client.ImportParameters(t.Context(), emptyCMK, kms.WrappingSpec{Algorithm: algorithm, KeySpec: "RSA_2048"})
	if err != nil {
		t.Fatal(err)
	}
	ciphertext := encrypt(t, parameters.PublicKey, algorithm, material)
	return &kms.Import{
		KeyID: parameters.KeyID, ImportToken: parameters.ImportToken,
		EncryptedKeyMaterial: base64.StdEncoding.EncodeToString(ciphertext),
	}
}

// encrypt wraps material under a public key in base64 of its DER.
func encrypt(t *testing.T, publicKey, algorithm string, material []byte) []byte {
	t.Helper()
	key := localkmstest.PublicKey(t, publicKey)
	var ciphertext []byte
	var err error
	switch algorithm {
	case "RSAES_OAEP_SHA_256":
		ciphertext, err = rsa.EncryptOAEP(sha256.New(), rand.Reader, key, material, nil)
	case "RSAES_OAEP_SHA_1":
		ciphertext, err = rsa.EncryptOAEP(sha1.New(), rand.Reader, key, material, nil)
	default:
		//lint:ignore SA1019 the KMS takes it, and so the console offers it
		ciphertext, err = rsa.EncryptPKCS1v15(rand.Reader, key, material)
	}
	if err != nil {
		t.Fatal(err)
	}
	return ciphertext
}

func testMaterial() []byte { return bytes.Repeat([]byte{0x5a, 1, 0xc3, 7}, 8) }

func checkArrived(t *testing.T, server *localkmstest.Server, want []byte) {
	t.Helper()
	if got := server.Material(emptyCMK); !bytes.Equal(got, want) {
		t.Errorf("material that arrived is %x, want %x", got, want)
	}
}

func checkCode(t *testing.T, err error, code string) {
	t.Helper()
	var refused *kms.Error
	if !errors.As(err, &refused) || refused.Code != code {
		t.Errorf("error is %v, want %s", err, code)
	}
}

func TestImportIntoLocalKMS(t *testing.T) {
	for _, algorithm := range []string{"RSAES_OAEP_SHA_256", "RSAES_OAEP_SHA_1", "RSAES_PKCS1_V1_5"} {
		t.Run(algorithm, func(t *testing.T) {
			server := localkmstest.Start(t, localkms.Config{})
			client := clientOf(t, server)
			in := wrapped(t, client, algorithm, testMaterial())
			in.KeyMaterialExpireUnix = time.Now().Add(time.Hour).Unix()
			if id, err := client.ImportKeyMaterial(t.Context(), in); err != nil || id == "" {
				t.Fatalf("RequestId %q, error %v", id, err)
			}
			checkArrived(t, server, testMaterial())
			// The same bytes once more change nothing.
			if _, err := client.ImportKeyMaterial(t.Context(), in); err != nil {
				t.Error(err)
			}
			other := wrapped(t, client, algorithm, bytes.Repeat([]byte{9}, 32))
			_, err := client.ImportKeyMaterial(t.Context(), other)
			checkCode(t, err, "InvalidKeyMaterial")
			checkArrived(t, server, testMaterial())
		})
	}
}

func TestFaultsOfLocalKMS(t *testing.T) {
	for _, test := range []struct {
		kind    localkms.FaultKind
		want    error // of the first import
		arrived bool  // after the first import
	}{
		{localkms.FaultThrottle, nil, true},
		{localkms.FaultHTML, nil, true},
		{localkms.FaultError, nil, true},
		{localkms.FaultCutBefore, kms.ErrOutcomeUnknown, false},
		{localkms.FaultCutAfter, kms.ErrOutcomeUnknown, true},
	} {
		t.Run(string(test.kind), func(t *testing.T) {
			server := localkmstest.Start(t, localkms.Config{})
			client := clientOf(t, server)
			in := wrapped(t, client, "RSAES_OAEP_SHA_256", testMaterial())
			if err := server.Inject(localkms.Fault{Kind: test.kind, Action: "ImportKeyMaterial", Times: 1}); err != nil {
				t.Fatal(err)
			}
			if _, err := client.ImportKeyMaterial(t.Context(), in); !errors.Is(err, test.want) {
				t.Errorf("error is %v, want %v", err, test.want)
			}
			if arrived := server.Material(emptyCMK) != nil; arrived != test.arrived {
				t.Errorf("arrived: %v, want %v", arrived, test.arrived)
			}
			// What the doc comment promises: the same bytes may be sent again.
			if _, err := client.ImportKeyMaterial(t.Context(), in); err != nil {
				t.Error(err)
			}
			checkArrived(t, server, testMaterial())
		})
	}
}

func TestParametersThroughACutConnection(t *testing.T) {
	server := localkmstest.Start(t, localkms.Config{})
	if err := server.Inject(localkms.Fault{Kind: localkms.FaultCutAfter, Action: "GetParametersForImport", Times: 1}); err != nil {
		t.Fatal(err)
	}
	wrapped(t, clientOf(t, server), "RSAES_OAEP_SHA_256", testMaterial())
}

func TestRefusalsOfLocalKMS(t *testing.T) {
	server := localkmstest.Start(t, localkms.Config{})
	client := clientOf(t, server)
	spec := kms.WrappingSpec{Algorithm: "RSAES_OAEP_SHA_256", KeySpec: "RSA_2048"}

	_, err := client.ImportParameters(t.Context(), ordinaryCMK, spec)
	checkCode(t, err, "Unsupported.Origin")
	_, err = client.ImportParameters(t.Context(), "key-hzznobody", spec)
	checkCode(t, err, "Forbidden.KeyNotFound")

	in := wrapped(t, client, "RSAES_OAEP_SHA_256", testMaterial())
	server.Clock().Advance(25 * time.Hour)
	_, err = client.ImportKeyMaterial(t.Context(), in)
	checkCode(t, err, "ExpiredImportToken")

	// The KMS answers with all that was signed.
	stranger := clientOf(t, server, func(c *kms.Config) { c.AccessKeySecret = "not-the-secret-of-this-key" })
	_, err = stranger.ImportKeyMaterial(t.Context(), in)
	checkCode(t, err, "SignatureDoesNotMatch")
	for _, piece := range []string{in.ImportToken[:20], in.EncryptedKeyMaterial[:20], "string to sign", "AccessKeyId"} {
		if strings.Contains(err.Error(), piece) {
			t.Errorf("error holds %q: %v", piece, err)
		}
	}
	checkArrived(t, server, nil)
}

func TestTemporaryCredentialsWithLocalKMS(t *testing.T) {
	server := localkmstest.Start(t, localkms.Config{AccessKeys: []localkms.AccessKey{
		{ID: "STS.temporary", Secret: "temporary-secret", SecurityToken: "temporary+token/with=signs"},
	}})
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "STS.temporary")
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "temporary-secret")
	t.Setenv("ALIBABA_CLOUD_SECURITY_TOKEN", "temporary+token/with=signs")
	client := clientOf(t, server, func(c *kms.Config) { c.AccessKeyID, c.AccessKeySecret = "", "" })
	if err := client.CheckCredentials(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := client.ImportKeyMaterial(t.Context(), wrapped(t, client, "RSAES_OAEP_SHA_256", testMaterial())); err != nil {
		t.Fatal(err)
	}
	checkArrived(t, server, testMaterial())
}

func TestLocalKMSBehindTLS(t *testing.T) {
	local := localkmstest.New(t, localkms.Config{})
	server := httptest.NewTLSServer(local)
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(file, block, 0o600); err != nil {
		t.Fatal(err)
	}
	client, err := kms.New(kms.Config{
		Region: localkms.DefaultRegion, Endpoint: server.Listener.Addr().String(), CAFile: file,
		AccessKeyID: localkms.DefaultAccessKeyID, AccessKeySecret: localkms.DefaultAccessKeySecret,
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.ImportKeyMaterial(t.Context(), wrapped(t, client, "RSAES_OAEP_SHA_256", testMaterial())); err != nil {
		t.Fatal(err)
	}
	if got := local.Material(emptyCMK); !bytes.Equal(got, testMaterial()) {
		t.Errorf("material that arrived is %x", got)
	}
}
