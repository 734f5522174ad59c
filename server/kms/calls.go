package kms

import (
	"context"
	"strings"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	alikms "github.com/aliyun/alibaba-cloud-sdk-go/services/kms"
)

// WrappingSpec says how key material will be wrapped, in the KMS's own words.
type WrappingSpec struct {
	// Algorithm is the WrappingAlgorithm, such as RSAES_OAEP_SHA_256.
	Algorithm string
	// KeySpec is the WrappingKeySpec, such as RSA_2048.
	KeySpec string
}

// Parameters is what one import needs: a public key to wrap with, and the
// token that belongs to it. The two must not be mixed with those of another call.
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
	// KeyMaterialExpireUnix is when the material expires, in seconds since
	// 1970; 0 means never.
	KeyMaterialExpireUnix int64
}

const (
	actionParameters = "GetParametersForImport"
	actionImport     = "ImportKeyMaterial"
)

// ImportParameters calls GetParametersForImport. It changes nothing in the
// KMS, so it is sent again once after a connection error.
//
// Errors are *Error, or wrap ErrNoCredentials, ErrUnreachable,
// ErrOutcomeUnknown or ErrBadAnswer.
func (c *Client) ImportParameters(ctx context.Context, keyID string, spec WrappingSpec) (*Parameters, error) {
	plan := &plan{action: actionParameters, resend: true}
	return call(ctx, c, plan, func(sdk *alikms.Client) (*Parameters, error) {
		request := alikms.CreateGetParametersForImportRequest()
		c.address(request.RpcRequest)
		request.KeyId = keyID
		request.WrappingAlgorithm = spec.Algorithm
		request.WrappingKeySpec = spec.KeySpec
		answer, err := sdk.GetParametersForImport(request)
		if err != nil {
			return nil, err
		}
		return readParameters(answer, keyID)
	})
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

// sameKey reports whether the KMS answered about the key that was asked for. It
// answers with the bare id when asked with an ARN.
func sameKey(answered, asked string) bool {
	if strings.HasPrefix(asked, "acs:kms:") {
		_, asked, _ = strings.Cut(asked, ":key/")
	}
	return answered != "" && answered == asked
}

// ImportKeyMaterial calls ImportKeyMaterial and returns the KMS's RequestId.
//
// When the error is ErrOutcomeUnknown the KMS may have taken the request, and
// nothing is sent again without being told to. To send the same Import once
// more is safe: a token may be used as often as one likes in its 24 hours, the
// first material binds the CMK for good, and the same material with the same
// expiry leaves the CMK as it is. So a second import either does what the first
// did not, or changes nothing. For the same reason an answer of HTTP 5xx is
// followed by another try, here as in ImportParameters; if the KMS itself never
// answered by the end, the error is ErrOutcomeUnknown too, beside what came.
//
// Errors are *Error, or wrap ErrNoCredentials, ErrUnreachable,
// ErrOutcomeUnknown or ErrBadAnswer.
func (c *Client) ImportKeyMaterial(ctx context.Context, in *Import) (requestID string, err error) {
	plan := &plan{
		action: actionImport, changes: true,
		secrets: []string{in.ImportToken, in.EncryptedKeyMaterial},
	}
	sent := *in // the caller's may change while an abandoned attempt still ends
	return call(ctx, c, plan, func(sdk *alikms.Client) (string, error) {
		request := alikms.CreateImportKeyMaterialRequest()
		c.address(request.RpcRequest)
		request.KeyId = sent.KeyID
		request.EncryptedKeyMaterial = sent.EncryptedKeyMaterial
		request.ImportToken = sent.ImportToken
		// Sent as 0 too: newer metadata calls it required, and 0 is "never".
		request.KeyMaterialExpireUnix = requests.NewInteger64(sent.KeyMaterialExpireUnix)
		answer, err := sdk.ImportKeyMaterial(request)
		if err != nil {
			return "", err
		}
		if answer.RequestId == "" {
			return "", malformedError("it lacks RequestId")
		}
		return cleanRequestID(answer.RequestId, plan.secrets), nil
	})
}

// address says where the request goes. Without an endpoint the SDK applies its
// regional rule.
func (c *Client) address(request *requests.RpcRequest) {
	request.Scheme = c.scheme
	request.Domain = c.endpoint
	// Longer than ours, which is the one that counts.
	request.ReadTimeout = 2 * c.timeout
	request.ConnectTimeout = 2 * c.timeout
}

// malformedError is an answer that was read and makes no sense. Its text is ours.
type malformedError string

func (e malformedError) Error() string { return string(e) }
