package localkms_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	kms3 "github.com/alibabacloud-go/kms-20160120/v3/client"
	"github.com/alibabacloud-go/tea/tea"
	sdkerrors "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/kms"

	"keyferry/server/localkms"
	"keyferry/server/localkms/localkmstest"
)

// oldSDK returns a client of alibaba-cloud-sdk-go, which speaks plain HTTP
// unless told otherwise.
func oldSDK(t testing.TB, s *localkmstest.Server, secret string) *kms.Client {
	t.Helper()
	client, err := kms.NewClientWithAccessKey(localkms.DefaultRegion, localkms.DefaultAccessKeyID, secret)
	if err != nil {
		t.Fatal(err)
	}
	client.Domain = s.Endpoint
	return client
}

// The whole import through alibaba-cloud-sdk-go, for each algorithm.
func TestOldSDK(t *testing.T) {
	for _, algorithm := range algorithms {
		t.Run(algorithm, func(t *testing.T) {
			s := localkmstest.Start(t, localkms.Config{})
			client := oldSDK(t, s, localkms.DefaultAccessKeySecret)

			create := kms.CreateCreateKeyRequest()
			create.Origin = "EXTERNAL"
			create.Description = "for orders + returns ~ * / 订单"
			made, err := client.CreateKey(create)
			if err != nil {
				t.Fatal(err)
			}
			if made.KeyMetadata.Description != create.Description {
				t.Errorf("Description = %q, want %q", made.KeyMetadata.Description, create.Description)
			}
			id := made.KeyMetadata.KeyId

			get := kms.CreateGetParametersForImportRequest()
			get.KeyId, get.WrappingAlgorithm, get.WrappingKeySpec = id, algorithm, "RSA_2048"
			parameters, err := client.GetParametersForImport(get)
			if err != nil {
				t.Fatal(err)
			}
			material := newMaterial(32)
			bring := kms.CreateImportKeyMaterialRequest()
			bring.KeyId, bring.ImportToken = id, parameters.ImportToken
			bring.EncryptedKeyMaterial = wrap(t, parameters.PublicKey, algorithm, material)
			if _, err := client.ImportKeyMaterial(bring); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(s.Material(id), material) {
				t.Error("other material arrived than was sent")
			}

			encrypt := kms.CreateEncryptRequest()
			encrypt.KeyId, encrypt.Plaintext = id, base64.StdEncoding.EncodeToString([]byte("hello"))
			encrypt.EncryptionContext = `{"order":"1 + 1"}`
			sealed, err := client.Encrypt(encrypt)
			if err != nil {
				t.Fatal(err)
			}
			decrypt := kms.CreateDecryptRequest()
			decrypt.CiphertextBlob, decrypt.EncryptionContext = sealed.CiphertextBlob, `{ "order": "1 + 1" }`
			opened, err := client.Decrypt(decrypt)
			if err != nil {
				t.Fatal(err)
			}
			if opened.Plaintext != encrypt.Plaintext {
				t.Errorf("decrypted %q", opened.Plaintext)
			}
		})
	}
}

// The SDK compares the string that the server signed with its own, and tells a
// wrong secret from a bug by that.
func TestOldSDKWrongSecret(t *testing.T) {
	s := localkmstest.Start(t, localkms.Config{})
	_, err := oldSDK(t, s, "wrong").DescribeKey(kms.CreateDescribeKeyRequest())
	var server *sdkerrors.ServerError
	if !errors.As(err, &server) {
		t.Fatalf("error = %v", err)
	}
	if server.ErrorCode() != "SignatureDoesNotMatch" || !strings.HasPrefix(server.Recommend(), "InvalidAccessKeySecret") {
		t.Errorf("code %s, recommendation %q", server.ErrorCode(), server.Recommend())
	}
}

// The whole import through the newer SDK, with both of its signatures.
func TestNewSDK(t *testing.T) {
	for _, signature := range []string{"", "v2"} {
		t.Run("signature "+signature, func(t *testing.T) {
			s := localkmstest.Start(t, localkms.Config{})
			config := &openapi.Config{
				AccessKeyId:     tea.String(localkms.DefaultAccessKeyID),
				AccessKeySecret: tea.String(localkms.DefaultAccessKeySecret),
				RegionId:        tea.String(localkms.DefaultRegion),
				Endpoint:        tea.String(s.Endpoint),
				Protocol:        tea.String("http"),
			}
			if signature != "" {
				config.SignatureAlgorithm = tea.String(signature)
			}
			client, err := kms3.NewClient(config)
			if err != nil {
				t.Fatal(err)
			}
			made, err := client.CreateKey(&kms3.CreateKeyRequest{
				Origin:      tea.String("EXTERNAL"),
				Description: tea.String("for orders + returns ~ * / 订单"),
			})
			if err != nil {
				t.Fatal(err)
			}
			id := *made.Body.KeyMetadata.KeyId
			parameters, err := client.GetParametersForImport(&kms3.GetParametersForImportRequest{
				KeyId:             tea.String(id),
				WrappingAlgorithm: tea.String(oaepSHA256),
				WrappingKeySpec:   tea.String("RSA_2048"),
			})
			if err != nil {
				t.Fatal(err)
			}
			material := newMaterial(32)
			if _, err := client.ImportKeyMaterial(&kms3.ImportKeyMaterialRequest{
				KeyId:                 tea.String(id),
				EncryptedKeyMaterial:  tea.String(wrap(t, *parameters.Body.PublicKey, oaepSHA256, material)),
				ImportToken:           parameters.Body.ImportToken,
				KeyMaterialExpireUnix: tea.Int64(0),
			}); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(s.Material(id), material) {
				t.Error("other material arrived than was sent")
			}
			described, err := client.DescribeKey(&kms3.DescribeKeyRequest{KeyId: tea.String(id)})
			if err != nil {
				t.Fatal(err)
			}
			if got := *described.Body.KeyMetadata.KeyState; got != "Enabled" {
				t.Errorf("KeyState = %s", got)
			}
			sealed, err := client.GenerateDataKey(&kms3.GenerateDataKeyRequest{
				KeyId:             tea.String(id),
				EncryptionContext: map[string]interface{}{"order": "1"},
			})
			if err != nil {
				t.Fatal(err)
			}
			opened, err := client.Decrypt(&kms3.DecryptRequest{
				CiphertextBlob:    sealed.Body.CiphertextBlob,
				EncryptionContext: map[string]interface{}{"order": "1"},
			})
			if err != nil {
				t.Fatal(err)
			}
			if *opened.Body.Plaintext != *sealed.Body.Plaintext {
				t.Error("another data key came back")
			}
			_, err = client.DescribeKey(&kms3.DescribeKeyRequest{KeyId: tea.String("nothing")})
			var sdkError *tea.SDKError
			if !errors.As(err, &sdkError) || tea.StringValue(sdkError.Code) != "Forbidden.KeyNotFound" {
				t.Errorf("error = %v", err)
			}
		})
	}
}
