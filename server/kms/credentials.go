package kms

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
)

// fixedCredentials hands the SDK credentials that were found before.
type fixedCredentials struct{ found *credentials.Credentials }

// GetCredentials returns what was found.
func (f fixedCredentials) GetCredentials() (*credentials.Credentials, error) {
	copied := *f.found
	return &copied, nil
}

// GetProviderName names where it was found.
func (f fixedCredentials) GetProviderName() string { return f.found.ProviderName }

// credentialSource finds credentials for one request at a time. The SDK's
// providers have no lock of their own and take no context.
type credentialSource struct {
	// turn is held by the one who uses what follows; a channel and not a
	// mutex, so that waiting ends with a context.
	turn   chan struct{}
	places func() []place
	// current is what worked last, and renews STS tokens; nil means look again.
	current credentials.CredentialsProvider
	// keyID is the AccessKey id that current gave last.
	keyID string
}

// newCredentialSource returns a source of the given AccessKey, or when that is
// empty of the default chain.
func newCredentialSource(id, secret string) *credentialSource {
	s := &credentialSource{turn: make(chan struct{}, 1), places: defaultPlaces}
	if id != "" {
		given := credentials.NewStaticAKCredentialsProvider(id, secret)
		s.places = func() []place {
			return []place{{given, func() string { return "the configured AccessKey" }}}
		}
	}
	return s
}

// find returns credentials that are good for now, or an error that is
// ErrNoCredentials, or the context's.
func (s *credentialSource) find(ctx context.Context) (*credentials.Credentials, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoCredentials, err)
	}
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("%w in time: another request is still looking", ErrNoCredentials)
	}
	type answer struct {
		found *credentials.Credentials
		err   error
	}
	done := make(chan answer, 1)
	go func() {
		// Goes on after the caller has left, and so the next one finds it done.
		defer func() { <-s.turn }()
		found, err := s.look()
		done <- answer{found, err}
	}()
	select {
	case a := <-done:
		return a.found, a.err
	case <-ctx.Done():
		return nil, fmt.Errorf("%w in time: ECS metadata or a token service does not answer", ErrNoCredentials)
	}
}

// look asks what worked last, and when that fails walks all places anew. The
// SDK's own chain stays with the place it tried last, even one that failed.
func (s *credentialSource) look() (*credentials.Credentials, error) {
	if s.current != nil {
		if found, err := ask(s.current); err == nil {
			s.keyID = found.AccessKeyId
			return found, nil
		}
		s.current = nil
	}
	var looked []string
	for _, place := range s.places() {
		if place.provider != nil {
			if found, err := ask(place.provider); err == nil {
				s.current, s.keyID = place.provider, found.AccessKeyId
				return found, nil
			}
		}
		looked = append(looked, place.missing())
	}
	return nil, fmt.Errorf("%w; looked in: %s", ErrNoCredentials, strings.Join(looked, "; "))
}

// forget makes the next request look again, after the KMS refused these: a
// file may hold new ones by now.
func (s *credentialSource) forget(refused *credentials.Credentials) {
	select {
	case s.turn <- struct{}{}:
	default:
		return // somebody is looking already
	}
	defer func() { <-s.turn }()
	if s.keyID == refused.AccessKeyId { // else others have been found since
		s.current = nil
	}
}

var errUnusable = errors.New("unusable credentials")

// ask calls a provider of the SDK's. Its error text may hold a whole
// configuration file, or a token service's answer, so it ends here; and it
// panics on an answer that lacks a field.
func ask(provider credentials.CredentialsProvider) (found *credentials.Credentials, err error) {
	defer func() {
		if recover() != nil {
			found, err = nil, errUnusable
		}
	}()
	found, err = provider.GetCredentials()
	if err != nil || found == nil || found.AccessKeyId == "" || found.AccessKeySecret == "" {
		return nil, errUnusable
	}
	if found.ProviderName == "" {
		found.ProviderName = provider.GetProviderName()
	}
	return found, nil
}
