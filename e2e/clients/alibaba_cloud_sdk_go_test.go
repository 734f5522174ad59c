package clients

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"testing"

	sdkerrors "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/kms"

	"keyferry/server/localkms"
)

func TestAlibabaCloudSDKGo(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c := newAlibabaCloudSDKGo(t, s, localkms.DefaultAccessKeySecret)
	eachAlgorithm(t, s, c, wrapWithGo, "POST query HMAC-SHA1")
}

// alibabaCloudSDKGo is github.com/aliyun/alibaba-cloud-sdk-go.
type alibabaCloudSDKGo struct{ *kms.Client }

func newAlibabaCloudSDKGo(t *testing.T, s *server, secret string) alibabaCloudSDKGo {
	t.Helper()
	c, err := kms.NewClientWithAccessKey(localkms.DefaultRegion, localkms.DefaultAccessKeyID, secret)
	if err != nil {
		t.Fatal(err)
	}
	c.Domain = s.endpoint // plain HTTP is this SDK's default
	return alibabaCloudSDKGo{c}
}

func (c alibabaCloudSDKGo) createKey(description string) (*metadata, error) {
	request := kms.CreateCreateKeyRequest()
	request.Origin, request.Description = "EXTERNAL", description
	answer, err := c.CreateKey(request)
	if err != nil {
		return nil, err
	}
	return metadataOf(answer.KeyMetadata), nil
}

func (c alibabaCloudSDKGo) describeKey(keyID string) (*metadata, error) {
	request := kms.CreateDescribeKeyRequest()
	request.KeyId = keyID
	answer, err := c.DescribeKey(request)
	if err != nil {
		return nil, err
	}
	return metadataOf(answer.KeyMetadata), nil
}

func metadataOf(m kms.KeyMetadata) *metadata {
	return &metadata{m.KeyId, m.Description, m.KeyState, m.Origin, m.MaterialExpireTime}
}

func (c alibabaCloudSDKGo) parametersForImport(keyID, algorithm string) (*parameters, error) {
	request := kms.CreateGetParametersForImportRequest()
	request.KeyId, request.WrappingAlgorithm, request.WrappingKeySpec = keyID, algorithm, "RSA_2048"
	answer, err := c.GetParametersForImport(request)
	if err != nil {
		return nil, err
	}
	return &parameters{answer.KeyId, answer.PublicKey, answer.ImportToken, answer.TokenExpireTime}, nil
}

// importKeyMaterial leaves KeyMaterialExpireUnix out, as the vendor's sample
// for this SDK does.
func (c alibabaCloudSDKGo) importKeyMaterial(keyID, encrypted, token string) error {
	request := kms.CreateImportKeyMaterialRequest()
	request.KeyId, request.EncryptedKeyMaterial, request.ImportToken = keyID, encrypted, token
	_, err := c.ImportKeyMaterial(request)
	return err
}

func (c alibabaCloudSDKGo) deleteKeyMaterial(keyID string) error {
	request := kms.CreateDeleteKeyMaterialRequest()
	request.KeyId = keyID
	_, err := c.DeleteKeyMaterial(request)
	return err
}

func (c alibabaCloudSDKGo) encrypt(keyID, plaintext string) (string, error) {
	request := kms.CreateEncryptRequest()
	request.KeyId, request.Plaintext = keyID, plaintext
	answer, err := c.Encrypt(request)
	if err != nil {
		return "", err
	}
	return answer.CiphertextBlob, nil
}

func (c alibabaCloudSDKGo) decrypt(blob string) (string, error) {
	request := kms.CreateDecryptRequest()
	request.CiphertextBlob = blob
	answer, err := c.Decrypt(request)
	if err != nil {
		return "", err
	}
	return answer.Plaintext, nil
}

func (alibabaCloudSDKGo) code(err error) string {
	var server *sdkerrors.ServerError
	if errors.As(err, &server) {
		return server.ErrorCode()
	}
	return ""
}

// wrapWithGo wraps with Go's standard library, as users of the Go SDKs do.
func wrapWithGo(t *testing.T, publicKey, algorithm string, material []byte) string {
	t.Helper()
	der, err := base64.StdEncoding.DecodeString(publicKey)
	if err != nil {
		t.Fatalf("decoding wrapping key: %v", err)
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		t.Fatalf("parsing wrapping key: %v", err)
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok {
		t.Fatalf("wrapping key is a %T", parsed)
	}
	var wrapped []byte
	switch algorithm {
	case oaepSHA256:
		wrapped, err = rsa.EncryptOAEP(crypto.SHA256.New(), rand.Reader, key, material, nil)
	case oaepSHA1:
		wrapped, err = rsa.EncryptOAEP(crypto.SHA1.New(), rand.Reader, key, material, nil)
	case pkcs1v15:
		//lint:ignore SA1019 the API has this padding
		wrapped, err = rsa.EncryptPKCS1v15(rand.Reader, key, material)
	}
	if err != nil {
		t.Fatalf("wrapping: %v", err)
	}
	return base64.StdEncoding.EncodeToString(wrapped)
}
