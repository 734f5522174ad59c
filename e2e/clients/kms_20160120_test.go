package clients

import (
	"errors"
	"testing"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	kms3 "github.com/alibabacloud-go/kms-20160120/v3/client"
	"github.com/alibabacloud-go/tea/tea"

	"keyferry/server/localkms"
)

func TestKMS20160120(t *testing.T) {
	for _, test := range []struct{ name, algorithm, speech string }{
		{"ACS3-HMAC-SHA256", "", "POST query ACS3-HMAC-SHA256"},
		{"v2", "v2", "POST query HMAC-SHA1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t)
			c := newKMS20160120(t, s, localkms.DefaultAccessKeySecret, test.algorithm)
			eachAlgorithm(t, s, c, wrapWithGo, test.speech)
		})
	}
}

// kms20160120 is github.com/alibabacloud-go/kms-20160120/v3.
type kms20160120 struct{ *kms3.Client }

// newKMS20160120 returns a client that signs with an algorithm of the SDK; the
// empty one is its default.
func newKMS20160120(t *testing.T, s *server, secret, algorithm string) kms20160120 {
	t.Helper()
	config := &openapi.Config{
		AccessKeyId:     tea.String(localkms.DefaultAccessKeyID),
		AccessKeySecret: tea.String(secret),
		RegionId:        tea.String(localkms.DefaultRegion),
		Endpoint:        tea.String(s.endpoint),
		Protocol:        tea.String("http"),
	}
	if algorithm != "" {
		config.SignatureAlgorithm = tea.String(algorithm)
	}
	c, err := kms3.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	return kms20160120{c}
}

func (c kms20160120) createKey(description string) (*metadata, error) {
	answer, err := c.CreateKey(&kms3.CreateKeyRequest{
		Origin:      tea.String("EXTERNAL"),
		Description: tea.String(description),
	})
	if err != nil {
		return nil, err
	}
	m := answer.Body.KeyMetadata
	return &metadata{
		tea.StringValue(m.KeyId), tea.StringValue(m.Description), tea.StringValue(m.KeyState),
		tea.StringValue(m.Origin), tea.StringValue(m.MaterialExpireTime),
	}, nil
}

func (c kms20160120) describeKey(keyID string) (*metadata, error) {
	answer, err := c.DescribeKey(&kms3.DescribeKeyRequest{KeyId: tea.String(keyID)})
	if err != nil {
		return nil, err
	}
	m := answer.Body.KeyMetadata
	return &metadata{
		tea.StringValue(m.KeyId), tea.StringValue(m.Description), tea.StringValue(m.KeyState),
		tea.StringValue(m.Origin), tea.StringValue(m.MaterialExpireTime),
	}, nil
}

func (c kms20160120) parametersForImport(keyID, algorithm string) (*parameters, error) {
	answer, err := c.GetParametersForImport(&kms3.GetParametersForImportRequest{
		KeyId:             tea.String(keyID),
		WrappingAlgorithm: tea.String(algorithm),
		WrappingKeySpec:   tea.String("RSA_2048"),
	})
	if err != nil {
		return nil, err
	}
	return &parameters{
		tea.StringValue(answer.Body.KeyId), tea.StringValue(answer.Body.PublicKey),
		tea.StringValue(answer.Body.ImportToken), tea.StringValue(answer.Body.TokenExpireTime),
	}, nil
}

// importKeyMaterial says that the material never expires, which this SDK
// documents as required.
func (c kms20160120) importKeyMaterial(keyID, encrypted, token string) error {
	_, err := c.ImportKeyMaterial(&kms3.ImportKeyMaterialRequest{
		KeyId:                 tea.String(keyID),
		EncryptedKeyMaterial:  tea.String(encrypted),
		ImportToken:           tea.String(token),
		KeyMaterialExpireUnix: tea.Int64(0),
	})
	return err
}

func (c kms20160120) deleteKeyMaterial(keyID string) error {
	_, err := c.DeleteKeyMaterial(&kms3.DeleteKeyMaterialRequest{KeyId: tea.String(keyID)})
	return err
}

func (c kms20160120) encrypt(keyID, plaintext string) (string, error) {
	answer, err := c.Encrypt(&kms3.EncryptRequest{KeyId: tea.String(keyID), Plaintext: tea.String(plaintext)})
	if err != nil {
		return "", err
	}
	return tea.StringValue(answer.Body.CiphertextBlob), nil
}

func (c kms20160120) decrypt(blob string) (string, error) {
	answer, err := c.Decrypt(&kms3.DecryptRequest{CiphertextBlob: tea.String(blob)})
	if err != nil {
		return "", err
	}
	return tea.StringValue(answer.Body.Plaintext), nil
}

func (kms20160120) code(err error) string {
	var sdk *tea.SDKError
	if errors.As(err, &sdk) {
		return tea.StringValue(sdk.Code)
	}
	return ""
}
