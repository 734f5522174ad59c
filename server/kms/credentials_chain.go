package kms

import (
	"os"
	"strings"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
)

// link is one place of a chain of credentials.
type link struct {
	name string
	// open returns what asks for the credentials, or an unusable error. It does not use the network
	// and never blocks.
	open func() (credentials.CredentialsProvider, error)
}

// provider opens a link. A panic of a parser becomes an error.
func (l link) provider() (provider credentials.CredentialsProvider, err error) {
	defer func() {
		if recover() != nil {
			err = unusable("there, but it cannot be parsed")
		}
	}()
	return l.open()
}

// defaultChain returns the places of the SDK's default chain in its order. The SDK's own chain
// cannot say which place failed and why, reads files without bound, and follows a circle of
// profiles until its stack overflows, which ends the program. So the files are read and judged
// here, and the SDK only does what then needs the network.
func defaultChain() []link {
	ini := "~/.alibabacloud/credentials"
	if os.Getenv(variableINI) != "" {
		ini = "the file that " + variableINI + " names"
	}
	return []link{
		{"environment", fromEnvironment},
		{"OIDC", fromOIDC},
		{"~/.aliyun/config.json", fromCLIFile},
		{ini, fromINIFile},
		{"ECS metadata", func() (credentials.CredentialsProvider, error) { return metadata("") }},
		{"credentials URI", fromURI},
	}
}

const (
	variableID     = "ALIBABA_CLOUD_ACCESS_KEY_ID"
	variableSecret = "ALIBABA_CLOUD_ACCESS_KEY_SECRET"
	variableToken  = "ALIBABA_CLOUD_OIDC_TOKEN_FILE"
	variableOIDC   = "ALIBABA_CLOUD_OIDC_PROVIDER_ARN"
	variableRole   = "ALIBABA_CLOUD_ROLE_ARN"
	variableINI    = "ALIBABA_CLOUD_CREDENTIALS_FILE"
	variableURI    = "ALIBABA_CLOUD_CREDENTIALS_URI"
	variableName   = "ALIBABA_CLOUD_PROFILE"
	variableRegion = "ALIBABA_CLOUD_STS_REGION"
)

func fromEnvironment() (credentials.CredentialsProvider, error) {
	if err := set(variableID, variableSecret); err != nil {
		return nil, err
	}
	return credentials.NewEnvironmentVariableCredentialsProvider(), nil
}

func fromOIDC() (credentials.CredentialsProvider, error) {
	if err := set(variableToken, variableOIDC, variableRole); err != nil {
		return nil, err
	}
	return profile{}.oidc()
}

// metadata returns the provider of an ECS instance's role; an empty name means the one that the
// instance has.
func metadata(role string) (credentials.CredentialsProvider, error) {
	const off = "ALIBABA_CLOUD_ECS_METADATA_DISABLED"
	if isTrue(off) {
		return nil, unusable("disabled by " + off)
	}
	provider, err := credentials.NewECSRAMRoleCredentialsProviderBuilder().WithRoleName(role).Build()
	if err != nil {
		return nil, unusable("the SDK refuses its settings")
	}
	return explained{provider, "no answer with a role's credentials: is this an ECS instance that has a RAM role?"}, nil
}

func fromURI() (credentials.CredentialsProvider, error) {
	if err := set(variableURI); err != nil {
		return nil, err
	}
	return explained{&uriCredentials{uri: os.Getenv(variableURI)}, "what " + variableURI + " names gave none"}, nil
}

// explained words every failure of a provider.
type explained struct {
	credentials.CredentialsProvider
	why string
}

// GetCredentials returns the provider's credentials, or an unusable error.
func (e explained) GetCredentials() (*credentials.Credentials, error) {
	found, err := e.CredentialsProvider.GetCredentials()
	if err != nil {
		return nil, unusable(e.why)
	}
	return found, nil
}

// set returns an error that names those of the variables that have no value.
func set(names ...string) error {
	var empty []string
	for _, name := range names {
		if os.Getenv(name) == "" {
			empty = append(empty, name)
		}
	}
	if len(empty) > 0 {
		return unusable(strings.Join(empty, ", ") + " not set")
	}
	return nil
}

func isTrue(name string) bool { return strings.EqualFold(os.Getenv(name), "true") }
