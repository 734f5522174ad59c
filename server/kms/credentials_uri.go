package kms

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
)

// renewEarly is how long before they expire credentials are renewed, as in the SDK.
const renewEarly = 3 * time.Minute

// uriCredentials fetches STS credentials from a URI. The SDK's provider does the same, but prints
// the URI to standard output when it cannot connect, and reads without bound.
type uriCredentials struct {
	uri     string
	found   *credentials.Credentials
	renewAt time.Time
}

// GetProviderName names the provider as the SDK does.
func (u *uriCredentials) GetProviderName() string { return "credential_uri" }

// GetCredentials returns credentials that last, fetching them when need be.
func (u *uriCredentials) GetCredentials() (*credentials.Credentials, error) {
	if u.found == nil || time.Now().After(u.renewAt) {
		if err := u.fetch(); err != nil {
			return nil, err
		}
	}
	copied := *u.found
	return &copied, nil
}

func (u *uriCredentials) fetch() error {
	client := &http.Client{Timeout: 10 * time.Second}
	response, err := client.Get(u.uri)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errors.New("status is not 200")
	}
	var answer struct {
		AccessKeyId, AccessKeySecret, SecurityToken string
		Expiration                                  time.Time
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, 64<<10)).Decode(&answer); err != nil {
		return err
	}
	if answer.SecurityToken == "" || answer.Expiration.IsZero() {
		return errors.New("token or expiration is missing")
	}
	u.renewAt = answer.Expiration.Add(-renewEarly)
	u.found = &credentials.Credentials{
		AccessKeyId:     answer.AccessKeyId,
		AccessKeySecret: answer.AccessKeySecret,
		SecurityToken:   answer.SecurityToken,
		ProviderName:    u.GetProviderName(),
	}
	return nil
}
