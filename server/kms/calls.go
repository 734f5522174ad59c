package kms

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/responses"
	alikms "github.com/aliyun/alibaba-cloud-sdk-go/services/kms"
)

// WrappingSpec says how key material will be wrapped, in the KMS's own words.
type WrappingSpec struct {
	// Algorithm is the WrappingAlgorithm, such as RSAES_OAEP_SHA_256.
	Algorithm string
	// KeySpec is the WrappingKeySpec, such as RSA_2048.
	KeySpec string
}

// Parameters is what one import needs: a public key to wrap with, and the token that belongs to it.
// The two must not be mixed with those of another call.
type Parameters struct {
	// KeyID is the CMK's id.
	KeyID string
	// PublicKey is base64 of a DER SubjectPublicKeyInfo.
	PublicKey string
	// ImportToken is opaque.
	ImportToken string
	// TokenExpireTime is when the token and the public key end, in UTC.
	TokenExpireTime time.Time
	// RequestID is the KMS's id of this call.
	RequestID string
}

// Import is wrapped key material on its way to a CMK.
type Import struct {
	// KeyID is the CMK's id.
	KeyID string
	// EncryptedKeyMaterial is base64 of the wrapped key material.
	EncryptedKeyMaterial string
	// ImportToken is the one that came with the public key it was wrapped with.
	ImportToken string
	// KeyMaterialExpireUnix is when the material expires, in seconds since 1970; 0 means never.
	KeyMaterialExpireUnix int64
}

const (
	actionParameters = "GetParametersForImport"
	actionImport     = "ImportKeyMaterial"
)

// call is one call to the KMS and how it may be repeated.
type call struct {
	action  string
	resend  bool     // may be sent again after a connection error
	changes bool     // changes the KMS, so an unknown outcome matters
	secrets []string // what must not come back in an error's text
	// request returns a new request, unsigned.
	request func() requests.AcsRequest
	// take reads an answer with the SDK's parser and keeps what the caller wants of it.
	take func(*http.Response) error
}

// ImportParameters calls GetParametersForImport. It changes nothing in the KMS, so it is sent again
// once after a connection error.
//
// Errors are *Error, or wrap ErrNoCredentials, ErrUnreachable, ErrOutcomeUnknown or ErrBadAnswer.
func (c *Client) ImportParameters(ctx context.Context, keyID string, spec WrappingSpec) (*Parameters, error) {
	var parameters *Parameters
	err := c.do(ctx, &call{
		action: actionParameters, resend: true,
		request: func() requests.AcsRequest {
			request := alikms.CreateGetParametersForImportRequest()
			request.KeyId = keyID
			request.WrappingAlgorithm = spec.Algorithm
			request.WrappingKeySpec = spec.KeySpec
			return request
		},
		take: func(response *http.Response) error {
			answer := alikms.CreateGetParametersForImportResponse()
			err := responses.Unmarshal(answer, response, "JSON")
			if err == nil {
				parameters, err = readParameters(answer, keyID)
			}
			return err
		},
	})
	return parameters, err
}

func readParameters(answer *alikms.GetParametersForImportResponse, keyID string) (*Parameters, error) {
	switch {
	case answer.PublicKey == "":
		return nil, malformedError("it lacks PublicKey")
	case answer.ImportToken == "":
		return nil, malformedError("it lacks ImportToken")
	case answer.TokenExpireTime == "":
		return nil, malformedError("it lacks TokenExpireTime")
	case !sameKey(answer.KeyId, keyID):
		return nil, malformedError("it names another KeyId than the one asked for")
	}
	expires, err := time.Parse(time.RFC3339, answer.TokenExpireTime)
	if err != nil {
		return nil, malformedError("its TokenExpireTime is not a time")
	}
	return &Parameters{
		KeyID:           answer.KeyId,
		PublicKey:       answer.PublicKey,
		ImportToken:     answer.ImportToken,
		TokenExpireTime: expires.UTC(),
		RequestID:       cleanRequestID(answer.RequestId, []string{answer.ImportToken}),
	}, nil
}

// sameKey reports whether the KMS answered about the key that was asked for. When asked with an ARN
// it answers with the id in it.
func sameKey(answered, asked string) bool {
	if strings.HasPrefix(asked, "acs:kms:") {
		_, asked, _ = strings.Cut(asked, ":key/")
	}
	return answered != "" && answered == asked
}

// ImportKeyMaterial calls ImportKeyMaterial and returns the KMS's RequestId.
//
// When the error is ErrOutcomeUnknown the KMS may have taken the request, and it is not sent again
// unless the caller does so. To send the same Import once more is safe: a token may be used as
// often as one likes in its 24 hours, the first material binds the CMK for good, and the same
// material with the same expiry leaves the CMK as it is. So a second import either does what the
// first did not, or changes nothing. For the same reason an answer of HTTP 5xx is followed by
// another try, here as in ImportParameters; if the KMS itself never answered by the end, the error
// is ErrOutcomeUnknown too, beside what came.
//
// Errors are *Error, or wrap ErrNoCredentials, ErrUnreachable, ErrOutcomeUnknown or ErrBadAnswer.
func (c *Client) ImportKeyMaterial(ctx context.Context, in *Import) (requestID string, err error) {
	secrets := []string{in.ImportToken, in.EncryptedKeyMaterial}
	err = c.do(ctx, &call{
		action: actionImport, changes: true, secrets: secrets,
		request: func() requests.AcsRequest {
			request := alikms.CreateImportKeyMaterialRequest()
			request.KeyId = in.KeyID
			request.EncryptedKeyMaterial = in.EncryptedKeyMaterial
			request.ImportToken = in.ImportToken
			// Sent as 0 too: newer metadata calls it required, and 0 is "never".
			request.KeyMaterialExpireUnix = requests.NewInteger64(in.KeyMaterialExpireUnix)
			return request
		},
		take: func(response *http.Response) error {
			answer := alikms.CreateImportKeyMaterialResponse()
			if err := responses.Unmarshal(answer, response, "JSON"); err != nil {
				return err
			}
			if answer.RequestId == "" {
				return malformedError("it lacks RequestId")
			}
			requestID = cleanRequestID(answer.RequestId, secrets)
			return nil
		},
	})
	return requestID, err
}

// malformedError is about an answer that was read and makes no sense. Its text holds nothing of the
// answer.
type malformedError string

func (e malformedError) Error() string { return string(e) }
