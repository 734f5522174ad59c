package kms

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	alierrors "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"
)

// fixedCredentials gives the SDK credentials that were found before.
type fixedCredentials struct{ found *credentials.Credentials }

// GetCredentials returns what was found.
func (f fixedCredentials) GetCredentials() (*credentials.Credentials, error) {
	copied := *f.found
	return &copied, nil
}

// GetProviderName names where it was found.
func (f fixedCredentials) GetProviderName() string { return f.found.ProviderName }

// credentialSource finds credentials for one request at a time. The SDK's providers have no lock of
// their own and take no context.
type credentialSource struct {
	// turn is held by the one who uses what follows; a channel and not a mutex, so that waiting
	// ends with a context.
	turn  chan struct{}
	chain func() []link
	// current is what worked last, and renews STS tokens; nil means look again.
	current credentials.CredentialsProvider
	// keyID is the AccessKey id that current gave last.
	keyID string
}

// newCredentialSource returns a source of the given AccessKey, or when that is empty of the default
// chain.
func newCredentialSource(id, secret string) *credentialSource {
	s := &credentialSource{turn: make(chan struct{}, 1), chain: defaultChain}
	if id != "" {
		given := credentials.NewStaticAKCredentialsProvider(id, secret)
		s.chain = func() []link {
			return []link{{"the configured AccessKey", func() (credentials.CredentialsProvider, error) { return given, nil }}}
		}
	}
	return s
}

// find returns credentials that are good for now, or an error that is ErrNoCredentials, or the
// context's.
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
		return nil, fmt.Errorf("%w in time: ECS metadata, a token service or a process does not answer", ErrNoCredentials)
	}
}

// look asks what worked last, and when that fails walks the whole chain anew. The SDK's own chain
// stays with the provider it tried last, even one that failed.
func (s *credentialSource) look() (*credentials.Credentials, error) {
	if s.current != nil {
		if found, err := ask(s.current); err == nil {
			s.keyID = found.AccessKeyId
			return found, nil
		}
		s.current = nil
	}
	provider, found, places := walk(s.chain())
	if found != nil {
		s.current, s.keyID = provider, found.AccessKeyId
		return found, nil
	}
	var looked []string
	for _, place := range places {
		looked = append(looked, place.Name+" ("+place.Why+")")
	}
	return nil, fmt.Errorf("%w; looked in: %s", ErrNoCredentials, strings.Join(looked, "; "))
}

// walk asks one link after the other until one gives credentials, and tells of each.
func walk(links []link) (credentials.CredentialsProvider, *credentials.Credentials, []Place) {
	var places []Place
	for _, link := range links {
		provider, err := link.provider()
		if err == nil {
			var found *credentials.Credentials
			if found, err = ask(provider); err == nil {
				return provider, found, append(places, Place{Name: link.name, Found: true, Why: found.ProviderName})
			}
		}
		places = append(places, Place{Name: link.name, Why: reason(err)})
	}
	return nil, nil, places
}

// forget makes the next request look again, after the KMS refused these: a file may hold new ones
// by now.
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

// unusable says why something gave no credentials and what to do about it. It holds no value of a
// setting, since a secret may be in the wrong place.
type unusable string

func (u unusable) Error() string { return string(u) }

// ask calls a provider. Those of the SDK panic on an answer that lacks a field.
func ask(provider credentials.CredentialsProvider) (found *credentials.Credentials, err error) {
	defer func() {
		if recover() != nil {
			found, err = nil, unusable("its answer lacks a field")
		}
	}()
	found, err = provider.GetCredentials()
	switch {
	case err != nil:
		return nil, err
	case found == nil || found.AccessKeyId == "" || found.AccessKeySecret == "":
		return nil, unusable("it gave no AccessKey id or no secret")
	case !plain(found.AccessKeyId) || !plain(found.AccessKeySecret) || !plain(found.SecurityToken):
		return nil, unusable("its AccessKey id, secret or token holds a space, a line break or another character that none has")
	}
	if found.ProviderName == "" {
		found.ProviderName = provider.GetProviderName()
	}
	return found, nil
}

// plain reports whether a text has visible ASCII characters alone.
func plain(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' })
}

// codeForm fits the error codes of STS, such as EntityNotExist.Role.
var codeForm = regexp.MustCompile(`^[A-Za-z]+(\.[A-Za-z]+)*$`)

// reason returns the words for an error of a link of the chain. An error of the SDK's may hold a
// whole file or a token service's answer, so only its kind is used.
func reason(err error) string {
	var ours unusable
	var refused *alierrors.ServerError
	var network *url.Error
	switch {
	case errors.As(err, &ours):
		return string(ours)
	case errors.As(err, &refused) && len(refused.ErrorCode()) <= 64 && codeForm.MatchString(refused.ErrorCode()):
		return fmt.Sprintf("the token service answered HTTP %d, %s", refused.HttpStatus(), refused.ErrorCode())
	case errors.As(err, &refused):
		return fmt.Sprintf("the token service answered HTTP %d", refused.HttpStatus())
	case errors.As(err, &network):
		why, _ := explain(network)
		return "the token service was not reached: " + why
	default:
		return "it gave no credentials"
	}
}
