package kms

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	alikms "github.com/aliyun/alibaba-cloud-sdk-go/services/kms"
)

// LinkLife is how long the KMS takes a signed link after the moment in it.
const LinkLife = 15 * time.Minute

// TokenLife is how long an import token is good, by the KMS's documentation.
const TokenLife = 24 * time.Hour

// ErrLink reports a call that no link is signed for. Its text says why, without the value.
var ErrLink = errors.New("no link is signed for this")

// Link is one call to the KMS, signed, for somebody else to make: nothing besides that call, once,
// and within LinkLife. It holds the AccessKey id and, for temporary credentials, their token, but
// not the secret. It prints as a fixed text, so that no log holds it by mistake.
type Link struct {
	// GoodUntil is when the KMS refuses it, in UTC. Temporary credentials may end sooner.
	GoodUntil time.Time
	// Region and Host are those of the KMS that the link leads to. Host has a port if it needs one.
	Region, Host string

	url string
}

// URL returns the link itself. Whoever has it can make the call.
func (l *Link) URL() string { return l.url }

// String returns a fixed text.
func (*Link) String() string { return "a signed link" }

// GoString returns a fixed text.
func (*Link) GoString() string { return "a signed link" }

// LogValue returns a fixed text.
func (*Link) LogValue() slog.Value { return slog.StringValue("a signed link") }

// ParametersLink signs GetParametersForImport for a GET with every parameter in the query, and does
// not make the call. The algorithm must be one of WrappingAlgorithms, the key's spec RSA_2048, and
// the CMK's id one of KeyIDs.
//
// Errors wrap ErrLink or ErrNoCredentials.
func (c *Client) ParametersLink(ctx context.Context, keyID string, spec WrappingSpec) (*Link, error) {
	switch {
	case !KeyIDs.MatchString(keyID):
		return nil, fmt.Errorf("%w: the CMK's id is not one", ErrLink)
	case !slices.Contains(WrappingAlgorithms, spec.Algorithm), spec.KeySpec != "RSA_2048":
		return nil, fmt.Errorf("%w: the wrapping is not one that this program knows", ErrLink)
	}
	request := alikms.CreateGetParametersForImportRequest()
	request.Method = requests.GET
	request.KeyId = keyID
	request.WrappingAlgorithm = spec.Algorithm
	request.WrappingKeySpec = spec.KeySpec
	return c.link(ctx, request, map[string]string{
		"Action": actionParameters, "KeyId": keyID, "WrappingAlgorithm": spec.Algorithm, "WrappingKeySpec": spec.KeySpec,
	})
}

// ImportLink signs ImportKeyMaterial for a POST, and does not make the call. Every parameter is in
// the link's query; who makes the call may send them as a form instead, which has the same
// signature. What cannot be a ciphertext and a token is refused.
//
// Errors wrap ErrLink or ErrNoCredentials.
func (c *Client) ImportLink(ctx context.Context, in *Import) (*Link, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	request := alikms.CreateImportKeyMaterialRequest()
	request.KeyId = in.KeyID
	request.EncryptedKeyMaterial = in.EncryptedKeyMaterial
	request.ImportToken = in.ImportToken
	request.KeyMaterialExpireUnix = requests.NewInteger64(in.KeyMaterialExpireUnix)
	return c.link(ctx, request, map[string]string{
		"Action": actionImport, "KeyId": in.KeyID, "EncryptedKeyMaterial": in.EncryptedKeyMaterial,
		"ImportToken": in.ImportToken, "KeyMaterialExpireUnix": strconv.FormatInt(in.KeyMaterialExpireUnix, 10),
	})
}

// check refuses what cannot be an import of RSA_2048 ciphertext.
func (in *Import) check() error {
	_, wrapped := Ciphertext(in.EncryptedKeyMaterial)
	_, token := Token(in.ImportToken)
	switch {
	case !KeyIDs.MatchString(in.KeyID):
		return fmt.Errorf("%w: the CMK's id is not one", ErrLink)
	case !wrapped:
		return fmt.Errorf("%w: the encrypted key material is not base64 of 256 bytes", ErrLink)
	case !token:
		return fmt.Errorf("%w: the import token is not one", ErrLink)
	case in.KeyMaterialExpireUnix < 0:
		return fmt.Errorf("%w: the time of expiry is before 1970", ErrLink)
	}
	return nil
}

// link signs a request, and reads what was signed once more: it must hold the call's parameters,
// what the gateway needs, and nothing else.
func (c *Client) link(ctx context.Context, request requests.AcsRequest, call map[string]string) (*Link, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	identity, err := c.credentials.find(ctx)
	if err != nil {
		return nil, fmt.Errorf("signing a link: %w", err)
	}
	signed, err := c.sign(ctx, request, identity)
	if err != nil {
		return nil, fmt.Errorf("signing a link: %w", err)
	}
	stamp, err := checkLink(signed.URL.RawQuery, call)
	if err != nil {
		return nil, err
	}
	return &Link{
		GoodUntil: stamp.Add(LinkLife), Region: c.region, Host: c.endpoint, url: signed.URL.String(),
	}, nil
}

// common are the parameters of every signed call. The gateway lets none but SecurityToken be
// absent.
var common = []string{
	"AccessKeyId", "Format", "RegionId", "SecurityToken", "Signature", "SignatureMethod",
	"SignatureNonce", "SignatureType", "SignatureVersion", "Timestamp", "Version",
}

// checkLink returns the moment that a signed query names, or an error unless it holds exactly the
// parameters of a call and the common ones, each once.
func checkLink(query string, call map[string]string) (time.Time, error) {
	wrong := fmt.Errorf("%w: what was signed is not the call that was asked for", ErrLink)
	values, err := url.ParseQuery(query)
	if err != nil {
		return time.Time{}, wrong
	}
	for name, list := range values {
		want, ofCall := call[name]
		if len(list) != 1 || !ofCall && !slices.Contains(common, name) || ofCall && list[0] != want {
			return time.Time{}, wrong
		}
	}
	for name := range call {
		if !values.Has(name) {
			return time.Time{}, wrong
		}
	}
	stamp, err := time.Parse(time.RFC3339, values.Get("Timestamp"))
	if err != nil || values.Get("SignatureNonce") == "" {
		return time.Time{}, wrong
	}
	return stamp.UTC(), nil
}
