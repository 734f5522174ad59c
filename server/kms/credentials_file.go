package kms

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	"gopkg.in/ini.v1"

	"keyferry/server/textfile"
)

const (
	// maxSettings bounds a file of profiles.
	maxSettings = 1 << 20
	// maxSources bounds how many profiles may follow each other, each as the source of the
	// one before. Each costs a call to STS.
	maxSources = 5
)

// cliFile is ~/.aliyun/config.json, which the aliyun command line writes.
type cliFile struct {
	Current  string    `json:"current"`
	Profiles []profile `json:"profiles"`
}

func fromCLIFile() (credentials.CredentialsProvider, error) {
	const off = "ALIBABA_CLOUD_CLI_PROFILE_DISABLED"
	if isTrue(off) {
		return nil, unusable("disabled by " + off)
	}
	text, err := readHome(".aliyun/config.json")
	if err != nil {
		return nil, err
	}
	file, err := parseCLIFile(text)
	if err != nil {
		return nil, err
	}
	name, who := file.Current, "its current profile"
	if given := os.Getenv(variableName); given != "" {
		name, who = given, "the profile that "+variableName+" names"
	}
	if name == "" {
		return nil, unusable("there, but it does not say which profile is the current one: set current in it, or " + variableName)
	}
	provider, err := file.provider(name, who, nil)
	if err != nil {
		return nil, err
	}
	return prefixed{provider, "cli_profile"}, nil
}

func parseCLIFile(text []byte) (*cliFile, error) {
	file := &cliFile{}
	err := json.Unmarshal(text, file)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case len(bytes.TrimSpace(text)) == 0:
		return nil, unusable("there, but empty: run aliyun configure")
	case errors.As(err, &syntax):
		line := 1 + bytes.Count(text[:min(int(syntax.Offset), len(text))], []byte("\n"))
		return nil, unusable(fmt.Sprintf("there, but line %d is not JSON: correct it, or move the file away and run aliyun configure", line))
	case errors.As(err, &kind):
		return nil, unusable(fmt.Sprintf("there, but %s is not of the right type: correct it", cmp.Or(kind.Field, "what it holds")))
	case err != nil:
		return nil, unusable("there, but not JSON as the aliyun command line writes it")
	case len(file.Profiles) == 0:
		return nil, unusable("there, but it has no profile: run aliyun configure")
	}
	return file, nil
}

// provider returns what the named profile gives. who is the profile in words, and before are the
// names of the profiles that it is a source of.
func (f *cliFile) provider(name, who string, before []string) (credentials.CredentialsProvider, error) {
	if slices.Contains(before, name) {
		return nil, unusable("there, but " + who + " leads back to itself in a circle: correct source_profile")
	}
	if len(before) > maxSources {
		return nil, unusable(fmt.Sprintf("there, but more than %d profiles follow each other by source_profile", maxSources))
	}
	at := slices.IndexFunc(f.Profiles, func(p profile) bool { return p.Name == name })
	if at < 0 {
		return nil, unusable("there, but it has no profile of the name of " + who + ": run aliyun configure list")
	}
	found := f.Profiles[at]
	return found.provider(who, func() (credentials.CredentialsProvider, error) {
		return f.provider(found.SourceProfile, "the source_profile of "+who, append(before, name))
	})
}

// iniTypes are the types of ~/.alibabacloud/credentials, and the modes that they are.
var iniTypes = map[string]string{
	"access_key": "AK", "sts": "StsToken", "ecs_ram_role": "EcsRamRole", "ram_role_arn": "RamRoleArn",
	"oidc_role_arn": "OIDC", "credentials_uri": "CredentialsURI",
}

func fromINIFile() (credentials.CredentialsProvider, error) {
	var text []byte
	var err error
	if name := os.Getenv(variableINI); name != "" {
		text, err = readSettings(name)
	} else {
		text, err = readHome(".alibabacloud/credentials")
	}
	if err != nil {
		return nil, err
	}
	return parseINIFile(text)
}

func parseINIFile(text []byte) (credentials.CredentialsProvider, error) {
	file, err := ini.Load(text)
	if err != nil {
		return nil, unusable("there, but not an INI file")
	}
	name, who := "default", "its default section"
	if given := os.Getenv(variableName); given != "" {
		name, who = given, "the section that "+variableName+" names"
	}
	section, err := file.GetSection(name)
	if err != nil {
		return nil, unusable("there, but it does not have " + who)
	}
	// Value and not String, which would replace %(name)s by other values, and those again: a few
	// lines can grow into more memory than there is.
	value := func(key string) string { return section.Key(key).Value() }
	p := profile{
		Mode:        iniTypes[value("type")],
		AccessKeyID: value("access_key_id"), AccessKeySecret: value("access_key_secret"), SecurityToken: value("security_token"),
		RoleName: value("role_name"), RoleARN: value("role_arn"), SessionName: value("role_session_name"), Policy: value("policy"),
		ExternalID: value("external_id"), OIDCProviderARN: value("oidc_provider_arn"), OIDCTokenFile: value("oidc_token_file_path"),
		CredentialsURI: value("credentials_uri"),
	}
	if p.Mode == "" {
		return nil, unusable("there, but the type of " + who + " is not one of access_key, sts, ram_role_arn, ecs_ram_role, oidc_role_arn, credentials_uri")
	}
	provider, err := p.provider(who, nil)
	if err != nil {
		return nil, err
	}
	return prefixed{provider, "profile"}, nil
}

// readHome reads a file below the home folder, which the SDK takes from HOME.
func readHome(name string) ([]byte, error) {
	home := os.Getenv("HOME")
	if home == "" {
		return nil, unusable("HOME not set, so there is no home folder")
	}
	return readSettings(path.Join(home, name))
}

func readSettings(name string) ([]byte, error) {
	text, err := textfile.ReadRegular(name, maxSettings)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, unusable("no such file")
	case err != nil:
		return nil, unusable("there, but it cannot be read: " + err.Error())
	}
	return text, nil
}

// prefixed puts the kind of file before the name of a provider, as the SDK does. The KMS is told.
type prefixed struct {
	credentials.CredentialsProvider
	prefix string
}

// GetCredentials returns the provider's credentials under the longer name.
func (p prefixed) GetCredentials() (*credentials.Credentials, error) {
	found, err := p.CredentialsProvider.GetCredentials()
	if err != nil || found == nil {
		return nil, err
	}
	if found.ProviderName == "" {
		found.ProviderName = p.GetProviderName()
	}
	found.ProviderName = p.prefix + "/" + found.ProviderName
	return found, nil
}
