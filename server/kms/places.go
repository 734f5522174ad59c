package kms

import (
	"os"
	"path"
	"strings"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
)

// place is one place to look for credentials in.
type place struct {
	provider credentials.CredentialsProvider // nil: not to be looked in
	missing  func() string                   // what was looked for, and why it gave nothing; holds no value
}

// defaultPlaces returns the places of the SDK's default chain, in its order
// and by its providers. It takes the place of the SDK's own
// DefaultCredentialsProvider, which cannot say which place failed.
func defaultPlaces() []place {
	places := []place{
		{credentials.NewEnvironmentVariableCredentialsProvider(), missingEnvironment},
		{nil, missingOIDC},
		{credentials.NewCLIProfileCredentialsProviderBuilder().Build(), missingCLIProfile},
		{credentials.NewProfileCredentialsProviderBuilder().Build(), missingProfile},
		{nil, missingMetadata},
		{nil, missingURI},
	}
	if oidc, err := credentials.NewOIDCCredentialsProviderBuilder().Build(); err == nil {
		places[1].provider = oidc
	}
	if metadata, err := credentials.NewECSRAMRoleCredentialsProviderBuilder().Build(); err == nil {
		places[4].provider = metadata
	}
	if uri := os.Getenv(variableURI); uri != "" {
		places[5].provider = &uriCredentials{uri: uri}
	}
	return places
}

const variableURI = "ALIBABA_CLOUD_CREDENTIALS_URI"

func missingEnvironment() string {
	const id, secret = "ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"
	return "environment (" + unset(id, secret) + ")"
}

func missingOIDC() string {
	names := []string{"ALIBABA_CLOUD_OIDC_TOKEN_FILE", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "ALIBABA_CLOUD_ROLE_ARN"}
	if which := unset(names...); which != "" {
		return "OIDC (" + which + ")"
	}
	return "OIDC (the token file cannot be read, or STS did not exchange it)"
}

func missingCLIProfile() string {
	const file = "~/.aliyun/config.json"
	if isTrue("ALIBABA_CLOUD_CLI_PROFILE_DISABLED") {
		return file + " (disabled by ALIBABA_CLOUD_CLI_PROFILE_DISABLED)"
	}
	return file + " (" + stateOf(path.Join(os.Getenv("HOME"), ".aliyun/config.json"), "current") + ")"
}

func missingProfile() string {
	if file := os.Getenv("ALIBABA_CLOUD_CREDENTIALS_FILE"); file != "" {
		return "the file that ALIBABA_CLOUD_CREDENTIALS_FILE names (" + stateOf(file, "default") + ")"
	}
	file := path.Join(os.Getenv("HOME"), ".alibabacloud/credentials")
	return "~/.alibabacloud/credentials (" + stateOf(file, "default") + ")"
}

func missingMetadata() string {
	if isTrue("ALIBABA_CLOUD_ECS_METADATA_DISABLED") {
		return "ECS metadata (disabled by ALIBABA_CLOUD_ECS_METADATA_DISABLED)"
	}
	return "ECS metadata (no answer with a role's credentials)"
}

func missingURI() string {
	if which := unset(variableURI); which != "" {
		return "credentials URI (" + which + ")"
	}
	return "credentials URI (what " + variableURI + " names gave none)"
}

// stateOf says why a file gave no credentials.
func stateOf(file, profile string) string {
	if _, err := os.Stat(file); os.IsNotExist(err) {
		return "no such file"
	}
	if os.Getenv("ALIBABA_CLOUD_PROFILE") != "" {
		profile = "ALIBABA_CLOUD_PROFILE"
	}
	return "there, but its " + profile + " profile gave none"
}

// unset says which of the variables have no value, or nothing when all have.
func unset(names ...string) string {
	var empty []string
	for _, name := range names {
		if os.Getenv(name) == "" {
			empty = append(empty, name)
		}
	}
	if len(empty) == 0 {
		return ""
	}
	return strings.Join(empty, ", ") + " not set"
}

func isTrue(name string) bool { return strings.EqualFold(os.Getenv(name), "true") }
