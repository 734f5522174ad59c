package program

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"testing"

	"github.com/aliyun/alibaba-cloud-sdk-go/services/kms"
)

// ImportElsewhere imports other material into a CMK, as another program would, and returns it.
func (p *Program) ImportElsewhere(t testing.TB, id string) []byte {
	t.Helper()
	client := p.SDK(t)
	ask := kms.CreateGetParametersForImportRequest()
	ask.KeyId, ask.WrappingAlgorithm, ask.WrappingKeySpec = id, "RSAES_OAEP_SHA_256", "RSA_2048"
	parameters, err := client.GetParametersForImport(ask)
	if err != nil {
		t.Fatal(err)
	}
	der, err := base64.StdEncoding.DecodeString(parameters.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		t.Fatal(err)
	}
	other := Fresh(t)
	wrapped, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, public.(*rsa.PublicKey), other[:], nil)
	if err != nil {
		t.Fatal(err)
	}
	send := kms.CreateImportKeyMaterialRequest()
	send.KeyId, send.ImportToken = id, parameters.ImportToken
	send.EncryptedKeyMaterial = base64.StdEncoding.EncodeToString(wrapped)
	if _, err := client.ImportKeyMaterial(send); err != nil {
		t.Fatal(err)
	}
	return other[:]
}
